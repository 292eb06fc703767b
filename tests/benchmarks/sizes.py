"""How much a run listens to: minutes of it, three quarters of an hour, or everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.material import KINDS, MANY_VOICES, MONO, STEREO, TWO_VOICES, Take
from tests.benchmarks.systems import MODES, OPENAI, RECIPES, Recorded

HEAVY = frozenset({OPENAI, *RECIPES.values()})
"""Systems that cost several times what the others do: they hear fewer calls."""

Counts = Mapping[str, int]
"""Calls by kind, the shortest first; all of a kind that is not named."""
NO_MORE: Counts = dict.fromkeys(KINDS, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is listened to.

    Attributes:
        own: calls for this program.
        others: calls for what it is compared with.
        heavy: calls for those of :data:`HEAVY`.
        legs: parts of the calls after which another system is first, so that a machine that slows down on the
            way slows all of them.
        rounds: how often everything is heard; costs are the mean.
        lengths_s: lengths of a call whose cost is measured.
        numbers: numbers of calls in one process whose cost is measured.
        sounds: this program hears all sounds without speech, the others one of so many: what falls back to
            other temperatures on noise takes longer over a sound than over a call.
        demo: calls of the demo that both engines, one worker and two listen to; the shortest ones.
    """

    own: Counts = field(default_factory=dict)
    others: Counts = field(default_factory=dict)
    heavy: Counts = field(default_factory=dict)
    legs: int = 1
    rounds: int = 1
    lengths_s: Sequence[int]
    numbers: Sequence[int]
    sounds: int = 1
    demo: int | None = None

    def calls(self, system: str, takes: Sequence[Take]) -> list[Take]:
        """What a system listens to."""
        if system in MODES:
            return shortest(takes, self.own)
        return shortest(takes, self.heavy if system in HEAVY else self.others)

    def silent(self, system: str, sounds: Sequence[Recorded]) -> Sequence[Recorded]:
        """Which sounds without speech a system listens to."""
        return sounds if system in MODES else sounds[:: self.sounds]

    def turns(self, systems: Sequence[str], takes: Sequence[Take]) -> list[tuple[str, list[Take]]]:
        """Who listens to what, one after another."""
        calls = {system: self.calls(system, takes) for system in systems}
        turns = []
        for number in range(self.rounds * self.legs):
            first = number % len(systems)
            for system in (*systems[first:], *systems[:first]):
                turns.append((system, calls[system][number % self.legs :: self.legs]))
        return [(system, heard) for system, heard in turns if heard]


def shortest(takes: Sequence[Take], counts: Counts) -> list[Take]:
    """The shortest calls of each kind, kind by kind; of equal ones those that come first."""
    chosen = []
    for kind in KINDS:
        some = sorted((take for take in takes if take.kind == kind), key=lambda take: take.seconds)
        chosen += some[: counts.get(kind)]
    return chosen


_ONE: Counts = dict.fromkeys(KINDS, 1)

QUICK = Size(
    own=_ONE,
    others=_ONE,
    heavy=NO_MORE | {MONO: 1},
    lengths_s=(10, 60, 180),
    numbers=(1, 4),
    sounds=3,
    demo=2,
)
STANDARD = Size(
    others={MANY_VOICES: 1, MONO: 2, STEREO: 1},
    heavy=NO_MORE | {TWO_VOICES: 2, MONO: 2},
    legs=2,
    lengths_s=(10, 60, 600, 7200),
    numbers=(1, 8),
    sounds=3,
    demo=3,
)
FULL = Size(rounds=2, lengths_s=(10, 60, 600, 3600, 7200), numbers=(1, 4, 16))
