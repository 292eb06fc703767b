"""Steps in order, with branches: what is missing, and the sentence that broke the order."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.detect.conditions.conditional import ConditionSet, FlowCheck
from pipeline.detect.facts import NOTHING_KNOWN, Facts
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


def walked(conditions, steps, *said, facts=NOTHING_KNOWN):
    rule = rule_of(conditions, flow={"steps": steps})
    check = FlowCheck.of(rule, rule.flow, ConditionSet.of(rule, TOOLS))
    return [raised.missing or raised.position for raised in check.find(call_view(*said, facts=facts))]


def test_where_the_branch_is_not_known_the_flow_is_undecided():
    conditions = {"early": {"text": "您好", "seconds": {"first": 3}}, "told": "逾期", "sorry": "抱歉"}
    steps = [{"if": "early", "then": ["told"], "else": ["sorry"]}]
    assert walked(conditions, steps, "A: 您好") == ["times"]


def test_two_acts_of_one_turn_are_in_order():
    conditions = {"greeted": {"act": "greeting"}, "named": {"act": "self_intro"}, "told": "逾期"}
    facts = Facts(acts={0: frozenset({"greeting", "self_intro"})})
    assert walked(conditions, ["greeted", "named", "told"], "A: 您好", "A: 逾期", facts=facts) == []
    assert walked(conditions, ["told", "greeted"], "A: 您好", "A: 逾期", facts=facts) == [0]


def test_a_step_may_be_true_of_the_whole_call():
    conditions = {"short": {"turn_count": {"lt": 3}}, "greeted": "您好"}
    assert walked(conditions, ["greeted", "short"], "A: 您好") == []
    assert walked(conditions, ["greeted", "short"], "A: 您好", "A: 一", "A: 二") == [None]


@pytest.mark.parametrize(
    "steps", [[], [{"either": ["greeted"]}], [{"maybe": "greeted"}], [{"if": "greeted", "than": []}]]
)
def test_bad_flows_are_refused(steps):
    with pytest.raises(ValidationError):
        faults(*GOOD, steps=steps)


def test_a_step_must_be_a_condition():
    with pytest.raises(UnknownNameError, match="Did you mean 'greeted'"):
        faults(*GOOD, steps=["greted"])
