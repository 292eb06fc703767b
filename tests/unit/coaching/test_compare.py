"""Shares against others: which differences count, how shares are drawn together, what chance is taken for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.coaching.choose import Why, findings
from pipeline.coaching.compare import compared, cost_of_miss, select, shrunk, summed, without
from pipeline.coaching.tally import Count, Tally
from tests.unit.coaching.support import guide

counts = st.integers(0, 200).flatmap(lambda n: st.builds(Count, st.integers(0, n), st.just(n)))


def test_a_clear_difference_is_named_and_its_interval_is_wider_than_a_single_one():
    pairs = {"empathy": (Count(8, 40), Count(140, 200))} | {
        f"other {n}": (Count(28, 40), Count(140, 200)) for n in range(20)
    }
    named = select(pairs)
    assert set(named) == {"empathy"}
    alone = select({"empathy": pairs["empathy"]})["empathy"]
    assert named["empathy"].high < 0
    assert named["empathy"].high > alone.high


def test_a_difference_that_one_skill_alone_would_bear_is_not_named_among_many():
    close = (Count(22, 40), Count(144, 200))
    assert select({"empathy": close})
    assert not select(
        {"empathy": close} | {f"other {n}": (Count(28, 40), Count(140, 200)) for n in range(20)}
    )


@given(st.dictionaries(st.text(max_size=3), st.tuples(counts, counts), max_size=6))
def test_what_is_named_leaves_out_zero(pairs):
    usable = {name: pair for name, pair in pairs.items() if pair[0].n and pair[1].n}
    for gap in select(usable).values():
        assert gap.excludes_zero


@given(counts, st.lists(counts, min_size=2, max_size=8))
def test_a_shrunk_share_lies_between_ones_own_and_that_of_all(count, others):
    groups = [count, *others]
    found = shrunk(count, groups)
    known = [group for group in groups if group.n]
    if found is None:
        assert len(known) < 3 or not count.n
        return
    mean = sum(g.done for g in known) / sum(g.n for g in known)
    low, high = sorted((count.done / count.n, mean))
    assert low - 1e-9 <= found <= high + 1e-9


def test_agents_who_differ_by_chance_alone_are_drawn_together():
    groups = [Count(14, 20), Count(13, 20), Count(15, 20), Count(14, 20)]
    assert shrunk(groups[0], groups) == pytest.approx(56 / 80)


def test_few_calls_are_drawn_further_than_many():
    groups = [Count(2, 10), Count(200, 1000), Count(700, 1000), Count(800, 1000), Count(600, 1000)]
    mean = sum(g.done for g in groups) / sum(g.n for g in groups)
    few, many = shrunk(groups[0], groups), shrunk(groups[1], groups)
    assert few is not None
    assert many is not None
    assert abs(many - 0.2) < abs(few - 0.2) < abs(mean - 0.2)


def test_below_the_fewest_cases_there_is_a_share_and_no_comparison():
    found = compared(
        {"empathy": Count(2, 19, 50.0)},
        {"empathy": Count(90, 100, 30.0)},
        {},
        calls=60,
        fewest=20,
        comparable=True,
    )["empathy"]
    assert found.rate.n == 19
    assert (found.others, found.difference, found.sure) == (None, None, None)
    assert found.gain == 0


def test_the_gain_is_gap_times_points_times_how_often():
    mine, others = Count(10, 40, 150.0), Count(80, 100, 100.0)
    found = compared({"empathy": mine}, {"empathy": others}, {}, calls=80, fewest=20, comparable=True)[
        "empathy"
    ]
    a_miss = (150 + 100) / (30 + 20)
    assert found.points == pytest.approx(a_miss)
    assert found.gain == pytest.approx((0.8 - 0.25) * a_miss * 40 / 80)


def test_counts_add_up_and_come_off():
    whole = summed([{"a": Count(1, 2, 3.0)}, {"a": Count(2, 3, 1.0), "b": Count(1, 1)}])
    assert whole == {"a": Count(3, 5, 4.0), "b": Count(1, 1)}
    assert without(whole, {"a": Count(1, 2, 3.0)})["a"] == Count(2, 3, 1.0)
    assert cost_of_miss(Count(5, 5), Count(3, 3)) == 0


def test_of_agents_who_do_the_same_hardly_any_is_told_otherwise():
    """All agents have the same shares in every skill: at most the nominal one in twenty may be named."""
    random = np.random.default_rng(20261116)
    behind = ahead = total = 0
    for _ in range(80):
        shares = {
            s.skill: float(random.choice([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])) for s in guide().skills
        }
        agents = [_drawn(random, f"A{n}", 60, shares) for n in range(6)]
        for agent in agents:
            found = findings(agent, agents, guide(), fewest=20, least_gain=0.0)
            behind += any(one.why is Why.COMPARED for one in found.work_on)
            ahead += any(one.why is Why.COMPARED for one in found.strengths)
            total += 1
    # 480 agents; three standard errors above 2.5 % on either side.
    assert behind / total < 0.025 + 3 * (0.025 * 0.975 / total) ** 0.5
    assert ahead / total < 0.025 + 3 * (0.025 * 0.975 / total) ** 0.5


def test_what_an_agent_lacks_is_found():
    """One agent of six does a thing in 30 % of the cases, the others in 70 %: that is named, no more."""
    random = np.random.default_rng(7)
    found = wrong = 0
    for _ in range(40):
        shares = {s.skill: float(random.choice([0.3, 0.5, 0.7, 0.9])) for s in guide().skills} | {
            "empathy": 0.7
        }
        agents = [_drawn(random, f"A{n}", 80, shares) for n in range(5)]
        agents.append(_drawn(random, "B", 80, shares | {"empathy": 0.3}))
        named = [
            one.skill
            for one in findings(agents[-1], agents, guide(), fewest=20, least_gain=0.1).work_on
            if one.why is Why.COMPARED
        ]
        found += named[:1] == ["empathy"]
        wrong += len(set(named) - {"empathy"})
    assert found >= 37
    assert wrong <= 4


def _drawn(random, agent, calls, shares):
    tally = Tally(agent=agent, team="一组", calls=calls)
    for skill, share in shares.items():
        n = int(random.binomial(calls, 0.8))
        done = int(random.binomial(n, share))
        tally.now[skill] = Count(done, n, 6.0 * (n - done))
    return tally
