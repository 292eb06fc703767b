"""Covered sound holds nothing of what was said, on any channel, and nothing else is changed."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RecordingError
from pipeline.privacy.clips import Clipper, around, clip, pcm_of_wav, wav_bytes
from pipeline.privacy.codecs import Codec, codec_of, encode
from pipeline.privacy.hearing import sound_spans
from pipeline.privacy.sound import SoundSpan, call_level, cover, merged
from pipeline.privacy.spans import personal_spans

RATE = 8_000


def speech(seconds=4.0, channels=2, seed=1):
    noise = np.random.default_rng(seed).normal(0, 3000, (int(seconds * RATE), channels))
    return np.clip(noise, -32768, 32767).astype(np.int16)


def span(start, end, kind="name"):
    return SoundSpan(start_ms=start, end_ms=end, kind=kind)


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes(speech(), RATE))
    return path


def samples(content):
    sound = pcm_of_wav(content)
    assert sound is not None
    return sound[0]


def test_spans_are_widened_and_joined():
    joined = merged([span(1000, 1200), span(0, 100), span(1250, 1300, "mobile")], margin_ms=100)
    assert [(s.start_ms, s.end_ms, s.kind) for s in joined] == [(0, 200, "name"), (900, 1400, "")]


@pytest.mark.parametrize("channels", [1, 2])
def test_every_channel_is_covered_and_the_rest_is_untouched(channels):
    sound = speech(channels=channels)
    covered = cover(sound, RATE, [span(1000, 2000)], mode="silence")
    assert not covered[RATE : 2 * RATE].any()
    assert (covered[:RATE] == sound[:RATE]).all()
    assert (covered[2 * RATE :] == sound[2 * RATE :]).all()


def test_the_beep_is_a_tone_of_1_khz_at_the_level_of_the_call():
    sound = speech()
    covered = cover(sound, RATE, [span(1000, 2000)])
    beep = covered[RATE : 2 * RATE, 0].astype(float)
    assert np.argmax(np.abs(np.fft.rfft(beep))) == 1000
    assert np.sqrt(np.mean(beep**2)) / 32767 == pytest.approx(call_level(sound, RATE), rel=0.05)
    assert (covered[RATE : 2 * RATE, 0] == covered[RATE : 2 * RATE, 1]).all()


def test_what_was_said_does_not_shape_the_cover():
    one, other = speech(seed=1), speech(seed=1)
    other[RATE : 2 * RATE] = speech(seed=2)[RATE : 2 * RATE]
    spans = [span(1000, 2000)]
    assert (cover(one, RATE, spans, level=0.1) == cover(other, RATE, spans, level=0.1)).all()


@given(st.integers(0, 4200), st.integers(1, 3000), st.integers(0, 3900), st.integers(1, 4000))
def test_a_clip_shows_nothing_of_a_span_wherever_it_is_cut(start, length, from_ms, clip_ms):
    loud = np.full((4 * RATE, 1), 20_000, dtype=np.int16)
    hidden = merged([span(start, start + length)])
    clipper = Clipper.__new__(Clipper)
    clipper._sound, clipper.rate, clipper._spans = loud, RATE, hidden
    clipper._mode, clipper._level = "silence", 0.1
    piece = samples(clipper.clip(from_ms, from_ms + clip_ms))
    first = from_ms * RATE // 1000
    inside = [
        value
        for at, value in enumerate(piece[:, 0])
        if start * RATE <= (first + at) * 1000 < (start + length) * RATE
    ]
    assert not any(inside)
    assert abs(len(piece) - min(clip_ms, 4000 - from_ms) * RATE / 1000) <= 1


def test_clips_have_the_channels_and_rate_of_the_recording(recording):
    clipper = Clipper(recording, [span(1000, 1500)])
    with wave.open(io.BytesIO(clipper.clip(*around(1000, 1500)))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, RATE, 2)
        assert file.getnframes() == 4 * RATE
    assert clipper.duration_ms == 4000
    assert (samples(clipper.whole()) == samples(clipper.clip(0, 4000))).all()


def test_a_clip_of_a_call_is_covered_unless_told_otherwise(recording):
    call = heard(("agent", "请问是王小明先生吗"))
    shown = samples(clip(call, recording, 1000, 3000, mode="silence"))
    plain = samples(clip(call, recording, 1000, 3000, mask=False))
    assert not shown[round(0.6 * RATE) : round(1.2 * RATE)].any()
    assert (plain == speech()[RATE : 3 * RATE]).all()


def test_a_clip_outside_the_recording_is_refused(recording):
    with pytest.raises(ValueError, match="no sound between 5000 and 6000 ms"):
        Clipper(recording, []).clip(5000, 6000)


def test_a_recording_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RecordingError):
        Clipper(tmp_path / "x.wav", [])


@pytest.mark.parametrize("codec", [Codec.MP3, Codec.OPUS])
@pytest.mark.parametrize("channels", [1, 2])
def test_other_codecs_can_be_played_and_stay_covered(tmp_path, codec, channels):
    from pipeline.audio import decode
    from pipeline.settings import load_settings
    from pipeline.types import Recording

    covered = cover(speech(channels=channels), RATE, [span(1000, 3000)], mode="silence")
    path = tmp_path / f"x{codec.suffix}"
    path.write_bytes(encode(wav_bytes(covered, RATE), codec))
    audio = decode(Recording(path=path), load_settings().audio)
    assert codec_of(audio.codec) is codec
    assert abs(audio.duration_ms - 4000) < 150
    for channel in audio.channels:
        middle = channel.samples[int(1.3 * 16_000) : int(2.7 * 16_000)]
        assert np.abs(middle).max() < 0.01
        assert np.abs(channel.samples[:8_000]).max() > 0.1


def heard(*turns):
    """Turns of characters that last 200 ms each."""
    made, at = [], 1.0
    for index, (role, text) in enumerate(turns):
        words = []
        for character in text:
            if character not in "，。？":
                words.append({"text": character, "start": round(at, 3), "end": round(at + 0.2, 3)})
                at += 0.2
        made.append(
            {"index": index, "role": role, "text": text, "words": words}
            | {"start": words[0]["start"], "end": words[-1]["end"]}
        )
        at += 1.0
    return {"turns": made, "metadata": {}}


def test_a_span_is_covered_from_its_first_word_to_its_last():
    call = heard(("agent", "请问是王小明先生吗"), ("customer", "是我"))
    (name,) = personal_spans(call)
    (stretch,) = sound_spans(call, margin_ms=0)
    assert (name.start, name.end) == (3, 6)
    assert (stretch.start_ms, stretch.end_ms, stretch.kind) == (1600, 2200, "name")
    (wide,) = sound_spans(call)
    assert (wide.start_ms, wide.end_ms) == (1480, 2320)


def test_a_turn_whose_words_cannot_be_placed_is_covered_whole():
    call = heard(("agent", "请问是王小明先生吗"))
    call["turns"][0]["words"][0]["text"] = "别"
    (stretch,) = sound_spans(call, margin_ms=0)
    assert (stretch.start_ms, stretch.end_ms) == (1000, 2800)


def test_a_call_without_times_has_nothing_to_cover():
    call = heard(("agent", "请问是王小明先生吗"))
    call["turns"][0] |= {"start": None, "end": None, "words": []}
    assert sound_spans(call) == ()
