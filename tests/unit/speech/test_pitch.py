"""Pitch without a fundamental: on a made voice whose pitch is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.speech.pitch import CEILING_HZ, FLOOR_HZ, candidates, own_range, track
from tests.unit.speech.voices import RATE, syllables


def pitch(samples):
    found = candidates(samples)
    floor, ceiling = own_range(track(found))
    hz = track(found, floor_hz=floor, ceiling_hz=ceiling)
    return hz, hz[hz > 0]


@settings(max_examples=30, deadline=None)
@given(st.floats(75, 380), st.floats(-30, 15))
def test_the_pitch_is_found_at_any_level(hertz, gain_db):
    hz, voiced = pitch(syllables(hertz, 10, gain_db=gain_db))
    assert len(voiced) > 0.5 * len(hz)
    assert abs(12 * np.log2(np.median(voiced) / hertz)) < 0.2
    assert np.mean(np.abs(12 * np.log2(voiced / hertz)) > 3) < 0.05


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(3).normal(0, 0.05, 5 * RATE).astype(np.float32)
    hz, voiced = pitch(noise)
    assert len(hz) == 250
    assert len(voiced) <= 5
    assert not track(candidates(np.zeros(RATE, dtype=np.float32))).any()


@pytest.mark.parametrize(("length", "frames"), [(0, 0), (319, 0), (320, 1), (16_000, 50), (500_000, 1562)])
def test_there_is_a_frame_for_every_whole_20_ms(length, frames):
    samples = np.zeros(length, dtype=np.float32)
    assert track(candidates(samples)).shape == (frames,)


def test_frames_are_where_the_sound_is():
    silent = np.zeros(RATE, dtype=np.float32)
    hz = track(candidates(np.concatenate([silent, syllables(200, 5, gap_ms=0), silent])))
    at = np.flatnonzero(hz)
    assert 48 <= at[0] <= 53
    assert 86 <= at[-1] <= 91


def test_blocks_do_not_show():
    """The second pass over a long sound finds what a short one does."""
    short = syllables(150, 4)
    long = np.tile(short, 60)
    frames = len(short) // 320
    assert np.allclose(
        track(candidates(long))[frames : 2 * frames], track(candidates(long))[-2 * frames : -frames]
    )


def test_a_voice_is_looked_for_in_its_own_range():
    assert own_range(np.zeros(5, dtype=np.float32)) == (FLOOR_HZ, CEILING_HZ)
    floor, ceiling = own_range(np.array([0, 100, 100, 100], dtype=np.float32))
    assert 50 < floor < 100 < ceiling < 200
    assert own_range(np.array([70, 390], dtype=np.float32)) == pytest.approx((108, 400), abs=10)
