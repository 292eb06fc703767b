"""Operators over how the parties follow each other: silence, overlap, rate.

They carry over Alibaba's ``INTERVAL_GREATER`` (silence), ``GRAB_WORDS`` (overlap) and
``SPEECH_SPEED_CHECK`` (rate), and Amazon's ``NonTalkTime`` and ``Interruptions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.conditions.extent import length_ms, spoken
from pipeline.detect.conditions.outcome import Outcome, Place, no, unknown, yes
from pipeline.detect.conditions.scope import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.detect.conditions.operators import (
        CallBuilder,
        CallOperator,
        Toolbox,
        TurnBuilder,
        TurnOperator,
    )
    from pipeline.detect.schema.conditions import Condition, Overlap, Rate, Silence
    from pipeline.detect.view import CallView
    from pipeline.types import Turn

CHANNELS = "channels"
"""What is missing where two parties on one channel speak at once: words of only one of them were heard."""


def other_party(one: Turn, other: Turn) -> bool:
    """Whether two turns are of the agent and of the customer; an unknown speaker is nobody's other."""
    return one.role is not other.role and one.role is other.role.other


@dataclass(frozen=True, slots=True)
class Pause:
    """``silence``: nobody speaks before the turn, counted from the last word of whoever spoke last.

    The first turn has no silence before it: a recording may begin with the ringing. (``turns`` and
    ``seconds`` tell when a call's first turn comes.) Where a machine speaks in between there is none.
    """

    silence: Silence

    def at(self, view: CallView, position: int) -> Outcome:
        """The turn behind the silence."""
        if not view.timed:
            return unknown(TIMES)
        quiet = self.before(view, position)
        if quiet is None:
            return no()
        note = f"{quiet / 1000:.1f} s of silence"
        return yes(note=note) if self.silence.seconds.holds(quiet / 1000) else no(note)

    def before(self, view: CallView, position: int) -> int | None:
        """Milliseconds of silence before a turn, ``None`` where it has none that counts."""
        turn = view.turns[position]
        if position == 0 or turn.index != view.turns[position - 1].index + 1:
            return None
        last = max(view.turns[:position], key=lambda t: t.end_ms or 0)
        if not self._follows(last, turn):
            return None
        return max((turn.start_ms or 0) - (last.end_ms or 0), 0)

    def _follows(self, last: Turn, turn: Turn) -> bool:
        after = self.silence.after
        if after == "other":
            return other_party(last, turn)
        if after == "same":
            return last.role is turn.role
        return after in ("anyone", last.role.value)


@dataclass(frozen=True, slots=True)
class AllPauses:
    """``silence`` with ``total``: the silence before all turns of the scope together."""

    pause: Pause

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """The turn behind the longest silence."""
        if not view.timed:
            return unknown(TIMES)
        quiet = {p: ms for p in positions if (ms := self.pause.before(view, p))}
        total = sum(quiet.values()) / 1000
        note = f"{total:.1f} s of silence in all"
        if not self.pause.silence.seconds.holds(total):
            return no(note)
        return yes(*(Place(p) for p in sorted(quiet, key=lambda p: -quiet[p])[:1]), note=note)


@dataclass(frozen=True, slots=True)
class Interruption:
    """``overlap``: the turn begins while the other party is still speaking.

    On one channel two voices at once are heard, but the words of only one of them are told apart, so
    that the times of turns say too little about how long both speak.
    """

    overlap: Overlap

    def at(self, view: CallView, position: int) -> Outcome:
        """The interrupting turn."""
        turn = view.turns[position]
        if len(spoken(view, position)) < self.overlap.min_chars:
            return no("a back-channel")
        if not view.timed:
            return unknown(TIMES)
        both = max(self._shared(view, position), default=0) / 1000
        note = f"both speak for {both:.1f} s"
        if both and self.overlap.seconds.holds(both):
            return yes(note=note)
        return unknown(CHANNELS) if _mixed(turn, view, position) else no(note)

    def _shared(self, view: CallView, position: int) -> Iterator[int]:
        turn = view.turns[position]
        begins, ends = turn.start_ms or 0, turn.end_ms or 0
        for other in view.turns[:position]:
            spoke, left = begins - (other.start_ms or 0), (other.end_ms or 0) - begins
            if spoke > 0 and left > 0 and spoke >= self.overlap.late * 1000 and other_party(turn, other):
                yield min(left, ends - begins)


def _mixed(turn: Turn, view: CallView, position: int) -> bool:
    """Whether both speak at once where the turn follows the other party's, on one channel."""
    if turn.channel is not None or position == 0:
        return False
    last = view.turns[position - 1]
    return turn.overlap and last.overlap and other_party(turn, last)


@dataclass(frozen=True, slots=True)
class Speed:
    """``rate``: characters a minute from the turn's first word to its last; marks do not count."""

    rate: Rate

    def at(self, view: CallView, position: int) -> Outcome:
        """The turn."""
        return self.of(view, (position,))

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """All turns together that are long enough."""
        said = {p: n for p in positions if (n := len(spoken(view, p))) >= self.rate.min_chars}
        if not said:
            return no(f"fewer than {self.rate.min_chars} characters")
        lasted = [length_ms(view.turns[position]) for position in said]
        if not all(lasted):
            return unknown(TIMES)
        speed = sum(said.values()) * 60_000 / sum(ms or 0 for ms in lasted)
        note = f"{speed:.0f} characters a minute"
        return yes(note=note) if self.rate.value.holds(speed) else no(note)


def _silence(value: Silence, condition: Condition, tools: Toolbox) -> TurnOperator | None:
    return None if value.total else Pause(value)


def _silence_in_all(value: Silence, condition: Condition, tools: Toolbox) -> CallOperator | None:
    return AllPauses(Pause(value)) if value.total else None


def _overlap(value: Overlap, condition: Condition, tools: Toolbox) -> TurnOperator:
    return Interruption(value)


def _rate(value: Rate, condition: Condition, tools: Toolbox) -> TurnOperator | None:
    return None if value.average else Speed(value)


def _average_rate(value: Rate, condition: Condition, tools: Toolbox) -> CallOperator | None:
    return Speed(value) if value.average else None


TURN_OPERATORS: Mapping[str, TurnBuilder] = {
    "silence": _silence,
    "overlap": _overlap,
    "rate": _rate,
}
CALL_OPERATORS: Mapping[str, CallBuilder] = {
    "silence": _silence_in_all,
    "rate": _average_rate,
}
