"""Operators over how much is said and how long: of a turn, of the scope, of the call.

They carry over Alibaba's ``DURATION`` (length of the recording, hang-up), ``ADVANCED_REPEAT_DETECT``
and count of sentences, and Amazon's ``TalkTime``.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import Outcome, Place, no, unknown, yes
from pipeline.detect.conditions.scope import TIMES
from pipeline.detect.patterns import Patterns, compile_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.detect.conditions.operators import (
        CallBuilder,
        CallOperator,
        Toolbox,
        TurnBuilder,
        TurnOperator,
    )
    from pipeline.detect.schema.conditions import Condition, Hangup, Repeat
    from pipeline.detect.schema.parts import Range
    from pipeline.detect.view import CallView
    from pipeline.types import Turn

DURATION = "duration"
"""What is missing where the length of the recording is not known."""


def spoken(view: CallView, position: int) -> str:
    """Hanzi, letters and digits of a turn, folded; no marks, no spaces."""
    return "".join(filter(str.isalnum, view.folded[position]))


def length_ms(turn: Turn) -> int | None:
    """Milliseconds from the first word to the last; ``None`` without times."""
    if turn.start_ms is None or turn.end_ms is None:
        return None
    return turn.end_ms - turn.start_ms


def _speech_ms(turns: Iterable[Turn]) -> int:
    return sum(length_ms(turn) or 0 for turn in turns)


@dataclass(frozen=True, slots=True)
class Length:
    """``length``: seconds of the turn."""

    bounds: Range

    def at(self, view: CallView, position: int) -> Outcome:
        """The turn."""
        lasts = length_ms(view.turns[position])
        return unknown(TIMES) if lasts is None else _measured(self.bounds, lasts / 1000, "s long")


@dataclass(frozen=True, slots=True)
class Characters:
    """``chars``: characters of the turn; marks do not count."""

    bounds: Range

    def at(self, view: CallView, position: int) -> Outcome:
        """The turn."""
        return _measured(self.bounds, len(spoken(view, position)), "characters")


@dataclass(frozen=True, slots=True)
class Again:
    """``repeat``: the speaker has said nearly the same before.

    Likeness is twice the characters that two turns share in order by the characters of both (Ratcliff
    and Obershelp). The turn is compared with the speaker's own turns before it, whether or not the
    condition's scope reaches back to them.
    """

    repeat: Repeat
    spared: Patterns

    def at(self, view: CallView, position: int) -> Outcome:
        """The turn that says it for the ``times``-th time, and every one behind."""
        said = self._counted(view, position)
        if not said:
            return no()
        role = view.turns[position].role
        own = [i for i in range(position) if view.turns[i].role is role][1 - self.repeat.within :]
        times = 1 + sum(alike(said, self._counted(view, i), self.repeat.similarity) for i in own)
        note = f"said {times} times"
        return yes(note=note) if times >= self.repeat.times else no(note)

    def _counted(self, view: CallView, position: int) -> str:
        """What the turn says, nothing where it does not count."""
        said = spoken(view, position)
        if len(said) < self.repeat.min_chars or view.lines[position].says(self.spared):
            return ""
        return said


def alike(one: str, other: str, likeness: float) -> bool:
    """Whether two texts are so like each other; the cheap bounds are looked at first."""
    if not other or 2 * min(len(one), len(other)) < likeness * (len(one) + len(other)):
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= likeness and matcher.ratio() >= likeness


@dataclass(frozen=True, slots=True)
class Ending:
    """``hangup``: whose word is the last, and how much of the recording is left behind it.

    The last word is that of the turn that ends last, whatever the scope.
    """

    hangup: Hangup

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """The last turn."""
        if not view.turns:
            return no("nobody speaks")
        order = range(len(view.turns))
        last = max(order, key=lambda i: (view.turns[i].end_ms or 0, i)) if view.timed else order[-1]
        role = view.turns[last].role.value
        if self.hangup.last_speaker not in ("anyone", role):
            return no(f"{role} speaks last")
        if self.hangup.seconds is None:
            return yes(Place(last), note=f"{role} speaks last")
        if not view.timed:
            return unknown(TIMES)
        if view.facts.duration_ms is None:
            return unknown(DURATION)
        left = max(view.facts.duration_ms - (view.turns[last].end_ms or 0), 0) / 1000
        note = f"{role} speaks last, {left:.1f} s before the end"
        return yes(Place(last), note=note) if self.hangup.seconds.holds(left) else no(note)


@dataclass(frozen=True, slots=True)
class Duration:
    """``duration``: seconds of the recording."""

    bounds: Range

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Of the call as a whole."""
        lasts = view.facts.duration_ms
        return unknown(DURATION) if lasts is None else _measured(self.bounds, lasts / 1000, "s of recording")


@dataclass(frozen=True, slots=True)
class TurnCount:
    """``turn_count``: turns of the scope."""

    bounds: Range

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Of the call as a whole."""
        return _measured(self.bounds, len(positions), "turns")


@dataclass(frozen=True, slots=True)
class TalkTime:
    """``talk_time``: seconds of all turns of the scope."""

    bounds: Range

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Of the call as a whole."""
        if not view.timed:
            return unknown(TIMES)
        return _measured(self.bounds, _speech_ms(view.turns[p] for p in positions) / 1000, "s of speech")


@dataclass(frozen=True, slots=True)
class TalkShare:
    """``talk_share``: turns of the scope, in per cent of all turns of the call by time."""

    bounds: Range

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Of the call as a whole."""
        if not view.timed:
            return unknown(TIMES)
        everybody = _speech_ms(view.turns)
        if not everybody:
            return no("nobody speaks")
        own = _speech_ms(view.turns[position] for position in positions)
        return _measured(self.bounds, 100 * own / everybody, "% of the speech")


def _measured(bounds: Range, value: float, what: str) -> Outcome:
    """Whether a number lies in its bounds, with the number."""
    note = f"{value if isinstance(value, int) else round(value, 1)} {what}"
    return yes(note=note) if bounds.holds(value) else no(note)


def _length(value: Range, condition: Condition, tools: Toolbox) -> TurnOperator:
    return Length(value)


def _chars(value: Range, condition: Condition, tools: Toolbox) -> TurnOperator:
    return Characters(value)


def _repeat(value: Repeat, condition: Condition, tools: Toolbox) -> TurnOperator:
    return Again(value, compile_all(value.excludes, tools.words))


def _hangup(value: Hangup, condition: Condition, tools: Toolbox) -> CallOperator:
    return Ending(value)


def _duration(value: Range, condition: Condition, tools: Toolbox) -> CallOperator:
    return Duration(value)


def _turn_count(value: Range, condition: Condition, tools: Toolbox) -> CallOperator:
    return TurnCount(value)


def _talk_time(value: Range, condition: Condition, tools: Toolbox) -> CallOperator:
    return TalkTime(value)


def _talk_share(value: Range, condition: Condition, tools: Toolbox) -> CallOperator:
    return TalkShare(value)


TURN_OPERATORS: Mapping[str, TurnBuilder] = {"length": _length, "chars": _chars, "repeat": _repeat}
CALL_OPERATORS: Mapping[str, CallBuilder] = {
    "hangup": _hangup,
    "duration": _duration,
    "turn_count": _turn_count,
    "talk_time": _talk_time,
    "talk_share": _talk_share,
}
