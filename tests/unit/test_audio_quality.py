"""Quality of the sound: known noise, clipping and bands are found again, cheaply."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.fakes import FakeDiarizer, FakeSpeechDetector, FakeTokenizer, FakeTranscriber
from pipeline.audio import decode
from pipeline.audio.quality import MAX_SNR_DB, measure, rated
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.stages import Ears, hear
from pipeline.types import (
    Call,
    Channel,
    DecodedAudio,
    Recording,
    Role,
    SoundFault,
    Transcript,
    Turn,
    Word,
)
from tests.audio_files import channels, voice, write_audio, write_wav

SETTINGS = load_settings()
RATE = 16_000
NO_WORDS = Transcript(turns=())
SPEECH_S, PAUSE_S = 1.0, 0.6


def bursts(*, top_hz=3400, seed=0, times=8):
    """Sound that stands for speech: coloured noise up to ``top_hz`` in bursts, silence in between."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(round(SPEECH_S * RATE)))
    hertz = np.fft.rfftfreq(round(SPEECH_S * RATE), 1 / RATE)
    spectrum *= (hertz > 200) & (hertz < top_hz)
    burst = np.fft.irfft(spectrum / np.maximum(hertz, 500.0))
    burst *= 0.1 / np.sqrt(np.mean(burst**2))
    pause = np.zeros(round(PAUSE_S * RATE))
    return np.concatenate([pause, *[burst, pause] * times])


def said(*, channel=None, times=8):
    """One word a burst."""
    step = round((SPEECH_S + PAUSE_S) * 1000)
    starts = [round(PAUSE_S * 1000) + i * step for i in range(times)]
    words = tuple(
        Word(text="话", start_ms=start, end_ms=start + round(SPEECH_S * 1000), probability=0.9)
        for start in starts
    )
    turn = Turn(
        index=0, role=Role.AGENT, role_confidence=1.0, text="话" * times, words=words, channel=channel
    )
    return Transcript(turns=(turn,))


def heard(*sounds, dead=(), source_rate=16_000):
    made = tuple(
        Channel(index=i, samples=sound.astype(np.float32), level_dbfs=-20.0, dead=i in dead)
        for i, sound in enumerate(sounds)
    )
    return DecodedAudio(
        channels=made,
        sample_rate=RATE,
        duration_ms=len(sounds[0]) * 1000 // RATE,
        sha256="0" * 64,
        container="wav",
        codec="pcm_s16le",
        source_rate=source_rate,
        source_channels=len(sounds),
    )


def of(sound, transcript=NO_WORDS, **about):
    (quality,) = measure(heard(sound, **about), transcript)
    return quality


def noisy(sound, snr_db, seed=1):
    noise = np.random.default_rng(seed).standard_normal(len(sound))
    return sound + noise * 0.1 * 10 ** (-snr_db / 20)


@pytest.mark.parametrize("transcript", [NO_WORDS, said()], ids=["by energy", "by words"])
@pytest.mark.parametrize("snr_db", [5, 10, 20, 40])
def test_noise_of_known_level_is_found(snr_db, transcript):
    assert of(noisy(bursts(), snr_db), transcript).snr_db == pytest.approx(snr_db, abs=1.5)


@hypothesis_settings(max_examples=20, deadline=None)
@given(st.floats(-30, 6), st.integers(8, 35))
def test_a_gain_changes_the_level_and_nothing_else(gain_db, snr_db):
    sound = noisy(bursts(times=3), snr_db)
    before, after = of(sound), of(sound * 10 ** (gain_db / 20))
    assert after.snr_db == pytest.approx(before.snr_db, abs=0.2)
    assert after.level_dbfs - before.level_dbfs == pytest.approx(gain_db, abs=0.2)
    assert after.bandwidth_hz == before.bandwidth_hz


def test_digital_silence_is_no_noise_floor():
    gated = noisy(bursts(), 20)
    silent = np.abs(bursts()) == 0.0
    gated[silent] = 0.0
    # what is left is the quiet of the speech itself, here a steady noise: never better than it is
    assert of(gated, said()).snr_db <= 21.5
    assert of(np.where(silent, 0.0, gated)).snr_db < MAX_SNR_DB


def test_words_keep_a_tone_from_being_speech():
    tone = 0.8 * np.sin(2 * np.pi * 450 * np.arange(4 * RATE) / RATE)
    sound = np.concatenate([noisy(bursts(), 15), tone])
    assert of(sound, said()).snr_db == pytest.approx(15, abs=1.5)


@pytest.mark.parametrize("top_hz", [2000, 3400, 6000])
def test_the_band_of_the_speech_is_found_above_noise_of_a_wider_band(top_hz):
    clean = bursts(top_hz=top_hz)
    assert of(clean).bandwidth_hz == pytest.approx(top_hz, abs=250)
    assert of(noisy(clean, 35), said()).bandwidth_hz == pytest.approx(top_hz, abs=250)


def test_no_band_is_wider_than_the_file():
    assert of(bursts(top_hz=7000), source_rate=8000).bandwidth_hz <= 4000


@pytest.mark.parametrize(
    ("codec", "container"),
    [("pcm_s16le", "wav"), ("pcm_alaw", "wav"), ("libmp3lame", "mp3"), ("aac", "mp4"), ("libopus", "ogg")],
)
def test_clipping_is_seen_through_codecs_and_loudness_is_not_clipping(tmp_path, codec, container):
    whole = voice(8.0, seed=3)
    loud = whole / np.abs(whole).max() * 0.99

    def share(sound):
        path = write_audio(tmp_path / "call", sound, 8000, codec=codec, container=container)
        (quality,) = measure(decode(Recording(path=path), SETTINGS.audio), NO_WORDS)
        return quality.clipped

    assert share(loud) < SETTINGS.quality.clipped_above < share(np.clip(loud * 30, -1, 1))


def test_single_peaks_are_not_clipping():
    sound = bursts()
    sound[RATE : 8 * RATE : 400] = 1.0
    assert of(sound).clipped == 0.0


def test_every_live_channel_has_its_own(tmp_path):
    good, poor = noisy(bursts(), 35), noisy(bursts(top_hz=2000), 5)
    one, two = measure(heard(good, poor, bursts() * 0, dead=(2,)), said(channel=0))
    assert (one.channel, two.channel) == (0, 1)
    assert one.snr_db > 30 > 10 > two.snr_db


def test_what_is_poor_is_a_matter_of_the_settings():
    clipped = np.clip(bursts() * 40, -1, 1)
    narrow = noisy(bursts(top_hz=2000), 30)
    qualities = [of(noisy(bursts(), 30)), of(noisy(bursts(), 4)), of(clipped), of(narrow)]
    faults = [q.faults for q in rated(qualities, SETTINGS.quality)]
    assert faults[0] == ()
    assert SoundFault.NOISY in faults[1]
    assert SoundFault.CLIPPED in faults[2]
    assert faults[3] == (SoundFault.NARROW,)
    lenient = SETTINGS.quality.model_copy(
        update={"noisy_below_db": -20.0, "clipped_above": 1.0, "narrow_below_hz": 0}
    )
    assert all(q.faults == () for q in rated(rated(qualities, SETTINGS.quality), lenient))


def test_a_long_channel_takes_little_memory_beside_itself():
    audio = heard(np.tile(noisy(bursts(), 20), 60))
    size = audio.channels[0].samples.nbytes
    tracemalloc.start()
    measure(audio, NO_WORDS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 45_000_000
    assert peak < 0.6 * size


@pytest.mark.parametrize("sound", [np.zeros(100), np.zeros(RATE), np.full(RATE, 0.5)])
def test_next_to_nothing_is_measured_too(sound):
    quality = of(sound)
    assert quality.clipped == 0.0
    assert -20 <= quality.snr_db <= MAX_SNR_DB


def test_hearing_a_call_measures_its_channels(tmp_path):
    path = write_wav(tmp_path / "a.wav", channels(voice(6.0, seed=1), voice(6.0, seed=2)), codec="pcm_alaw")
    call = Call(call_id="a", metadata=CallMetadata(), recording=Recording(path=path))
    ears = Ears(
        detector=FakeSpeechDetector(),
        transcriber=FakeTranscriber(),
        diarizer=FakeDiarizer(),
        words=FakeTokenizer(),
    )
    quality = hear(call, ears, SETTINGS).transcript.quality
    assert [(q.channel, q.codec, q.source_rate) for q in quality] == [
        (0, "pcm_alaw", 8000),
        (1, "pcm_alaw", 8000),
    ]
