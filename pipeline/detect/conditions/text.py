"""Operators over words: phrases, counts of phrases, closeness, numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise, product
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import NO, Outcome, Place, no, yes
from pipeline.detect.context import clause_at, sentence_at
from pipeline.detect.figures import days_in, numerals_in, percents_in, yuan_in
from pipeline.detect.patterns import Patterns, compile_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.detect.conditions.operators import (
        CallBuilder,
        CallOperator,
        Toolbox,
        TurnBuilder,
        TurnOperator,
    )
    from pipeline.detect.context import CompiledContext
    from pipeline.detect.figures import Figure
    from pipeline.detect.schema.conditions import AtLeast, Condition, Near, Number
    from pipeline.detect.view import CallView

_READERS: Mapping[str, Callable[[str], Iterator[Figure]]] = {
    "yuan": yuan_in,
    "days": days_in,
    "percent": percents_in,
    "any": numerals_in,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What spares a stretch of words: ``without``, ``without_turn``, ``unless``, ``clause_only``."""

    without: Patterns
    without_turn: Patterns
    unless: tuple[CompiledContext, ...]
    clause_only: bool

    @classmethod
    def of(cls, condition: Condition, tools: Toolbox) -> Guard:
        """Compile what a condition excludes.

        Raises:
            KeyError: a context is not there.
        """
        return cls(
            without=compile_all(condition.without, tools.words),
            without_turn=compile_all(condition.without_turn, tools.words),
            unless=tuple(c for name in condition.unless for c in tools.contexts[name]),
            clause_only=condition.clause_only,
        )

    def passes_turn(self, view: CallView, position: int) -> bool:
        """Whether the turn as a whole is not spared."""
        return not view.lines[position].says(self.without_turn)

    def passes(self, view: CallView, position: int, start: int, end: int) -> bool:
        """Whether a stretch of the turn counts."""
        line = view.lines[position]
        if self.clause_only and not _in_one_clause(line.text, start, end):
            return False
        sentence = sentence_at(line.text, start, end)
        if line.says(self.without, sentence.start, sentence.end):
            return False
        return not any(context.spares(line, start, end) for context in self.unless)


def _in_one_clause(folded: str, start: int, end: int) -> bool:
    """Whether a stretch crosses no mark between clauses."""
    return clause_at(folded, start, start + 1) == clause_at(folded, start, end)


def _spans(patterns: Patterns, guard: Guard, view: CallView, position: int) -> list[tuple[int, int]]:
    """Every stretch that a pattern matches and nothing spares, in order."""
    found = sorted(view.lines[position].spans(patterns))
    return [span for span in found if guard.passes(view, position, *span)]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``text``: one of the patterns."""

    patterns: Patterns
    guard: Guard

    def at(self, view: CallView, position: int) -> Outcome:
        """Every stretch that matches."""
        if not view.lines[position].may_say(self.patterns) or not self.guard.passes_turn(view, position):
            return NO
        spans = _spans(self.patterns, self.guard, view, position)
        return yes(*(Place(position, *span) for span in spans)) if spans else NO


@dataclass(frozen=True, slots=True)
class Count:
    """``all_of``, ``at_least``: so many of the patterns in one turn (with ``clause_only`` in one clause)."""

    phrases: tuple[Patterns, ...]
    n: int
    guard: Guard

    def at(self, view: CallView, position: int) -> Outcome:
        """The first stretch of each pattern, when there are enough."""
        if not self.guard.passes_turn(view, position):
            return NO
        found = [_spans(phrase, self.guard, view, position) for phrase in self.phrases]
        if self.guard.clause_only:
            return self._in_a_clause(view, position, found)
        said = [spans[0] for spans in found if spans]
        if len(said) < self.n:
            return no(f"{len(said)} of {self.n}")
        return yes(*(Place(position, *span) for span in sorted(said)), note=f"{len(said)} of {self.n}")

    def _in_a_clause(
        self, view: CallView, position: int, found: Sequence[Sequence[tuple[int, int]]]
    ) -> Outcome:
        clauses: dict[int, dict[int, tuple[int, int]]] = {}
        for number, spans in enumerate(found):
            for span in spans:
                clause = clause_at(view.folded[position], *span)
                clauses.setdefault(clause.start, {}).setdefault(number, span)
        best = max(clauses.values(), key=len, default={})
        if len(best) < self.n:
            return no(f"{len(best)} of {self.n} in a clause")
        return yes(*(Place(position, *span) for span in sorted(best.values())))


@dataclass(frozen=True, slots=True)
class CountAcross:
    """``at_least`` with ``across``: so many of the patterns in all turns of the scope."""

    phrases: tuple[Patterns, ...]
    n: int
    guard: Guard

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """The first stretch of each pattern, when there are enough."""
        found = [self._first(phrase, view, positions) for phrase in self.phrases]
        said = sorted(place for place in found if place)
        note = f"{len(said)} of {self.n}"
        return yes(*said, note=note) if len(said) >= self.n else no(note)

    def _first(self, phrase: Patterns, view: CallView, positions: Sequence[int]) -> Place | None:
        for position in positions:
            if self.guard.passes_turn(view, position):
                for span in _spans(phrase, self.guard, view, position):
                    return Place(position, *span)
        return None


@dataclass(frozen=True, slots=True)
class Close:
    """``near``: words at most so many characters apart."""

    near: Near
    phrases: tuple[Patterns, ...]
    guard: Guard

    def at(self, view: CallView, position: int) -> Outcome:
        """The tightest stretch that holds all words."""
        found = [_spans(phrase, self.guard, view, position) for phrase in self.phrases]
        if not self.guard.passes_turn(view, position) or not all(found):
            return NO
        fitting = [spans for spans in product(*found) if self._fits(spans)]
        whole = [(min(s for s, _ in spans), max(e for _, e in spans)) for spans in fitting]
        if self.guard.clause_only:
            whole = [span for span in whole if _in_one_clause(view.folded[position], *span)]
        if self.near.apart:
            return NO if whole else yes(Place(position, *found[0][0]))
        return yes(Place(position, *min(whole, key=lambda w: w[1] - w[0]))) if whole else NO

    def _fits(self, spans: Sequence[tuple[int, int]]) -> bool:
        ordered = sorted(spans)
        if self.near.ordered and list(spans) != ordered:
            return False
        return all(0 <= b[0] - a[1] <= self.near.distance for a, b in pairwise(ordered))


@dataclass(frozen=True, slots=True)
class Numbers:
    """``number``: a figure inside bounds."""

    number: Number
    about: Patterns
    guard: Guard

    def at(self, view: CallView, position: int) -> Outcome:
        """Every figure that fits."""
        if not self.guard.passes_turn(view, position):
            return NO
        folded = view.folded[position]
        places = [
            Place(position, figure.start, figure.end)
            for figure in _READERS[self.number.unit](folded)
            if self._fits(figure.value) and self._about(view, position, figure)
        ]
        return yes(*places) if places else NO

    def _fits(self, value: Decimal) -> bool:
        if self.number.decimal is not None and self.number.decimal == (value == int(value)):
            return False
        return self.number.value is None or self.number.value.holds(float(value))

    def _about(self, view: CallView, position: int, figure: Figure) -> bool:
        line = view.lines[position]
        sentence = sentence_at(line.text, figure.start, figure.end)
        if self.about and not line.says(self.about, sentence.start, sentence.end):
            return False
        return self.guard.passes(view, position, figure.start, figure.end)


def _each(phrases: tuple[str, ...], tools: Toolbox) -> tuple[Patterns, ...]:
    """Phrases that must be told apart: the patterns of each."""
    return tuple(compile_all((phrase,), tools.words) for phrase in phrases)


def _any_of(value: tuple[str, ...], condition: Condition, tools: Toolbox) -> TurnOperator:
    return AnyOf(compile_all(value, tools.words), Guard.of(condition, tools))


def _all_of(value: tuple[str, ...], condition: Condition, tools: Toolbox) -> TurnOperator:
    return Count(_each(value, tools), len(value), Guard.of(condition, tools))


def _at_least(value: AtLeast, condition: Condition, tools: Toolbox) -> TurnOperator | None:
    if value.across:
        return None
    return Count(_each(value.of, tools), value.n, Guard.of(condition, tools))


def _at_least_across(value: AtLeast, condition: Condition, tools: Toolbox) -> CallOperator | None:
    if not value.across:
        return None
    return CountAcross(_each(value.of, tools), value.n, Guard.of(condition, tools))


def _near(value: Near, condition: Condition, tools: Toolbox) -> TurnOperator:
    return Close(value, _each(value.words, tools), Guard.of(condition, tools))


def _number(value: Number, condition: Condition, tools: Toolbox) -> TurnOperator:
    return Numbers(value, compile_all(value.about, tools.words), Guard.of(condition, tools))


TURN_OPERATORS: Mapping[str, TurnBuilder] = {
    "text": _any_of,
    "all_of": _all_of,
    "at_least": _at_least,
    "near": _near,
    "number": _number,
}
CALL_OPERATORS: Mapping[str, CallBuilder] = {"at_least": _at_least_across}
