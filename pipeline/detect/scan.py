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
        groups: string -> the groups that it satisfies.
        waiting: string -> the patterns whose rarest group it is in, with their other groups.
        known: every pattern's expression.
    """

    always: tuple[str, ...]
    groups: Mapping[str, tuple[int, ...]]
    waiting: Mapping[str, tuple[tuple[str, frozenset[int]], ...]]
    known: frozenset[str]
    _covered: dict[frozenset[str], bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, patterns: Iterable[Pattern]) -> Scanner:
        """Prepare a search for patterns; those of sounds for texts of sounds."""
        always: list[str] = []
        numbers: dict[Group, int] = {}
        groups: defaultdict[str, list[int]] = defaultdict(list)
        waiting: defaultdict[str, list[tuple[str, frozenset[int]]]] = defaultdict(list)
        expressions = {pattern.expression: pattern.shape for pattern in patterns}
        for expression, shape in expressions.items():
            needed = needles(shape)[:MOST_GROUPS]
            if not needed:
                always.append(expression)
                continue
            for group in needed[1:]:
                if group not in numbers:
                    numbers[group] = len(numbers)
                    for needle in group:
                        groups[needle].append(numbers[group])
            rest = frozenset(numbers[group] for group in needed[1:])
            for needle in needed[0]:
                waiting[needle].append((expression, rest))
        return cls(
            always=tuple(always),
            groups={needle: tuple(found) for needle, found in groups.items()},
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
        present: set[int] = set()
        for numbers in map(self.groups.get, found & self.groups.keys()):
            present.update(numbers or ())
        possible = [
            expression
            for stretch in found & self.waiting.keys()
            for expression, rest in self.waiting[stretch]
            if rest <= present
        ]
        return frozenset((*possible, *self.always))


def stretches(text: str) -> set[str]:
    """Every stretch of up to four characters."""
    return {text[at : at + size] for size in range(1, LONGEST + 1) for at in range(len(text) - size + 1)}
