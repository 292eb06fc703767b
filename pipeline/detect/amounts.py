"""Rules about figures: what is stated against what the file knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pipeline.detect.demands import InSentence, met, places
from pipeline.detect.figures import Figure, days_in, yuan_in
from pipeline.detect.patterns import Pattern, Patterns, compile_all
from pipeline.detect.raised import Raised
from pipeline.types import words_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.detect.conditions.outcome import Place
    from pipeline.detect.schema import Amount
    from pipeline.detect.view import CallView


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
        known = self.known(view)
        for position, figure in self.stated(view):
            if not (known and self.agrees(figure, known)):
                yield Raised(
                    position=position,
                    start=figure.start,
                    end=figure.end,
                    confidence=self.rule.confidence,
                    missing=None if known else self.rule.ledger[0],
                    unclear=not self.heard(view, position, figure),
                )

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return (*self.text, *self.without)

    def known(self, view: CallView) -> list[Decimal]:
        """The figures of the file."""
        return [value for entry in self.rule.ledger if (value := _ledger(view.fields, entry)) is not None]

    def said(self, view: CallView) -> Iterator[Place]:
        """The stretches in which a figure may stand."""
        return places(view, self.text, self.rule.says)

    def counts(self, view: CallView, stretch: Place) -> bool:
        """Whether nothing in the sentence spares the stretch."""
        return met(InSentence(self.without), view, stretch.turn, stretch.start, stretch.end)

    def stated(self, view: CallView) -> Iterator[tuple[int, Figure]]:
        """The figures that are stated, with the positions of their turns."""
        read = yuan_in if self.rule.unit == "yuan" else days_in
        for stretch in self.said(view):
            if self.counts(view, stretch):
                for figure in read(view.folded[stretch.turn][stretch.start : stretch.end]):
                    yield (
                        stretch.turn,
                        replace(figure, start=stretch.start + figure.start, end=stretch.start + figure.end),
                    )

    def heard(self, view: CallView, position: int, figure: Figure) -> bool:
        """Whether every word of a figure was heard clearly."""
        words = words_at(view.turns[position], figure.start, figure.end)
        return all(word.probability >= self.rule.clear for word in words)

    def agrees(self, figure: Figure, known: list[Decimal]) -> bool:
        """Whether a figure is one of the file, or a sum or difference of two."""
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


def _ledger(fields: Mapping[str, Any], entry: str) -> Decimal | None:
    """A figure of the file: a field, or the difference of two (``total_due-principal``)."""
    values = [fields.get(name) for name in entry.split("-")]
    if any(value is None for value in values):
        return None
    first, *rest = (Decimal(str(value)) for value in values)
    return first - sum(rest)
