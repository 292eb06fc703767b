"""What is done to a sentence is what was asked for, and the measures find it."""

import numpy as np
import pytest

from pipeline.speech.pitch import candidates, track
from pipeline.types import Tone
from tests.benchmarks.deliveries import FULL, Delivery, deliver, drawn, stretched
from tests.benchmarks.emotion import f1, macro_f1
from tests.unit.speech.voices import syllables


def voice():
    return syllables(200, 14).astype(np.float64)


def pitch(sound):
    hz = track(candidates(sound.astype(np.float32)))
    return float(np.median(hz[hz > 0]))


@pytest.mark.parametrize("semitones", [-3.0, 0.0, 4.0])
@pytest.mark.parametrize("pace", [0.75, 1.0, 1.25])
def test_pitch_pace_and_level_are_moved_apart(semitones, pace):
    made = deliver(voice(), Delivery(name="x", semitones=semitones, pace=pace, gain_db=6.0, tilt_db=3.0))
    assert len(made) == pytest.approx(len(voice()) / pace, rel=0.001)
    assert 12 * np.log2(pitch(made) / pitch(voice())) == pytest.approx(semitones, abs=0.35)
    assert 10 * np.log10(np.mean(made**2) / np.mean(voice() ** 2)) == pytest.approx(6.0, abs=1.5)


def test_a_sentence_that_is_not_stretched_stays_alike():
    assert np.corrcoef(stretched(voice(), len(voice())), voice())[0, 1] > 0.95


def test_the_same_seed_draws_the_same_delivery():
    once, again, other = (drawn("raised", np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert once == again != other
    assert once.name == "raised"
    assert set(FULL) == {"raised", "subdued"}


def test_f1():
    pairs = [(Tone.WARM, Tone.WARM), (Tone.WARM, Tone.NEUTRAL), (Tone.NEUTRAL, Tone.NEUTRAL)]
    assert f1(pairs, Tone.WARM) == f1(pairs, Tone.NEUTRAL) == pytest.approx(2 / 3)
    assert f1(pairs, Tone.HOSTILE) == 0
    assert macro_f1(pairs) == pytest.approx(2 / 3)
