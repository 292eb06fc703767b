"""The scheduled runs: the night, new rules, retention; reports: :mod:`flows.deploy.periodic`.

Each is a thin flow over days (:mod:`pipeline.batch.days`). Prefect keeps parameters, names, messages and logs
in clear: they hold names of profiles, days, counts and codes. A flow ends in a state that says in one line
what became of each day; one bad day does not stop the others.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol, TypeVar

from prefect import State, flow, get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import Field

from flows.batch.night import Order, run_batch
from flows.deploy.artifacts import masked, publish, shown, tell_closed
from flows.deploy.progress_artifact import ProgressArtifact
from flows.privacy.sealed import seal
from flows.results.retaining import count_or_delete
from flows.show.batch import summary_line
from pipeline.batch.days import PROFILE_NAME, Day, day_of, days_due, days_kept, load_profile
from pipeline.errors import BatchStopped, ConfigError, StoreError, TingheError, UnexpectedError
from pipeline.metadata import CHINA
from pipeline.settings import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.batch.days import Profile

ProfileName = Annotated[str, Field(pattern=PROFILE_NAME)]
"""Of a settings file in the profiles folder, without its ending."""
PROFILES: Final = "TINGHE_PROFILES"
"""The environment variable with the profiles folder; that of the project where it is not set."""


class Part(Protocol):
    """A part of a run's work, such as a day: the message names it."""

    @property
    def name(self) -> str:
        """What it is called; empty where there is only one."""
        ...


_Part = TypeVar("_Part", bound=Part)

_TOLD_IN_WORDS: Final = (ConfigError, BatchStopped, StoreError, UnexpectedError)
"""Errors whose messages are about settings, folders, ids and types."""


def profiles_folder() -> Path:
    """Where profiles are."""
    return Path(os.environ.get(PROFILES) or CONFIGS / "profiles")


def _night_name() -> str:
    given = flow_run.parameters.get("business_date")
    return f"night to {today()} · {profile_name()}" if given is None else f"{given} · {profile_name()}"


def _rejudge_name() -> str:
    first, last = (flow_run.parameters.get(name) or "…" for name in ("first_day", "last_day"))
    return f"new rules, {first} to {last} · {profile_name()}"


def _retention_name() -> str:
    what = "deletes" if flow_run.parameters.get("delete") else "counts only"
    return f"retention to {today()}, {what} · {profile_name()}"


def profile_name() -> str:
    """The profile of this run."""
    return str(flow_run.parameters["profile"])


def today() -> date:
    """The day in China on which the run was to begin: a late run is still about the same calls."""
    scheduled: date = flow_run.scheduled_start_time.astimezone(CHINA).date()
    return scheduled


FLOW: Final[dict[str, Any]] = {"persist_result": False, "validate_parameters": True, "log_prints": False}


@flow(name="tinghe-nightly", flow_run_name=_night_name, **FLOW)
def nightly(profile: ProfileName, business_date: date | None = None) -> State:
    """Judge the calls of the last business day, and of the days before it that are not done.

    Args:
        profile: whose calls.
        business_date: this day only.
    """

    def days(found: Profile) -> Sequence[Day]:
        if business_date is not None:
            return (day_of(found.settings, business_date),)
        return days_due(found.settings, today())

    return over_parts(profile, days, lambda found, day: _batch(found, day, as_kept=False))


@flow(name="tinghe-rejudge", flow_run_name=_rejudge_name, **FLOW)
def rejudge(profile: ProfileName, first_day: date | None = None, last_day: date | None = None) -> State:
    """Judge again what was heard, with the rules as they are now; nothing is listened to.

    Args:
        profile: whose calls.
        first_day: from this day on; from the first when left out.
        last_day: to this day; to the last when left out.
    """

    def days(found: Profile) -> Sequence[Day]:
        return [
            day
            for day in days_kept(found.settings)
            if day.date is None
            or ((first_day is None or first_day <= day.date) and (last_day is None or day.date <= last_day))
        ]

    return over_parts(profile, days, lambda found, day: _batch(found, day, as_kept=True))


@flow(name="tinghe-retention", flow_run_name=_retention_name, **FLOW)
def retention(profile: ProfileName, delete: bool = False) -> State:
    """Count what is due to be deleted in all results folders, and delete it if so asked.

    Args:
        profile: whose calls.
        delete: whether to delete; else nothing is changed.
    """

    def work(found: Profile, day: Day) -> str:
        settlements = found.settings.night.settlements
        counts = count_or_delete(
            day.results,
            found.path,
            found.settings.path(settlements) if settlements else None,
            delete=delete,
        )
        return ", ".join(f"{count} {name}" for name, count in counts.items())

    return over_parts(profile, lambda found: days_kept(found.settings), work)


def _batch(profile: Profile, day: Day, *, as_kept: bool) -> str:
    order = Order(
        source=day.source,
        out=day.results,
        mode=day.mode,
        config=profile.path,
        dial_log=day.dial_log,
        as_kept=as_kept,
    )
    result = run_batch(order, ProgressArtifact(day=day.name))
    publish(shown(day, result, profile.settings), day, profile.settings)
    tell_closed(day, result)
    return "nothing had changed" if result.idle else summary_line(result.summary)


def over_parts(
    name: str, days: Callable[[Profile], Sequence[_Part]], work: Callable[[Profile, _Part], str]
) -> State:
    """Work on each day or other part, and say in the state what became of it."""
    seal()
    try:
        profile = load_profile(name, profiles_folder())
        chosen = days(profile)
    except TingheError as error:
        return Failed(message=_words(error))
    lines, failed = [], False
    for day in chosen:
        try:
            line = work(profile, day)
        except TingheError as error:
            line, failed = _words(error), True
        except Exception as error:
            # Its message may quote a call, and Prefect would keep it.
            line, failed = f"unexpected: {type(error).__name__}", True
        lines.append(f"{day.name}: {line}" if day.name else line)
        get_run_logger().info(lines[-1])
    message = "; ".join(lines) or "no day has results"
    return Failed(message=message) if failed else Completed(message=message)


def _words(error: TingheError) -> str:
    return f"{error.code}: {masked(str(error))}" if isinstance(error, _TOLD_IN_WORDS) else error.code
