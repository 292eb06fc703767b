"""The clauses that rules rest on: literal, dated, and those of the day of the call."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.engine import detect
from pipeline.errors import RulePackError
from pipeline.metadata import CHINA
from pipeline.norms import NONE_IN_FORCE, Norm, NormBook, load_norms
from pipeline.settings import CONFIGS, load_settings
from tests.unit.detect.support import NORM, book_of, call, dialogue, dump, rule

BOOK = load_norms(CONFIGS / "norms.yaml")
LAWS = {path.name: path.read_text("utf-8") for path in sorted((CONFIGS / "laws").glob("*.md"))}
PACKS = [
    pack
    for path in sorted((CONFIGS / "rules").glob("*.yaml"))
    if (pack := yaml.safe_load(path.read_text(encoding="utf-8"))).get("kind") == "violation"
]
CITED = {rule["rule"]: rule["norms"] for pack in PACKS for rule in pack["rules"]}
LITERAL = [norm for norm in BOOK.clauses if norm.checked == "full_text"]
DATED = [norm for norm in BOOK.clauses if norm.dates_checked == "full_text"]

each_norm = pytest.mark.parametrize("norm", BOOK.clauses, ids=lambda norm: norm.id)


def article(text, name):
    """One article: from its heading, or the item of an amending decision that words it, to the next."""
    name = re.match(r"第[一二三四五六七八九十百千零]+条(之[一二三四五六七八九十])?", name).group()
    parts = re.split(r"(?m)^(?=第\S{1,9}条(?:之\S)?\s|[一二三四五六七八九十]+、)", text)
    heads = re.compile(rf"{name}\s|[一二三四五六七八九十]+、[^：“]*{name}(修改为)?：“")
    return "".join(part for part in parts if heads.match(part))


# the statutes that travel along


@pytest.mark.parametrize("norm", LITERAL, ids=lambda norm: norm.id)
def test_a_quote_stands_literally_in_its_article_of_the_statute(norm):
    assert norm.quote in article(LAWS[norm.text], norm.article)


@pytest.mark.parametrize("norm", DATED, ids=lambda norm: norm.id)
def test_the_first_day_in_force_stands_in_the_statute_or_its_amendment(norm):
    day = norm.in_force_from
    title = LAWS[norm.text].splitlines()[0]
    of_this_law = "".join(text for text in LAWS.values() if text.startswith(title))
    assert re.search(rf"{day.year}年{day.month}月{day.day}日\s*(起)?施行", of_this_law)


def test_every_statute_that_travels_is_quoted():
    dates_only = {"README.md", "civil_code_supplementary.md", "criminal_law_amendment_11.md"}
    assert {norm.text for norm in BOOK.clauses if norm.text} == set(LAWS) - dates_only


def test_the_end_of_the_contract_law_and_its_sentence_stand_in_the_civil_code():
    old = BOOK.by_id["contract_107"]
    assert "《中华人民共和国合同法》" in article(LAWS["civil_code_supplementary.md"], "第一千二百六十条")
    assert old.quote in article(LAWS["civil_code_contracts.md"], BOOK.by_id["civil_577"].article)


# the file


def test_titles_are_unique_and_clauses_of_one_document_agree_on_its_rank():
    assert len(set(BOOK.titles.values())) == len(BOOK.clauses)
    assert len({norm.document for norm in BOOK.clauses}) == len({(n.document, n.rank) for n in BOOK.clauses})


@each_norm
def test_a_quote_is_short(norm):
    assert norm.quote is None or 4 < len(norm.quote) <= 80


@each_norm
def test_dates_are_known_from_somewhere(norm):
    assert norm.dates_checked != "heading_only"


@pytest.mark.parametrize("name", sorted(CITED))
def test_rules_cite_clauses_in_force_that_exist(name):
    assert CITED[name]
    for norm in CITED[name]:
        assert BOOK.by_id[norm].in_force_to is None


@pytest.mark.parametrize("norm", [n for n in BOOK.clauses if n.successor], ids=lambda norm: norm.id)
def test_a_replaced_clause_leaves_no_gap(norm):
    assert BOOK.by_id[norm.successor].in_force_from == norm.in_force_to + timedelta(days=1)


def test_the_three_citations_that_do_not_hold_are_not_made():
    cited = {BOOK.by_id[norm] for norms in CITED.values() for norm in norms}
    assert not [norm for norm in cited if norm.document == "合同法"]
    assert "辱骂" in BOOK.by_id["card_68"].quote
    assert not [norm for norm in cited if norm.id.startswith("card_70") and "恐吓" in norm.quote]
    assert not re.search("骚扰|恐吓", LAWS["consumer_law_2013.md"])


@pytest.mark.parametrize("mark", ["full_text", "press_report", "recalled", "heading_only"])
def test_the_docs_count_how_far_the_norms_were_checked(mark):
    docs = (CONFIGS.parent / "docs" / "norms.md").read_text("utf-8")
    quotes, dates = re.search(rf"\| `{mark}` \| .* \| (\d+) \| (\d+|–) \|", docs).groups()
    assert int(quotes) == sum(norm.checked == mark for norm in BOOK.clauses)
    assert int(dates.replace("–", "0")) == sum(norm.dates_checked == mark for norm in BOOK.clauses)


# the norms of the day


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-12-31", "order_42_2012"),
        ("2026-01-01", "order_50"),
        ("2013-01-01", "order_42_2012"),
        ("2012-12-31", None),
        (None, "order_50"),
    ],
)
def test_a_call_is_judged_by_the_clause_of_its_day(day, expected):
    norms = BOOK.on(["order_50"], date.fromisoformat(day) if day else None)
    assert norms == ((expected,) if expected else ())


def test_a_repealed_clause_gives_way_to_what_replaced_it():
    assert BOOK.on(["contract_107"], date(2026, 3, 1)) == ("civil_577",)
    assert BOOK.on(["civil_577"], date(2020, 12, 31)) == ("contract_107",)
    assert BOOK.on(["contract_107", "civil_577"], None) == ("civil_577",)


def test_a_clause_that_nothing_stood_before_is_dropped():
    assert BOOK.on(["cba_ban_2", "card_68"], date(2026, 1, 29)) == ("card_68",)
    assert BOOK.on(["cba_ban_2", "card_68"], date(2026, 1, 30)) == ("cba_ban_2", "card_68")


def test_the_day_of_a_call_is_the_day_in_china():
    evening_in_london = datetime(2025, 12, 31, 17, tzinfo=UTC)
    assert BOOK.at(["order_50"], evening_in_london) == ("order_50",)
    assert BOOK.at(["order_50"], datetime(2025, 12, 31, 17, tzinfo=CHINA)) == ("order_42_2012",)
    assert BOOK.at(["order_50"], None) == ("order_50",)


@given(st.lists(st.sampled_from(sorted(BOOK.by_id)), max_size=6), st.dates())
def test_whatever_is_cited_only_clauses_in_force_come_out(ids, day):
    found = BOOK.on(ids, day)
    assert len(set(found)) == len(found)
    assert all(BOOK.by_id[name].in_force(day) for name in found)
    assert set(found) >= {name for name in ids if BOOK.by_id[name].in_force(day)}


@pytest.mark.parametrize(("day", "norms"), [("2020-01-01", ("law_1",)), ("2019-12-31", ())])
def test_findings_carry_the_norms_of_the_day_and_say_where_there_were_none(tmp_path, day, norms):
    book = book_of(tmp_path, rule(hits=[{"text": "收拾你"}]))
    settings = load_settings()
    heard = call(started_at=f"{day}T10:00:00")
    found = detect(heard, dialogue(("a", "我收拾你")), book, settings.detect, settings.roles).findings
    assert [f.norms for f in found] == [norms]
    assert found[0].reason.endswith(NONE_IN_FORCE) == (not norms)


# what is wrong is named


def norms_file(tmp_path, *changes):
    norms = [{**NORM, **change} for change in changes]
    norms = [{k: v for k, v in norm.items() if v != "absent"} for norm in norms]
    return dump(tmp_path / "norms.yaml", {"norms": norms})


@pytest.mark.parametrize(
    ("field", "changes", "message"),
    [
        ("rank", [{"rank": "laws"}], r"norm law_1: rank: .*did you mean 'law'"),
        ("checked", [{"checked": "fulltext"}], r"checked: .*did you mean 'full_text'"),
        ("qoute", [{"qoute": "x"}], r"norm law_1: qoute: .*did you mean 'quote'"),
        ("in_force_from", [{"in_force_from": "soon"}], r"norm law_1: in_force_from: "),
        ("id", [{"id": "Law 1"}], r"norm Law 1: id: "),
        ("successor", [{"successor": "law_3"}, {"id": "law_2"}], r"no norm named 'law_3'\. Did you mean"),
        ("predecessor", [{"predecessor": "law_2"}, {"id": "law_2"}], r"law_2 does not name law_1"),
    ],
)
def test_an_error_names_file_line_field_and_the_nearest_word(tmp_path, field, changes, message):
    path = norms_file(tmp_path, *changes)
    lines = path.read_text("utf-8").splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.strip("- ").startswith(f"{field}:"))
    with pytest.raises(RulePackError, match=rf"norms\.yaml:{line}: .*{message}"):
        load_norms(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([{"title": "absent"}], r"norms\.yaml:\d+: norm law_1: title: Field required"),
        ([{"in_force_to": date(2019, 1, 1)}], "in_force_to lies before in_force_from"),
        ([{"quote": None}], "a quote is missing exactly where"),
        ([{"checked": "full_text"}], "full_text needs text"),
        ([{}, {}], r"norms\.yaml:\d+: norm law_1: id: stands twice"),
        (
            [{"successor": "law_2"}, {"id": "law_2", "predecessor": "law_1"}],
            "is in force before law_1 has ended",
        ),
        ([], "norms: Tuple should have at least 1 item"),
    ],
)
def test_clauses_that_do_not_hold_together_are_refused(tmp_path, changes, message):
    with pytest.raises(RulePackError, match=message):
        load_norms(norms_file(tmp_path, *changes))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RulePackError, match=r"norms\.yaml: No such file"):
        load_norms(tmp_path / "norms.yaml")


def test_a_chain_of_clauses_is_followed_to_its_end():
    ends = {"first": (2000, 2009), "second": (2010, 2019), "third": (2020, None)}
    chain = dict(zip(ends, ["second", "third", None], strict=True))
    norms = [
        Norm.model_validate(
            {
                **NORM,
                "id": name,
                "in_force_from": date(start, 1, 1),
                "in_force_to": date(end, 12, 31) if end else None,
                "successor": chain[name],
                "predecessor": next((old for old, new in chain.items() if new == name), None),
            }
        )
        for name, (start, end) in ends.items()
    ]
    book = NormBook(tuple(norms))
    assert book.on(["third"], date(2005, 1, 1)) == ("first",)
    assert book.on(["first"], None) == ("third",)
