"""Counts of an agent or a team, added call by call, so that a week of a large floor fits in memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipeline.coaching.sightings import Sighting

KEPT: Final = 3
"""Moments of a skill that are kept of either kind: one is shown, the others stand in for it."""


@dataclass(frozen=True, slots=True, order=True)
class CallKey:
    """Where a call's result is."""

    results: Path
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A turn of a call that shows a skill, or the lack of it.

    Attributes:
        focus: the agent's turn, by its place in the call.
    """

    call: CallKey
    focus: int
    rank: tuple[float, ...]


@dataclass(slots=True)
class Count:
    """How often a skill was there.

    Attributes:
        done: calls in which it was.
        n: calls in which its situation occurred.
        lost: points that were lost in the others.
    """

    done: int = 0
    n: int = 0
    lost: float = 0.0

    def plus(self, other: Count) -> Count:
        """Both together."""
        return Count(self.done + other.done, self.n + other.n, self.lost + other.lost)

    def minus(self, part: Count) -> Count:
        """What is left without a part of it."""
        return Count(self.done - part.done, self.n - part.n, self.lost - part.lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is kept of a call.

    Attributes:
        week: ISO week; ``None`` where the file does not say when it was.
        current: whether it is of the period that is reported, and not before it.
        promised: whether there is a promise, however it was won; ``None`` where nobody was there to give one.
        hard: whether the agent pressed: by tone, or by a rule whose breach is pressure.
        pressure: whether such a rule is broken, or a red line crossed, and confirmed.
    """

    key: CallKey
    week: str | None
    current: bool
    compliance: float | None
    effectiveness: float | None
    red_line: bool
    promised: bool | None
    hard: bool
    pressure: bool
    tainted: bool
    sightings: tuple[Sighting, ...]


@dataclass(slots=True)
class Tally:
    """What is known of an agent.

    Attributes:
        agent: the id.
        team: the team's name.
        now: skills in the period.
        weeks: skills by ISO week, those before the period too.
        promises: calls of the period with the debtor that have a promise, and all of these.
        hard: calls of the period with the debtor in which the agent pressed, and all of these.
        pressed: calls of the period with a promise and with confirmed pressure.
        grave: calls of the period with a red line or pressure, confirmed; before each whether it is without a
            red line, so that in order those with one come first.
    """

    agent: str
    team: str
    calls: int = 0
    now: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    weeks: dict[str, dict[str, Count]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Count))
    )
    calls_by_week: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    compliance: list[float] = field(default_factory=list)
    effectiveness: list[float] = field(default_factory=list)
    promises: Count = field(default_factory=Count)
    hard: Count = field(default_factory=Count)
    red_lines: int = 0
    pressed: int = 0
    grave: list[tuple[bool, CallKey]] = field(default_factory=list)
    best: dict[str, list[Moment]] = field(default_factory=lambda: defaultdict(list))
    worst: dict[str, list[Moment]] = field(default_factory=lambda: defaultdict(list))

    def add(self, call: Seen) -> None:
        """Count a call."""
        if call.week is not None:
            self.calls_by_week[call.week] += 1
            _count(self.weeks[call.week], call.sightings)
        if not call.current:
            return
        self.calls += 1
        _count(self.now, call.sightings)
        self.compliance += [] if call.compliance is None else [call.compliance]
        self.effectiveness += [] if call.effectiveness is None else [call.effectiveness]
        self.red_lines += call.red_line
        if call.promised is not None:
            self.promises = self.promises.plus(Count(int(call.promised), 1))
            self.hard = self.hard.plus(Count(int(call.hard), 1))
            self.pressed += call.promised and call.pressure
        if call.pressure:
            self.grave.append((not call.red_line, call.key))
        self._keep(call)

    def _keep(self, call: Seen) -> None:
        for seen in call.sightings:
            if seen.focus is None or (seen.done and call.tainted):
                continue
            moment = Moment(call=call.key, focus=seen.focus, rank=seen.rank)
            kept = (self.best if seen.done else self.worst)[seen.skill]
            kept.append(moment)
            kept.sort(key=_order)
            del kept[KEPT:]


def together(tallies: Iterable[Tally], team: str) -> Tally:
    """Several agents as one, such as a team."""
    whole = Tally(agent="", team=team)
    for one in tallies:
        whole.calls += one.calls
        for skill, count in one.now.items():
            whole.now[skill] = whole.now[skill].plus(count)
        for week, skills in one.weeks.items():
            whole.calls_by_week[week] += one.calls_by_week[week]
            for skill, count in skills.items():
                whole.weeks[week][skill] = whole.weeks[week][skill].plus(count)
        whole.compliance += one.compliance
        whole.effectiveness += one.effectiveness
        whole.promises, whole.hard = whole.promises.plus(one.promises), whole.hard.plus(one.hard)
        whole.red_lines += one.red_lines
        whole.pressed += one.pressed
        whole.grave += one.grave
        for mine, theirs in ((whole.best, one.best), (whole.worst, one.worst)):
            for skill, moments in theirs.items():
                mine[skill] = sorted((*mine[skill], *moments), key=_order)[:KEPT]
    return whole


def _order(moment: Moment) -> tuple[tuple[float, ...], CallKey, int]:
    return (tuple(-value for value in moment.rank), moment.call, moment.focus)


def _count(counts: dict[str, Count], sightings: Iterable[Sighting]) -> None:
    for seen in sightings:
        count = counts[seen.skill]
        count.n += 1
        count.done += seen.done
        count.lost += seen.lost
