"""The page says a word of a voice that is not as usual, and shows what of the sound is covered."""

import copy

import pytest

from pipeline.privacy.hearing import sound_spans
from pipeline.privacy.masks import Masker
from pipeline.report.call_json import to_json
from pipeline.report.labels import Labels
from pipeline.report.playable import write_playable
from pipeline.report.showing import Showing
from pipeline.report.sound_view import covered, voice_note
from tests.golden.sample import report
from tests.unit.report.test_playable import audio

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


@pytest.fixture
def call():
    return copy.deepcopy(to_json(report()))


@pytest.fixture
def copy_of(tmp_path, call):
    """A copy that says of itself that it is covered, or not."""

    def write(*, masked=True):
        path = tmp_path / "x.wav"
        spans = sound_spans(call, Masker(call).spans) if masked else None
        write_playable(audio(source_rate=16_000), path, spans=spans)
        return path

    return write


def test_covered_stretches_stand_where_the_sound_is_covered(call, copy_of):
    showing = Showing(labels=Labels("zh"))
    showing.reading(call)
    shown = covered(call, showing, copy_of(), length=23.0)
    spans = sound_spans(call, Masker(call).spans)
    assert len(shown) == len(spans) > 0
    for place, span in zip(shown, spans, strict=True):
        assert place["left"] == pytest.approx(100 * span.start_ms / 23_000, abs=0.01)
        assert place["width"] == pytest.approx(100 * (span.end_ms - span.start_ms) / 23_000, abs=0.01)


def test_no_stretch_leaves_the_time_line(call, copy_of):
    showing = Showing(labels=Labels("zh"))
    showing.reading(call)
    for place in covered(call, showing, copy_of(), length=8.0):
        assert 0 <= place["left"] <= place["left"] + place["width"] <= 100.01


@pytest.mark.parametrize("mask", [True, False])
def test_sound_that_does_not_say_so_is_not_covered(call, copy_of, mask):
    showing = Showing(labels=Labels("zh"), mask=mask)
    showing.reading(call)
    assert covered(call, showing, copy_of(masked=False), length=23.0) == []
    assert covered(call, showing, None, length=23.0) == []


def test_without_times_nothing_is_shown(call, copy_of):
    showing = Showing(labels=Labels("zh"))
    showing.reading(call)
    assert covered(call, showing, copy_of(), length=0.0) == []


def test_a_copy_that_is_gone_covers_nothing(call, tmp_path):
    showing = Showing(labels=Labels("zh"))
    showing.reading(call)
    assert covered(call, showing, tmp_path / "gone.wav", length=23.0) == []
