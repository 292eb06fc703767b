"""The sheet by clause: the numbers add up, and what was not checked never counts as clean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audit.clauses import ClauseSheet
from tests.unit.audit.made import BOOK, call
from tests.unit.export.samples import quarantined

ALL = frozenset(
    {
        *("customer_id", "started_at", "called_number", "dial_log", "direction", "callee_role", "lender"),
        *("lender_type", "product_type", "talk_seconds", "cli_whitelisted", "retention_days", "disposition"),
        *("dispute_hold", "under_stop", "agreement_status", "contact_ground", "asked_for", "duration"),
    }
)
CLAUSE = "card_68"
ATTEMPTS = next(c.rule for c in BOOK.of_kind("violation") if c.rule.rule == "daily_attempts_over")
FREQUENCY = ATTEMPTS.norms[0]


def finding(state, finding_id="f1", norms=(CLAUSE,)):
    return call("c")["findings"][0] | {"state": state, "id": finding_id, "norms": list(norms)}


def counted(*calls, reviewed=None, supplied=ALL, clause=CLAUSE):
    sheet = ClauseSheet(BOOK)
    for one in calls:
        sheet.add(one, reviewed or {}, supplied)
    return dict(sheet.rows())[clause], sheet


def with_findings(*findings, **changes):
    return call("c", findings=list(findings), not_checked=[], **changes)


@pytest.mark.parametrize(
    ("one", "column"),
    [
        (with_findings(finding("violation")), "violations"),
        (with_findings(finding("needs_review")), "open"),
        (with_findings(finding("needs_review"), finding("violation", "f2")), "violations"),
        (with_findings(finding("cannot_decide")), "cannot_decide"),
        (with_findings() | {"not_checked": [{"check": "second_opinion", "reason": "x"}]}, "not_checked"),
        (with_findings() | {"not_checked": [{"check": "both_parties", "reason": "x"}]}, "not_checked"),
        (with_findings() | {"status": "not_scored", "status_reason": "no_speech"}, "not_checked"),
        (quarantined("c"), "not_checked"),
    ],
)
def test_a_call_counts_once(one, column):
    counts, _ = counted(one)
    assert counts.calls == 1
    assert getattr(counts, column) == 1
    assert counts.checked == (column in ("violations", "open"))
    assert counts.hits == counts.violations + counts.open == (column in ("violations", "open"))


def test_a_clean_call_is_checked_and_nothing_else():
    counts, sheet = counted(with_findings())
    assert (counts.calls, counts.checked, counts.hits) == (1, 1, 0)
    assert sheet.not_checked == {}


def test_a_check_that_some_rules_ask_for_touches_their_clauses_only():
    failed = with_findings() | {"not_checked": [{"check": "llm", "reason": "judge_unreachable"}]}
    _, sheet = counted(failed)
    asking = {c.rule.rule for c in BOOK.of_kind("violation") if '"llm":{' in c.rule.model_dump_json()}
    for clause, counts in sheet.rows():
        touched = not asking or set(sheet.rules_of(clause)) & asking
        assert counts.not_checked == bool(touched), clause
    assert sheet.not_checked == {"llm": 1}


def test_a_rule_without_its_data_was_not_checked():
    counts, sheet = counted(with_findings(), supplied=ALL - {"called_number"}, clause=FREQUENCY)
    assert (counts.checked, counts.not_checked) == (0, 1)
    assert sheet.not_checked == {"data.called_number": 1}
    counts, _ = counted(with_findings(), supplied=ALL, clause=FREQUENCY)
    assert (counts.checked, counts.not_checked) == (1, 0)


def test_a_clause_counts_for_calls_of_its_own_time():
    old = with_findings(metadata={"started_at": "2024-01-05T10:00:00+08:00"})
    _, sheet = counted(old)
    in_force = dict(sheet.rows())
    assert "gbt_45251_frequency" not in in_force
    assert "card_68" in in_force


@pytest.mark.parametrize(
    ("said", "confirmed", "rejected"),
    [
        ({}, 0, 0),
        ({"f1": "confirmed"}, 1, 0),
        ({"f1": "rejected"}, 0, 1),
        ({"f1": "rejected", "f2": "confirmed"}, 1, 0),
        ({"f1": "appealed"}, 0, 0),
        ({"other": "confirmed"}, 0, 0),
    ],
)
def test_what_people_said_stands_beside_what_the_machine_said(said, confirmed, rejected):
    counts, _ = counted(with_findings(finding("violation"), finding("needs_review", "f2")), reviewed=said)
    assert (counts.confirmed, counts.rejected) == (confirmed, rejected)
    assert counts.violations == 1


STATES = st.lists(st.sampled_from(["violation", "needs_review", "cannot_decide"]), max_size=3)
FAILED = st.lists(st.sampled_from(["tone", "llm", "second_opinion", "both_parties"]), max_size=2)
STATUS = st.sampled_from(["scored", "scored", "not_scored"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STATUS, STATES, FAILED, st.booleans()), min_size=1, max_size=5))
def test_the_numbers_add_up(calls):
    made = [
        with_findings(*(finding(state, f"f{n}") for n, state in enumerate(states)))
        | {"status": status, "status_reason": None if status == "scored" else "no_speech"}
        | {"not_checked": [{"check": check, "reason": "x"} for check in failed]}
        for status, states, failed, _ in calls
    ]
    sheet = ClauseSheet(BOOK)
    for one, (_, _, _, supplied) in zip(made, calls, strict=True):
        sheet.add(one, {}, ALL if supplied else frozenset())
    for _, n in sheet.rows():
        assert n.calls == len(calls) == n.checked + n.cannot_decide + n.not_checked
        assert n.hits == n.violations + n.open <= n.checked
        assert n.confirmed + n.rejected <= n.hits
