"""The words of a turn as patterns see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from pipeline.detect.patterns import Pattern, Patterns
    from pipeline.detect.scan import Scanner


@dataclass(frozen=True, slots=True)
class TurnText:
    """Folded text of one turn, the call's metadata, and which patterns can match here at all.

    Attributes:
        text: the words, folded; offsets are those of the turn.
        fields: metadata by name.
        scanner: what was looked for beforehand.
        heard: whether the text is one of sounds, which patterns are searched by theirs.
        possible: numbers of the patterns that it found may match; all others that it knows cannot.
    """

    text: str
    fields: Mapping[str, Any]
    scanner: Scanner | None = None
    possible: AbstractSet[int] = frozenset()
    heard: bool = False
    _tried: dict[frozenset[int], Sequence[Pattern]] = field(default_factory=dict, compare=False, repr=False)
    _begins: dict[frozenset[str], Sequence[int]] = field(default_factory=dict, compare=False, repr=False)

    def spans(self, patterns: Patterns) -> set[tuple[int, int]]:
        """What patterns match in the whole turn."""
        return set(self.spans_in(patterns, self.text))

    def may_say(self, patterns: Patterns) -> bool:
        """Whether one of the patterns may match somewhere; a cheap look before a search."""
        return bool(self._worth_trying(patterns))

    def says(self, patterns: Patterns, start: int = 0, end: int | None = None) -> bool:
        """Whether one of the patterns matches in a stretch, as if nothing stood around it."""
        worth = self._worth_trying(patterns)
        if not worth:
            return False
        stretch = self.text[start:end]
        return any(pattern.spans(stretch, self.fields) for pattern in worth)

    def spans_in(self, patterns: Patterns, stretch: str) -> Iterator[tuple[int, int]]:
        """What patterns match in a stretch of the turn, some of it blanked out perhaps."""
        for pattern in self._worth_trying(patterns):
            yield from pattern.spans(stretch, self.fields)

    def begins(self, patterns: Patterns) -> Sequence[int]:
        """Where in the turn patterns begin to match, in order; many hits ask for the same."""
        own = patterns.expressions
        if own not in self._begins:
            self._begins[own] = sorted({start for start, _ in self.spans_in(patterns, self.text)})
        return self._begins[own]

    def _worth_trying(self, patterns: Patterns) -> Sequence[Pattern]:
        """The patterns that the scanner left over; many rules ask for the same."""
        own = patterns.heard if self.heard else patterns
        numbers = self.scanner.numbers_of(own) if self.scanner else None
        if self.scanner is None or numbers is None:
            return own
        left = self._tried.get(numbers)
        if left is None:
            there = numbers & self.possible
            left = self._tried[numbers] = tuple(map(self.scanner.patterns.__getitem__, there))
        return left
