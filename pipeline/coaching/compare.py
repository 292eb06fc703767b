"""Shares with intervals, against others, and drawn towards them where there are few calls.

Several skills are looked at for each agent, so that one of them may well stand out by chance. Which do is
decided by Benjamini and Hochberg's procedure (1995) turned around: a difference counts when its interval,
made wide enough for the number of skills and of those that count (false coverage rate; Benjamini and
Yekutieli 2005), leaves out zero. Of agents who do as the others do at most one in twenty is told anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from pipeline.coaching.tally import Count
from pipeline.intervals import Interval, share, share_difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ERROR: Final = 0.05
FEWEST_GROUPS: Final = 3
"""Fewer agents say nothing of how agents differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A skill of somebody beside others.

    Attributes:
        rate: the share, with Wilson's interval of 95 %.
        shrunk: the share drawn towards that of all, by how much agents differ; ``None`` where that is
            not known.
        others: the share of the others.
        difference: to the others, 95 %; ``None`` where there is no comparison.
        sure: the same, widened for the number of skills; ``None`` unless it leaves out zero.
        points: what a miss costs, in points of a score.
        calls: the calls of the period, whether the situation occurred in them or not.
    """

    skill: str
    rate: Interval
    shrunk: float | None = None
    others: Interval | None = None
    difference: Interval | None = None
    sure: Interval | None = None
    points: float
    calls: int

    @property
    def gain(self) -> float:
        """Points a call that doing as the others do would bring; below 0 where the others do worse.

        Gap times what a miss costs times how often the situation occurs. The gap is that of the shrunk share,
        and 0 without a comparison.
        """
        if self.others is None:
            return 0.0
        mine = self.rate.value if self.shrunk is None else self.shrunk
        return (self.others.value - mine) * self.points * self.rate.n / self.calls

    @property
    def lost(self) -> float:
        """Points a call that were lost, whatever others do."""
        return (1 - self.rate.value) * self.points * self.rate.n / self.calls


def compared(
    mine: Mapping[str, Count],
    others: Mapping[str, Count],
    groups: Mapping[str, Sequence[Count]],
    *,
    calls: int,
    fewest: int,
    comparable: bool,
) -> dict[str, Compared]:
    """Every skill of somebody, compared where both have cases enough.

    Args:
        mine: counts by skill.
        others: those of everybody else.
        groups: of each skill the counts of all agents, this one too, for how they differ.
        calls: the calls of the period.
        fewest: cases of a skill below which there is no comparison.
        comparable: whether there is any comparison at all.
    """
    pairs = {
        skill: (count, others.get(skill, Count()))
        for skill, count in mine.items()
        if comparable and count.n >= fewest and others.get(skill, Count()).n >= fewest
    }
    sure = select(pairs)
    return {
        skill: Compared(
            skill=skill,
            rate=rate,
            shrunk=shrunk(count, groups.get(skill, ())) if comparable else None,
            others=share(pairs[skill][1].done, pairs[skill][1].n) if skill in pairs else None,
            difference=_difference(pairs[skill]) if skill in pairs else None,
            sure=sure.get(skill),
            points=cost_of_miss(count, others.get(skill, Count())),
            calls=calls,
        )
        for skill, count in mine.items()
        if (rate := share(count.done, count.n)) is not None
    }


def select(pairs: Mapping[str, tuple[Count, Count]], error: float = ERROR) -> dict[str, Interval]:
    """The differences that count, with intervals of joint confidence ``1 - error`` for those that are shown.

    Args:
        pairs: counts of one side and of the other.
        error: false discovery rate, 0..1; with no true difference the chance that any is named.
    """
    number = len(pairs)
    for named in range(number, 0, -1):
        z = _deviate(named * error / (2 * number))
        found = {skill: _difference(pair, z) for skill, pair in pairs.items()}
        clear = {skill: gap for skill, gap in found.items() if gap is not None and gap.excludes_zero}
        if len(clear) >= named:
            return clear
    return {}


def shrunk(count: Count, groups: Sequence[Count]) -> float | None:
    """A share drawn towards that of all agents: empirical Bayes, a beta distribution by moments.

    The between-agent part of the variance is Kleinman's (1973) with the numbers of cases as weights. Where
    agents differ no more than chance makes them, the share of all is what is left.

    Args:
        count: whose share.
        groups: the counts of all agents, this one too.
    """
    known = [group for group in groups if group.n]
    total = sum(group.n for group in known)
    if len(known) < FEWEST_GROUPS or not count.n:
        return None
    mean = sum(group.done for group in known) / total
    if not 0 < mean < 1:
        return mean
    spread = sum(group.n * (group.done / group.n - mean) ** 2 for group in known) / (mean * (1 - mean))
    free = len(known) - 1
    room = total - sum(group.n**2 for group in known) / total - free
    alike = min(1.0, max(0.0, (spread - free) / room)) if room > 0 else 0.0
    if alike == 0.0:
        return mean
    strength = 1 / alike - 1
    return (count.done + strength * mean) / (count.n + strength)


def cost_of_miss(count: Count, others: Count) -> float:
    """Points that a miss costs, over both; 0 where nobody ever missed."""
    both = count.plus(others)
    missed = both.n - both.done
    return both.lost / missed if missed else 0.0


def summed(counts: Iterable[Mapping[str, Count]]) -> dict[str, Count]:
    """Counts of several by skill."""
    whole: dict[str, Count] = {}
    for one in counts:
        for skill, count in one.items():
            whole[skill] = whole.get(skill, Count()).plus(count)
    return whole


def without(whole: Mapping[str, Count], part: Mapping[str, Count]) -> dict[str, Count]:
    """Counts of everybody but one."""
    return {skill: count.minus(part.get(skill, Count())) for skill, count in whole.items()}


def _difference(pair: tuple[Count, Count], z: float | None = None) -> Interval | None:
    mine, others = pair
    if z is None:
        return share_difference(mine.done, mine.n, others.done, others.n)
    return share_difference(mine.done, mine.n, others.done, others.n, z=z)


@cache
def _deviate(tail: float) -> float:
    return NormalDist().inv_cdf(1 - tail)
