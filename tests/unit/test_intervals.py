from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pipeline.intervals import mean, mean_difference, share, share_difference

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_a_share_has_the_interval_of_wilson(count):
    hits, n = count
    found, known = share(hits, n), binomtest(hits, n).proportion_ci(method="wilson")
    assert found.value == hits / n
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-9)


def test_nothing_has_no_share_and_too_many_hits_are_refused():
    assert share(0, 0) is None
    assert share_difference(1, 2, 0, 0) is None
    with pytest.raises(ValueError, match="3 of 2"):
        share(3, 2)


def test_the_difference_is_that_of_the_published_example():
    # Newcombe 1998, table II, (a): 56/70 - 48/80, method 10
    found = share_difference(56, 70, 48, 80)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert found.excludes_zero


@given(counts, counts)
def test_a_difference_turned_round_is_its_negative(one, other):
    there, back = share_difference(*one, *other), share_difference(*other, *one)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert -1 <= there.low <= there.value <= there.high <= 1


@given(st.lists(st.floats(0, 100), min_size=5, max_size=60))
def test_a_mean_lies_in_its_interval_and_is_the_same_every_time(values):
    found = mean(values)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found == mean(values)


def test_few_values_have_no_interval():
    assert mean([1.0] * 4) is None
    assert mean_difference([1.0] * 4, [1.0] * 9) is None


def test_a_difference_of_means_is_seen_where_there_is_one():
    low, high = [float(i % 7) for i in range(70)], [float(i % 7) + 3 for i in range(70)]
    assert mean_difference(high, low).low > 2
    assert not mean_difference(low, list(reversed(low))).excludes_zero


def test_many_values_are_drawn_without_filling_the_memory():
    assert mean([float(i % 2) for i in range(3000)]).value == 0.5
