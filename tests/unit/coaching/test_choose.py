"""What is said of agents whose habits are known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.coaching.choose import Notice, Why, findings
from pipeline.coaching.periods import week_days
from pipeline.coaching.tally import together
from tests.coached import MONDAY
from tests.unit.coaching.support import guide, made, period


def look(calls, agent, *, days=None, fewest=20):
    read = period(*calls, days=days)
    peers = read.teams["一组"]
    me = next(one for one in peers if one.agent == agent)
    return findings(me, peers, guide(), fewest=fewest, least_gain=0.1)


def calls(agent, number=30, **habits):
    return [made(n, agent, **habits) for n in range(number)]


def named(chosen):
    return [one.skill for one in chosen if one.why is Why.COMPARED]


USUAL = {"empathy": 0.8, "repeats": 0.8, "open_question": 0.7, "promised": 0.6}


@pytest.fixture(scope="module")
def floor():
    """Three agents who do as each other."""
    return [call for agent in ("A1", "A2", "A3") for call in calls(agent, **USUAL)]


def test_an_agent_who_lacks_empathy_is_told_so(floor):
    found = look([*floor, *calls("B", **(USUAL | {"empathy": 0.2}))], "B")
    assert named(found.work_on) == ["empathy"]
    assert found.notices == ()


def test_what_an_agent_does_better_is_a_strength(floor):
    found = look([*floor, *calls("B", **(USUAL | {"open_question": 1.0, "empathy": 1.0}))], "B")
    assert "open_question" in named(found.strengths)
    assert named(found.work_on) == []


def test_with_few_calls_there_is_no_comparison_and_own_moments_are_shown(floor):
    found = look([*floor, *calls("B", 19, **(USUAL | {"empathy": 0.0}))], "B")
    assert found.notices == ((Notice.FEW_CALLS, 19),)
    assert named(found.work_on) == named(found.strengths) == []
    assert {one.why for one in found.work_on} == {Why.OWN}
    assert len(found.work_on) == 2
    assert all(one.others is None and one.difference is None for one in found.skills)


def test_the_number_of_calls_from_which_there_is_one_is_a_setting(floor):
    both = [*floor, *calls("B", 19, **(USUAL | {"empathy": 0.0}))]
    assert named(look(both, "B", fewest=10).work_on) == ["empathy"]


def test_who_is_alone_is_not_compared():
    found = look(calls("B", empathy=0.0), "B")
    assert found.notices == ((Notice.ALONE, 30),)
    assert named(found.work_on) == []


class TestPressure:
    @pytest.fixture(scope="class")
    @classmethod
    def pressing(cls):
        """Promises in every call, threats in half, a hard tone in all."""
        return calls("P", **(USUAL | {"promised": 1.0, "repeats": 1.0, "threatens": 0.5, "presses": 1.0}))

    @pytest.fixture(scope="class")
    @classmethod
    def found(cls, floor, pressing):
        return look([*floor, *pressing], "P")

    def test_promises_won_by_pressure_are_said_to_be(self, found):
        notices = dict(found.notices)
        assert notices[Notice.RED_LINES] == notices[Notice.PRESSED_PROMISES] > 5
        assert notices[Notice.PROMISES_BY_PRESSURE] == found.tally.hard.done >= 20
        rate, others = found.promise_rate
        assert rate.value == 1.0 > others.value

    def test_promises_are_no_strength(self, found):
        skills = guide().by_name
        assert not any(skills[one.skill].about_promise for one in found.strengths)

    def test_the_threats_come_first(self, found):
        assert named(found.work_on)[0] == "no_threats"

    def test_no_call_with_a_threat_is_an_example(self, found, pressing):
        threatening = {call["call_id"] for call in pressing if call["findings"]}
        shown = {m.call.call_id for moments in found.tally.best.values() for m in moments}
        assert shown
        assert not shown & threatening

    def test_a_calm_agent_with_many_promises_is_not_suspected(self, floor):
        found = look([*floor, *calls("C", **(USUAL | {"promised": 1.0, "repeats": 1.0}))], "C")
        assert found.notices == ()
        assert "promise_confirmed" in {one.skill for one in found.skills}


class TestTrend:
    def weeks(self, before, now):
        earlier = [made(n, "B", given={"day": MONDAY - timedelta(days=7)}, **before) for n in range(40)]
        return [*earlier, *(made(n, "B", **now) for n in range(40))]

    def test_a_change_is_told_with_its_interval(self):
        found = look(self.weeks({"empathy": 0.2}, {"empathy": 0.9}), "B", days=week_days("2026-W47"))
        trend = found.trends["empathy"]
        assert [week for week, _ in trend.weeks] == ["2026-W46", "2026-W47"]
        assert trend.sure is not None
        assert trend.sure.low > 0
        assert found.tally.calls == 40

    def test_no_change_is_none(self):
        found = look(self.weeks(USUAL, USUAL), "B", days=week_days("2026-W47"))
        assert all(trend.sure is None for trend in found.trends.values())

    def test_one_week_has_no_trend(self):
        assert look(calls("B"), "B").trends == {}


def test_a_team_is_its_agents_together(floor):
    agents = period(*floor).teams["一组"]
    whole = together(agents, "一组")
    assert whole.calls == 90
    assert whole.now["empathy"].n == sum(one.now["empathy"].n for one in agents)
    assert len(whole.compliance) == 90
    best = whole.best["empathy"]
    assert best[0].rank == max(m.rank for one in agents for m in one.best["empathy"])
