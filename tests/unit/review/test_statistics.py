"""The statistics, held against scipy, scikit-learn and hand calculation."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intervals import share as plain
from pipeline.review.calibration import calibration
from pipeline.review.drift import adjusted, fisher
from pipeline.review.estimates import share
from pipeline.review.kappa import agreement

counts = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda two: (min(two), max(two)))


@given(one=counts, other=counts)
def test_fishers_test_is_that_of_scipy(one, other):
    from scipy.stats import fisher_exact

    (hits, n), (other_hits, other_n) = one, other
    expected = fisher_exact([[hits, n - hits], [other_hits, other_n - other_hits]])[1]
    assert fisher(hits, n, other_hits, other_n) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_fisher_of_the_lady_tasting_tea():
    assert fisher(3, 4, 1, 4) == pytest.approx(34 / 70)


def test_more_hits_than_cases_are_refused():
    with pytest.raises(ValueError, match="more hits"):
        fisher(5, 4, 0, 1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_those_of_scipy(p_values):
    from scipy.stats import false_discovery_control

    assert adjusted(p_values) == pytest.approx(list(false_discovery_control(p_values)))


def test_nothing_to_adjust():
    assert adjusted([]) == []


def test_the_false_alarm_rate_is_controlled_over_many_rules():
    import numpy as np

    generator = np.random.default_rng(7)
    rounds, alarms = 300, 0
    for _ in range(rounds):
        hits = generator.binomial(40, 0.8, size=(20, 2))
        alarms += min(adjusted([fisher(int(a), 40, int(b), 40) for a, b in hits])) <= 0.05
    # All rules are as before: any alarm is false, and it may happen in 5 % of rounds.
    assert alarms / rounds <= 0.05


@given(hits=st.integers(0, 50), more=st.integers(0, 50), weight=st.floats(0.1, 50))
def test_with_equal_weights_a_share_is_wilsons(hits, more, weight):
    found = share([(True, weight)] * hits + [(False, weight)] * more)
    expected = plain(hits, hits + more)
    if expected is None:
        assert found is None
        return
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high), abs=1e-9
    )
    assert found.n == hits + more


def test_unequal_weights_widen_the_interval():
    even = share([(True, 1.0)] * 10 + [(False, 1.0)] * 10)
    uneven = share([(True, 1.0)] * 10 + [(False, 1.0)] * 9 + [(False, 1.0 * 10)])
    assert uneven.effective == pytest.approx(29**2 / (19 + 100))
    assert uneven.high - uneven.low > even.high - even.low
    assert uneven.value == pytest.approx(10 / 29)


@given(st.lists(st.tuples(st.sampled_from("cru"), st.sampled_from("cru")), min_size=2, max_size=60))
def test_kappa_is_that_of_scikit_learn(pairs):
    from sklearn.metrics import cohen_kappa_score

    found = agreement(pairs)
    if found.kappa is None:
        assert len({said for pair in pairs for said in pair}) == 1
        return
    ones, others = zip(*pairs, strict=True)
    assert found.kappa.value == pytest.approx(cohen_kappa_score(ones, others))
    assert -1 <= found.kappa.low <= found.kappa.value + 1e-12
    assert found.kappa.value - 1e-12 <= found.kappa.high <= 1


def test_perfect_agreement_on_few_cases_is_no_certainty():
    found = agreement([("c", "c")] * 3 + [("r", "r")] * 2)
    assert found.kappa.value == 1
    assert found.kappa.low < 0.3


def test_no_double_review_says_nothing():
    assert agreement([]) is None


def test_calibration_by_hand():
    cases = [(0.95, True, 1.0), (0.91, False, 1.0), (0.55, True, 2.0)]
    found = calibration(cases, bins=10)
    assert [(part.low, part.observed.n) for part in found.bins] == [(0.5, 1), (0.9, 2)]
    assert found.bins[1].stated == pytest.approx(0.93)
    assert found.bins[1].observed.value == pytest.approx(0.5)
    assert found.brier == pytest.approx((0.05**2 + 0.91**2 + 2 * 0.45**2) / 4)
    assert found.base == pytest.approx(0.75 * 0.25)
    assert found.error == pytest.approx(0.5 * 0.43 + 0.5 * 0.45)


@pytest.mark.parametrize(("confidence", "low"), [(0.0, 0.0), (0.1, 0.1), (0.999, 0.9), (1.0, 0.9)])
def test_a_confidence_falls_into_one_bin(confidence, low):
    (part,) = calibration([(confidence, True, 1.0)], bins=10).bins
    assert part.low == pytest.approx(low)


def test_a_calibrated_forecaster_has_no_error():
    cases = [(0.8, at < 8, 1.0) for at in range(10)]
    found = calibration(cases, bins=10)
    assert found.error == pytest.approx(0, abs=1e-12)
    assert found.brier == pytest.approx(found.base)
    assert calibration([], bins=10) is None
    assert not math.isnan(found.brier)
