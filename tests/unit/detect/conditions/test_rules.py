"""Rules with conditions: what raises them, with which evidence, and what comes of it."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.detect.engine import detect
from pipeline.errors import RulePackError
from pipeline.settings import load_settings
from pipeline.types import FindingState
from tests.unit.detect.support import book_of, call, dialogue, rule

SETTINGS = load_settings()
CONDITIONS = {
    "asked": {"says": "customer", "text": "发票"},
    "refused": {"says": "agent", "text": "开不了", "after": "asked"},
    "promised": {"says": "agent", "text": "帮您开", "after": "asked"},
    "late": {"field": {"days_overdue": {"gt": 30}}},
}


def judged(tmp_path, *said, pack=None, metadata=None, **fields):
    book = book_of(tmp_path, rule(conditions=CONDITIONS, **fields), **(pack or {}))
    found = detect(call(**(metadata or {})), dialogue(*said), book, SETTINGS.detect, SETTINGS.roles).findings
    return [(f.evidence.turn if f.evidence else None, f.evidence and f.evidence.quote, f) for f in found]


TWICE = (("c", "有发票吗"), ("a", "开不了"), ("a", "真的开不了"))


def test_the_evidence_is_what_the_expression_speaks_of(tmp_path):
    (first, second) = judged(tmp_path, *TWICE, raise_when="refused and not promised")
    assert first[:2] == (1, "开不了")
    assert second[:2] == (2, "开不了")
    assert "开不了" in first[2].reason


def test_show_chooses_the_evidence(tmp_path):
    (found,) = judged(tmp_path, *TWICE, raise_when="refused", show="asked")
    assert found[:2] == (0, "发票")


def test_an_expression_that_fails_raises_nothing(tmp_path):
    assert not judged(tmp_path, *TWICE, ("a", "我帮您开"), raise_when="refused and not promised")


def test_a_rule_about_the_call_has_no_evidence(tmp_path):
    (found,) = judged(tmp_path, *TWICE, raise_when="late", metadata={"days_overdue": 40})
    assert found[:2] == (None, None)


def test_what_is_missing_is_named(tmp_path):
    (found,) = judged(tmp_path, *TWICE, raise_when="refused and late")
    assert found[2].state is FindingState.CANNOT_DECIDE
    assert found[2].missing == "days_overdue"


def test_what_is_missing_and_changes_nothing_is_not_named(tmp_path):
    assert not judged(tmp_path, ("a", "您好"), raise_when="refused and late")


def test_a_hit_may_ask_for_conditions(tmp_path):
    hits = [{"text": "开不了", "given": "asked and not promised"}]
    assert [f[0] for f in judged(tmp_path, *TWICE, hits=hits)] == [1, 2]
    assert not judged(tmp_path, ("a", "开不了"), hits=hits)


@pytest.mark.parametrize(
    ("fields", "turns"),
    [({}, [1, 2]), ({"per": "call"}, [1]), ({"most": 1}, [1]), ({"most": 5}, [1, 2])],
)
def test_how_many_findings_a_call_has(tmp_path, fields, turns):
    assert [f[0] for f in judged(tmp_path, *TWICE, raise_when="refused", **fields)] == turns


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, FindingState.VIOLATION),
        ({"needs": 0.95}, FindingState.NEEDS_REVIEW),
        ({"confidence": 0.5}, FindingState.NEEDS_REVIEW),
        ({"confidence": 0.5, "needs": 0.4}, FindingState.VIOLATION),
    ],
)
def test_how_sure_a_rule_must_be(tmp_path, fields, state):
    assert judged(tmp_path, *TWICE, raise_when="refused", **fields)[0][2].state is state


def test_a_draft_raises_for_review_only(tmp_path):
    found = judged(tmp_path, *TWICE, raise_when="refused", pack={"draft": True})
    assert {f[2].state for f in found} == {FindingState.NEEDS_REVIEW}


@pytest.mark.parametrize(
    ("fields", "raised"),
    [
        ({"effective_from": date(2026, 3, 5)}, True),
        ({"effective_from": date(2026, 3, 6)}, False),
        ({"effective_to": date(2026, 3, 5)}, True),
        ({"effective_to": date(2026, 3, 4)}, False),
        ({"effective_from": date(2026, 1, 1), "effective_to": date(2026, 12, 31)}, True),
    ],
)
def test_a_rule_applies_to_the_days_of_its_effect(tmp_path, fields, raised):
    metadata = {"started_at": "2026-03-05T23:30:00+08:00"}
    assert bool(judged(tmp_path, *TWICE, raise_when="refused", metadata=metadata, **fields)) is raised


def test_what_a_rule_costs_travels_with_its_findings(tmp_path):
    (found, *_) = judged(tmp_path, *TWICE, raise_when="refused", points=7, cap=10, red_line=False)
    assert (found[2].tariff.points, found[2].tariff.cap, found[2].red_line) == (7, 10, False)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"raise_when": "refusd"}, "Did you mean 'refused'"),
        ({"raise_when": "refused and"}, "the end"),
        ({"raise_when": "refused", "show": "refsed"}, "Did you mean 'refused'"),
        ({"hits": [{"text": "开", "given": "askd"}]}, "Did you mean 'asked'"),
        ({"show": "refused", "hits": [{"text": "开"}]}, "show names the evidence"),
        (
            {"raise_when": "late", "effective_from": date(2026, 2, 1), "effective_to": date(2026, 1, 1)},
            "behind",
        ),
        ({}, "nothing can raise this rule"),
    ],
)
def test_mistakes_name_the_rule_and_the_nearest_word(tmp_path, fields, message):
    with pytest.raises(RulePackError, match=message) as caught:
        judged(tmp_path, *TWICE, **fields)
    assert "pack.yaml" in str(caught.value)
    assert "threat" in str(caught.value)
