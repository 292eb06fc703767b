"""One search for all patterns: which of them can match a turn at all.

Regular expressions in a loop cost what their number costs. Here the strings that they cannot do
without (:mod:`pipeline.detect.needles`) are looked up once a turn, all stretches of up to four
characters in one dictionary, and only patterns whose every group was found are searched.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.detect.needles import LONGEST, needles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.detect.needles import Group
    from pipeline.detect.patterns import Pattern, Patterns


MOST_GROUPS = 4
"""What stands in more groups than this spares no more searches than it costs."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """Patterns by the strings that they need.

    Attributes:
        always: patterns that need nothing in particular.
        groups: string -> the groups that it satisfies, one bit each.
        waiting: string -> the patterns whose rarest group it is in, with the bits of all their groups.
        known: every pattern's expression.
    """

    always: tuple[str, ...]
    groups: Mapping[str, int]
    waiting: Mapping[str, tuple[tuple[str, int], ...]]
    known: frozenset[str]
    _covered: dict[frozenset[str], bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, patterns: Iterable[Pattern]) -> Scanner:
        """Prepare a search for patterns; those of sounds for texts of sounds."""
        always: list[str] = []
        bits: dict[Group, int] = {}
        groups: defaultdict[str, int] = defaultdict(int)
        waiting: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        expressions = {pattern.expression: pattern.shape for pattern in patterns}
        for expression, shape in expressions.items():
            needed = needles(shape)[:MOST_GROUPS]
            if not needed:
                always.append(expression)
                continue
            wanted = 0
            for group in needed:
                if group not in bits:
                    bits[group] = 1 << len(bits)
                    for needle in group:
                        groups[needle] |= bits[group]
                wanted |= bits[group]
            for needle in needed[0]:
                waiting[needle].append((expression, wanted))
        frozen = {needle: tuple(found) for needle, found in waiting.items()}
        return cls(tuple(always), dict(groups), frozen, frozenset(expressions))

    def covers(self, patterns: Patterns) -> bool:
        """Whether all of these patterns are looked for."""
        known = self._covered.get(patterns.expressions)
        if known is None:
            known = self._covered[patterns.expressions] = patterns.expressions <= self.known
        return known

    def candidates(self, folded: str) -> frozenset[str]:
        """The expressions that may match a text."""
        groups, waiting = self.groups, self.waiting
        heads = [stretch for stretch in stretches(folded) if stretch in groups]
        present = 0
        for head in heads:
            present |= groups[head]
        possible = [
            expression
            for head in heads
            if head in waiting
            for expression, wanted in waiting[head]
            if present & wanted == wanted
        ]
        return frozenset((*possible, *self.always))


def stretches(text: str) -> set[str]:
    """Every stretch of up to four characters."""
    return {text[at : at + size] for size in range(1, LONGEST + 1) for at in range(len(text) - size + 1)}
