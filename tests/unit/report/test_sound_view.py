"""The page says a word of a voice that is not as usual."""

import pytest

from pipeline.report.labels import Labels
from pipeline.report.sound_view import voice_note

PROSODY = {"loudness_db": 6.0, "pitch_semitones": -0.5, "rate_ratio": None}


def turn(activation):
    return {"prosody": PROSODY, "tone_basis": {"activation": activation}}


def test_a_raised_voice_is_noted_with_what_was_measured():
    assert voice_note(turn(2.0), Labels("zh")) == {
        "text": "声音高扬",
        "detail": "与本人平时相比：音量 +6.0 dB、音高 -0.5 半音",
    }
    assert voice_note(turn(-2.0), Labels("en"))["text"] == "subdued voice"


@pytest.mark.parametrize(
    "content", [turn(1.4), turn(-1.4), turn(None), {"prosody": None, "tone_basis": None}, {}]
)
def test_an_ordinary_voice_and_text_are_not(content):
    assert voice_note(content, Labels("zh")) is None
