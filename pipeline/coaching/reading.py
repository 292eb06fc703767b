"""Results folders to what a report needs: a tally of every agent, and the traits of every call."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.coaching.guide import Measure
from pipeline.coaching.periods import Days, day_in_china, week_of
from pipeline.coaching.sightings import sightings
from pipeline.coaching.talk import Talk
from pipeline.coaching.tally import CallKey, Seen, Tally
from pipeline.coaching.traits import Traits, traits
from pipeline.export.calls import result_files
from pipeline.report.call_json import read_call
from pipeline.score.scorecard import Situation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from pipeline.coaching.guide import Guide

    Json = Mapping[str, Any]

NO_TEAM: Final = "—"
_HARD_FROM: Final = 0.25
"""Share of turns that press, from which a call does, where the guide measures no tone."""


@dataclass(slots=True)
class Period:
    """What was read.

    Attributes:
        tallies: of every agent, by team and id.
        traits: of every scored call of the period.
        first: the first day of a call of the period, ``last`` the last; ``None`` where no call says when
            it was.
        agents: by id, a call that names the agent's people.
        counts: calls of the period that count nowhere, by reason: ``not_scored``, ``no_agent``;
            and, of those outside it, ``undated``.
    """

    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    traits: list[Traits] = field(default_factory=list)
    first: date | None = None
    last: date | None = None
    agents: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def teams(self) -> dict[str, list[Tally]]:
        """Agents with calls in the period, by team; both in order."""
        found: dict[str, list[Tally]] = {}
        for key in sorted(self.tallies):
            tally = self.tallies[key]
            if tally.calls:
                found.setdefault(tally.team, []).append(tally)
        return found


def read_period(
    results: Sequence[Path],
    guide: Guide,
    days: Days,
    *,
    team: Sequence[str],
    previous: Sequence[Path] = (),
    on_call: Callable[[], None] | None = None,
) -> Period:
    """Read results.

    Args:
        results: folders with the calls of the period; calls before it count in trends.
        guide: the skills.
        days: the period.
        team: fields of the metadata that name the team.
        previous: folders of earlier calls, only for trends.
        on_call: told after every file.

    Raises:
        ConfigError: a folder holds no results.
        TranscriptError: a result is not in the published form.
    """
    period = Period()
    for folders, may_be_current in ((results, True), (previous, False)):
        for folder, call in _calls(folders, on_call):
            add_call(period, folder, call, guide, days, team=team, may_be_current=may_be_current)
    return period


def add_call(
    period: Period,
    folder: Path,
    call: Json,
    guide: Guide,
    days: Days,
    *,
    team: Sequence[str],
    may_be_current: bool = True,
) -> None:
    """Count one call."""
    day = day_in_china(call["metadata"].get("started_at"))
    current = may_be_current and days.has(day)
    if not current:
        if day is None:
            period.counts["undated"] += 1
        if may_be_current and not days.is_after(day):
            return
    agent = call["metadata"].get("agent_id")
    reason = "not_scored" if call["status"] != "scored" else "" if agent else "no_agent"
    if reason:
        period.counts[reason] += current
        return
    key = (_team(call, team), str(agent))
    tally = period.tallies.setdefault(key, Tally(agent=key[1], team=key[0]))
    tally.add(seen(call, folder, guide, week=week_of(day) if day else None, current=current))
    if current:
        period.traits.append(traits(call, key[1]))
        period.agents.setdefault(key[1], call["call_id"])
        if day is not None:
            period.first = day if period.first is None else min(period.first, day)
            period.last = day if period.last is None else max(period.last, day)


def seen(call: Json, folder: Path, guide: Guide, *, week: str | None, current: bool) -> Seen:
    """What is kept of a call."""
    talk = Talk(call)
    scores = call["scores"]
    pressure = set(guide.pressure)
    confirmed = any(f["state"] == "violation" and f["rule"] in pressure for f in call["findings"])
    pressing = scores["red_line"] or confirmed
    share = talk.pressing_share
    return Seen(
        key=CallKey(folder, call["call_id"]),
        week=week,
        current=current,
        compliance=scores["compliance"],
        effectiveness=scores["effectiveness"],
        red_line=scores["red_line"],
        promised=_promised(talk),
        hard=pressing or (share is not None and share > _hard_from(guide)),
        pressure=pressing,
        tainted=talk.is_tainted(guide),
        sightings=sightings(talk, guide),
    )


def _promised(talk: Talk) -> bool | None:
    """Whether the debtor promises anything with an amount or a day; ``None`` where no debtor is reached."""
    if talk.who is not Situation.DEBTOR:
        return None
    promise = talk.call["promise_to_pay"]
    return promise is not None and (promise["amount"] is not None or promise["date"] is not None)


def _hard_from(guide: Guide) -> float:
    for skill in guide.skills:
        if skill.measure.conduct is Measure.PRESSING_SHARE and skill.measure.at_most is not None:
            return skill.measure.at_most
    return _HARD_FROM


def _team(call: Json, fields: Sequence[str]) -> str:
    named = (call["metadata"].get(name) for name in fields)
    return next((str(value) for value in named if value), NO_TEAM)


def _calls(
    folders: Iterable[Path], on_call: Callable[[], None] | None
) -> Iterator[tuple[Path, dict[str, Any]]]:
    for folder in folders:
        for path in result_files(folder):
            yield folder, read_call(path)
            if on_call:
                on_call()
