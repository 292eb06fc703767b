"""Red lines of the shipped packs beside polite words: an apology takes back only what it names."""

from pathlib import Path

import pytest

from pipeline.detect.proof import view_of
from pipeline.detect.rulebook import load_rulebook
from pipeline.settings import CONFIGS

SOFT = "真不好意思打扰您，我理解您也不容易，不过"
RULES = (
    "threat_exposure",
    "threat_unlawful_visit",
    "harassment_intent",
    "illegal_info_gathering",
    "induce_new_borrowing",
    "private_account",
    "extra_fee",
)


@pytest.fixture(scope="module")
def book():
    return load_rulebook(Path(CONFIGS) / "rules", Path(CONFIGS) / "norms.yaml")


def raised(compiled, example):
    view, place = view_of(compiled.rule.says, example)
    return any(r.position == place and not r.missing for r in compiled.find(view))


@pytest.mark.parametrize("name", RULES)
def test_polite_words_before_a_contrast_hide_nothing(book, name):
    (compiled,) = (r for r in book.rules if r.rule.rule == name)
    examples = [e for e in compiled.rule.examples.must_hit if e.text and raised(compiled, e)]
    hidden = [e.text for e in examples if not raised(compiled, e.model_copy(update={"text": SOFT + e.text}))]
    assert len(examples) > 5
    assert not hidden


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("threat_violence", "对不起，昨天说找几个人收拾您的那句话我收回。"),
        ("threat_exposure", "抱歉，上次那位同事说要发到您家族群里，这话不该说。"),
        ("threat_unlawful_visit", "之前说要带人去您家坐着不走，这样的话是我不对，我向您道歉。"),
        ("impersonate_authority", "我可不是公安局的，我是平台的客服。"),
        ("harassment_intent", "您放心，我们白天才打，一天最多两次。"),
    ],
)
def test_what_is_taken_back_or_denied_is_no_breach(book, name, text):
    (compiled,) = (r for r in book.rules if r.rule.rule == name)
    example = compiled.rule.examples.must_hit[0].model_copy(
        update={"text": text, "before": (), "metadata": {"callee_role": "debtor"}}
    )
    assert not raised(compiled, example)
