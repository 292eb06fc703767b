"""Periods: every call once, and apples compared with apples only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.report.dashboard.measures import SHARES, score_measures, share_measures
from pipeline.report.dashboard.period import compare, period
from pipeline.types import Quarantined
from tests.unit.report.dashboard.made import found, made_rows, plain


def test_a_call_in_two_folders_counts_once_as_it_was_judged_last():
    first, again = plain("a", compliance=80.0), plain("a", compliance=60.0)
    now = period([first, plain("b"), again])
    assert [(row.call_id, row.compliance) for row in now.rows] == [("a", 60.0), ("b", 100.0)]
    assert now.twice == 1


def test_two_recordings_with_the_same_id_are_two_calls():
    now = period([plain("a", recording="x"), plain("a", recording="y")])
    assert (len(now.rows), now.twice) == (2, 0)


def test_a_call_that_was_judged_elsewhere_is_not_away():
    away = [Quarantined(call_id=name, reason="truncated", message="") for name in ("a", "c", "c")]
    now = period([plain("a")], away)
    assert [call.call_id for call in now.quarantined] == ["c"]
    assert now.planned == 2


def test_lines_of_two_manifests_are_two_calls():
    line = Quarantined(call_id="line-4", reason="manifest_row", message="total_due: not a number", line=4)
    assert period([], [line, line]).planned == 2


@pytest.mark.parametrize(
    ("kind", "alike", "heard"),
    [("rules", False, True), ("config", False, True), ("models", False, False), ("program", True, True)],
)
def test_periods_that_were_judged_otherwise_are_not_compared(kind, alike, heard):
    rows = made_rows(60)
    other = (("asr", "another"),) if kind == "models" else "another"
    # Both know a model of that name.
    old = [replace(row, versions=replace(row.versions, **{kind: other})) for row in rows]
    comparison = compare(period(rows), period(old))
    assert comparison.differs == (kind,)
    assert comparison.judged_alike is alike
    assert (comparison.judged is not None) is alike
    assert (comparison.heard is not None) is heard
    for measure in share_measures(SHARES, rows, comparison.judged):
        assert (measure.change is not None) is (alike and measure.now is not None)


def test_a_model_that_only_one_period_needed_is_no_difference():
    rows = made_rows(60)
    versions = rows[0].versions
    more = replace(versions, models=(*versions.models, ("diarizer", "d1")))
    assert compare(period(rows), period([replace(row, versions=more) for row in rows])).differs == ()


@pytest.mark.parametrize("before", [None, period([]), period([plain("a", scored=False)])])
def test_without_a_scored_call_before_there_is_no_comparison(before):
    comparison = compare(period(made_rows(60)), before)
    assert comparison.before is comparison.judged is comparison.heard is None


def test_another_mix_and_few_calls_are_said():
    rows = [plain(f"a{i}", lender="甲" if i < 30 else "乙", agency="") for i in range(40)]
    old = [plain(f"b{i}", lender="甲", agency="") for i in range(10)]
    comparison = compare(period(rows), period(old))
    assert (comparison.mixes, comparison.few) == (("lender",), True)
    assert compare(period(rows), period(rows)).mixes == ()


def test_a_change_is_told_only_where_it_is_sure():
    def calls(bad, n):
        return [plain(f"{n}-{i}", findings=(found(),) if i < bad else ()) for i in range(n)]

    def verdict(now, before):
        measures = share_measures(SHARES, now, before)
        return next(m.verdict for m in measures if m.key == "dash.violated")

    assert verdict(calls(40, 100), calls(10, 100)) == "worse"
    assert verdict(calls(10, 100), calls(40, 100)) == "better"
    assert verdict(calls(4, 10), calls(1, 10)) == "same"
    assert verdict(calls(40, 100), None) == "none"


def test_a_lower_score_is_worse():
    high = [plain(f"a{i}", compliance=95.0 + i % 5) for i in range(30)]
    low = [plain(f"b{i}", compliance=60.0 + i % 5) for i in range(30)]
    assert score_measures(low, high)[0].verdict == "worse"
    assert score_measures(high, low)[0].verdict == "better"


def test_shares_count_what_they_say():
    rows = [
        plain("a", red_line=True, findings=(found(severity="critical"),)),
        plain(
            "b", findings=(found(state="needs_review", severity="critical"),), events=("complaint_intent",)
        ),
        plain("c", findings=(found(state="cannot_decide"),), events=("self_harm_risk",)),
        plain("d"),
        plain("e", scored=False, findings=(found(),)),
    ]
    counted = {m.key: (m.hits, m.now.n if m.now else 0) for m in share_measures(SHARES, rows, None)}
    assert counted == {
        "dash.red": (1, 4),
        "dash.red_review": (1, 4),
        "dash.violated": (1, 4),
        "dash.waiting": (1, 4),
        "dash.undecided": (1, 4),
        "dash.complaints": (1, 4),
        "dash.risks": (1, 4),
        "dash.promises": (0, 4),
        "dash.coerced": (0, 0),
    }
