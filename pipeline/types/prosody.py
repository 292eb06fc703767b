"""How a turn is spoken, against the speaker's own way of speaking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ToneWitness(StrEnum):
    """What speaks for a tone."""

    WORDS = "words"
    SOUND = "sound"


class Abstention(StrEnum):
    """Why the sound of a turn says nothing of its tone."""

    TOO_LITTLE_VOICE = "too_little_voice"
    OVERLAPPED = "overlapped"
    """Others speak in the same channel for nearly all of the turn."""
    NO_BASELINE = "no_baseline"
    """The speaker says too little else in the call to know how they usually speak."""
    CLIPPED = "clipped"
    """The channel is clipped, so that neither its levels nor its spectrum are the voice's."""
    NOISY = "noisy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prosody:
    """What was measured of a turn's sound; see :mod:`pipeline.speech.prosody`.

    Nothing here is an absolute level, and nothing needs more than the telephone band. What is relative is
    against all that the same speaker says in the call; ``None`` where it was not measured.

    Attributes:
        voiced_ms: voiced sound of this speaker alone.
        spoken_ms: speech of this speaker alone, pauses left out.
        baseline_ms: voiced sound in the speaker's other turns, by which the turn is measured.
        abstains: why there is nothing relative; ``None`` where there is.
        loudness_db: median level of the voiced frames, in dB over the speaker's own.
        pitch_semitones: median pitch, in semitones over the speaker's own.
        range_semitones: spread of the pitch (10th to 90th percentile), in semitones over the speaker's own.
        brightness_db: 2-3.4 kHz against 0.3-1 kHz, in dB over the speaker's own: vocal effort.
        rate: characters a second of speech without pauses.
        rate_ratio: the same over the speaker's own, 1 as usual.
        pause_share: share of the turn that is pauses of 200 ms and more, 0..1.
        latency_ms: from the end of the other party's turn to the start of this one, negative when it starts
            before; ``None`` after a turn of one's own.
    """

    voiced_ms: int
    spoken_ms: int
    baseline_ms: int
    abstains: Abstention | None = None
    loudness_db: float | None = None
    pitch_semitones: float | None = None
    range_semitones: float | None = None
    brightness_db: float | None = None
    rate: float | None = None
    rate_ratio: float | None = None
    pause_share: float | None = None
    latency_ms: int | None = None
