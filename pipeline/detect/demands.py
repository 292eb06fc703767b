"""What a hit demands besides its words, each demand by its name.

Matching asks only whether a demand is met; explaining shows what was seen. Both look at the same
stretches: what :meth:`Demand.seen` yields decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipeline.detect.conditions.outcome import Place
from pipeline.detect.context import passage_at, sentence_at
from pipeline.detect.patterns import compile_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.detect.context import CompiledContext
    from pipeline.detect.patterns import Pattern, Patterns
    from pipeline.detect.schema import Neighbour
    from pipeline.detect.view import CallView


class Demand(Protocol):
    """Something that must be seen around a stretch of words, or must not."""

    @property
    def label(self) -> str:
        """The key in the pack, with what it names."""
        ...

    @property
    def wanted(self) -> bool:
        """Whether it must be seen; else it must not."""
        ...

    @property
    def of_turn(self) -> bool:
        """Whether it looks at the turn and its neighbours alone, wherever in the turn the words stand."""
        ...

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        ...

    def seen(self, view: CallView, position: int, start: int, end: int) -> Iterator[Place]:
        """What is seen around ``start:end`` of the turn at ``position``, one by one."""
        ...


def met(demand: Demand, view: CallView, position: int, start: int, end: int) -> bool:
    """Whether a stretch of words satisfies a demand."""
    return (next(demand.seen(view, position, start, end), None) is not None) is demand.wanted


def all_met(demands: Iterable[Demand], view: CallView, position: int, start: int, end: int) -> bool:
    """Whether a stretch of words satisfies all demands."""
    return all(met(demand, view, position, start, end) for demand in demands)


def places(view: CallView, patterns: Patterns, says: str = "anyone") -> Iterator[Place]:
    """Where patterns match in the turns of ``says``, in order."""
    for position, spans in view.spans(patterns, says).items():
        for start, end in sorted(spans):
            yield Place(position, start, end)


@dataclass(frozen=True, slots=True)
class FirstTurns:
    """``first_turns``: only so many turns of the speaker."""

    count: int
    label: str = "first_turns"
    wanted: bool = True
    of_turn: bool = True
    searched: tuple[Pattern, ...] = ()

    def seen(self, view: CallView, position: int, start: int, end: int) -> Iterator[Place]:
        """The turn itself, where it is one of them."""
        if view.rank[position] < self.count:
            yield Place(position)


@dataclass(frozen=True, slots=True)
class InTurn:
    """``also``, ``without_turn``: words anywhere in the turn."""

    label: str
    wanted: bool
    searched: Patterns
    of_turn: bool = True

    def seen(self, view: CallView, position: int, start: int, end: int) -> Iterator[Place]:
        """What matches in the turn."""
        line = view.lines[position]
        for found in line.spans_in(self.searched, line.text):
            yield Place(position, *found)


@dataclass(frozen=True, slots=True)
class InSentence:
    """``without``, ``unless_text``: words in the sentence, read as if nothing stood around it."""

    searched: Patterns
    label: str = "without"
    wanted: bool = False
    of_turn: bool = False

    def seen(self, view: CallView, position: int, start: int, end: int) -> Iterator[Place]:
        """What matches in the sentence."""
        line = view.lines[position]
        if not line.may_say(self.searched):
            return
        sentence = sentence_at(line.text, start, end)
        for a, b in line.spans_in(self.searched, line.text[sentence.start : sentence.end]):
            yield Place(position, sentence.start + a, sentence.start + b)


@dataclass(frozen=True, slots=True)
class InPassage:
    """``without_passage``: words in the passage, read as if nothing stood around it."""

    words: Patterns
    turnings: Patterns
    label: str = "without_passage"
    wanted: bool = False
    of_turn: bool = False

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return (*self.words, *self.turnings)

    def seen(self, view: CallView, position: int, start: int, end: int) -> Iterator[Place]:
        """What matches in the passage."""
        line = view.lines[position]
        if not line.may_say(self.words):
            return
        passage = passage_at(line, self.turnings, start, end)
        for a, b in line.spans_in(self.words, line.text[passage.start : passage.end]):
            yield Place(position, passage.start + a, passage.start + b)


@dataclass(frozen=True, slots=True)
class InContext:
    """``unless``: a way of speaking that spares the words."""

    context: CompiledContext
    wanted: bool = False
    of_turn: bool = False

    @property
    def label(self) -> str:
        """The key with the name of the context."""
        return f"unless {self.context.name}"

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return (*self.context.text, *self.context.turnings)

    def seen(self, view: CallView, position: int, start: int, end: int) -> Iterator[Place]:
        """What makes it that context."""
        for span in self.context.seen(view.lines[position], start, end):
            yield Place(position, span.start, span.end)


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

    def near(self, view: CallView, position: int, *, back: bool) -> Iterator[Place]:
        """What such turns say before (``back``) or behind ``position``."""
        near = (
            range(position - self.within, position)
            if back
            else range(position + 1, position + 1 + self.within)
        )
        found = view.spans(self.text, self.says)
        # of a whole call's places only those nearby are made: neighbours are asked for often
        return (Place(turn, *span) for turn in near if turn in found for span in sorted(found[turn]))


@dataclass(frozen=True, slots=True)
class NearTurn:
    """``after``, ``not_after``, ``before``: what another turn says."""

    label: str
    neighbour: CompiledNeighbour
    back: bool
    wanted: bool
    of_turn: bool = True

    @property
    def searched(self) -> tuple[Pattern, ...]:
        """Every pattern in it, for the scanner."""
        return self.neighbour.text

    def seen(self, view: CallView, position: int, start: int, end: int) -> Iterator[Place]:
        """What is said in such turns."""
        return self.neighbour.near(view, position, back=self.back)
