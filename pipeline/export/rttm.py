"""RTTM (NIST, Rich Transcription): who spoke when, ten fields a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.types import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pipeline.export.calls import ExportedCall


def rttm(call: ExportedCall) -> str:
    """The turns of the people in a call; machines are nobody.

    A speaker's name joins role and voice, as two voices may have one role. The confidence is how sure the
    role is.

    Args:
        call: a call whose turns have times.
    """
    file = token(call.call_id)
    return "".join(
        f"SPEAKER {file} {channel(turn)} {turn['start']:.3f} {turn['end'] - turn['start']:.3f} <NA> <NA> "
        f"{_name(turn)} {turn['role_confidence']:.4f} <NA>\n"
        for turn in call.content["turns"]
        if turn["role"] != Role.SYSTEM.value and turn["end"] > turn["start"]
    )


def token(text: str) -> str:
    """A field of a line: blanks would end it."""
    return "_".join(text.split()) or "_"


def channel(turn: Mapping[str, Any]) -> int:
    """The channel, counted from 1; 1 for a recording with one."""
    return 1 if turn["channel"] is None else int(turn["channel"]) + 1


def _name(turn: Mapping[str, Any]) -> str:
    return token(f"{turn['role']} {turn['speaker'] or ''}")
