"""What a call shows of each skill: whether there is occasion, whether it was there, which moment shows it."""

from __future__ import annotations

import copy

import pytest

from pipeline.coaching.talk import Talk
from pipeline.coaching.wording import suggest
from tests.unit.coaching.support import guide, made, seen


def text_of(call, place):
    return call["turns"][place]["text"]


def test_a_call_in_which_all_is_done_shows_it():
    found = seen(made())
    missing = {name for name, one in found.items() if not one.done}
    assert missing == {"reason_probe", "true_consequence"}  # nobody asks or says it in the made calls
    assert all(one.lost == 0 for one in found.values() if one.done)


@pytest.mark.parametrize(
    ("skill", "habit"),
    [("empathy", "hardship"), ("promise_confirmed", "promised"), ("clear_promise", "promised")],
)
def test_a_skill_counts_only_where_there_is_occasion(skill, habit):
    assert skill in seen(made())
    assert skill not in seen(made(**{habit: 0.0}))


@pytest.mark.parametrize(
    ("skill", "habit", "turn", "says"),
    [
        ("empathy", "empathy", "那你今天能还多少？", "哪一天"),
        ("promise_confirmed", "repeats", "行，就这样吧。", "12月15日之前"),
        ("closing_summary", "closing", "挂了。", "12月15日之前"),
        ("polite_opening", "opening", "喂。", "您好"),
    ],
)
def test_the_moment_that_lacks_it_is_the_agents_turn_and_gets_fitting_words(skill, habit, turn, says):
    call = made(**{habit: 0.0})
    one = seen(call)[skill]
    assert not one.done
    assert one.lost == pytest.approx(one.worth)
    assert text_of(call, one.focus) == turn
    talk = Talk(call)
    say = suggest(guide(), skill, talk.place(one.focus), talk.slots()).say
    if skill != "empathy":
        assert says in say
    else:
        assert "确实不容易" in say


def test_the_moment_that_shows_it_is_that_of_the_act():
    call = made()
    found = seen(call)
    assert text_of(call, found["empathy"].focus).startswith("停工了确实不容易")
    assert text_of(call, found["promise_confirmed"].focus).startswith("跟您确认一下")


def test_points_are_those_of_the_scorecard_per_call():
    found = seen(made(empathy=0.0))
    items = {i["name"]: i for i in made(empathy=0.0)["scores"]["effectiveness_items"] if i["applicable"]}
    total = sum(item["possible"] for item in items.values())
    assert found["empathy"].worth == pytest.approx(100 * items["empathy"]["possible"] / total)


def test_a_threat_takes_the_promise_and_the_example():
    call = made(threatens=1.0)
    found = seen(call)
    assert Talk(call).is_tainted(guide())
    for skill in ("clear_promise", "promise_confirmed", "promise_channel"):
        assert not found[skill].done
    assert not found["no_threats"].done
    assert found["no_threats"].lost == 100
    assert "找你领导" in text_of(call, found["no_threats"].focus)


def test_a_threat_that_waits_for_review_taints_and_is_no_miss():
    call = made(threatens=1.0)
    call["findings"][0]["state"] = "needs_review"
    call["scores"] |= {"red_line": False, "compliance": 100.0, "compliance_items": []}
    call["promise_to_pay"]["coerced"] = False
    found = seen(call)
    assert Talk(call).is_tainted(guide())
    assert found["no_threats"].done
    assert not found["promise_confirmed"].done


def test_what_cannot_be_decided_does_not_taint():
    call = made(threatens=1.0)
    call["findings"][0]["state"] = "cannot_decide"
    call["scores"]["red_line"] = False
    assert not Talk(call).is_tainted(guide())


def test_a_pressing_tone_is_measured_and_the_hardest_turn_shown():
    call = made(presses=1.0, empathy=0.0)
    one = seen(call)["calm_tone"]
    assert not one.done
    assert call["turns"][one.focus]["tone"] == "pressing"
    assert one.lost == 4


def test_what_was_not_measured_is_not_looked_at():
    call = made()
    call["conduct"] = None
    for turn in call["turns"]:
        turn["tone"] = None
    assert {"calm_tone", "let_them_talk", "short_turns", "no_interrupting"}.isdisjoint(seen(call))


def test_a_call_without_an_agents_words_shows_nothing():
    call = made()
    for turn in call["turns"]:
        turn["role"] = "customer"
    assert seen(call) == {}


def test_calls_that_reach_others_are_judged_by_what_counts_there():
    call = made()
    call["metadata"]["callee_role"] = "relative"
    talk = Talk(call)
    assert talk.who.value == "other_person"


class TestSlots:
    def test_only_what_was_said_fills_them(self):
        slots = {slot.value: text for slot, text in Talk(made()).slots().items()}
        assert slots == {"金额": "2000元", "日期": "12月15日", "称呼": "先生", "机构": "松河银行"}

    def test_a_promise_under_pressure_fills_nothing(self):
        slots = {slot.value for slot in Talk(made(threatens=1.0)).slots()}
        assert slots == {"称呼", "机构"}

    def test_a_lender_that_nobody_names_fills_nothing(self):
        slots = {slot.value for slot in Talk(made(opening=0.0)).slots()}
        assert "机构" not in slots

    def test_an_amount_that_is_open_fills_nothing(self):
        call = copy.deepcopy(made())
        call["promise_to_pay"] |= {"amount": None}
        talk = Talk(call)
        assert talk.promise.value == "partial"
        assert {slot.value for slot in talk.slots()} == {"日期", "称呼", "机构"}
