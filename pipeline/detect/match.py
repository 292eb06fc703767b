"""The hits of a rule in single turns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import Place
from pipeline.detect.context import turnings_of
from pipeline.detect.demands import (
    CompiledNeighbour,
    Demand,
    FirstTurns,
    InContext,
    InPassage,
    InSentence,
    InTurn,
    NearTurn,
    all_met,
)
from pipeline.detect.patterns import Pattern, Patterns, compile_all
from pipeline.detect.raised import Raised
from pipeline.detect.view import CallView, test_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from pipeline.detect.context import CompiledContext
    from pipeline.detect.schema import FieldTest, Hit, Rule, RulePack


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledHit:
    """A hit ready for matching.

    Attributes:
        says: whose turns.
        text: the words that are the evidence.
        demands: all else that must hold around them, what is cheap to ask first.
        of_turn, of_stretch: the same, apart: those that look at the turn and its neighbours, whatever words
            of it are the evidence, and those that look at what stands around the words.
        when: what must hold of the metadata.
    """

    hit: Hit
    says: str
    text: Patterns
    demands: tuple[Demand, ...]
    of_turn: tuple[Demand, ...]
    of_stretch: tuple[Demand, ...]
    when: Mapping[str, FieldTest]

    @classmethod
    def of(
        cls,
        hit: Hit,
        rule: Rule,
        pack: RulePack,
        words: Mapping[str, tuple[str, ...]],
        contexts: Mapping[str, tuple[CompiledContext, ...]],
    ) -> CompiledHit:
        """Compile a hit; contexts are the hit's own, else the rule's, else the pack's."""
        names = next(n for n in (hit.unless, rule.unless, pack.unless) if n is not None)
        unless = tuple(context for name in names for context in contexts[name])
        demands = tuple(_demands(hit, rule, pack, unless, words))
        return cls(
            hit=hit,
            says=rule.says,
            text=compile_all(hit.text, words),
            demands=demands,
            of_turn=tuple(demand for demand in demands if demand.of_turn),
            of_stretch=tuple(demand for demand in demands if not demand.of_turn),
            when=hit.when,
        )

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return (*self.text, *(pattern for demand in self.demands for pattern in demand.searched))

    def find(self, view: CallView) -> tuple[Raised, ...]:
        """The hits in all turns of the rule's speaker, the longest one a turn; looked for once a call."""
        found: tuple[Raised, ...] | None = view.found.get(self)
        if found is None:
            found = tuple(self.find_within(view)) if view.may_say(self.text) else ()
            view.found[self] = found
        return found

    def find_within(self, view: CallView, within: AbstractSet[int] | None = None) -> Iterator[Raised]:
        """The same in some turns, given by position, and looked for whenever it is asked for.

        Words, metadata and neighbours decide; what else is known of the call does not.
        """
        missing, undecided = None, False
        if self.when:  # asked first: it is one look for the whole call
            verdict = test_fields(self.when, view.fields)
            undecided = not verdict.holds and bool(verdict.unknown)
            if not verdict.holds and (not undecided or self.hit.if_unknown == "ignore"):
                return
            if undecided and self.hit.if_unknown == "cannot_decide":
                missing = verdict.unknown[0]
        spans = view.spans if within is None else partial(view.spans_within, within=within)
        for position, found in spans(self.text, self.says).items():
            counting = self._counting(view, position, found)
            if counting is not None:
                yield Raised(
                    position=position,
                    start=counting[0],
                    end=counting[1],
                    confidence=self.hit.confidence,
                    severity=self.hit.severity,
                    reason=self.hit.reason,
                    missing=missing,
                    review=undecided,
                )

    def _counting(
        self, view: CallView, position: int, spans: Collection[tuple[int, int]]
    ) -> tuple[int, int] | None:
        """The longest stretch of a turn that meets all demands."""
        if not all_met(self.of_turn, view, position, 0, 0):
            return None
        for span in longest_first(spans):
            if all_met(self.of_stretch, view, position, *span):
                return span
        return None

    def counts(self, view: CallView, position: int, start: int, end: int) -> bool:
        """Whether a stretch that ``text`` matches meets all demands."""
        return all_met(self.demands, view, position, start, end)


@dataclass(frozen=True, slots=True)
class Barred:
    """``never``: turns that are no such act, whoever sees one there."""

    hits: tuple[CompiledHit, ...]
    label: str = "never"
    wanted: bool = False
    of_turn: bool = True

    @classmethod
    def of(cls, rule: Rule, pack: RulePack, words: Mapping[str, tuple[str, ...]]) -> Barred:
        """Compile what bars a rule: nothing spares those words but what they say themselves."""
        bare = rule.model_copy(update={"never": (), "unless": (), "unless_text": ()})
        return cls(tuple(CompiledHit.of(hit, bare, pack, words, {}) for hit in rule.never))

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return tuple(pattern for hit in self.hits for pattern in hit.searched)

    def seen(self, view: CallView, position: int, start: int, end: int) -> Iterator[Place]:
        """What bars the turn."""
        for raised in self.raised(view):
            if raised.position == position:
                yield Place(position, raised.start, raised.end)

    def raised(self, view: CallView) -> Iterator[Raised]:
        """What bars turns of this call."""
        for hit in self.hits:
            yield from hit.find(view)


def longest_first(spans: Collection[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Stretches in the order in which a hit tries them; the first that counts is the evidence."""
    return spans if len(spans) == 1 else sorted(spans, key=lambda span: (span[0] - span[1], span))


def _demands(
    hit: Hit,
    rule: Rule,
    pack: RulePack,
    unless: tuple[CompiledContext, ...],
    words: Mapping[str, tuple[str, ...]],
) -> Iterator[Demand]:
    """What a hit demands besides its words."""
    if hit.first_turns is not None:
        yield FirstTurns(hit.first_turns)
    if hit.without_turn:
        yield InTurn("without_turn", False, compile_all(hit.without_turn, words))
    if hit.also:
        yield InTurn("also", True, compile_all(hit.also, words))
    if hit.without_passage:
        yield InPassage(compile_all(hit.without_passage, words), turnings_of(words))
    if hit.without:
        yield InSentence(compile_all(hit.without, words))
    if rule.unless_text:
        yield InSentence(compile_all(rule.unless_text, words), "unless_text")
    yield from map(InContext, unless)
    if hit.after:
        yield NearTurn("after", CompiledNeighbour.of(hit.after, words), back=True, wanted=True)
    if hit.not_after:
        yield NearTurn("not_after", CompiledNeighbour.of(hit.not_after, words), back=True, wanted=False)
    if hit.before:
        yield NearTurn("before", CompiledNeighbour.of(hit.before, words), back=False, wanted=True)
    if rule.never:
        yield Barred.of(rule, pack, words)
