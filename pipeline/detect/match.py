"""The hits of a rule in single turns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from pipeline.detect.context import CompiledContext, sentence_at
from pipeline.detect.patterns import Pattern, Patterns, compile_all
from pipeline.detect.raised import Raised
from pipeline.detect.view import CallView, test_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.detect.schema import Hit, Neighbour, Rule, RulePack


@dataclass(frozen=True, slots=True)
class CompiledNeighbour:
    """A neighbour ready for matching."""

    says: str
    text: Patterns
    within: int

    @classmethod
    def of(cls, neighbour: Neighbour, words: Mapping[str, tuple[str, ...]]) -> CompiledNeighbour:
        """Compile the patterns of a neighbour."""
        return cls(neighbour.says, compile_all(neighbour.text, words), neighbour.within)

    def found(self, view: CallView, position: int, *, back: bool) -> bool:
        """Whether such a turn stands before (``back``) or behind ``position``."""
        near = (
            range(position - self.within, position)
            if back
            else range(position + 1, position + 1 + self.within)
        )
        return any(i in near for i in view.spans(self.text, self.says))


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledHit:
    """A hit ready for matching."""

    hit: Hit
    says: str
    text: Patterns
    also: Patterns
    without: Patterns
    without_turn: Patterns
    after: CompiledNeighbour | None
    not_after: CompiledNeighbour | None
    before: CompiledNeighbour | None
    unless: tuple[CompiledContext, ...]

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

        def neighbour(part: Neighbour | None) -> CompiledNeighbour | None:
            return CompiledNeighbour.of(part, words) if part else None

        return cls(
            hit=hit,
            says=rule.says,
            text=compile_all(hit.text, words),
            also=compile_all(hit.also, words),
            without=compile_all((*rule.unless_text, *hit.without), words),
            without_turn=compile_all(hit.without_turn, words),
            after=neighbour(hit.after),
            not_after=neighbour(hit.not_after),
            before=neighbour(hit.before),
            unless=tuple(context for name in names for context in contexts[name]),
        )

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        near = (part.text for part in (self.after, self.not_after, self.before) if part)
        spared = (pattern for context in self.unless for pattern in context.text)
        own = (self.text, self.also, self.without, self.without_turn)
        return (*chain.from_iterable((*own, *near)), *spared)

    def find(self, view: CallView) -> Iterator[Raised]:
        """The hits in all turns of the rule's speaker; the longest one a turn."""
        for position, spans in view.spans(self.text, self.says).items():
            if self.hit.first_turns is not None and view.rank[position] >= self.hit.first_turns:
                continue
            best = max(self._unspared(view, position, spans), key=lambda s: s[1] - s[0], default=None)
            if best is not None and self._neighbours_agree(view, position):
                raised = self._weigh(view, position, *best)
                if raised is not None:
                    yield raised

    def _unspared(
        self, view: CallView, position: int, spans: set[tuple[int, int]]
    ) -> Iterator[tuple[int, int]]:
        line = view.lines[position]
        if line.says(self.without_turn) or (self.also and not line.says(self.also)):
            return
        for start, end in sorted(spans):
            sentence = sentence_at(line.text, start, end)
            if line.says(self.without, sentence.start, sentence.end):
                continue
            if not any(context.spares(line, start, end) for context in self.unless):
                yield start, end

    def _neighbours_agree(self, view: CallView, position: int) -> bool:
        if self.after and not self.after.found(view, position, back=True):
            return False
        if self.not_after and self.not_after.found(view, position, back=True):
            return False
        return self.before is None or self.before.found(view, position, back=False)

    def _weigh(self, view: CallView, position: int, start: int, end: int) -> Raised | None:
        verdict = test_fields(self.hit.when, view.fields)
        undecided = not verdict.holds and bool(verdict.unknown)
        if not verdict.holds and (not undecided or self.hit.if_unknown == "ignore"):
            return None
        return Raised(
            position=position,
            start=start,
            end=end,
            confidence=self.hit.confidence,
            severity=self.hit.severity,
            reason=self.hit.reason,
            missing=verdict.unknown[0] if undecided and self.hit.if_unknown == "cannot_decide" else None,
            review=undecided,
        )
