"""Several conditions asked of one turn, and how many turns must hold."""

import pytest
from pydantic import ValidationError

from pipeline.detect.facts import Facts
from pipeline.detect.schema import Condition
from pipeline.errors import RulePackError
from pipeline.types import Tone
from tests.unit.detect.conditions.support import answer, answers, call_view

VIEW = call_view("A: 甲乙", "A: 甲", "A: 丙", "C: 甲")
A, B, C = {"text": "甲"}, {"text": "乙"}, {"text": "丙"}


def turns(outcome):
    return sorted({place.turn for place in outcome.places})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"any": [B, C]}, [0, 2]),
        ({"each": [A, B]}, [0]),
        ({"none": [A]}, [2]),
        ({"none": [A, C]}, []),
        ({"text": "甲", "none": [B]}, [1]),
        ({"any": [{"each": [A, B]}, C]}, [0, 2]),
        ({"any": [B, C], "none": [A]}, [2]),
        ({"text": "甲", "each": [{"text": "乙", "clause_only": True}]}, [0]),
        ({"any": [{"text": "乙", "without_turn": "甲"}, C]}, [2]),
        ({"none": [{"text": "丁"}], "every": True}, [0]),
        ({"none": [B], "every": True}, []),
        ({"text": "甲", "count": {"gte": 2}}, [0, 1]),
        ({"text": "甲", "count": {"gte": 3}}, []),
        ({"text": "甲", "count": {"gte": 3}, "says": "anyone"}, [0, 1, 3]),
        ({"text": "丙", "count": {"lte": 1}}, [2]),
        ({"any": [A, C], "count": {"gte": 3}}, [0, 1, 2]),
    ],
)
def test_what_one_turn_says(condition, expected):
    outcome = answer(condition, VIEW)
    assert outcome.holds is bool(expected)
    assert turns(outcome) == expected


def test_a_count_of_nothing_holds_without_a_place():
    outcome = answer({"text": "丁", "count": {"lt": 1}}, VIEW)
    assert outcome.holds
    assert outcome.places == ()
    assert outcome.note == "0 turns"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"any": [{"tone": "warm"}, A]}, True),
        ({"any": [{"tone": "warm"}, B]}, None),
        ({"each": [{"tone": "warm"}, B]}, False),
        ({"none": [{"tone": "warm"}]}, None),
        ({"none": [{"tone": "warm"}, A]}, False),
    ],
)
def test_what_is_not_known_stays_so_where_it_could_change_the_answer(condition, holds):
    assert answer(condition, call_view("A: 甲")).holds is holds


@pytest.mark.parametrize(
    ("count", "holds"),
    [({"gte": 1}, True), ({"gte": 2}, None), ({"gte": 3}, False), ({"lte": 2}, True), ({"lte": 1}, None)],
)
def test_a_count_with_turns_that_are_not_known(count, holds):
    view = call_view("A: 一", "A: 二", "A: 三", facts=Facts(tones={0: Tone.WARM, 1: Tone.NEUTRAL}))
    assert answer({"tone": "warm", "count": count}, view).holds is holds


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [((0, 0), [2]), ((0, 1), [2, 3]), ((0, -1), [2, 3, 4]), ((1, 0), [2, 3]), ((1, 1), [3]), ((-1, -1), [4])],
)
def test_turns_beside_an_anchor_count_from_it(bounds, expected):
    view = call_view("A: 一", "A: 二", "A: 锚", "A: 四", "A: 五")
    given = {
        "at": {"text": "锚"},
        "asked": {"after": "at", "turns": dict(zip(("from", "to"), bounds, strict=True))},
    }
    assert turns(answers(given, view)["asked"]) == expected


@pytest.mark.parametrize("key", ["duration", "hangup", "turn_count"])
def test_the_call_is_no_matter_of_one_turn(key):
    value = {} if key == "hangup" else {"gte": 1}
    with pytest.raises(RulePackError, match=f"{key} is about the call"):
        answer({"any": [{key: value}]}, VIEW)


@pytest.mark.parametrize(
    "condition",
    [
        {"any": [{"text": "甲", "says": "agent"}]},
        {"each": [{"text": "甲", "after": "x"}]},
        {"none": [{"text": "甲", "every": True}]},
        {"text": "甲", "every": True, "count": {"gte": 1}},
        {"text": "甲", "count": {}},
    ],
)
def test_wrong_parameters_are_refused(condition):
    with pytest.raises(ValidationError):
        Condition.model_validate(condition)
