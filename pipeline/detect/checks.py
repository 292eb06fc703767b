"""Rules that no single phrase raises: absence, order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import Outcome, Place, no, unknown, yes
from pipeline.detect.context import CompiledContext
from pipeline.detect.demands import CompiledNeighbour, InSentence, met, places
from pipeline.detect.patterns import Pattern, Patterns, compile_all
from pipeline.detect.raised import Raised
from pipeline.detect.view import CallView, test_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.detect.schema import Absent, FieldTest, Order

_OPENING_TURNS = 2


def _nowhere(places: Iterator[Place]) -> Outcome:
    """It must not be said; where it is, the first place is shown."""
    said = next(places, None)
    return yes() if said is None else Outcome(holds=False, places=(said,))


def _opens(view: CallView, opening: Patterns) -> Outcome:
    """Whether the transcript begins where a call begins."""
    if not opening:
        return yes()
    found = next((place for place in places(view, opening) if place.turn < _OPENING_TURNS), None)
    return no() if found is None else yes(found)


def _known(when: Mapping[str, FieldTest], view: CallView) -> Outcome:
    """Whether the metadata are such that the rule applies."""
    verdict = test_fields(when, view.fields)
    if verdict.holds:
        return yes()
    return unknown(verdict.unknown[0]) if verdict.unknown else no()


def _all_asked(asked: Iterator[tuple[str, Outcome]]) -> tuple[Outcome, ...] | None:
    """The answers, unless one of them is no; what comes behind it is not asked any more."""
    answers = []
    for _, answer in asked:
        if answer.holds is False:
            return None
        answers.append(answer)
    return tuple(answers)


def _missing(answers: Sequence[Outcome]) -> str | None:
    """The first thing that would have to be known."""
    return next((answer.missing for answer in answers if answer.missing), None)


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
        answers = _all_asked(self.asked(view))
        if answers is not None:
            own = self._own(view)
            yield Raised(
                position=None,
                confidence=self.rule.confidence,
                missing=_missing(answers),
                review=not self._well_heard(view, own) or self._sounds_said(view, own),
            )

    def asked(self, view: CallView) -> Iterator[tuple[str, Outcome]]:
        """What must hold for the absence to count, in the order in which it is asked."""
        turns = sum(1 for _ in view.said_by(self.rule.says))
        yield "needs_turns", yes() if turns >= self.rule.needs_turns else no()
        yield "opening", _opens(view, self.opening)
        yield "text", _nowhere(self.said(view, self._own(view)))
        yield "unless_said", _nowhere(places(view, self.needless))
        for name, test in self.rule.satisfied_by.items():
            yield f"satisfied_by {name}", no() if test_fields({name: test}, view.fields).holds else yes()
        yield "when", _known(self.rule.when, view)

    def said(self, view: CallView, positions: Sequence[int]) -> Iterator[Place]:
        """Where it is said after all."""
        for place in places(view, self.text, self.rule.says):
            line = view.lines[place.turn]
            if place.turn in positions and not any(
                context.spares(line, place.start, place.end) for context in self.unless
            ):
                yield place

    def _own(self, view: CallView) -> list[int]:
        """The turns that are read."""
        return list(view.said_by(self.rule.says))[: self.rule.within]

    def _well_heard(self, view: CallView, positions: list[int]) -> bool:
        """Whether silence is proof: what was said may have been misheard."""
        sure = [c for p in positions if (c := view.turns[p].asr_confidence) is not None]
        return not sure or sum(sure) / len(sure) >= self.rule.well_heard

    def _sounds_said(self, view: CallView, positions: list[int]) -> bool:
        """Whether something sounds as if it had been said after all."""
        heard = view.by_sound
        return heard is not None and next(self.said(heard, positions), None) is not None

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
        answers = _all_asked(self.asked(view))
        for stretch in self.said(view) if answers is not None else ():
            if next(self.happened(view, stretch.turn), None) is not None:
                return
            if self.counts(view, stretch):
                yield Raised(
                    position=stretch.turn,
                    start=stretch.start,
                    end=stretch.end,
                    confidence=self.rule.confidence,
                    missing=_missing(answers or ()),
                )
                return

    def asked(self, view: CallView) -> Iterator[tuple[str, Outcome]]:
        """What must hold of the call for its order to count."""
        yield "opening", _opens(view, self.opening)
        yield "when", _known(self.rule.when, view)

    def said(self, view: CallView) -> Iterator[Place]:
        """Where that is said which may come later only."""
        return places(view, self.then, self.rule.says)

    def happened(self, view: CallView, position: int) -> Iterator[Place]:
        """What came before ``position`` and had to."""
        for first in self.first:
            yield from first.near(view, position, back=True)

    def counts(self, view: CallView, stretch: Place) -> bool:
        """Whether nothing in the sentence spares the stretch."""
        return met(InSentence(self.without), view, stretch.turn, stretch.start, stretch.end)

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return (*self.then, *self.without, *self.opening, *(p for first in self.first for p in first.text))
