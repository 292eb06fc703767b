"""How a turn is spoken and what its tone rests on, in the published form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.types import Abstention, Prosody, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.types import ToneFrame


def prosody_json(prosody: Prosody | None) -> dict[str, Any] | None:
    """The measures as they are; durations in seconds."""
    if prosody is None:
        return None
    return {
        "voiced": prosody.voiced_ms / 1000,
        "spoken": prosody.spoken_ms / 1000,
        "baseline": prosody.baseline_ms / 1000,
        "abstains": prosody.abstains.value if prosody.abstains else None,
        "loudness_db": prosody.loudness_db,
        "pitch_semitones": prosody.pitch_semitones,
        "range_semitones": prosody.range_semitones,
        "brightness_db": prosody.brightness_db,
        "rate": prosody.rate,
        "rate_ratio": prosody.rate_ratio,
        "pause_share": prosody.pause_share,
        "latency": None if prosody.latency_ms is None else prosody.latency_ms / 1000,
    }


def read_prosody(content: Mapping[str, Any] | None) -> Prosody | None:
    """The inverse of :func:`prosody_json`."""
    if content is None:
        return None
    latency = content["latency"]
    return Prosody(
        voiced_ms=round(content["voiced"] * 1000),
        spoken_ms=round(content["spoken"] * 1000),
        baseline_ms=round(content["baseline"] * 1000),
        abstains=Abstention(content["abstains"]) if content["abstains"] else None,
        loudness_db=content["loudness_db"],
        pitch_semitones=content["pitch_semitones"],
        range_semitones=content["range_semitones"],
        brightness_db=content["brightness_db"],
        rate=content["rate"],
        rate_ratio=content["rate_ratio"],
        pause_share=content["pause_share"],
        latency_ms=None if latency is None else round(latency * 1000),
    )


def basis_json(frame: ToneFrame | None) -> dict[str, Any] | None:
    """What a tone rests on."""
    if frame is None:
        return None
    return {
        "witnesses": [witness.value for witness in frame.witnesses],
        "probabilities": {tone.value: round(frame.probabilities.get(tone, 0.0), 4) for tone in Tone},
        "activation": frame.activation,
        "sound_abstains": frame.sound_abstains.value if frame.sound_abstains else None,
    }
