"""Acts that the order of turns rules out, or settles, whatever the second opinion thinks."""

import pytest

from pipeline.detect.engine import detect
from pipeline.detect.explain import explain
from pipeline.detect.facts import Facts
from pipeline.detect.second import Policy, consult
from pipeline.errors import RulePackError
from pipeline.ports import Opinion
from pipeline.settings import load_settings
from pipeline.types import Tone
from tests.unit.detect.support import book_of, call, dialogue, rule

SETTINGS = load_settings()
EVEN = {"base": 0.0, "model": 1.0, "sure": 3.0, "unsure": 0.0, "heard": 0.0}
POLICY = Policy.model_validate(
    {
        "rules": {"raise_at": 0.5, "violation_at": 0.8, "weights": EVEN},
        "acts": {"raise_at": 0.5, "weights": EVEN},
    }
)
GOODBYE = {"text": "^.", "after": {"says": "agent", "text": "再见", "within": 1}}
AGREE = {"rule": "agree", "title": "同意", "says": "customer", "examples": rule()["examples"]}
AFTER_OFFER = dialogue(("a", "分六期，行吗？"), ("c", "好的。"))
AFTER_GOODBYE = dialogue(("a", "打扰了，再见。"), ("c", "好的。"))


class Model:
    """Takes every turn for an agreement with the same chance."""

    identity = "test"

    def __init__(self, chance):
        self.chance = chance

    def judge(self, turns):
        tones = dict.fromkeys(Tone, 0.2)
        return tuple(Opinion(rules={}, acts={"agree": self.chance}, tones=tones, spans={}) for _ in turns)


def acts(book, transcript, chance=None):
    model = Facts() if chance is None else Facts(opinions=consult(call(), transcript, Model(chance)))
    found = detect(call(), transcript, book, SETTINGS.detect, SETTINGS.roles, facts=model, policy=POLICY)
    return [act.evidence.turn for act in found.acts]


def acts_book(tmp_path, **fields):
    return book_of(tmp_path, AGREE | {"hits": [{"text": "好的"}]} | fields, kind="act")


def test_what_is_never_an_act_spares_the_rules_own_words(tmp_path):
    book = acts_book(tmp_path, never=[GOODBYE])
    assert acts(book, AFTER_OFFER) == [1]
    assert acts(book, AFTER_GOODBYE) == []


def test_nor_does_the_model_see_one_there(tmp_path):
    book = acts_book(tmp_path, hits=[{"text": "别的"}], never=[GOODBYE])
    assert acts(book, AFTER_OFFER, chance=0.99) == [1]
    assert acts(book, AFTER_GOODBYE, chance=0.99) == []


def test_the_contexts_of_the_rule_do_not_spare_what_bars_it(tmp_path):
    book = acts_book(tmp_path, never=[GOODBYE], unless_text="好", unless=["negated"])
    assert acts(book, AFTER_GOODBYE, chance=0.99) == []


@pytest.mark.parametrize(("confidence", "expected"), [(1, [1]), (0.9, [])])
def test_a_certain_hit_is_not_weighed(tmp_path, confidence, expected):
    book = acts_book(tmp_path, hits=[{"text": "好的", "confidence": confidence}])
    assert acts(book, AFTER_OFFER, chance=0.001) == expected


def test_but_what_is_never_one_is_not_certain_either(tmp_path):
    book = acts_book(tmp_path, hits=[{"text": "好的", "confidence": 1}], never=[GOODBYE])
    assert acts(book, AFTER_GOODBYE, chance=0.99) == []


def test_a_violation_cannot_be_ruled_out_so(tmp_path):
    with pytest.raises(RulePackError, match="never is for acts"):
        book_of(tmp_path, rule(hits=[{"text": "揍"}], never=[{"text": "打"}]))


def test_metadata_rule_out_nothing(tmp_path):
    with pytest.raises(RulePackError, match="asks for words and turns"):
        acts_book(tmp_path, never=[{"text": "好", "when": {"callee_role": "debtor"}}])


def test_an_explanation_names_what_barred_the_turn(tmp_path):
    book = acts_book(tmp_path, never=[GOODBYE])
    (told,) = explain("agree", call(), AFTER_GOODBYE, book, SETTINGS.detect, SETTINGS.roles)
    assert told.raised is False
    assert any("never" in repr(step) for step in told.ways)
