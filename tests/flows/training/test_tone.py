"""Learning what witnesses and context are worth for tone."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from flows.training.tone import WitnessedCall, calibration_error, learn_tone, report_text, weights_text
from pipeline.tone.words import TONES, ToneWeights, join_words
from pipeline.types import Role, Tone


def call(number: int, *, words_lie: bool) -> WitnessedCall:
    """Every tone once a party; the witness that lies names the next tone."""
    rng = np.random.default_rng(number)
    order = rng.permutation(len(TONES))
    right = np.eye(len(TONES))[order] * 0.8 + 0.04
    wrong = np.roll(right, 1, axis=1)
    noise = rng.random(right.shape) * 0.02
    return WitnessedCall(
        name=f"call {number}",
        roles=(Role.AGENT, Role.CUSTOMER, Role.AGENT, Role.CUSTOMER, Role.AGENT),
        words=(wrong if words_lie else right) + noise,
        opinions=right + noise,
        tones=tuple(TONES[at] for at in order),
    )


CALLS = [call(n, words_lie=n % 2 == 0) for n in range(20)]


def test_the_witness_that_is_right_is_believed() -> None:
    training = learn_tone(CALLS)
    assert min(training.f1["joint"].values()) > 0.95
    assert max(training.f1["words"].values()) < 0.8
    lie, truth = ({tone: 0.8 if tone is one else 0.05 for tone in TONES} for one in (Tone.WARM, Tone.HOSTILE))
    (found,) = join_words([Role.AGENT], [lie], [truth], training.weights)
    assert max(found, key=lambda tone: found[tone]) is Tone.HOSTILE


def test_the_same_calls_give_the_same_bytes_which_can_be_read_again() -> None:
    first, second = learn_tone(CALLS), learn_tone(CALLS)
    assert weights_text(first) == weights_text(second)
    assert report_text(first) == report_text(second)
    assert ToneWeights.model_validate(yaml.safe_load(weights_text(first))) == first.weights


def test_a_tone_that_nobody_labelled_cannot_be_learned() -> None:
    short = [
        WitnessedCall(
            name="one",
            roles=(Role.AGENT,),
            words=np.full((1, 5), 0.2),
            opinions=np.full((1, 5), 0.2),
            tones=(Tone.WARM,),
        )
    ]
    with pytest.raises(ValueError, match="lack a tone"):
        learn_tone(short)


def test_calibration_error_is_the_gap_between_said_and_held() -> None:
    chances = np.array([[0.95, 0.05, 0, 0, 0]] * 10)
    half = np.array([0] * 5 + [1] * 5)
    assert calibration_error(chances, half) == pytest.approx(0.45)
    assert calibration_error(chances, np.zeros(10, dtype=int)) == pytest.approx(0.05)


def test_the_report_names_every_witness() -> None:
    text = report_text(learn_tone(CALLS))
    assert all(f"| {name} |" in text for name in ("words", "opinion", "joint"))
