import pytest

from pipeline.errors import ConfigError
from pipeline.metadata import CallMetadata
from pipeline.speech.nearsound import load_terms, terms_of_call

FORM = "readings: {{}}\nwords: []\nterms: {{a: [{terms}]}}\ncontexts: {{{contexts}}}\n"


def names(**fields):
    return {term.text: term for term in terms_of_call(CallMetadata(**fields), {}).terms}


def write(folder, terms="录音", contexts=""):
    path = folder / "near.yaml"
    path.write_text(FORM.format(terms=terms, contexts=contexts), encoding="utf-8")
    return path


def test_the_shipped_lexicon_loads():
    assert len(load_terms().terms) > 100


def test_every_term_of_the_lexicon_is_found_as_it_is_written():
    trade = load_terms()
    for number, term in enumerate(trade.terms):
        assert any(near.term == number for near in trade.index.find(term.text, most=0.0)), term.text


def test_a_lender_is_known_by_its_full_and_its_short_name():
    assert set(names(lender="丰泽小额贷款有限公司")) == {"丰泽小额贷款有限公司", "丰泽小额贷款", "丰泽"}


def test_what_a_name_shares_with_others_is_not_its_core():
    found = names(lender="岚桥银行")
    assert found["岚桥银行"].core == found["岚桥"].core == 2


def test_a_customer_is_addressed_by_surname_and_title():
    assert set(names(customer_name="苏文清", customer_sex="F")) == {"苏文清", "苏女士", "苏小姐"}
    assert {"苏先生", "苏女士"} <= set(names(customer_name="苏文清"))
    assert "欧阳先生" in names(customer_name="欧阳文清", customer_sex="M")


def test_no_metadata_no_names():
    assert names() == {}


@pytest.mark.parametrize("name", ["李", ""])
def test_a_single_character_is_no_name_to_look_for(name):
    assert names(customer_name=name, lender=name) == {}


@pytest.mark.parametrize(
    ("terms", "contexts", "message"),
    [
        ("录音, 录音", "", "twice"),
        ("录音", "工号: {near: 电话}", "contexts of no term"),
        ("录音", "录音: {beside: 电话}", "a context has"),
        ("录音", "录音: {near: '('}", "录音"),
    ],
)
def test_a_wrong_lexicon_is_refused_by_file_and_term(tmp_path, terms, contexts, message):
    path = write(tmp_path, terms, contexts)
    with pytest.raises(ConfigError, match=message) as error:
        load_terms(path)
    assert path.name in str(error.value)


@pytest.mark.parametrize("content", ["[]", "terms: {}", "a: ["])
def test_what_is_no_lexicon_is_refused(tmp_path, content):
    path = tmp_path / "near.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError):
        load_terms(path)


def test_a_missing_lexicon_is_refused(tmp_path):
    with pytest.raises(ConfigError):
        load_terms(tmp_path / "none.yaml")
