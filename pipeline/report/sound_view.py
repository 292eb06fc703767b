"""What the page of a call says of its sound: a voice that is not as usual, and what is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.privacy.hearing import sound_spans
from pipeline.report.playable import says_covered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.report.labels import Labels
    from pipeline.report.showing import Showing

NOTED_AT: Final = 1.5
"""Activation, in standard deviations of ordinary talk, from which on a voice is worth a word."""


def voice_note(turn: Mapping[str, Any], t: Labels) -> dict[str, str] | None:
    """``text`` and ``detail`` for a raised or subdued voice; ``None`` for an ordinary one and for text.

    Args:
        turn: of the published form; results of earlier versions know nothing of voices.
        t: labels.
    """
    basis, prosody = turn.get("tone_basis"), turn.get("prosody")
    if not basis or not prosody:
        return None
    activation = basis["activation"]
    if activation is None or abs(activation) < NOTED_AT:
        return None
    measures = (
        ("loudness_db", "{:+.1f} dB"),
        ("pitch_semitones", "{:+.1f} " + t("semitones")),
        ("rate_ratio", "×{:.2f}"),
    )
    told = [f"{t(name)} {form.format(prosody[name])}" for name, form in measures if prosody[name] is not None]
    return {
        "text": t("voice_raised" if activation > 0 else "voice_subdued"),
        "detail": f"{t('against_own')}{t('comma').join(told)}",
    }


def covered(
    call: Mapping[str, Any], showing: Showing, recording: Path | None, *, length: float
) -> list[dict[str, float]]:
    """Where the sound that the page plays is covered: ``left`` and ``width`` in per cent of the time line.

    Args:
        call: the JSON of the call, which ``showing`` is reading.
        showing: what it hides.
        recording: the copy that the page plays.
        length: of the time line, in seconds.

    Returns:
        Nothing for sound that does not say of itself that it is covered, and without times.
    """
    if recording is None or not length or not says_covered(recording):
        return []
    spans = sound_spans(call, showing.hidden(call))
    scale = 0.1 / length  # ms to per cent
    whole = 1000 * length
    return [
        {
            "left": round(span.start_ms * scale, 3),
            "width": round((min(span.end_ms, whole) - span.start_ms) * scale, 3),
        }
        for span in spans
        if span.start_ms < whole
    ]
