import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.intervals import covered_ms, subtract, total_ms, union
from pipeline.types import Interval

INTERVALS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 60)).map(
        lambda p: Interval(start_ms=p[0], end_ms=p[0] + p[1])
    ),
    max_size=8,
)


def milliseconds(intervals):
    return {ms for i in intervals for ms in range(i.start_ms, i.end_ms)}


@given(INTERVALS)
def test_a_union_covers_the_same_time_without_overlap(intervals):
    joined = union(intervals)
    assert milliseconds(joined) == milliseconds(intervals)
    assert all(a.end_ms < b.start_ms for a, b in itertools.pairwise(joined))
    assert total_ms(joined) == len(milliseconds(intervals))


@given(INTERVALS, INTERVALS)
def test_what_is_left_after_subtraction_is_what_lies_outside(intervals, holes):
    assert milliseconds(subtract(intervals, holes)) == milliseconds(intervals) - milliseconds(holes)


@given(INTERVALS, INTERVALS)
def test_covered_time_is_counted_once(intervals, others):
    for interval in intervals:
        assert covered_ms(interval, union(others)) == len(milliseconds([interval]) & milliseconds(others))


def test_short_pauses_are_bridged_when_asked():
    pair = (Interval(start_ms=0, end_ms=10), Interval(start_ms=15, end_ms=20))
    assert union(pair, bridge_ms=5) == (Interval(start_ms=0, end_ms=20),)
    assert union(pair, bridge_ms=4) == pair
