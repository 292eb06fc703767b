"""From the file to what engines say of its sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.types.basics import Role

if TYPE_CHECKING:
    from pipeline.metadata import CallMetadata


Samples = NDArray[np.float32]
"""Mono sound, shape ``(num_samples,)``, float32 in -1..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording as the manifest names it. ``channel_roles`` is empty when not known."""

    path: Path
    channel_roles: tuple[Role, ...] = ()
    raw_format: str | None = None
    """``alaw`` or ``mulaw`` with optional ``:rate:channels`` for headerless G.711."""


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
    """A diarizer's claim: this anonymous speaker talks from here to there."""

    speaker: str
    start_ms: int
    end_ms: int
