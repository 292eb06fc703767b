"""The hits of a rule in single turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.context import CompiledContext, sentence_at
from pipeline.detect.patterns import Pattern, any_match, compile_all
from pipeline.detect.raised import Raised
from pipeline.detect.view import CallView, speaks, test_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.detect.schema import Hit, Neighbour, Rule, RulePack


@dataclass(frozen=True, slots=True)
class CompiledNeighbour:
    """A neighbour ready for matching."""

    says: str
    text: tuple[Pattern, ...]
    within: int

    @classmethod
    def of(cls, neighbour: Neighbour, words: Mapping[str, tuple[str, ...]]) -> CompiledNeighbour:
        """Compile the patterns of a neighbour."""
        return cls(neighbour.says, compile_all(neighbour.text, words), neighbour.within)

    def found(self, view: CallView, position: int, *, back: bool) -> bool:
        """Whether such a turn stands before (``back``) or behind ``position``."""
        near = (
            range(max(0, position - self.within), position)
            if back
            else range(position + 1, min(len(view.turns), position + 1 + self.within))
        )
        return any(
            speaks(view.turns[i], self.says) and any_match(self.text, view.folded[i], view.fields)
            for i in near
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledHit:
    """A hit ready for matching."""

    hit: Hit
    says: str
    text: tuple[Pattern, ...]
    also: tuple[Pattern, ...]
    without: tuple[Pattern, ...]
    without_turn: tuple[Pattern, ...]
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

    def find(self, view: CallView) -> Iterator[Raised]:
        """The hits in all turns of the rule's speaker; the longest one a turn."""
        for position in view.said_by(self.says):
            if self.hit.first_turns is not None and view.rank[position] >= self.hit.first_turns:
                continue
            best = max(self._in_turn(view, position), key=lambda span: span[1] - span[0], default=None)
            if best is not None and self._neighbours_agree(view, position):
                raised = self._weigh(view, position, *best)
                if raised is not None:
                    yield raised

    def _in_turn(self, view: CallView, position: int) -> Iterator[tuple[int, int]]:
        folded, fields = view.folded[position], view.fields
        if any_match(self.without_turn, folded, fields):
            return
        if self.also and not any_match(self.also, folded, fields):
            return
        for pattern in self.text:
            for match in pattern.finditer(folded, fields):
                start, end = match.span()
                sentence = sentence_at(folded, start, end)
                if any_match(self.without, folded[sentence.start : sentence.end], fields):
                    continue
                if any(context.spares(folded, start, end, fields) for context in self.unless):
                    continue
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
