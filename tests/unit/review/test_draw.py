"""Samples: seeded, of the stated probabilities, honest about what could not be filled."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.review.draw import draw
from pipeline.review.facts import CallFacts
from pipeline.review.plans import RandomPlan, RiskPlan, StratifiedPlan

LINE = 0.7
RANDOM = RandomPlan(plan="random", method="random", of="passed", blind=True)
BY_AGENT = StratifiedPlan(plan="agents", method="stratified", by=("agent_id",))
RISK = RiskPlan(
    plan="risk", method="risk", signs={"needs_review": 3, "near_threshold": 1}, always=("red_line",), base=0.5
)


def call(number, **changes):
    values = {"scored": True, "passed": True, "fields": {"agent_id": f"A{number % 3}"}}
    return CallFacts(call_id=f"c{number:04}", **(values | changes))


def many(count):
    return [
        call(n, passed=n % 4 > 0, signs=frozenset({"needs_review"} if n % 4 == 0 else ()))
        for n in range(count)
    ]


def ids(drawing):
    return [one.call_id for one in drawing.calls]


@pytest.mark.parametrize("plan", [RANDOM, BY_AGENT, RISK], ids=lambda plan: plan.method)
class TestEveryPlan:
    def test_the_order_of_the_calls_does_not_matter(self, plan):
        calls = many(50)
        assert draw(calls, plan, n=12, seed=5, threshold=LINE) == draw(
            calls[::-1], plan, n=12, seed=5, threshold=LINE
        )

    def test_another_seed_draws_others(self, plan):
        drawn = {tuple(ids(draw(many(50), plan, n=12, seed=seed, threshold=LINE))) for seed in range(8)}
        assert len(drawn) == 8

    def test_all_are_drawn_where_there_are_no_more_than_wanted(self, plan):
        drawing = draw(many(9), plan, n=40, seed=5, threshold=LINE)
        wanted = [c.call_id for c in many(9) if c.is_of(plan.of)]
        assert ids(drawing) == wanted
        assert {one.inclusion for one in drawing.calls} == {1.0}

    def test_no_call_at_all(self, plan):
        drawing = draw([], plan, n=5, seed=5, threshold=LINE)
        assert (drawing.calls, drawing.population, drawing.no_chance) == ((), 0, 0)

    def test_calls_are_drawn_as_often_as_stated(self, plan):
        calls, times = many(40), 2000
        hits, stated = Counter(), {}
        for seed in range(times):
            for one in draw(calls, plan, n=10, seed=seed, threshold=LINE).calls:
                hits[one.call_id] += 1
                stated[one.call_id] = one.inclusion
        assert set(stated) == {c.call_id for c in calls if c.is_of(plan.of)}
        for call_id, chance in stated.items():
            # Five standard errors of a share of so many.
            assert abs(hits[call_id] / times - chance) < 5 * (chance * (1 - chance) / times) ** 0.5 + 1e-9


def test_only_passed_calls_are_drawn_where_the_plan_says_so():
    drawing = draw(many(40), RANDOM, n=10, seed=1, threshold=LINE)
    assert drawing.population == 30
    assert not set(ids(drawing)) & {c.call_id for c in many(40) if not c.passed}
    assert all(one.inclusion == pytest.approx(1 / 3) for one in drawing.calls)


@pytest.mark.parametrize(
    ("of", "scored", "passed", "is_of"),
    [
        ("scored", True, False, True),
        ("scored", False, False, False),
        ("flagged", True, False, True),
        ("flagged", True, True, False),
        ("flagged", False, False, False),
        ("passed", True, True, True),
        ("passed", True, False, False),
    ],
)
def test_the_populations(of, scored, passed, is_of):
    assert call(1, scored=scored, passed=passed).is_of(of) is is_of


def groups(**sizes):
    return [
        CallFacts(call_id=f"{name}{n}", scored=True, passed=True, fields={"agent_id": name})
        for name, size in sizes.items()
        for n in range(size)
    ]


def shares(drawing):
    return {stratum.stratum: stratum.drawn for stratum in drawing.strata}


def test_groups_are_served_in_proportion_and_each_at_least_once():
    drawing = draw(groups(A=60, B=38, C=2), BY_AGENT, n=10, seed=1, threshold=LINE)
    assert sum(shares(drawing).values()) == 10
    assert shares(drawing) == {"A": 5, "B": 4, "C": 1} or shares(drawing) == {"A": 6, "B": 3, "C": 1}
    assert {one.stratum: one.inclusion for one in drawing.calls}["C"] == pytest.approx(1 / 2)
    assert drawing.unfilled == ()


def test_equal_shares_that_a_small_group_cannot_use_go_to_others_and_are_told():
    plan = BY_AGENT.model_copy(update={"allocation": "equal"})
    drawing = draw(groups(A=60, B=40, C=2), plan, n=12, seed=1, threshold=LINE)
    assert shares(drawing) == {"A": 5, "B": 5, "C": 2}
    assert [(one.stratum, one.wanted, one.drawn) for one in drawing.unfilled] == [("C", 4, 2)]


def test_more_groups_than_calls_leave_every_call_a_chance():
    drawing = draw(groups(A=5, B=5, C=5, D=5), BY_AGENT, n=3, seed=1, threshold=LINE)
    assert len(drawing.calls) == 3
    assert {one.inclusion for one in drawing.calls} == {3 / 20}
    assert drawing.no_chance == 0
    assert len(drawing.unfilled) >= 1


def test_a_group_without_a_share_is_told():
    plan = BY_AGENT.model_copy(update={"at_least": 0})
    drawing = draw(groups(A=500, B=1), plan, n=5, seed=1, threshold=LINE)
    assert shares(drawing) == {"A": 5, "B": 0}
    assert drawing.no_chance == 1


def test_what_a_call_lacks_is_a_group_of_its_own():
    calls = [*groups(A=3), CallFacts(call_id="x", scored=True, passed=True)]
    assert shares(draw(calls, BY_AGENT, n=4, seed=1, threshold=LINE)) == {"A": 3, "?": 1}


def test_red_lines_are_drawn_for_sure_and_risky_calls_more_often():
    calls = [
        call(1, signs=frozenset({"red_line"})),
        *(call(n, signs=frozenset({"needs_review"})) for n in range(10, 20)),
        *(call(n, confidences=(0.62,)) for n in range(20, 30)),
        *(call(n) for n in range(30, 100)),
    ]
    drawing = draw(calls, RISK, n=15, seed=3, threshold=LINE)
    assert len(drawing.calls) == 15
    chances = {one.signs: one.inclusion for one in drawing.calls}
    assert chances["red_line",] == 1.0
    assert chances["needs_review",] == pytest.approx(14 * 3.5 / 85)
    assert chances.get(("near_threshold",), 14 * 1.5 / 85) == pytest.approx(14 * 1.5 / 85)


def test_more_sure_calls_than_wanted_are_drawn_by_chance_and_the_rest_has_none():
    calls = [call(n, signs=frozenset({"red_line"})) for n in range(8)] + [call(n) for n in range(8, 20)]
    drawing = draw(calls, RISK, n=4, seed=3, threshold=LINE)
    assert {one.inclusion for one in drawing.calls} == {0.5}
    assert drawing.no_chance == 12
    assert [(one.stratum, one.wanted, one.drawn) for one in drawing.unfilled] == [("always", 8, 4)]


def test_calls_without_weight_have_no_chance():
    plan = RISK.model_copy(update={"base": 0.0})
    drawing = draw(many(40), plan, n=5, seed=3, threshold=LINE)
    assert drawing.no_chance == 30
    assert {one.signs for one in drawing.calls} == {("needs_review",)}


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    n=st.integers(1, 60),
    least=st.integers(0, 4),
    equal=st.booleans(),
    seed=st.integers(0, 99),
)
def test_weights_of_a_stratified_sample_add_up_to_its_groups(sizes, n, least, equal, seed):
    plan = BY_AGENT.model_copy(update={"allocation": "equal" if equal else "proportional", "at_least": least})
    calls = groups(**{f"G{at}x": size for at, size in enumerate(sizes)})
    drawing = draw(calls, plan, n=n, seed=seed, threshold=LINE)
    assert len(drawing.calls) == min(n, len(calls)) == len(set(ids(drawing)))
    if n >= len(sizes):
        for stratum in drawing.strata:
            own = [one for one in drawing.calls if one.stratum == stratum.stratum]
            assert len(own) == stratum.drawn
            if own:
                assert sum(1 / one.inclusion for one in own) == pytest.approx(stratum.population)


@given(
    marks=st.lists(st.sampled_from(["", "needs_review", "red_line"]), min_size=1, max_size=60),
    n=st.integers(1, 40),
    seed=st.integers(0, 99),
)
def test_a_sample_by_risk_has_the_size_that_was_asked(marks, n, seed):
    calls = [call(at, signs=frozenset({mark} - {""})) for at, mark in enumerate(marks)]
    drawing = draw(calls, RISK, n=n, seed=seed, threshold=LINE)
    assert len(drawing.calls) == min(n, len(calls))
    assert all(0 < one.inclusion <= 1 for one in drawing.calls)
