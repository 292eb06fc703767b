"""Groups: what they count, that they are no ranking, and who is too small to compare."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.dashboard.charts import intervals_chart, range_of
from pipeline.report.dashboard.groups import groups_by, heard_by_codec, rule_counts
from pipeline.report.dashboard.period import FEW_CALLS
from tests.unit.report.dashboard.made import found, made_rows, plain


def test_groups_stand_in_the_order_of_names_and_the_nameless_last():
    rows = [plain(f"{i}", agency=name) for i, name in enumerate(("乙", "", "甲", "乙"))]
    assert [(g.name, g.calls) for g in groups_by("agency", rows)] == [("乙", 2), ("甲", 1), ("", 1)]


def test_a_group_with_few_calls_says_so():
    rows = [plain(f"a{i}", agent="A1") for i in range(FEW_CALLS)]
    rows += [plain(f"b{i}", agent="A2", scored=i > 0) for i in range(FEW_CALLS)]
    assert [(g.name, g.scored, g.few) for g in groups_by("agent", rows)] == [
        ("A1", 20, False),
        ("A2", 19, True),
    ]


def test_hours_are_those_of_the_zone_that_was_given():
    rows = [plain("a", started_at="2026-06-18T07:30:00+08:00"), plain("b", started_at="")]
    assert [g.name for g in groups_by("hour", rows)] == ["07", ""]
    assert [g.name for g in groups_by("day", rows)] == ["2026-06-18", ""]


@given(st.sampled_from(["agency", "agent", "lender", "hour", "day"]), st.integers(0, 3))
def test_no_call_is_lost_in_groups(field, seed):
    rows = made_rows(40, seed=seed)
    groups = groups_by(field, rows)
    assert sum(g.calls for g in groups) == len(rows)
    assert sum(g.scored for g in groups) == sum(row.scored for row in rows)
    assert sum(round(g.violated.value * g.violated.n) for g in groups if g.violated) == sum(
        row.scored and bool(row.rules("violation")) for row in rows
    )


def test_a_rule_counts_once_a_call_in_its_gravest_state():
    rows = [
        plain("a", findings=(found(), found(), found(state="needs_review"))),
        plain("b", findings=(found(state="needs_review"), found(state="cannot_decide"))),
        plain("c", findings=(found(state="cannot_decide"),)),
        plain("d", findings=(found("threat_violence", severity="critical"),)),
        plain("e", scored=False, findings=(found(),)),
    ]
    red, rude = rule_counts(rows)
    assert (red.rule, red.severity, red.violated) == ("threat_violence", "critical", 1)
    assert (rude.violated, rude.waiting, rude.undecided) == (1, 1, 1)
    assert rude.share.n == 4


def test_a_rule_that_was_only_broken_before_is_shown():
    (rude,) = rule_counts([plain("a")], [plain("b", findings=(found(),)), plain("c")])
    assert (rude.violated, rude.before.value, rude.change.value) == (0, 0.5, -0.5)


def test_recordings_by_codec():
    rows = [
        plain("a", codec="opus 48 kHz", faults=("noisy",), asr=0.5),
        plain("b", codec="opus 48 kHz", scored=False, asr=None),
        plain("c", codec="", asr=None),
    ]
    (opus,) = heard_by_codec(rows)
    assert (opus.calls, opus.asr, opus.poor.value, opus.low.value, opus.not_scored) == (2, 0.5, 0.5, 1.0, 1)


def test_charts_keep_their_points_inside():
    rows = made_rows(60)
    groups = groups_by("hour", rows)
    chart = intervals_chart([(g.name, g.violated, f"hour:{g.name}") for g in groups])
    assert len(chart["points"]) == len([g for g in groups if g.violated])
    for point in chart["points"]:
        assert 0 < point["high"] <= point["y"] <= point["low"] <= chart["floor"] < chart["height"]
        assert 0 < point["x"] < chart["width"]
    share = groups[0].violated
    line = range_of(share, 1.0)
    assert 0 <= line["left"] <= line["at"] <= line["left"] + line["width"] + 0.1 <= 100.2
    assert range_of(None, 1.0) is None
