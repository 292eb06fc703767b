"""What a rule does when its conditions leave it open, and how grave it is when they do not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.detect.conditions.conditional import ConditionSet, FlowCheck, Given, WhenCheck
from pipeline.detect.facts import Facts
from pipeline.detect.raised import Raised
from pipeline.types import History, Severity
from tests.unit.detect.conditions.support import TOOLS, call_view, rule_of

BANK = {"bank": {"field": {"lender_type": "bank"}}}


def found(rule, metadata=None, supplied=None):
    history = None if supplied is None else History(supplied=frozenset(supplied))
    view = call_view("A: 您好", metadata=metadata, facts=Facts(history=history))
    return list(WhenCheck.of(rule, ConditionSet.of(rule, TOOLS)).find(view))


@pytest.mark.parametrize(
    ("if_unknown", "supplied", "missing"),
    [
        ("cannot_decide", None, ["lender_type"]),
        ("cannot_decide", (), ["lender_type"]),
        ("if_supplied", ("lender_type",), ["lender_type"]),
        ("if_supplied", ("lender",), []),
        ("if_supplied", None, []),
        ("ignore", ("lender_type",), []),
    ],
)
def test_what_is_missing_is_told_as_the_rule_says(if_unknown, supplied, missing):
    rule = rule_of(BANK, if_unknown=if_unknown)
    assert [raised.missing for raised in found(rule, supplied=supplied)] == missing


def test_one_kind_of_data_that_nobody_supplies_is_enough_to_be_silent():
    conditions = {**BANK, "outbound": {"field": {"direction": "outbound"}}}
    rule = rule_of(conditions, raise_when="bank and outbound", if_unknown="if_supplied")
    assert found(rule, supplied=["direction"]) == []
    assert [r.missing for r in found(rule, supplied=["direction", "lender_type"])] == ["lender_type"]


def test_what_is_decided_is_raised_whatever_the_rule_says():
    rule = rule_of(BANK, if_unknown="ignore")
    assert [raised.missing for raised in found(rule, {"lender_type": "bank"})] == [None]


@pytest.mark.parametrize(("if_unknown", "count"), [("cannot_decide", 1), ("if_supplied", 0), ("ignore", 0)])
def test_hits_and_flows_do_the_same(if_unknown, count):
    rule = rule_of(BANK, if_unknown=if_unknown)
    conditions = ConditionSet.of(rule, TOOLS)
    view = call_view("A: 您好", metadata={})
    hits = [Raised(position=0, confidence=0.9)]
    limited = list(Given.of("bank", conditions).limit(view, hits))
    assert [raised.missing for raised in limited] == ["lender_type"] * count
    flow = rule_of(BANK, flow={"steps": ["bank"]}, if_unknown=if_unknown)
    walked = list(FlowCheck.of(flow, flow.flow, ConditionSet.of(flow, TOOLS)).find(view))
    assert [raised.missing for raised in walked] == ["lender_type"] * count


@pytest.mark.parametrize(
    ("days", "severity"),
    [(1, None), (31, Severity.MAJOR), (91, Severity.CRITICAL)],
)
def test_the_gravest_severity_that_holds_counts(days, severity):
    conditions = {
        "overdue": {"field": {"days_overdue": {"gt": 0}}},
        "month": {"field": {"days_overdue": {"gt": 30}}},
        "quarter": {"field": {"days_overdue": {"gt": 90}}},
    }
    rule = rule_of(conditions, severity_when={"major": "month", "critical": "quarter"})
    assert [raised.severity for raised in found(rule, {"days_overdue": days})] == [severity]


def test_a_severity_that_is_not_known_is_the_rules_own():
    rule = rule_of({"said": "您好", **BANK}, severity_when={"critical": "bank"})
    assert [raised.severity for raised in found(rule)] == [None]


@pytest.mark.parametrize("bad", [{"if_unknown": "guess"}, {"severity_when": {"grave": "bank"}}])
def test_bad_values_are_refused(bad):
    with pytest.raises(ValidationError):
        rule_of(BANK, **bad)


def test_severities_grade_what_conditions_raise():
    with pytest.raises(ValidationError, match="severity_when"):
        rule_of(BANK, flow={"steps": ["bank"]}, severity_when={"critical": "bank"})
