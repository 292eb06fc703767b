"""Steps in order, with branches: what is missing, and the sentence that broke the order."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.detect.conditions.conditional import ConditionSet, FlowCheck
from pipeline.errors import UnknownNameError
from tests.unit.detect.conditions.support import TOOLS, call_view, rule_of

CONDITIONS = {
    "greeted": "您好",
    "verified": {"says": "customer", "text": "我是"},
    "other": {"says": "customer", "text": "打错"},
    "told": "逾期",
    "offered": "分期",
    "probed": "为什么",
    "sorry": "抱歉",
    "waiting": "稍等",
    "goodbye": "再见",
}
STEPS = [
    "greeted",
    {"optional": "waiting"},
    {"if": "other", "then": ["sorry"], "else": ["verified", "told", {"either": ["offered", "probed"]}]},
    "goodbye",
]
GOOD = ["A: 您好", "C: 我是", "A: 您逾期了", "A: 可以分期", "A: 再见"]


def faults(*said, steps=STEPS, kinds=("missing", "order")):
    rule = rule_of(CONDITIONS, flow={"steps": steps, "faults": list(kinds)})
    view = call_view(*said)
    check = FlowCheck.of(rule, rule.flow, ConditionSet.of(rule, TOOLS))
    return [
        None if raised.position is None else view.turns[raised.position].text for raised in check.find(view)
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (GOOD, []),
        ([*GOOD[:3], "A: 为什么没还", "A: 再见"], []),  # either will do
        (["A: 您好", "C: 打错了", "A: 抱歉", "A: 再见"], []),  # the other branch
        (["A: 您好", "C: 打错了", "A: 再见"], [None]),  # its step is missing
        (["A: 您好", "A: 您逾期了", "C: 我是", "A: 可以分期", "A: 再见"], ["您逾期了"]),
        (["A: 您好", "C: 我是", "A: 您逾期了", "A: 再见"], [None]),
        (["A: 稍等", *GOOD], ["稍等"]),  # what may be left out may not come anywhere
        (["A: 您逾期了，您好", "C: 我是", "A: 分期", "A: 再见"], ["您逾期了，您好"]),
    ],
)
def test_walks(said, expected):
    assert faults(*said) == expected


def test_one_kind_of_fault_alone():
    said = ["A: 您好", "A: 您逾期了", "C: 我是", "A: 再见"]
    assert faults(*said, kinds=["order"]) == ["您逾期了"]
    assert faults(*said, kinds=["missing"]) == [None]


def test_steps_within_a_turn_have_an_order_too():
    assert faults("A: 再见，您好", steps=["greeted", "goodbye"]) == ["再见，您好"]
    assert faults("A: 您好，再见", steps=["greeted", "goodbye"]) == []


def test_an_unknown_step_is_undecided():
    rule = rule_of({"early": {"text": "您好", "seconds": {"first": 5}}}, flow={"steps": ["early"]})
    check = FlowCheck.of(rule, rule.flow, ConditionSet.of(rule, TOOLS))
    (raised,) = check.find(call_view("A: 您好"))
    assert raised.missing == "times"


@pytest.mark.parametrize(
    "steps", [[], [{"either": ["greeted"]}], [{"maybe": "greeted"}], [{"if": "greeted", "than": []}]]
)
def test_bad_flows_are_refused(steps):
    with pytest.raises(ValidationError):
        faults(*GOOD, steps=steps)


def test_a_step_must_be_a_condition():
    with pytest.raises(UnknownNameError, match="Did you mean 'greeted'"):
        faults(*GOOD, steps=["greted"])
