import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.nonspeech import call_tones
from pipeline.speech.windows import cut_long, frame_power, plan_windows
from pipeline.types import Interval

MAX_MS, GAP_MS, TAIL_MS = 5_000, 400, 1_000


@st.composite
def speech(draw):
    at, intervals = 0, []
    for pause, length in draw(
        st.lists(st.tuples(st.integers(1, 4_000), st.integers(50, MAX_MS)), max_size=12)
    ):
        intervals.append(Interval(start_ms=at + pause, end_ms=at + pause + length))
        at += pause + length
    return tuple(intervals)


def plan(intervals, breath_ms=600):
    return plan_windows(intervals, max_ms=MAX_MS, gap_ms=GAP_MS, tail_ms=TAIL_MS, breath_ms=breath_ms)


@given(speech())
def test_windows_hold_all_speech_once_in_order_and_within_the_limit(intervals):
    windows = plan(intervals)
    assert tuple(piece.source for window in windows for piece in window.pieces) == intervals
    assert all(window.length_ms <= MAX_MS + TAIL_MS for window in windows)


@given(speech())
def test_a_time_in_a_window_leads_back_to_the_recording(intervals):
    for window in plan(intervals):
        for piece in window.pieces:
            middle = piece.source.duration_ms // 2
            back = window.to_recording(piece.at_ms + middle, piece.at_ms + middle + 1)
            assert back.start_ms == piece.source.start_ms + middle


@given(speech(), st.integers(0, 6_000), st.integers(0, 6_000))
def test_no_word_crosses_a_pause(intervals, start_ms, length_ms):
    for window in plan(intervals):
        back = window.to_recording(start_ms, start_ms + length_ms)
        assert any(i.start_ms <= back.start_ms <= back.end_ms <= i.end_ms for i in intervals)


def test_a_window_sounds_like_its_pieces_with_the_ends_of_their_pause_between():
    samples = np.arange(1, 16 * 3_000 + 1, dtype=np.float32)
    intervals = (Interval(start_ms=100, end_ms=200), Interval(start_ms=2_000, end_ms=2_300))
    (window,) = plan(intervals)
    sound = window.render(samples)
    assert np.array_equal(sound[: 16 * 300], samples[16 * 100 : 16 * 400])
    assert np.array_equal(sound[16 * 300 : 16 * 800], samples[16 * 1_800 : 16 * 2_300])
    assert len(sound) == 16 * (800 + TAIL_MS)
    assert not sound[16 * 800 :].any()


@given(speech(), st.integers(0, 6_000))
def test_what_is_left_behind_a_time_is_the_rest_of_the_speech(intervals, at_ms):
    for window in plan(intervals):
        left = window.left_after(at_ms, least_ms=1)
        heard = sum(max(min(at_ms, piece.end_ms) - piece.at_ms, 0) for piece in window.pieces)
        spoken = sum(piece.source.duration_ms for piece in window.pieces)
        assert sum(interval.duration_ms for interval in left) == spoken - heard


def test_a_sentence_is_not_parted_at_a_breath():
    first = Interval(start_ms=0, end_ms=3_000)
    breath = Interval(start_ms=5_000, end_ms=6_500), Interval(start_ms=6_900, end_ms=8_500)
    windows = plan((first, *breath))
    assert [len(window.pieces) for window in windows] == [1, 2]


def test_long_speech_is_cut_where_it_is_quiet():
    samples = np.ones(16 * 9_000, dtype=np.float32)
    samples[16 * 4_000 : 16 * 4_200] = 0
    cut = cut_long(samples, (Interval(start_ms=0, end_ms=9_000),), max_ms=MAX_MS)
    assert 4_000 <= cut[0].end_ms <= 4_200
    assert [c.start_ms for c in cut[1:]] == [c.end_ms for c in cut[:-1]]
    assert cut[-1].end_ms == 9_000
    assert all(c.duration_ms <= MAX_MS for c in cut)


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(319, np.float32)])
def test_less_than_a_frame_has_no_power(samples):
    assert frame_power(samples).shape == (0,)


def test_a_call_of_an_hour_is_measured_without_a_copy_of_it():
    samples = np.full(3600 * 16_000, 0.1, dtype=np.float32)
    tracemalloc.start()
    try:
        power = frame_power(samples)
        tones = call_tones(samples)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert power == pytest.approx(0.01)
    assert tones == ()
    assert peak < samples.nbytes / 4
