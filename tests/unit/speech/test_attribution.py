import numpy as np
import pytest

from pipeline.speech.attribution import Clause, attribute
from pipeline.speech.voices import DIMENSIONS, describe
from pipeline.types import Interval

# Who speaks, and what the words say of it: most clauses say nothing.
CALL = [("a", 2.0), ("c", 0.0), ("a", 0.0), ("a", 1.0), ("c", -1.5), ("c", 0.0), ("a", 0.0), ("c", 0.0)] * 3
WHO = np.array([who == "a" for who, _ in CALL])


def clauses(labels=None, text=True):
    return [
        Clause(
            agent_log_odds=odds if text else 0.0,
            label=None if labels is None else labels[i],
            duration_ms=1_500,
            pause_ms=650,
        )
        for i, (_, odds) in enumerate(CALL)
    ]


def voices(gap, seed=0):
    """Voices whose means lie ``gap`` spreads apart in every number."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (len(CALL), DIMENSIONS)) + np.where(WHO, gap / 2, -gap / 2)[:, None]


def unknown():
    return np.full((len(CALL), DIMENSIONS), np.nan)


def right(agent):
    return float(np.mean((agent >= 0.5) == WHO))


def test_voices_carry_words_to_clauses_that_say_nothing():
    assert right(attribute(clauses(), voices(2.0))) == 1.0


def test_a_good_diarizer_alone_is_enough_with_words():
    labels = ["S1" if who else "S0" for who in WHO]
    assert right(attribute(clauses(labels), unknown())) == 1.0


def test_a_diarizer_that_hears_one_voice_does_no_harm():
    assert right(attribute(clauses(["S0"] * len(CALL)), voices(2.0))) == 1.0


def test_a_diarizers_mistakes_are_outvoted():
    labels = ["S1" if who else "S0" for who in WHO]
    labels[3], labels[5] = "S0", "S1"
    assert right(attribute(clauses(labels), voices(2.0))) == 1.0


def test_a_missing_number_is_no_obstacle():
    numbers = voices(2.5)
    numbers[::3, 0] = np.nan
    numbers[1] = np.nan
    assert right(attribute(clauses(), numbers)) >= 0.95


def test_one_voice_with_one_partys_words_is_one_party():
    said = [Clause(agent_log_odds=1.0, label="S0", duration_ms=1_500, pause_ms=350) for _ in range(12)]
    agent = attribute(said, np.random.default_rng(1).normal(0, 1, (12, DIMENSIONS)))
    assert (agent > 0.9).all()


def test_probabilities_for_any_number_of_clauses():
    assert attribute([], np.zeros((0, DIMENSIONS))).shape == (0,)
    one = [Clause(agent_log_odds=1.0, label=None, duration_ms=300, pause_ms=0)]
    assert 0.5 < attribute(one, np.full((1, DIMENSIONS), np.nan))[0] < 1


def vowel(pitch_hz, duration_ms=1_000, tilt=1.0):
    time = np.arange(duration_ms * 16) / 16_000
    harmonics = [k for k in range(1, 60) if 300 <= k * pitch_hz <= 3_400]
    sound = sum(np.sin(2 * np.pi * k * pitch_hz * time + k) / k**tilt for k in harmonics)
    return (0.1 * sound / np.max(np.abs(sound))).astype(np.float32)


@pytest.mark.parametrize("pitch_hz", [95.0, 140.0, 230.0])
def test_pitch_is_found_though_the_telephone_cuts_the_fundamental(pitch_hz):
    (row,) = describe(vowel(pitch_hz), [Interval(start_ms=0, end_ms=1_000)])
    assert row[0] == pytest.approx(12 * np.log2(pitch_hz / 100), abs=0.5)


def test_level_and_shape_are_told_apart():
    sound = np.concatenate([vowel(140), 0.1 * vowel(140), vowel(140, tilt=3.0)])
    loud, soft, dull = describe(
        sound, [Interval(start_ms=i * 1_000, end_ms=i * 1_000 + 1_000) for i in range(3)]
    )
    assert loud[1] - soft[1] == pytest.approx(20, abs=0.5)
    assert np.allclose(loud[2:], soft[2:], atol=0.1)
    assert np.linalg.norm(loud[2:] - dull[2:]) > 1.0


def test_what_is_too_short_or_unvoiced_is_not_known():
    noise = np.random.default_rng(0).normal(0, 0.05, 16_000).astype(np.float32)
    short, unvoiced = describe(noise, [Interval(start_ms=0, end_ms=100), Interval(start_ms=0, end_ms=1_000)])
    assert np.isnan(short).all()
    assert np.isnan(unvoiced[0])
    assert not np.isnan(unvoiced[1:]).any()
