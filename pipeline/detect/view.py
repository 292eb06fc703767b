"""A call as rules see it: folded texts, neighbours, metadata by name."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline.detect.facts import NOTHING_KNOWN, Facts
from pipeline.detect.heard import by_sound
from pipeline.detect.patterns import fold
from pipeline.detect.schema import Comparison, FieldTest
from pipeline.detect.turn_text import TurnText
from pipeline.types import Role, Turn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from pipeline.detect.patterns import Pattern, Patterns
    from pipeline.detect.scan import Candidates, Scanner
    from pipeline.types import Call, Transcript

PARTIES = frozenset({Role.AGENT, Role.CUSTOMER, Role.UNKNOWN})


@dataclass(frozen=True)
class CallView:
    """Turns of the parties with their folded texts, the metadata as a mapping, and what else is known.

    With ``heard`` the texts are signs of sounds, and patterns are searched by their sound. With ``only``
    nothing is found in other turns.
    """

    turns: tuple[Turn, ...]
    folded: tuple[str, ...]
    fields: Mapping[str, Any]
    facts: Facts = NOTHING_KNOWN
    scanner: Scanner | None = None
    sound_scanner: Scanner | None = None
    heard: bool = False
    only: frozenset[int] | None = None
    call_id: str = ""

    @classmethod
    def of(
        cls,
        call: Call,
        transcript: Transcript,
        facts: Facts = NOTHING_KNOWN,
        scanner: Scanner | None = None,
        sound_scanner: Scanner | None = None,
    ) -> CallView:
        """Prepare a call for matching; ``system`` turns are no turns of a party.

        Args:
            call: its metadata.
            transcript: its turns.
            facts: what else is known.
            scanner: looks for all patterns of a book at once.
            sound_scanner: the same by their sound; without it sounds are not looked at.
        """
        turns = tuple(t for t in transcript.turns if t.role in PARTIES)
        return cls(
            turns=turns,
            folded=tuple(fold(t.text) for t in turns),
            fields=call.metadata.values,
            facts=facts,
            scanner=scanner,
            sound_scanner=sound_scanner,
            call_id=call.call_id,
        )

    @cached_property
    def by_sound(self) -> CallView | None:
        """The same call by its sounds; ``None`` where those are not looked at."""
        if self.sound_scanner is None:
            return None
        return self.listening_at(range(len(self.turns)))

    def listening_at(self, positions: Collection[int]) -> CallView:
        """The same call by its sounds, of which only some turns are listened to."""
        return replace(
            self,
            folded=tuple(map(by_sound, self.folded)),
            scanner=self.sound_scanner,
            sound_scanner=None,
            heard=True,
            only=frozenset(positions),
        )

    def knowing(self, facts: Facts) -> CallView:
        """The same call with other facts; what was searched is not searched again."""
        other = replace(self, facts=facts)
        for name in ("lines", "speaking", "found", "possible", "_candidates", "_searched"):
            other.__dict__[name] = getattr(self, name)
        return other

    @cached_property
    def lines(self) -> tuple[TurnText, ...]:
        """The words of every turn, each searched once for all patterns."""
        if self._candidates is None:
            return tuple(TurnText(text, self.fields, heard=self.heard) for text in self.folded)
        nothing, possible = frozenset[int](), self._candidates.of_text
        return tuple(
            TurnText(text, self.fields, self.scanner, possible.get(position, nothing), heard=self.heard)
            for position, text in enumerate(self.folded)
        )

    @cached_property
    def _candidates(self) -> Candidates | None:
        """The patterns that may match the turns; ``None`` where nothing was looked for."""
        texts = dict(enumerate(self.folded))
        if self.only is not None:
            texts = {position: texts[position] for position in sorted(self.only) if position in texts}
        return self.scanner.candidates(texts) if self.scanner else None

    def may_say(self, patterns: Patterns) -> bool:
        """Whether one of the patterns may match somewhere in the call; a cheap look before a search."""
        if self.scanner is None:
            return True
        numbers = self.scanner.numbers_of(patterns.heard if self.heard else patterns)
        return numbers is None or not numbers.isdisjoint(self.possible)

    def spans(self, patterns: Patterns, says: str = "anyone") -> Mapping[int, frozenset[tuple[int, int]]]:
        """What patterns match in the turns of ``says``, by position, in order; searched once a call."""
        own = patterns.heard if self.heard else patterns
        numbers = self.scanner.numbers_of(own) if self.scanner else None
        key = (own.expressions if numbers is None else numbers, says)
        found = self._searched.get(key)
        if found is None:
            found = self._searched[key] = self._search(self._worth_trying(own, numbers), self.speaking[says])
        return found

    def spans_within(
        self, patterns: Patterns, says: str, within: AbstractSet[int]
    ) -> Mapping[int, frozenset[tuple[int, int]]]:
        """The same in some turns, given by position, and searched whenever it is asked for."""
        own = patterns.heard if self.heard else patterns
        numbers = self.scanner.numbers_of(own) if self.scanner else None
        return self._search(self._worth_trying(own, numbers), self.speaking[says] & within)

    def _search(
        self, worth_trying: Iterable[tuple[Pattern, Iterable[int]]], speaking: frozenset[int]
    ) -> Mapping[int, frozenset[tuple[int, int]]]:
        found: dict[int, frozenset[tuple[int, int]]] = {}
        folded, fields = self.folded, self.fields
        for pattern, positions in worth_trying:
            for position in positions:
                if position in speaking:
                    spans = pattern.spans(folded[position], fields)
                    if spans:
                        found[position] = found[position] | spans if position in found else spans
        return dict(sorted(found.items())) if len(found) > 1 else found

    @cached_property
    def speaking(self) -> Mapping[str, frozenset[int]]:
        """The positions of the turns of ``agent``, ``customer`` and ``anyone``."""
        return {
            says: frozenset(i for i, turn in enumerate(self.turns) if speaks(turn, says))
            for says in ("agent", "customer", "anyone")
        }

    @cached_property
    def _searched(self) -> dict[tuple[frozenset[Any], str], Mapping[int, frozenset[tuple[int, int]]]]:
        return {}

    def _worth_trying(
        self, own: Patterns, numbers: frozenset[int] | None
    ) -> Iterable[tuple[Pattern, Iterable[int]]]:
        """Patterns that may match, with the turns in which they may."""
        if self.scanner is None or self._candidates is None or numbers is None:
            return ((pattern, range(len(self.folded))) for pattern in own)
        patterns, where = self.scanner.patterns, self._candidates.where
        return [(patterns[number], where(number)) for number in numbers & self.possible]

    @cached_property
    def possible(self) -> frozenset[int]:
        """The numbers, of the scanner, of all patterns that may match somewhere."""
        return self._candidates.numbers if self._candidates else frozenset()

    @cached_property
    def found(self) -> dict[object, Any]:
        """What hits found in this call, each by itself: the words alone decide, whatever else is known."""
        return {}

    @cached_property
    def timed(self) -> bool:
        """Whether every turn has its times."""
        return all(t.start_ms is not None and t.end_ms is not None for t in self.turns)

    @property
    def ends_ms(self) -> int:
        """End of the recording, or of the last turn where its length is not known; 0 without times."""
        return max((self.facts.duration_ms or 0, *(t.end_ms or 0 for t in self.turns)))

    def seconds_between(self, one: int, other: int) -> float:
        """Seconds from the end of the earlier turn to the start of the later; 0 where they overlap."""
        first, second = sorted((one, other))
        gap = (self.turns[second].start_ms or 0) - (self.turns[first].end_ms or 0)
        return max(gap, 0) / 1000

    @cached_property
    def rank(self) -> tuple[int, ...]:
        """For each turn, how many turns the same role had before it."""
        seen: dict[Role, int] = {}
        ranks = []
        for turn in self.turns:
            ranks.append(seen.get(turn.role, 0))
            seen[turn.role] = ranks[-1] + 1
        return tuple(ranks)

    def said_by(self, says: str) -> Iterator[int]:
        """Positions of the turns of ``agent``, ``customer`` or ``anyone``."""
        return iter(sorted(self.speaking[says]))


def speaks(turn: Turn, says: str) -> bool:
    """Whether the turn is of the named party. An unknown speaker counts for nobody."""
    return says == "anyone" or turn.role.value == says


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of tests on metadata: whether all hold, and which fields are not known."""

    holds: bool
    unknown: tuple[str, ...] = ()


_HOLDS, _FAILS = Verdict(holds=True), Verdict(holds=False)


def test_fields(tests: Mapping[str, FieldTest], fields: Mapping[str, Any]) -> Verdict:
    """Evaluate ``when``; a known field that fails decides, whatever else is unknown.

    What is compared as a number and is none is not known.
    """
    if not tests:
        return _HOLDS
    unknown = []
    for name, wanted in tests.items():
        value = fields.get(name)
        if isinstance(wanted, Comparison) and wanted.bounded and _number(value) is None:
            value = None
        if value is None and not _accepts_unknown(wanted):
            unknown.append(name)
        elif not _matches(wanted, value):
            return _FAILS
    return Verdict(holds=False, unknown=tuple(unknown)) if unknown else _HOLDS


def _number(value: Any) -> float | None:
    """A value as a number, also as a column that Tinghe does not know has it; ``None`` where it is none."""
    if not isinstance(value, (str, int, float, Decimal)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(number) else number


def _accepts_unknown(wanted: FieldTest) -> bool:
    return wanted is None or (isinstance(wanted, tuple) and None in wanted)


def _matches(wanted: FieldTest, value: Any) -> bool:
    if isinstance(wanted, Comparison):
        number = _number(value)
        inside = number is None or wanted.holds(number)
        return inside and (wanted.not_in is None or value not in wanted.not_in)
    if isinstance(wanted, tuple):
        return value in wanted
    return bool(value == wanted)
