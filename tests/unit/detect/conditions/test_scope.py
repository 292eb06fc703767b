"""Where a condition looks: speaker, number, time, phase, and the distance to another condition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.errors import RulePackError
from tests.unit.detect.conditions.support import answer, answers, call_view, turn

SEVEN = call_view("A: 一", "C: 二", "A: 三", "C: 四", "A: 五", "C: 六", "A: 七")


def places(conditions, view, name="asked"):
    found = answers(conditions, view)[name]
    return [place.turn for place in found.places] if found.holds else found.holds


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, [0, 2, 4, 6]),  # the rule's speaker
        ({"says": "customer"}, [1, 3, 5]),
        ({"says": "anyone"}, [0, 1, 2, 3, 4, 5, 6]),
        ({"turns": {"first": 2}}, [0, 2]),
        ({"turns": {"last": 1}}, [6]),
        ({"turns": {"from": 2, "to": 3}}, [2, 4]),
        ({"turns": {"from": -2}}, [4, 6]),
        ({"turns": {"from": 2, "to": -2}}, [2, 4]),
        ({"turns": {"to": 1}}, [0]),
        ({"turns": {"from": 3, "to": 2}}, [2, 4]),
        ({"says": "customer", "turns": {"first": 1}}, [1]),
    ],
)
def test_turns_are_the_speakers(scope, expected):
    assert places({"asked": scope}, SEVEN) == expected


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ({"from": 2, "to": -2}, False),  # between the first and the last there is none
        ({"from": 5}, False),
        ({"from": -5, "to": -3}, False),
        ({"to": -3}, False),
        ({"from": -3}, [0, 1]),
    ],
)
def test_turns_that_a_short_call_does_not_have_are_not_there(turns, expected):
    assert places({"asked": {"turns": turns}}, call_view("A: 一", "A: 二")) == expected


def test_so_many_turns_beside_what_is_true_of_the_call():
    condition = {"count": {"gte": 3}, "turn_count": {"gte": 1}}
    assert places({"asked": condition}, call_view("A: 一")) is False
    assert places({"asked": condition}, SEVEN) == [0, 2, 4, 6]


TIMED = call_view(
    turn(0, "A: 一", 0, 5), turn(1, "A: 二", 10, 15), turn(2, "A: 三", 40, 45), turn(3, "A: 四", 90, 100)
)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"seconds": {"first": 12}}, [0, 1]),
        ({"seconds": {"last": 15}}, [3]),
        ({"seconds": {"from": 10, "to": 40}}, [1]),
        ({"percent": {"first": 20}}, [0, 1]),
        ({"percent": {"last": 20}}, [3]),
        ({"percent": {"from": 30, "to": 60}}, [2]),
        ({"seconds": {"from": 200}}, False),
    ],
)
def test_stretches_of_the_call(scope, expected):
    assert places({"asked": scope}, TIMED) == expected


def test_without_times_nobody_knows():
    found = answer({"text": "一", "seconds": {"first": 5}}, SEVEN)
    assert found.holds is None
    assert found.missing == "times"


def test_a_speaker_who_is_not_sure_is_left_out():
    view = call_view(turn(0, "A: 上门", role_confidence=0.6), turn(1, "A: 上门", role_confidence=0.9))
    assert places({"asked": {"text": "上门", "role_confidence": 0.8}}, view) == [1]


PHASES = call_view(
    "A: 您好，我是青山银行的。",
    "A: 请问是王先生本人吗？",
    "C: 我是。",
    "A: 您这笔逾期了。",
    "C: 下周还。",
    "A: 好的，那先这样，再见。",
    "C: 再见。",
)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("opening", [0]),
        ("verification", [1, 2]),
        ("body", [3, 4]),
        ("closing", [5, 6]),
        (["opening", "closing"], [0, 5, 6]),
    ],
)
def test_phases_are_known_from_what_is_said(phase, expected):
    assert places({"asked": {"says": "anyone", "phase": phase}}, PHASES) == expected


def test_every_turn_of_the_scope_must_satisfy_it():
    view = call_view("A: 您好您", "A: 您请", "A: 你说")
    assert answer({"text": "您", "every": True}, view).holds is False
    assert answer({"text": "您|你", "every": True}, view).holds is True
    assert answer({"text": "您", "every": True, "turns": {"first": 2}}, view).holds is True


ANCHORED = call_view("A: 甲", "C: 发票", "A: 乙", "A: 甲", "C: 发票", "A: 甲", "A: 丙")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"after": "invoice"}, [2, 3, 5, 6]),
        ({"before": "invoice"}, [0, 2, 3]),
        ({"after": "invoice", "hit": "first"}, [2, 3, 5, 6]),
        ({"after": "invoice", "hit": "last"}, [5, 6]),
        ({"after": "invoice", "hit": 2}, [5, 6]),
        ({"after": "invoice", "hit": 3}, False),
        ({"text": "丙", "after": "invoice", "hit": "every"}, [6]),
        ({"text": "乙", "after": "invoice", "hit": "every"}, False),
        ({"after": "invoice", "within": 1}, [2, 5]),
        ({"before": "invoice", "hit": "last", "within": 2}, [2, 3]),
        ({"around": "invoice", "hit": "last", "turns": {"from": -1, "to": 1}}, [3, 5]),
        ({"around": "invoice", "within": 1}, [0, 2, 3, 5]),
        ({"after": "invoice", "turns": {"first": 1}}, [2, 5]),
        ({"after": "invoice", "turns": {"from": 2, "to": 2}}, [3, 6]),
        ({"same": "invoice", "says": "customer"}, [1, 4]),
        ({"same": "invoice"}, False),
        ({"after": "nothing"}, False),
    ],
)
def test_anchors(condition, expected):
    conditions = {
        "asked": condition,
        "invoice": {"says": "customer", "text": "发票"},
        "nothing": {"text": "无此话"},
    }
    assert places(conditions, ANCHORED) == expected


def test_seconds_to_an_anchor():
    conditions = {"asked": {"after": "first", "within_seconds": 30}, "first": "一"}
    assert places(conditions, TIMED) == [1]


def test_what_an_anchor_does_not_know_nobody_knows():
    conditions = {"asked": {"after": "early"}, "early": {"text": "一", "seconds": {"first": 5}}}
    assert answers(conditions, SEVEN)["asked"].missing == "times"


@pytest.mark.parametrize(
    "condition",
    [
        {"turns": {"first": 2, "last": 1}},
        {"turns": {}},
        {"without": "您好"},
        {"entity": "money", "without_turn": "不是"},
        {"any": ["您好"], "unless": ["negated"]},
        {"clause_only": True},
        {"turns": {"first": 0}},
        {"seconds": {"first": 0}},
        {"percent": {}},
        {"phase": "middle"},
        {"role_confidence": 1.5},
        {"after": "a", "before": "b"},
        {"within": 2},
        {"hit": "first"},
        {"after": "a", "hit": 0},
        {"says": "machine"},
    ],
)
def test_bad_parameters_are_refused(condition):
    with pytest.raises(ValidationError):
        answers({"asked": condition, "a": "甲", "b": "乙"}, SEVEN)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"asked": {"after": "b"}, "b": {"after": "asked"}}, "circle"),
        ({"asked": {"after": "invoise"}, "invoice": "发票"}, "Did you mean 'invoice'"),
    ],
)
def test_anchors_must_be_there_and_lead_somewhere(conditions, message):
    with pytest.raises(RulePackError, match=message):
        answers(conditions, SEVEN)


@given(st.integers(1, 9), st.integers(1, 9))
def test_first_and_last_turns_never_reach_beyond_the_call(first, last):
    assert places({"asked": {"turns": {"first": first}}}, SEVEN) == [0, 2, 4, 6][:first]
    assert places({"asked": {"turns": {"last": last}}}, SEVEN) == [0, 2, 4, 6][-last:]
