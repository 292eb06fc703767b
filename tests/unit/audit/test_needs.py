"""Rules that are silent for want of data, worked out from the rules themselves."""

from __future__ import annotations

import pytest

from pipeline.audit.needs import silent_without
from pipeline.detect.schema import Rule

ALWAYS = {"started_at", "direction"}


def rule(raise_when, conditions, if_unknown="if_supplied"):
    return Rule.model_validate(
        {
            "rule": "a_rule",
            "title": "规则",
            "severity": "minor",
            "norms": ["card_68"],
            "reason": "理由",
            "conditions": conditions,
            "raise_when": raise_when,
            "if_unknown": if_unknown,
            "examples": {"must_hit": [], "must_not_hit": []},
        }
    )


def lacks(made, *supplied):
    return silent_without([made], frozenset(supplied)).get("a_rule")


OUT = {"field": {"direction": "outbound"}}
MANY = {"contacts": {"count": "missed", "by": ["number"], "per": "day", "value": {"gt": 6}}}


def test_a_count_needs_its_key_and_the_log_of_dials():
    made = rule("out and many", {"out": OUT, "many": MANY})
    assert lacks(made, *ALWAYS) == ("called_number", "dial_log")
    assert lacks(made, *ALWAYS, "called_number") == ("dial_log",)
    assert lacks(made, *ALWAYS, "called_number", "dial_log") is None


def test_one_way_that_is_open_is_enough():
    late = {"says": "agent", "text": ["再打"]}
    made = rule("out and (many or late)", {"out": OUT, "many": MANY, "late": late})
    assert lacks(made, *ALWAYS) is None
    assert "direction" in lacks(made, "started_at")


def test_a_field_that_may_be_unknown_silences_what_it_excuses():
    """Nothing known of a hold counts as no hold: then the rule can never be broken."""
    hold = {"field": {"dispute_hold": [None, False]}}
    assert lacks(rule("out and not hold", {"out": OUT, "hold": hold}), *ALWAYS) == ("dispute_hold",)
    assert lacks(rule("out and hold", {"out": OUT, "hold": hold}), *ALWAYS) is None


@pytest.mark.parametrize("policy", ["cannot_decide", "ignore"])
def test_rules_that_speak_for_themselves_are_not_silent(policy):
    assert lacks(rule("out and many", {"out": OUT, "many": MANY}, policy)) is None
