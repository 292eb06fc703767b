"""A copy of a recording that every browser plays: 16-bit PCM WAV, the channels as they were."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

import numpy as np

from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.types import DecodedAudio, Samples

PLAYABLE_RATE = 8_000
"""Hz; telephone sound has nothing above 4 kHz, and half the rate is half the disk."""

SAMPLE_BYTES = 2


def write_playable(audio: DecodedAudio, path: Path) -> None:
    """Write ``audio`` to ``path`` as WAV, at 8 kHz where the recording was a telephone's, else as decoded.

    Raises:
        StoreError: the file cannot be written.
    """
    halve = audio.source_rate <= PLAYABLE_RATE and audio.sample_rate == 2 * PLAYABLE_RATE
    rate = PLAYABLE_RATE if halve else audio.sample_rate
    channels = [_halved(c.samples) if halve else c.samples for c in audio.channels]
    length = max((len(samples) for samples in channels), default=0)
    interleaved = np.zeros((length, len(channels)), dtype="<i2")
    for column, samples in enumerate(channels):
        interleaved[: len(samples), column] = np.clip(np.rint(samples * 32767.0), -32768, 32767)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(rate)
        file.writeframes(interleaved.tobytes())
    write_atomically(path, buffer.getvalue())


def _halved(samples: Samples) -> Samples:
    """Half the rate. The source had nothing above the new limit, so every second sample is enough."""
    return samples[::2]
