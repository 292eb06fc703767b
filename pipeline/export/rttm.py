"""RTTM (NIST, Rich Transcription): who spoke when, ten fields a line.

Programs that score diarization take a line for speech, so :func:`rttm` leaves out pauses; :func:`rttm_turns`
has a line a turn, pauses within it included.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pipeline.speech.intervals import union
from pipeline.types import Interval, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from pipeline.export.calls import ExportedCall

_Speaker = tuple[int, str]
"""Channel and name."""

PAUSE_MS: Final = 500
"""Words no further apart than this have no pause between them."""
LATE_START_MS: Final = 50
LATE_END_MS: Final = 150
"""Speech begins and ends this much later than its first and last word, whose times reach into the breath
before a sound and end before it has died away. Chosen with the pause, see docs/exports.md."""


def rttm(call: ExportedCall) -> str:
    """The speech of the people in a call, pauses left out; machines are nobody.

    A speaker's name joins role and voice, as two voices may have one role. The confidence is how sure the
    role is, in the turn where it is least so. Lines are in order of time, those of a speaker do not overlap.

    Args:
        call: a call whose turns have times.
    """
    spoken: dict[_Speaker, list[Interval]] = defaultdict(list)
    sure: dict[_Speaker, float] = {}
    for who, turn in _of_people(call):
        spoken[who] += _speech(turn)
        sure[who] = min(sure.get(who, 1.0), turn["role_confidence"])
    end_ms = _end_ms(call)
    found = ((span, who) for who, spans in spoken.items() for span in union(spans))
    ordered = sorted(found, key=lambda one: (one[0].start_ms, one[1]))
    return _lines(
        call, ((replace(span, end_ms=min(span.end_ms, end_ms)), who, sure[who]) for span, who in ordered)
    )


def rttm_turns(call: ExportedCall) -> str:
    """A line a turn, in their order: as :func:`rttm`, but the pauses of a party that goes on are within."""
    return _lines(call, ((_interval(turn), who, turn["role_confidence"]) for who, turn in _of_people(call)))


def runs_of_speech(words: Iterable[Interval]) -> tuple[Interval, ...]:
    """Stretches in which one voice speaks without a pause.

    Args:
        words: the times of its words, in any order.

    Returns:
        In order of time, apart from each other.
    """
    return union(
        Interval(start_ms=run.start_ms + LATE_START_MS, end_ms=run.end_ms + LATE_END_MS)
        for run in union(words, bridge_ms=PAUSE_MS)
    )


def token(text: str) -> str:
    """A field of a line: blanks would end it."""
    return "_".join(text.split()) or "_"


def channel(turn: Mapping[str, Any]) -> int:
    """The channel, counted from 1; 1 for a recording with one."""
    return 1 if turn["channel"] is None else int(turn["channel"]) + 1


def _of_people(call: ExportedCall) -> Iterator[tuple[_Speaker, Mapping[str, Any]]]:
    for turn in call.content["turns"]:
        if turn["role"] != Role.SYSTEM.value:
            yield (channel(turn), token(f"{turn['role']} {turn['speaker'] or ''}")), turn


def _end_ms(call: ExportedCall) -> int:
    """Where the recording ends: nobody speaks after it."""
    ends: list[float] = [turn["end"] for turn in call.content["turns"]]
    return round(max([call.content["duration"] or 0.0, *ends]) * 1000)


def _speech(turn: Mapping[str, Any]) -> tuple[Interval, ...]:
    """When somebody speaks in a turn; the whole turn where its words are not known."""
    words = [_interval(word) for word in turn["words"] if word["text"].strip()]
    return runs_of_speech(words) or (_interval(turn),)


def _lines(call: ExportedCall, spans: Iterable[tuple[Interval, _Speaker, float]]) -> str:
    file = token(call.call_id)
    return "".join(
        f"SPEAKER {file} {on} {span.start_ms / 1000:.3f} {span.duration_ms / 1000:.3f} <NA> <NA> {name} "
        f"{confidence:.4f} <NA>\n"
        for span, (on, name), confidence in spans
        if span.duration_ms
    )


def _interval(timed: Mapping[str, Any]) -> Interval:
    return Interval(start_ms=round(timed["start"] * 1000), end_ms=round(timed["end"] * 1000))
