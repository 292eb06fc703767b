"""Rules that no single phrase raises: absence, order, the clock, figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pipeline.detect.context import CompiledContext, sentence_at
from pipeline.detect.figures import Figure, days_in, yuan_in
from pipeline.detect.match import CompiledNeighbour
from pipeline.detect.patterns import Pattern, Patterns, compile_all
from pipeline.detect.raised import Raised
from pipeline.detect.view import CallView, test_fields
from pipeline.types import words_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.detect.schema import Absent, Amount, Clock, Order

_OPENING_TURNS = 2


def _anybody_says(view: CallView, patterns: Patterns) -> bool:
    return bool(view.spans(patterns))


def _opens(view: CallView, opening: Patterns) -> bool:
    """Whether the transcript begins where a call begins."""
    return not opening or any(position < _OPENING_TURNS for position in view.spans(opening))


@dataclass(frozen=True, slots=True)
class AbsentCheck:
    """Something that should be said and is not."""

    rule: Absent
    text: Patterns
    unless: tuple[CompiledContext, ...]
    opening: Patterns
    needless: Patterns

    @classmethod
    def of(
        cls,
        rule: Absent,
        words: Mapping[str, tuple[str, ...]],
        contexts: Mapping[str, tuple[CompiledContext, ...]],
    ) -> AbsentCheck:
        """Compile the patterns of an absence."""
        return cls(
            rule,
            compile_all(rule.text, words),
            tuple(context for name in rule.unless for context in contexts[name]),
            compile_all(rule.opening, words),
            compile_all(rule.unless_said, words),
        )

    def find(self, view: CallView) -> Iterator[Raised]:
        """At most one finding, about the whole call."""
        own = list(view.said_by(self.rule.says))
        if len(own) < self.rule.needs_turns or not _opens(view, self.opening):
            return
        if self._said(view, own[: self.rule.within]):
            return
        if _anybody_says(view, self.needless):
            return
        if any(test_fields({name: test}, view.fields).holds for name, test in self.rule.satisfied_by.items()):
            return
        verdict = test_fields(self.rule.when, view.fields)
        if verdict.holds or verdict.unknown:
            missing = verdict.unknown[0] if verdict.unknown else None
            yield Raised(
                position=None,
                confidence=self.rule.confidence,
                missing=missing,
                review=not self._well_heard(view, own[: self.rule.within]) or self._sounds_said(view, own),
            )

    def _well_heard(self, view: CallView, positions: list[int]) -> bool:
        """Whether silence is proof: what was said may have been misheard."""
        sure = [c for p in positions if (c := view.turns[p].asr_confidence) is not None]
        return not sure or sum(sure) / len(sure) >= self.rule.well_heard

    def _sounds_said(self, view: CallView, own: list[int]) -> bool:
        """Whether something sounds as if it had been said after all."""
        heard = view.by_sound
        return heard is not None and self._said(heard, own[: self.rule.within])

    def _said(self, view: CallView, positions: list[int]) -> bool:
        return any(
            not any(context.spares(view.lines[position], *span) for context in self.unless)
            for position, spans in view.spans(self.text, self.rule.says).items()
            if position in positions
            for span in spans
        )

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        spared = (pattern for context in self.unless for pattern in context.text)
        return (*self.text, *self.opening, *self.needless, *spared)


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """Something that may only be said once something else has happened."""

    rule: Order
    then: Patterns
    without: Patterns
    first: tuple[CompiledNeighbour, ...]
    opening: Patterns

    @classmethod
    def of(cls, rule: Order, words: Mapping[str, tuple[str, ...]]) -> OrderCheck:
        """Compile the patterns of an order."""
        return cls(
            rule,
            compile_all(rule.then, words),
            compile_all(rule.without, words),
            tuple(CompiledNeighbour.of(part, words) for part in rule.first),
            compile_all(rule.opening, words),
        )

    def find(self, view: CallView) -> Iterator[Raised]:
        """At most one finding: the first stretch that came too early."""
        if not _opens(view, self.opening):
            return
        verdict = test_fields(self.rule.when, view.fields)
        if not verdict.holds and not verdict.unknown:
            return
        said = view.spans(self.then, self.rule.says)
        for position, spans in said.items():
            if any(first.found(view, position, back=True) for first in self.first):
                return
            span = self._broken(view, position, spans)
            if span:
                missing = verdict.unknown[0] if verdict.unknown else None
                yield Raised(
                    position=position,
                    start=span[0],
                    end=span[1],
                    confidence=self.rule.confidence,
                    missing=missing,
                )
                return

    def _broken(self, view: CallView, position: int, spans: set[tuple[int, int]]) -> tuple[int, int] | None:
        folded = view.folded[position]
        for start, end in sorted(spans):
            sentence = sentence_at(folded, start, end)
            if not view.lines[position].says(self.without, sentence.start, sentence.end):
                return start, end
        return None

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return (*self.then, *self.without, *self.opening, *(p for first in self.first for p in first.text))


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """A call at an hour when nobody may be called."""

    rule: Clock
    asked_for: Patterns

    @classmethod
    def of(cls, rule: Clock, words: Mapping[str, tuple[str, ...]]) -> ClockCheck:
        """Compile the patterns of a clock."""
        return cls(rule, compile_all(rule.unless_said, words))

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return self.asked_for

    def find(self, view: CallView) -> Iterator[Raised]:
        """At most one finding, about the whole call."""
        verdict = test_fields(self.rule.when, view.fields)
        agreed = self.rule.unless_field is not None and view.fields.get(self.rule.unless_field)
        agreed = agreed or _anybody_says(view, self.asked_for)
        if agreed or (not verdict.holds and not verdict.unknown):
            return
        started_at = view.fields.get("started_at")
        if not isinstance(started_at, datetime):
            yield Raised(position=None, confidence=1.0, missing="started_at")
            return
        for band in self.rule.bands:
            if _inside(started_at.time(), time.fromisoformat(band.start), time.fromisoformat(band.end)):
                missing = verdict.unknown[0] if verdict.unknown else None
                yield Raised(position=None, confidence=1.0, severity=band.severity, missing=missing)
                return


def _ledger(fields: Mapping[str, Any], entry: str) -> Decimal | None:
    """A figure of the file: a field, or the difference of two (``total_due-principal``)."""
    values = [fields.get(name) for name in entry.split("-")]
    if any(value is None for value in values):
        return None
    first, *rest = (Decimal(str(value)) for value in values)
    return first - sum(rest)


def _inside(moment: time, start: time, end: time) -> bool:
    return start <= moment < end if start <= end else moment >= start or moment < end


@dataclass(frozen=True, slots=True)
class AmountCheck:
    """A figure that the file does not know."""

    rule: Amount
    text: Patterns
    without: Patterns

    @classmethod
    def of(cls, rule: Amount, words: Mapping[str, tuple[str, ...]]) -> AmountCheck:
        """Compile the patterns of a figure."""
        return cls(rule, compile_all(rule.text, words), compile_all(rule.without, words))

    def find(self, view: CallView) -> Iterator[Raised]:
        """Every figure that is off."""
        known = [value for entry in self.rule.ledger if (value := _ledger(view.fields, entry)) is not None]
        said = view.spans(self.text, self.rule.says)
        for position, spans in said.items():
            for figure in self._stated(view, position, spans):
                if known and self._agrees(figure, known):
                    continue
                yield Raised(
                    position=position,
                    start=figure.start,
                    end=figure.end,
                    confidence=self.rule.confidence,
                    missing=None if known else self.rule.ledger[0],
                    unclear=not self._heard(view, position, figure),
                )

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return (*self.text, *self.without)

    def _stated(self, view: CallView, position: int, spans: set[tuple[int, int]]) -> Iterator[Figure]:
        folded = view.folded[position]
        read = yuan_in if self.rule.unit == "yuan" else days_in
        for start, end in sorted(spans):
            sentence = sentence_at(folded, start, end)
            if view.lines[position].says(self.without, sentence.start, sentence.end):
                continue
            for figure in read(folded[start:end]):
                yield replace(figure, start=start + figure.start, end=start + figure.end)

    def _heard(self, view: CallView, position: int, figure: Figure) -> bool:
        words = words_at(view.turns[position], figure.start, figure.end)
        return all(word.probability >= self.rule.clear for word in words)

    def _agrees(self, figure: Figure, known: list[Decimal]) -> bool:
        possible = {
            *known,
            *(abs(a - b) for a, b in combinations(known, 2)),
            *(a + b for a, b in combinations(known, 2)),
        }
        if self.rule.direction == "over" and figure.value <= max(known):
            return True
        if not figure.exact:  # a lower bound can only be too high
            return figure.value <= max(known) + self._slack(max(known))
        return any(abs(figure.value - one) <= self._slack(one) for one in possible)

    def _slack(self, figure: Decimal) -> Decimal:
        return max(figure * Decimal(str(self.rule.tolerance)), Decimal(str(self.rule.at_least)))
