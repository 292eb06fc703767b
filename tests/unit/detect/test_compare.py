"""Two sets of findings of the same calls."""

import pytest

from pipeline.detect.compare import Change, compare_call, compare_rules
from pipeline.types import Evidence, Finding, FindingState, Role, Severity, Turn


def finding(rule="threat", turn=1, state="violation", severity="major", missing=None):
    said = Turn(index=turn or 0, role=Role.AGENT, role_confidence=1.0, text="我揍你")
    return Finding(
        rule=rule,
        state=FindingState(state),
        severity=Severity(severity),
        confidence=0.9,
        norms=(),
        reason="理由",
        evidence=None if turn is None else Evidence.of(said, 1, 3),
        missing=missing,
    )


REVIEW = finding(state="needs_review")


@pytest.mark.parametrize(
    ("before", "after", "change", "pairs"),
    [
        ([], [], Change.UNCHANGED, 0),
        ([finding()], [finding()], Change.UNCHANGED, 0),
        ([], [finding()], Change.NEWLY_FAILED, 1),
        ([REVIEW], [finding()], Change.NEWLY_FAILED, 1),
        ([finding()], [REVIEW], Change.NEWLY_PASSED, 1),
        ([finding()], [], Change.NEWLY_PASSED, 1),
        ([], [REVIEW], Change.CHANGED, 1),
        ([finding()], [finding(severity="critical")], Change.CHANGED, 1),
        ([finding()], [finding(rule="rude")], Change.CHANGED, 2),
        ([finding(turn=1)], [finding(turn=2)], Change.CHANGED, 2),
        ([finding(turn=None)], [finding(turn=None)], Change.UNCHANGED, 0),
    ],
)
def test_a_call_fails_by_its_violations(before, after, change, pairs):
    compared = compare_call("c", before, after)
    assert (compared.change, len(compared.pairs)) == (change, pairs)


def test_what_comes_is_told_apart_from_what_goes():
    (gone, came) = compare_call("c", [finding(turn=1)], [finding(turn=2)]).pairs
    assert (gone.before.evidence.turn, gone.after) == (1, None)
    assert (came.before, came.after.evidence.turn) == (None, 2)


def test_undecided_findings_are_told_apart_by_what_is_missing():
    before = [finding(turn=None, state="cannot_decide", missing=m) for m in ("callee_role", "total_due")]
    (pair,) = compare_call("c", before, before[:1]).pairs
    assert pair.before.missing == "total_due"


def test_rules_are_counted_over_all_calls():
    calls = [
        compare_call("a", [finding(), REVIEW], [finding()]),
        compare_call("b", [], [finding(), finding(rule="rude", state="needs_review")]),
    ]
    assert [
        (r.rule, r.before, r.after, r.violations_before, r.violations_after) for r in compare_rules(calls)
    ] == [("rude", 0, 1, 0, 0), ("threat", 2, 2, 1, 2)]
