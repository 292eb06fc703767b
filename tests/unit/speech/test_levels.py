"""How loud a turn is: its own words, its own channel, in dB relative to full scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.levels import mean_level, with_levels
from pipeline.types import Role, Turn, Word
from tests.unit.speech.sounding import PER_MS, channel


def word(start_ms, end_ms):
    return Word(text="好", start_ms=start_ms, end_ms=end_ms, probability=0.9)


def constant(value, duration_ms=1000):
    return np.full(duration_ms * PER_MS, value, dtype=np.float32)


def turn(index, words, on):
    return Turn(index=index, role=Role.AGENT, role_confidence=1.0, text="好", words=words, channel=on)


@pytest.mark.parametrize(("value", "level"), [(1.0, 0.0), (0.5, -6.0), (0.1, -20.0), (0.0, -100.0)])
def test_full_scale_has_no_decibels(value, level):
    assert mean_level(constant(value), [word(100, 900)]) == level


def test_a_full_scale_sine_has_three_less():
    sine = np.sin(np.arange(16_000) * 2 * np.pi * 440 / 16_000).astype(np.float32)
    assert mean_level(sine, [word(0, 1000)]) == -3.0


def test_only_the_time_of_words_counts():
    samples = constant(0.1, 3000)
    samples[1000 * PER_MS : 2000 * PER_MS] = 0.9
    assert mean_level(samples, [word(0, 1000), word(2000, 2500)]) == -20.0


def test_words_that_share_time_count_it_once():
    samples = np.concatenate([constant(0.1), constant(0.01)])
    apart = mean_level(samples, [word(0, 1000), word(1000, 2000)])
    assert mean_level(samples, [word(0, 1000), word(0, 1000), word(500, 2000)]) == apart == -23.0


@pytest.mark.parametrize("words", [(), (word(500, 500),), (word(5000, 6000),)])
def test_words_without_sound_have_no_level(words):
    assert mean_level(constant(0.5), words) is None


@given(st.floats(1e-4, 1.0), st.floats(1.0, 20.0))
def test_gain_moves_the_level_by_as_many_decibels(loudness, gain_db):
    quieter = mean_level(constant(loudness * 10 ** (-gain_db / 20)), [word(0, 1000)])
    assert mean_level(constant(loudness), [word(0, 1000)]) - quieter == pytest.approx(gain_db, abs=0.11)


def test_each_turn_is_measured_on_its_own_channel():
    channels = [channel(0, constant(0.1)), channel(2, constant(1.0))]
    turns = [turn(0, (word(0, 500),), 2), turn(1, (word(0, 500),), 0), turn(2, (), 0)]
    assert [t.level_db for t in with_levels(turns, channels)] == [0.0, -20.0, None]


def test_a_mix_is_measured_on_its_only_channel():
    (found,) = with_levels([turn(0, (word(0, 500),), None)], [channel(1, constant(0.1))])
    assert found.level_db == -20.0
