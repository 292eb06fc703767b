"""One search for all patterns: which of them can match a turn at all.

Regular expressions in a loop cost what their number costs. Here the strings that they cannot do
without (:mod:`pipeline.detect.needles`) are looked up once a turn, all stretches of up to four
characters in one dictionary, and only patterns whose every group was found are searched.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
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
        groups: string -> the groups that it satisfies, a bit each.
        alone: string -> the patterns that need nothing else.
        waiting: string -> the patterns whose rarest group it is in, with the bits of their other groups.
        known: every pattern's expression.
    """

    always: tuple[str, ...]
    groups: Mapping[str, int]
    alone: Mapping[str, tuple[str, ...]]
    waiting: Mapping[str, tuple[tuple[str, int], ...]]
    known: frozenset[str]
    _covered: dict[frozenset[str], bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, patterns: Iterable[Pattern]) -> Scanner:
        """Prepare a search for patterns; those of sounds for texts of sounds."""
        always: list[str] = []
        bits: dict[Group, int] = {}
        groups: defaultdict[str, int] = defaultdict(int)
        alone: defaultdict[str, list[str]] = defaultdict(list)
        waiting: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        expressions = {pattern.expression: pattern.shape for pattern in patterns}
        for expression, shape in expressions.items():
            needed = needles(shape)[:MOST_GROUPS]
            if not needed:
                always.append(expression)
                continue
            for group in needed[1:]:
                if group not in bits:
                    bits[group] = 1 << len(bits)
                    for needle in group:
                        groups[needle] |= bits[group]
            rest = reduce(or_, (bits[group] for group in needed[1:]), 0)
            for needle in needed[0]:
                if rest:
                    waiting[needle].append((expression, rest))
                else:
                    alone[needle].append(expression)
        return cls(
            always=tuple(always),
            groups=dict(groups),
            alone={needle: tuple(found) for needle, found in alone.items()},
            waiting={needle: tuple(found) for needle, found in waiting.items()},
            known=frozenset(expressions),
        )

    def covers(self, patterns: Patterns) -> bool:
        """Whether all of these patterns are looked for."""
        known = self._covered.get(patterns.expressions)
        if known is None:
            known = self._covered[patterns.expressions] = patterns.expressions <= self.known
        return known

    def candidates(self, folded: str) -> frozenset[str]:
        """The expressions that may match a text."""
        found = stretches(folded)
        groups, alone, waiting = self.groups, self.alone, self.waiting
        present = reduce(or_, [groups[stretch] for stretch in found if stretch in groups], 0)
        possible = [
            expression
            for stretch in found
            if stretch in waiting
            for expression, rest in waiting[stretch]
            if rest & present == rest
        ]
        for stretch in found:
            if stretch in alone:
                possible += alone[stretch]
        return frozenset((*possible, *self.always))


def stretches(text: str) -> set[str]:
    """Every stretch of up to four characters."""
    return {text[at : at + size] for size in range(1, LONGEST + 1) for at in range(len(text) - size + 1)}
