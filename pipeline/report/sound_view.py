"""What the page of a call says of a voice that is not as usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.report.labels import Labels

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
