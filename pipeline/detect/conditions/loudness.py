"""Operators over how loud turns are.

They carry over Alibaba's ``ASR_EMOTION`` (its levels are steps of 10 dB) and Amazon's ``Loudness``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import Outcome, Place, no, unknown, yes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.detect.conditions.operators import (
        CallBuilder,
        CallOperator,
        Toolbox,
        TurnBuilder,
        TurnOperator,
    )
    from pipeline.detect.schema.conditions import Condition, Loudness
    from pipeline.detect.schema.parts import Range
    from pipeline.detect.view import CallView
    from pipeline.types import Role, Turn

LEVELS = "levels"
"""What is missing where turns have no level."""


@dataclass(frozen=True, slots=True)
class Loud:
    """``loudness``: level of a turn, alone and against the same speaker's other turns."""

    loudness: Loudness

    def at(self, view: CallView, position: int) -> Outcome:
        """The turn; what it is measured against must be known."""
        turn = view.turns[position]
        last = next((t for t in reversed(view.turns[:position]) if t.role is turn.role), None)
        if self.loudness.jump and last is None:
            return no("the speaker's first turn")
        notes = []
        lacking = False
        for wanted, value, what in self._measured(view, turn, last):
            if value is None:
                lacking = True
                continue
            notes.append(f"{value:.1f} {what}")
            if not wanted.holds(value):
                return no("; ".join(notes))
        if lacking:
            return unknown(LEVELS)
        return yes(note="; ".join(notes))

    def _measured(
        self, view: CallView, turn: Turn, last: Turn | None
    ) -> Iterator[tuple[Range, float | None, str]]:
        own = [t.level_db for t in view.turns if t.role is turn.role and t.level_db is not None]
        if self.loudness.level:
            yield self.loudness.level, turn.level_db, "dB of full scale"
        if self.loudness.above_own:
            usual = median(own) if own else None
            yield self.loudness.above_own, _above(turn.level_db, usual), "dB above the speaker's median"
        if self.loudness.jump:
            before = last.level_db if last else None
            yield self.loudness.jump, _above(turn.level_db, before), "dB above the turn before"


def _above(level: float | None, other: float | None) -> float | None:
    """Difference of two levels; rounded, so that 6 dB are 6 dB."""
    return None if level is None or other is None else round(level - other, 2)


@dataclass(frozen=True, slots=True)
class LoudnessSpan:
    """``loudness`` with ``span``: between a speaker's loudest and softest turn of the scope."""

    span: Range

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """The loudest turn of a speaker whose levels lie so far apart."""
        levels: defaultdict[Role, list[tuple[float, int]]] = defaultdict(list)
        for position in positions:
            turn = view.turns[position]
            if turn.level_db is None:
                return unknown(LEVELS)
            levels[turn.role].append((turn.level_db, position))
        spans = [(round(max(own)[0] - min(own)[0], 2), max(own)[1]) for own in levels.values()]
        note = "; ".join(f"{span:.1f} dB from softest to loudest" for span, _ in spans)
        places = [Place(loudest) for span, loudest in spans if self.span.holds(span)]
        return yes(*sorted(places), note=note) if places else no(note)


def _loudness(value: Loudness, condition: Condition, tools: Toolbox) -> TurnOperator | None:
    return Loud(value) if value.level or value.above_own or value.jump else None


def _span(value: Loudness, condition: Condition, tools: Toolbox) -> CallOperator | None:
    return LoudnessSpan(value.span) if value.span else None


TURN_OPERATORS: Mapping[str, TurnBuilder] = {"loudness": _loudness}
CALL_OPERATORS: Mapping[str, CallBuilder] = {"loudness": _span}
