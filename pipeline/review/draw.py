"""Drawing calls for review, each with a probability that is known and can be weighted by.

The order in which calls are drawn follows from a digest of seed, plan and call id: the same calls and seed
give the same sample whatever order they are read in, on every machine. Sizes are fixed.

* random: simple random sampling without replacement
* stratified: the same within each group
* risk: probability proportional to weight, by systematic sampling over a random order (Madow 1949); calls
  that would be drawn more than once are drawn for sure
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.review.plans import RiskPlan, StratifiedPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.review.facts import CallFacts
    from pipeline.review.plans import Plan

_UNIT: Final = 10**6
"""Weights are whole numbers of this part, so that nothing depends on rounding."""
_SPAN: Final = 1 << 64
FOR_SURE, BY_CHANCE, ALL = "always", "by chance", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A call that was drawn.

    Attributes:
        inclusion: probability with which it was drawn, above 0 to 1.
        signs: why a plan of risky calls gave it more weight; empty for other plans.
    """

    call_id: str
    stratum: str
    inclusion: float
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """How a group of calls was served.

    Attributes:
        population: calls in it.
        wanted: calls that the plan wanted of it.
        drawn: calls that were.
    """

    stratum: str
    population: int
    wanted: int
    drawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A sample.

    Attributes:
        population: calls that were drawn from.
        asked: calls that were wanted in all.
        calls: in the order of their ids.
        strata: by name.
        no_chance: calls of the population that could not be drawn: estimates say nothing of them.
    """

    population: int
    asked: int
    calls: tuple[Drawn, ...]
    strata: tuple[Stratum, ...]
    no_chance: int = 0

    @property
    def unfilled(self) -> tuple[Stratum, ...]:
        """The groups of which fewer were drawn than wanted."""
        return tuple(stratum for stratum in self.strata if stratum.drawn < stratum.wanted)


@dataclass(frozen=True, slots=True)
class _Lot:
    """Chance, from a seed: the same for the same call, always."""

    seed: int
    plan: str

    def number(self, name: str) -> int:
        """0 to 2**64 - 1, evenly spread."""
        text = f"{self.seed}\0{self.plan}\0{name}".encode(errors="surrogatepass")
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")

    def order(self, calls: Iterable[CallFacts]) -> list[CallFacts]:
        """Calls in a random order."""
        return sorted(calls, key=lambda call: (self.number(call.call_id), call.call_id))


def draw(calls: Iterable[CallFacts], plan: Plan, *, n: int, seed: int, threshold: float) -> Drawing:
    """Draw calls.

    Args:
        calls: all calls there are; those that are not of the plan's population are left aside.
        plan: how.
        n: how many; all where there are fewer.
        seed: of the chance.
        threshold: confidence from which a finding is a violation, for the sign ``near_threshold``.
    """
    lot = _Lot(seed, plan.identity)
    population = lot.order(call for call in calls if call.is_of(plan.of))
    if isinstance(plan, RiskPlan):
        return _by_risk(population, plan, n, lot, threshold)
    if isinstance(plan, StratifiedPlan):
        return _stratified(population, plan, n, lot)
    return _drawing(population, {ALL: population}, {ALL: n}, {ALL: min(n, len(population))}, n)


def _stratified(population: list[CallFacts], plan: StratifiedPlan, n: int, lot: _Lot) -> Drawing:
    groups: dict[str, list[CallFacts]] = defaultdict(list)
    for call in population:
        groups[call.group(plan.by)].append(call)
    sizes = {name: len(members) for name, members in groups.items()}
    if not groups or n < len(groups):
        # Too few for one of each: all alike, so that every call keeps a chance.
        taken = population[:n]
        share = len(taken) / len(population) if population else 0.0
        counts = {name: sum(call.group(plan.by) == name for call in taken) for name in sorted(groups)}
        return Drawing(
            population=len(population),
            asked=n,
            calls=_sorted(Drawn(call_id=c.call_id, stratum=c.group(plan.by), inclusion=share) for c in taken),
            strata=tuple(
                Stratum(stratum=name, population=sizes[name], wanted=min(plan.at_least, 1), drawn=count)
                for name, count in counts.items()
            ),
        )
    equal = plan.allocation == "equal"
    shares = _rounded(dict.fromkeys(sizes, 1) if equal else sizes, n, lot)
    least = min(plan.at_least, n // len(groups))
    # What the plan would give each group if all were large enough.
    ideal = _allocated(shares, dict.fromkeys(sizes, n), least, n, lot)
    wanted = {name: max(share, plan.at_least) for name, share in ideal.items()}
    return _drawing(population, groups, wanted, _allocated(shares, sizes, least, n, lot), n)


def _rounded(parts: Mapping[str, int], n: int, lot: _Lot) -> dict[str, int]:
    """``n`` shared out in proportion to ``parts``: largest remainders, ties by chance."""
    total = sum(parts.values())
    shares = {name: n * part // total for name, part in parts.items()}
    rest = sorted(parts, key=lambda name: (-(n * parts[name] % total), lot.number(f"group {name}")))
    for name in rest[: n - sum(shares.values())]:
        shares[name] += 1
    return shares


def _allocated(
    shares: Mapping[str, int], sizes: Mapping[str, int], least: int, n: int, lot: _Lot
) -> dict[str, int]:
    """Shares between what is there and what each group gets at least; what one cannot use goes to others."""
    floor = {name: min(least, size) for name, size in sizes.items()}
    found = {name: min(max(share, floor[name]), sizes[name]) for name, share in shares.items()}
    by_chance = sorted(sizes, key=lambda name: lot.number(f"group {name}"))
    target = min(n, sum(sizes.values()))
    while (over := sum(found.values()) - target) > 0:
        richest = max(by_chance, key=lambda name: found[name] - floor[name])
        found[richest] -= min(over, max(1, (found[richest] - floor[richest]) // 2))
    while (under := target - sum(found.values())) > 0:
        with_room = [name for name in by_chance if found[name] < sizes[name]]
        for name in with_room[:under]:
            found[name] += 1
    return found


def _drawing(
    population: Sequence[CallFacts],
    groups: Mapping[str, Sequence[CallFacts]],
    wanted: Mapping[str, int],
    quotas: Mapping[str, int],
    n: int,
) -> Drawing:
    calls, strata, no_chance = [], [], 0
    for name in sorted(groups):
        members, quota = groups[name], quotas[name]
        no_chance += 0 if quota else len(members)
        calls += [
            Drawn(call_id=call.call_id, stratum=name, inclusion=quota / len(members))
            for call in members[:quota]
        ]
        strata.append(Stratum(stratum=name, population=len(members), wanted=wanted[name], drawn=quota))
    return Drawing(
        population=len(population),
        asked=n,
        calls=_sorted(calls),
        strata=tuple(strata),
        no_chance=no_chance,
    )


@dataclass(slots=True)
class _Risks:
    """The calls of a plan by risk, with their signs and weights."""

    plan: RiskPlan
    threshold: float
    signs: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def weigh(self, calls: Iterable[CallFacts]) -> dict[str, int]:
        """By call id, its weight in whole parts."""
        weights = {}
        for call in calls:
            found = call.signs_at(self.threshold, self.plan.margin)
            told = {*self.plan.signs, *self.plan.always}
            self.signs[call.call_id] = tuple(sorted(found & told))
            weight = self.plan.base + sum(value for name, value in self.plan.signs.items() if name in found)
            weights[call.call_id] = round(weight * _UNIT)
        return weights

    def is_sure(self, call: CallFacts) -> bool:
        """Whether a call is drawn in any case."""
        return not set(self.plan.always).isdisjoint(self.signs[call.call_id])


def _by_risk(population: list[CallFacts], plan: RiskPlan, n: int, lot: _Lot, threshold: float) -> Drawing:
    risks = _Risks(plan, threshold)
    weights = risks.weigh(population)
    sure = [call for call in population if risks.is_sure(call)]
    others = [call for call in population if not risks.is_sure(call)]
    chances: dict[str, float] = {}
    if len(sure) > n:
        chances.update({call.call_id: n / len(sure) for call in sure[:n]})
    else:
        chances.update({call.call_id: 1.0 for call in sure})
        chances.update(_systematic([c.call_id for c in others], weights, n - len(sure), lot.number))
    excluded = sum(not weights[call.call_id] for call in others) if len(sure) < n else len(others)
    strata = tuple(
        Stratum(
            stratum=name,
            population=len(group),
            wanted=wanted,
            drawn=sum(call.call_id in chances for call in group),
        )
        for name, group, wanted in (
            (FOR_SURE, sure, len(sure)),
            (BY_CHANCE, others, max(0, n - len(sure))),
        )
    )
    names = {call.call_id: FOR_SURE for call in sure}
    return Drawing(
        population=len(population),
        asked=n,
        calls=_sorted(
            Drawn(
                call_id=call_id,
                stratum=names.get(call_id, BY_CHANCE),
                inclusion=chance,
                signs=risks.signs[call_id],
            )
            for call_id, chance in chances.items()
        ),
        strata=strata,
        no_chance=excluded,
    )


def _systematic(
    ids: Sequence[str], weights: Mapping[str, int], n: int, number: Callable[[str], int]
) -> dict[str, float]:
    """Draw ``n`` of some calls in a random order, in proportion to their weights.

    Returns:
        By id of those that were drawn, the probability.
    """
    left = [call_id for call_id in ids if weights[call_id] > 0]
    chances: dict[str, float] = {}
    while n > 0 and left:
        total = sum(weights[call_id] for call_id in left)
        certain = [call_id for call_id in left if n * weights[call_id] >= total]
        if not certain:
            break
        chances.update(dict.fromkeys(certain, 1.0))
        taken = set(certain)
        left = [call_id for call_id in left if call_id not in taken]
        n -= len(certain)
    if n <= 0 or not left:
        return chances
    # Points lie total / n apart, the first one at random before that; all in whole numbers.
    start, passed, point = number("start"), 0, 0
    for call_id in left:
        passed += weights[call_id]
        if passed * n * _SPAN > (start + point * _SPAN) * total:
            chances[call_id] = n * weights[call_id] / total
            point += 1
    return chances


def _sorted(calls: Iterable[Drawn]) -> tuple[Drawn, ...]:
    return tuple(sorted(calls, key=lambda call: call.call_id))
