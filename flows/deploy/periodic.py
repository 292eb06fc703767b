"""The scheduled reports: coaching of the week that is over, audit packs of the month that is over.

As in :mod:`flows.deploy.runs`, what Prefect keeps holds names of profiles, weeks, months, counts and codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from prefect import State, flow
from prefect.runtime import flow_run
from pydantic import Field

from flows.deploy.runs import FLOW, ProfileName, over_parts, profile_name, today
from pipeline.batch.days import days_kept
from pipeline.coaching.periods import week_days, week_of
from pipeline.errors import ConfigError
from pipeline.export.calls import result_files
from pipeline.report.call_json import read_call
from pipeline.report.files import file_stem

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.batch.days import Profile

WEEKS_BEFORE = 4
"""Earlier weeks whose results make the trend."""
Week = Annotated[str, Field(pattern=r"^\d{4}-W\d{2}$")]
Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A week or a month of a profile's results.

    Attributes:
        name: ``2026-W47`` or ``2026-11``.
        folders: results of its days; one folder where there are no days.
        earlier: results of the days before, for the trend.
        to: where its report goes; ``None`` where the settings name no folder.
    """

    name: str
    first: date
    last: date
    folders: tuple[Path, ...]
    to: Path | None
    earlier: tuple[Path, ...] = ()


def _weekly_name() -> str:
    return f"coaching {flow_run.parameters.get('week') or f'to {today()}'} · {profile_name()}"


def _monthly_name() -> str:
    return f"audit packs {flow_run.parameters.get('month') or f'to {today()}'} · {profile_name()}"


@flow(name="tinghe-coaching", flow_run_name=_weekly_name, **FLOW)
def weekly(profile: ProfileName, week: Week | None = None) -> State:
    """Write the coaching report of a week.

    Args:
        profile: whose calls.
        week: ISO week; the one before that of the run when left out.
    """

    def stretches(found: Profile) -> tuple[Stretch, ...]:
        return (coaching_week(found, week or week_of(today() - timedelta(days=7))),)

    return over_parts(profile, stretches, write_coaching)


@flow(name="tinghe-audit", flow_run_name=_monthly_name, **FLOW)
def monthly(profile: ProfileName, month: Month | None = None) -> State:
    """Make an audit pack of a month for each agency.

    Args:
        profile: whose calls.
        month: the one before that of the run when left out.
    """

    def stretches(found: Profile) -> tuple[Stretch, ...]:
        return (audit_month(found, month or f"{today().replace(day=1) - timedelta(days=1):%Y-%m}"),)

    return over_parts(profile, stretches, write_audit)


def coaching_week(profile: Profile, week: str) -> Stretch:
    """The results of a week, and of the weeks before for the trend.

    Raises:
        ConfigError: it is no week, or the settings name the same folder for all.
    """
    days = week_days(week)
    if days.first is None or days.last is None:
        raise ConfigError(f"{week} is no week")
    before = days.first - timedelta(weeks=WEEKS_BEFORE)
    return Stretch(
        name=week,
        first=days.first,
        last=days.last,
        folders=_folders(profile, days.first, days.last),
        # Where there are no days, the one folder has the earlier calls too.
        earlier=_folders(profile, before, days.first - timedelta(days=1), undated=False),
        to=_place(profile, "coaching", "week", week),
    )


def audit_month(profile: Profile, month: str) -> Stretch:
    """The results of a month.

    Raises:
        ConfigError: the settings name the same folder for all months.
    """
    first = date.fromisoformat(f"{month}-01")
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return Stretch(
        name=month,
        first=first,
        last=last,
        folders=_folders(profile, first, last),
        to=_place(profile, "audits", "month", month),
    )


def write_coaching(profile: Profile, stretch: Stretch) -> str:
    """Write the report of a week; what there is in it, in a line."""
    from flows.results.coaching import Wanted, write

    if stretch.to is None:
        return "night.coaching names no folder: nothing is written"
    if not stretch.folders:
        return "no day has results"
    wanted = Wanted(
        results=stretch.folders,
        to=stretch.to,
        first=stretch.first,
        last=stretch.last,
        previous=stretch.earlier,
    )
    written = write(wanted, profile.path)
    return f"{written.calls} calls, {written.agents} agents, {written.teams} teams"


def write_audit(profile: Profile, stretch: Stretch) -> str:
    """Make a pack for each agency; how many there are, in a line."""
    from flows.results.packing import PackOrder, make_pack
    from pipeline.audit.selection import Selection

    if stretch.to is None:
        return "night.audits names no folder: nothing is written"
    agencies = _agencies(stretch)
    calls = 0
    for agency, folders in sorted(agencies.items()):
        order = PackOrder(
            folders=folders,
            selection=Selection(agency=agency, first=stretch.first, last=stretch.last),
            to=stretch.to / f"{file_stem(agency)}.zip",
            config=profile.path,
        )
        calls += make_pack(order, lambda number: None).calls
    return f"{len(agencies)} packs, {calls} calls" if agencies else "no call of an agency"


def _agencies(stretch: Stretch) -> dict[str, tuple[Path, ...]]:
    """The agencies with calls in a stretch, and the folders that hold them."""
    found: dict[str, list[Path]] = {}
    for folder in stretch.folders:
        named = {read_call(path)["metadata"].get("agency") for path in result_files(folder)}
        for agency in filter(None, named):
            found.setdefault(str(agency), []).append(folder)
    return {agency: tuple(folders) for agency, folders in found.items()}


def _folders(profile: Profile, first: date, last: date, *, undated: bool = True) -> tuple[Path, ...]:
    return tuple(
        day.results
        for day in days_kept(profile.settings)
        if (undated if day.date is None else first <= day.date <= last)
    )


def _place(profile: Profile, setting: str, mark: str, name: str) -> Path | None:
    """The folder that a setting of ``[night]`` names; ``None`` where it is empty.

    Raises:
        ConfigError: it names the same for every week or month.
    """
    template = str(getattr(profile.settings.night, setting))
    if not template:
        return None
    if f"{{{mark}}}" not in template:
        raise ConfigError(f"night.{setting}: has no {{{mark}}} in it; see docs/operations.md")
    return profile.settings.path(template.replace(f"{{{mark}}}", name))
