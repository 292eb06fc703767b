"""From the file to what engines say of its sound."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.metadata import CallMetadata
from pipeline.types.basics import Role

Samples = NDArray[np.float32]
"""Mono sound, shape ``(num_samples,)``, float32 in -1..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording as the manifest names it. ``channel_roles`` is empty when not known."""

    path: Path
    channel_roles: tuple[Role, ...] = ()
    raw_format: str | None = None
    """Sound without a header: ``alaw``, ``mulaw``, ``s16le`` or ``gsm``, optionally ``:rate:channels``."""
    url: str = ""
    """Where it lies, when that is not on this machine; ``path`` is then its place in the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call before anything is known of its content."""

    call_id: str
    metadata: CallMetadata
    recording: Recording | None = None
    line: int | None = None
    """1-based line of the manifest, for messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of a decoded recording."""

    index: int
    samples: Samples
    level_dbfs: float
    """Active level: the 95th percentile of 20 ms frame levels."""
    dead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedAudio:
    """A decoded recording: mono channels at one rate. ``source_*`` describe the file."""

    channels: tuple[Channel, ...]
    sample_rate: int
    duration_ms: int
    sha256: str
    container: str
    codec: str
    source_rate: int
    source_channels: int
    dual_mono: bool = False


class SoundFault(StrEnum):
    """What makes a recording poor, by the limits in the settings."""

    NOISY = "noisy"
    CLIPPED = "clipped"
    NARROW = "narrow"
    """It lacks the upper part of the telephone band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioQuality:
    """What the sound of one live channel is worth; see :mod:`pipeline.audio.quality`.

    Attributes:
        channel: 0-based, of the file.
        codec: canonical name of the codec of the file.
        source_rate: Hz in the file.
        level_dbfs: active speech level in dB relative to full scale.
        snr_db: speech against the noise around it, at most 60.
        clipped: share of the spoken samples that are clipped, 0..1.
        bandwidth_hz: up to where there is speech.
        faults: what of it is poor; set when a call is judged.
    """

    channel: int
    codec: str
    source_rate: int
    level_dbfs: float
    snr_db: float
    clipped: float
    bandwidth_hz: int
    faults: tuple[SoundFault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word or character of a transcript. ``probability`` is the engine's own."""

    text: str
    start_ms: int
    end_ms: int
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What a transcriber returns for a stretch of sound; times count from the samples' start."""

    text: str
    start_ms: int
    end_ms: int
    words: tuple[Word, ...]
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerSpan:
    """A diarizer's claim: this anonymous speaker talks from here to there.

    ``margin`` says how sure it is: by how much the voice is more like this speaker's than like the next
    one's (difference of cosines, 0..2); ``None`` where there is no other speaker or no telling.
    """

    speaker: str
    start_ms: int
    end_ms: int
    margin: float | None = None
