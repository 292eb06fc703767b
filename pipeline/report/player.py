"""What the page of a call gives to its player: when each word is said, and how loud each party is.

Words are not repeated: a word is a place in the text of its turn as the page shows it, so that whatever is
masked there stays masked. The numbers of a word stand relative to the word before, which keeps them small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.report.waveform import envelope, lanes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Json = Mapping[str, Any]

CONTEXT_S: Final = 10
"""Seconds before and after a finding's words that are played with them."""

SCRIPT_LABELS: Final = (
    "call.play",
    "call.pause",
    "call.playing_clip",
    "call.no_sound",
    "call.at_finding",
)
"""Words that the script shows by itself."""


def player_data(call: Json, timeline: Json, recording: Path | None) -> dict[str, Any]:
    """``tinghe.data`` of a call's page.

    Args:
        call: the JSON of the call.
        timeline: its layout, see :func:`pipeline.report.timeline.timeline`.
        recording: the playable recording; ``None`` without one.

    Returns:
        ``length`` and ``timed`` of the time line, ``context`` in seconds, ``wave`` (``bin`` in ms and a
        string of levels a lane) where there is sound, ``words`` by turn: four numbers a word, the gap in ms
        after the word before (the first: after the start of the turn; negative where they overlap), its
        length in ms, the gap in the text after the word before and its length there, in UTF-16 units.
    """
    found = envelope(recording) if recording and timeline["timed"] else None
    return {
        "length": timeline["length"],
        "timed": timeline["timed"],
        "context": CONTEXT_S,
        "wave": {"bin": round(found.bin_ms, 4), "lanes": lanes(call, found)} if found else None,
        "words": {str(turn["index"]): numbers for turn in call["turns"] if (numbers := list(_words(turn)))}
        if recording
        else {},
    }


def _words(turn: Json) -> Iterator[int]:
    if turn["start"] is None:
        return
    text, at, now = turn["text"], 0, _ms(turn["start"])
    for word in turn["words"]:
        found = text.find(word["text"], at) if word["text"] else -1
        if found < 0:  # put right by its sound, so it stands there no more
            continue
        start, end = _ms(word["start"]), _ms(word["end"])
        gap, length = _units(text[at:found]), _units(word["text"])
        yield from (start - now, end - start, gap, length)
        at, now = found + len(word["text"]), end


def _ms(seconds: float) -> int:
    return round(1000 * seconds)


def _units(text: str) -> int:
    """Length as a browser counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
