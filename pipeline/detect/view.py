"""A call as rules see it: folded texts, neighbours, metadata by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline.detect.facts import NOTHING_KNOWN, Facts
from pipeline.detect.patterns import fold
from pipeline.detect.schema import Comparison, FieldTest
from pipeline.types import Role, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.types import Call, Transcript

PARTIES = frozenset({Role.AGENT, Role.CUSTOMER, Role.UNKNOWN})


@dataclass(frozen=True)
class CallView:
    """Turns of the parties with their folded texts, the metadata as a mapping, and what else is known."""

    turns: tuple[Turn, ...]
    folded: tuple[str, ...]
    fields: Mapping[str, Any]
    facts: Facts = NOTHING_KNOWN

    @classmethod
    def of(cls, call: Call, transcript: Transcript, facts: Facts = NOTHING_KNOWN) -> CallView:
        """Prepare a call for matching; ``system`` turns are no turns of a party."""
        turns = tuple(t for t in transcript.turns if t.role in PARTIES)
        return cls(
            turns=turns,
            folded=tuple(fold(t.text) for t in turns),
            fields={**call.metadata.model_dump(), **(call.metadata.model_extra or {})},
            facts=facts,
        )

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
        return (i for i, turn in enumerate(self.turns) if speaks(turn, says))


def speaks(turn: Turn, says: str) -> bool:
    """Whether the turn is of the named party. An unknown speaker counts for nobody."""
    return says == "anyone" or turn.role.value == says


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of tests on metadata: whether all hold, and which fields are not known."""

    holds: bool
    unknown: tuple[str, ...] = ()


def test_fields(tests: Mapping[str, FieldTest], fields: Mapping[str, Any]) -> Verdict:
    """Evaluate ``when``; a known field that fails decides, whatever else is unknown."""
    unknown = []
    for name, wanted in tests.items():
        value = fields.get(name)
        if value is None and not _accepts_unknown(wanted):
            unknown.append(name)
        elif not _matches(wanted, value):
            return Verdict(holds=False)
    return Verdict(holds=not unknown, unknown=tuple(unknown))


def _accepts_unknown(wanted: FieldTest) -> bool:
    return wanted is None or (isinstance(wanted, tuple) and None in wanted)


def _matches(wanted: FieldTest, value: Any) -> bool:
    if isinstance(wanted, Comparison):
        bounds = (
            (wanted.gt, lambda bound: value > bound),
            (wanted.gte, lambda bound: value >= bound),
            (wanted.lt, lambda bound: value < bound),
            (wanted.lte, lambda bound: value <= bound),
            (wanted.not_in, lambda listed: value not in listed),
        )
        return all(test(bound) for bound, test in bounds if bound is not None)
    if isinstance(wanted, tuple):
        return value in wanted
    return bool(value == wanted)
