"""Playable copies: plain WAV with both parties, small when the source was a telephone."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from pipeline.report.playable import write_playable
from pipeline.types import Channel, DecodedAudio


def audio(*, source_rate, channels=2, seconds=0.5):
    time = np.arange(int(16_000 * seconds)) / 16_000
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    return DecodedAudio(
        channels=tuple(
            Channel(index=i, samples=tone * (1 - i), level_dbfs=-9.0, dead=False) for i in range(channels)
        ),
        sample_rate=16_000,
        duration_ms=round(1000 * seconds),
        sha256="0" * 64,
        container="wav",
        codec="pcm_alaw",
        source_rate=source_rate,
        source_channels=channels,
    )


@pytest.mark.parametrize(("source_rate", "rate"), [(8_000, 8_000), (16_000, 16_000), (44_100, 16_000)])
def test_channels_length_and_sound_are_kept(tmp_path, source_rate, rate):
    write_playable(audio(source_rate=source_rate), tmp_path / "x.wav")
    with wave.open(str(tmp_path / "x.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, rate)
        assert file.getnframes() == rate // 2
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    spectrum = np.abs(np.fft.rfft(samples[:, 0]))
    assert np.argmax(spectrum) * 2 == 440
    assert np.abs(samples[:, 0]).max() == pytest.approx(0.5 * 32767, rel=0.01)
    assert not samples[:, 1].any()


def test_samples_beyond_full_scale_are_clipped(tmp_path):
    loud = audio(source_rate=16_000, channels=1)
    loud.channels[0].samples[:] = 2.0
    write_playable(loud, tmp_path / "x.wav")
    with wave.open(str(tmp_path / "x.wav")) as file:
        assert set(np.frombuffer(file.readframes(100), dtype="<i2")) == {32767}
