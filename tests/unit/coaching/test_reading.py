"""Which calls of a folder count, and for what; the days of a period."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pipeline.coaching.periods import Days, days_of, week_days, week_of
from pipeline.coaching.reading import read_period
from pipeline.errors import ConfigError
from tests.coached import MONDAY, Agent, made_results
from tests.unit.coaching.support import TEAM, guide, made, period

WEEK = week_days("2026-W47")


def test_a_week_is_monday_to_sunday():
    assert (WEEK.first, WEEK.last) == (date(2026, 11, 16), date(2026, 11, 22))
    assert week_of(date(2026, 11, 22)) == "2026-W47"
    assert week_of(date(2027, 1, 1)) == "2026-W53"


@pytest.mark.parametrize("wrong", ["2026-W54", "2026-47", "W47", "2026-W00", "next week"])
def test_what_is_no_week_is_refused(wrong):
    with pytest.raises(ConfigError, match="is no ISO week"):
        week_days(wrong)


def test_a_period_is_a_week_or_days_and_runs_forward():
    assert days_of(None, None, None) == Days()
    assert days_of("2026-W47", None, None) == WEEK
    with pytest.raises(ConfigError, match="not both"):
        days_of("2026-W47", date(2026, 11, 1), None)
    with pytest.raises(ConfigError, match="before"):
        days_of(None, date(2026, 11, 2), date(2026, 11, 1))


def test_the_day_is_that_in_china():
    late = made(given={"started_at": "2026-11-15T17:30:00+00:00"})
    assert period(late, days=WEEK).first == MONDAY


def test_calls_before_the_period_are_for_the_trend_and_later_ones_for_nothing():
    before, now, after = (made(0, given={"day": MONDAY + timedelta(days=days)}) for days in (-7, 0, 7))
    found = period(before, now, after, days=WEEK)
    [tally] = found.tallies.values()
    assert tally.calls == 1
    assert dict(tally.calls_by_week) == {"2026-W46": 1, "2026-W47": 1}
    assert len(found.traits) == 1


def test_calls_that_count_nowhere_are_counted_as_such():
    nobody, unscored, undated = made(0), made(1), made(2)
    del nobody["metadata"]["agent_id"]
    unscored["status"] = "not_scored"
    del undated["metadata"]["started_at"]
    found = period(nobody, unscored, undated, made(3), days=WEEK)
    assert found.counts == {"no_agent": 1, "not_scored": 1, "undated": 1}
    assert sum(one.calls for one in found.tallies.values()) == 1


def test_without_a_period_calls_without_a_day_count_too():
    undated = made(2)
    del undated["metadata"]["started_at"]
    found = period(undated)
    assert sum(one.calls for one in found.tallies.values()) == 1
    assert found.first is None


@pytest.mark.parametrize(
    ("metadata", "team"),
    [
        ({"team": "三组", "agency": "和润"}, "三组"),
        ({"agency": "和润", "lender": "松河银行"}, "和润"),
        ({"lender": "松河银行"}, "松河银行"),
        ({}, "—"),
    ],
)
def test_the_team_is_the_first_field_that_a_call_has(metadata, team):
    call = made()
    for name in TEAM:
        call["metadata"].pop(name, None)
    call["metadata"] |= metadata
    assert list(period(call).teams) == [team]


def test_folders_of_earlier_weeks_only_make_the_trend(tmp_path):
    agents = [Agent(agent_id="A1")]
    now = made_results(tmp_path / "now", agents, calls=3)
    before = made_results(tmp_path / "before", agents, calls=4, last=MONDAY - timedelta(days=7))
    steps = []
    found = read_period([now], guide(), WEEK, team=TEAM, previous=[before], on_call=lambda: steps.append(1))
    [tally] = found.tallies.values()
    assert (tally.calls, tally.calls_by_week["2026-W46"], len(steps)) == (3, 4, 7)


def test_a_folder_without_results_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no results here"):
        read_period([tmp_path], guide(), Days(), team=TEAM)
