"""What is said of an agent or a team: what goes well, two things to work on, and what must be said first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pipeline.coaching.compare import Compared, compared, select, summed, without
from pipeline.coaching.tally import Count
from pipeline.intervals import Interval, share, share_difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.coaching.guide import Guide
    from pipeline.coaching.tally import Tally

MOST: Final = 2
"""Things to work on, and strengths: more is too much for a week."""


class Why(StrEnum):
    """On what ground a skill is shown."""

    COMPARED = "compared"
    """The interval of the difference to the others leaves out zero."""
    OWN = "own"
    """Own moments only: there is no comparison, or it is not sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A skill that is shown with its moments."""

    skill: str
    why: Why
    compared: Compared


class Notice(StrEnum):
    """What must be said before anything else."""

    RED_LINES = "red_lines"
    PRESSED_PROMISES = "pressed_promises"
    PROMISES_BY_PRESSURE = "promises_by_pressure"
    """Promises are no rarer than those of others, and the agent presses more."""
    FEW_CALLS = "few_calls"
    ALONE = "alone"
    """Nobody to be compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A skill from week to week.

    Attributes:
        weeks: ISO week and share, in order; ``None`` for a week without cases.
        change: the last week against those before it, 95 %; ``None`` where either has too few cases.
        sure: the same, widened for the number of skills; ``None`` unless it leaves out zero.
    """

    weeks: tuple[tuple[str, Interval | None], ...]
    change: Interval | None
    sure: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that is said of an agent or a team.

    Attributes:
        notices: with the numbers that they are about.
        skills: every skill with cases, in the order of the guide.
        promise_rate: the agent's and the others', of calls with the debtor, however won.
        hard_rate: shares of these in which the agent presses.
    """

    tally: Tally
    notices: tuple[tuple[Notice, int], ...]
    strengths: tuple[Chosen, ...]
    work_on: tuple[Chosen, ...]
    skills: tuple[Compared, ...]
    trends: Mapping[str, Trend]
    promise_rate: tuple[Interval | None, Interval | None]
    hard_rate: tuple[Interval | None, Interval | None]


def findings(
    tally: Tally, peers: Sequence[Tally], guide: Guide, *, fewest: int, least_gain: float
) -> Findings:
    """Look at one among its peers.

    Args:
        tally: whose counts.
        peers: agents of the same team, or teams; this one may be among them.
        guide: names the skills.
        fewest: calls, and cases of a skill, below which there is no comparison.
        least_gain: points a call below which a difference is not worth a week's attention.
    """
    rest = [peer for peer in peers if peer is not tally]
    enough = [peer for peer in rest if peer.calls]
    comparable = tally.calls >= fewest and bool(enough)
    others = summed(peer.now for peer in rest)
    groups = {skill: [peer.now.get(skill, Count()) for peer in (tally, *rest)] for skill in guide.by_name}
    skills = compared(
        {skill: tally.now[skill] for skill in guide.by_name if skill in tally.now},
        others,
        groups,
        calls=max(1, tally.calls),
        fewest=fewest,
        comparable=comparable,
    )
    presses = comparable and _presses(tally, rest)
    return Findings(
        tally=tally,
        notices=_notices(tally, fewest=fewest, alone=not enough, presses=presses),
        strengths=_strengths(skills, tally, guide, presses=presses, least=least_gain),
        work_on=_work_on(skills, guide, least=least_gain),
        skills=tuple(skills.values()),
        trends=_trends(tally, guide, fewest=fewest),
        promise_rate=_both(tally.promises, _sum(peer.promises for peer in rest)),
        hard_rate=_both(tally.hard, _sum(peer.hard for peer in rest)),
    )


def _work_on(skills: Mapping[str, Compared], guide: Guide, *, least: float) -> tuple[Chosen, ...]:
    """Where the interval says that others do better, the dearest first; then the dearest of one's own.

    Red lines and pressure are told before; of one's own other things come here.
    """
    pressure = set(guide.pressure)
    behind = [one for one in skills.values() if one.sure and one.sure.high < 0 and one.gain >= least]
    chosen = [
        Chosen(skill=one.skill, why=Why.COMPARED, compared=one)
        for one in sorted(behind, key=lambda one: (-one.gain, one.skill))[:MOST]
    ]
    named = {one.skill for one in chosen}
    own = sorted(
        (
            one
            for one in skills.values()
            if one.skill not in named
            and one.rate.value < 1
            and one.lost > 0
            and not pressure.intersection(guide.by_name[one.skill].measure.rules)
            and not (one.sure and one.sure.low > 0)
        ),
        key=lambda one: (-one.lost, one.skill),
    )
    chosen += [Chosen(skill=one.skill, why=Why.OWN, compared=one) for one in own[: MOST - len(chosen)]]
    return tuple(chosen)


def _strengths(
    skills: Mapping[str, Compared], tally: Tally, guide: Guide, *, presses: bool, least: float
) -> tuple[Chosen, ...]:
    """Where the interval says that others do worse; then what has a moment to show.

    Nothing about promises of somebody who presses.
    """
    ahead = [
        one
        for one in skills.values()
        if one.sure
        and one.sure.low > 0
        and -one.gain >= least
        and not (presses and guide.by_name[one.skill].about_promise)
    ]
    chosen = [
        Chosen(skill=one.skill, why=Why.COMPARED, compared=one)
        for one in sorted(ahead, key=lambda one: (one.gain, one.skill))[:MOST]
    ]
    named = {one.skill for one in chosen}
    own = sorted(
        (
            one
            for one in skills.values()
            if one.skill not in named
            and guide.by_name[one.skill].measure.items
            and tally.best.get(one.skill)
            and not (one.sure and one.sure.high < 0)
            and not (presses and guide.by_name[one.skill].about_promise)
        ),
        key=lambda one: (-one.rate.low, one.skill),
    )
    chosen += [Chosen(skill=one.skill, why=Why.OWN, compared=one) for one in own[: MOST - len(chosen)]]
    return tuple(chosen)


def _presses(tally: Tally, rest: Sequence[Tally]) -> bool:
    """Whether promises are no rarer than those of others and the agent surely presses more."""
    promises, hard = _sum(peer.promises for peer in rest), _sum(peer.hard for peer in rest)
    more_hard = share_difference(tally.hard.done, tally.hard.n, hard.done, hard.n)
    more_promises = share_difference(tally.promises.done, tally.promises.n, promises.done, promises.n)
    return (
        more_hard is not None and more_promises is not None and more_hard.low > 0 and more_promises.value >= 0
    )


def _notices(tally: Tally, *, fewest: int, alone: bool, presses: bool) -> tuple[tuple[Notice, int], ...]:
    said = (
        (Notice.RED_LINES, tally.red_lines, tally.red_lines > 0),
        (Notice.PRESSED_PROMISES, tally.pressed, tally.pressed > 0),
        (Notice.PROMISES_BY_PRESSURE, tally.hard.done, presses),
        (Notice.FEW_CALLS, tally.calls, tally.calls < fewest),
        (Notice.ALONE, tally.calls, alone and tally.calls >= fewest),
    )
    return tuple((notice, number) for notice, number, holds in said if holds)


def _trends(tally: Tally, guide: Guide, *, fewest: int) -> dict[str, Trend]:
    weeks = sorted(tally.weeks)
    if len(weeks) < 2:
        return {}
    last = tally.weeks[weeks[-1]]
    before = without(summed(tally.weeks.values()), last)
    pairs = {
        skill: (last[skill], before[skill])
        for skill in guide.by_name
        if skill in last and before.get(skill, Count()).n >= fewest and last[skill].n >= fewest
    }
    sure = select(pairs)
    return {
        skill: Trend(
            weeks=tuple((week, _share(tally.weeks[week].get(skill, Count()))) for week in weeks),
            change=_gap(pairs[skill]) if skill in pairs else None,
            sure=sure.get(skill),
        )
        for skill in guide.by_name
        if any(skill in tally.weeks[week] for week in weeks)
    }


def _gap(pair: tuple[Count, Count]) -> Interval | None:
    one, other = pair
    return share_difference(one.done, one.n, other.done, other.n)


def _share(count: Count) -> Interval | None:
    return share(count.done, count.n)


def _both(mine: Count, others: Count) -> tuple[Interval | None, Interval | None]:
    return _share(mine), _share(others)


def _sum(counts: Iterable[Count]) -> Count:
    whole = Count()
    for count in counts:
        whole = whole.plus(count)
    return whole
