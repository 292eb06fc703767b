"""Error rates and their intervals, on cases small enough to count by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.metrics import (
    difference,
    edits,
    over_calls,
    plain,
    ratio,
    role_edits,
    speaker_edits,
    speaker_time,
)

TEXTS = st.text(alphabet="甲乙丙丁", max_size=8)
NAMED = st.dictionaries(st.sampled_from("abc"), TEXTS, min_size=1)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("您好，请问！", "您好请问"),
        ("還款", "还款"),
        ("欠3600元", "欠三千六百元"),
        ("3,600元", "三千六百元"),
        ("利率20%", "利率百分之二十"),
        ("工号30160", "工号三一六"),
        ("三千零五十", "三千五十"),
        ("两百", "二百"),
        ("App", "APP"),
        ("1.5倍", "一点五倍"),
        ("12300元", "一万二千三百元"),
        ("13912345678", "一三九一二三四五六七八"),
    ],
)
def test_what_counts_is_what_is_said(text, counts):
    assert plain(text) == counts


def test_one_wrong_one_missing_one_too_many():
    assert edits("甲乙丙", "甲丁丙") == (1, 3)
    assert edits("甲乙丙", "甲丙") == (1, 3)
    assert edits("甲乙丙", "甲乙丙丙") == (1, 3)


def test_words_of_the_wrong_party_count_twice():
    wanted = {"agent": "甲乙", "customer": "丙丁"}
    assert role_edits(wanted, {"agent": "甲乙丙", "customer": "丁"}) == (2, 4)


def test_speakers_are_matched_whatever_they_are_called():
    wanted = {"agent": "甲乙", "customer": "丙丁"}
    assert speaker_edits(wanted, {"s1": "丙丁", "s2": "甲乙"}) == (0, 4)
    assert speaker_edits(wanted, {"s1": "丙丁甲乙"}) == (4, 4)
    assert speaker_edits(wanted, {"s1": "丙丁", "s2": "甲", "s3": "乙"}) == (2, 4)
    assert speaker_edits(wanted, {}) == (4, 4)


@given(NAMED, NAMED)
def test_the_best_assignment_is_no_worse_than_the_given_one(wanted, got):
    got = {name: text for name, text in got.items() if name in wanted}
    assert speaker_edits(wanted, got)[0] <= role_edits(wanted, got)[0]


def test_who_speaks_when_by_hand():
    wanted = [("a", 0, 5), ("b", 6, 10)]
    got = [("x", 0, 4), ("y", 4, 9), ("y", 9.5, 11)]
    time = speaker_time(wanted, got, seconds=12, collar=0)
    # wrong from 4 to 5, nobody from 9 to 9.5, too much from 5 to 6 and 10 to 11
    assert (time.speech, time.confusion, time.missed, time.false_alarm) == pytest.approx((9, 1, 0.5, 2))


def test_the_collar_lies_half_on_either_side():
    wanted = [("a", 1, 5)]
    time = speaker_time(wanted, [("x", 0.9, 5.1)], seconds=6, collar=0.25)
    assert (time.speech, time.false_alarm) == pytest.approx((3.75, 0))
    assert speaker_time(wanted, [("x", 0.8, 5)], seconds=6, collar=0.25).false_alarm == pytest.approx(0.075)


def test_overlap_counts_for_both():
    wanted = [("a", 0, 4), ("b", 3, 6)]
    time = speaker_time(wanted, [("x", 0, 4), ("y", 4, 6)], seconds=6, collar=0)
    assert (time.speech, time.missed, time.confusion) == pytest.approx((7, 1, 0))


def test_a_figure_pools_its_calls():
    figure = over_calls([(1, 10), (9, 30)])
    assert figure.value == 0.25
    assert figure.low == pytest.approx(0.1)
    assert figure.high == pytest.approx(0.3)


def test_one_call_has_no_spread():
    figure = over_calls([(1, 10)])
    assert figure.value == figure.low == figure.high == 0.1


def test_intervals_are_the_same_every_time_and_narrow_with_calls():
    rng = np.random.default_rng(3)
    rows = [(errors, 100) for errors in rng.integers(5, 25, size=400)]
    few, many = over_calls(rows[:20]), over_calls(rows)
    assert many == over_calls(rows)
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 2


def test_the_interval_of_a_mean_is_that_of_the_textbook():
    rng = np.random.default_rng(4)
    values = rng.normal(10, 2, size=200)
    figure = over_calls([(value, 1) for value in values])
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    assert figure.low == pytest.approx(figure.value - half, abs=0.05)
    assert figure.high == pytest.approx(figure.value + half, abs=0.05)


def test_what_is_paired_varies_together():
    rng = np.random.default_rng(5)
    hard = rng.integers(5, 50, size=30)
    rows = [(errors + 1, 100, errors, 100) for errors in hard]
    gap = over_calls(rows, difference)
    assert gap.value == pytest.approx(0.01)
    assert gap.high - gap.low < 1e-9
    assert over_calls([(e, 100, 2 * e, 100) for e in hard], ratio).high == pytest.approx(0.5)
