"""The days that scheduled runs work on: where a day's calls and results are, and which days are not done.

The settings name both with ``{date}`` for the business day (``[night]``), a folder a day. Without ``{date}``
there is one folder, and no day can be asked for.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.batch.parameters import Mode, read_parameters
from pipeline.batch.progress import read_progress
from pipeline.errors import ConfigError
from pipeline.places import Source, Url
from pipeline.settings import load_settings
from pipeline.store import open_store

if TYPE_CHECKING:
    from pipeline.settings import Settings

DATE: Final = "{date}"
PROFILE_NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,39}$"
"""Names of settings files, as parameters give them: no paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Settings by name.

    Attributes:
        path: the file that they come from.
    """

    name: str
    path: Path
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A business day's work.

    Attributes:
        date: the day; ``None`` where the settings know only one folder.
        source: where its calls are.
        results: its results folder.
        dial_log: the log of the dialler; ``None`` for none.
    """

    date: date | None
    source: Source
    results: Path
    mode: Mode
    dial_log: Path | None

    @property
    def name(self) -> str:
        """The day as people write it; empty where there is none."""
        return self.date.isoformat() if self.date else ""


def load_profile(name: str, folder: Path) -> Profile:
    """The settings of a name: ``<folder>/<name>.toml`` over the default ones.

    Raises:
        ConfigError: the name is none, or there is no such file that can be used.
    """
    if not re.fullmatch(PROFILE_NAME, name):
        raise ConfigError("a profile's name has lower-case letters, digits, - and _, 40 at most")
    path = folder / f"{name}.toml"
    return Profile(name=name, path=path, settings=load_settings(path))


def day_of(settings: Settings, day: date | None) -> Day:
    """Where a day's work is.

    Raises:
        ConfigError: the settings name no place, or know of no days and one is asked for, or the other way.
    """
    night = settings.night
    for name in ("source", "results"):
        if not getattr(night, name):
            raise ConfigError(f"night.{name}: names no folder; see docs/operations.md")
    if has_days(settings) != (day is not None):
        problem = "have no {date}: no day can be asked for" if day else "have {date}: a day is needed"
        raise ConfigError(f"night.source and night.results {problem}")
    return Day(
        date=day,
        source=_source(settings, night.source, day),
        results=_place(settings, night.results, day),
        mode=night.mode,
        dial_log=_place(settings, night.dial_log, day) if night.dial_log else None,
    )


def has_days(settings: Settings) -> bool:
    """Whether there is a folder a day.

    Raises:
        ConfigError: there is for calls and not for results, or the other way.
    """
    source, results = DATE in settings.night.source, DATE in settings.night.results
    if source != results:
        raise ConfigError("night.source, night.results: both or neither must have {date}")
    return source


def days_due(settings: Settings, today: date) -> tuple[Day, ...]:
    """Yesterday, and before it the days with calls whose batch is not done, the oldest first.

    The oldest come first because later calls are judged by what happened in earlier ones.

    Args:
        settings: with ``[night]``.
        today: the day in China on which the run was to begin.

    Raises:
        ConfigError: the settings name no place.
        StoreError: a database cannot be read.
    """
    if not has_days(settings):
        return (day_of(settings, None),)
    back = range(settings.night.days_back + 1, 0, -1)
    days = [day_of(settings, today - timedelta(days=days)) for days in back]
    return (*(d for d in days[:-1] if d.source.exists() and not is_done(d, settings)), days[-1])


def days_kept(settings: Settings) -> tuple[Day, ...]:
    """The days that have a results folder in which a batch was started, the oldest first.

    Raises:
        ConfigError: the settings name no place.
    """
    if not has_days(settings):
        only = day_of(settings, None)
        return (only,) if read_parameters(only.results) else ()
    days = (day_of(settings, day) for day in _days_in(settings.path(settings.night.results)))
    return tuple(day for day in days if read_parameters(day.results))


def _days_in(template: Path) -> list[date]:
    """The days for which there is a folder where the first ``{date}`` of a path stands, in order."""
    at = next(place for place, part in enumerate(template.parts) if DATE in part)
    parent, part = Path(*template.parts[:at]), template.parts[at]
    begins = part.index(DATE)
    found = []
    for name in sorted(path.name for path in parent.iterdir()) if parent.is_dir() else ():
        text = name[begins : begins + len("2026-11-25")]
        day = _date(text)
        if day is not None and part.replace(DATE, day.isoformat()) == name:
            found.append(day)
    return found


def is_done(day: Day, settings: Settings) -> bool:
    """Whether the last run over a day's calls came to its end.

    Raises:
        ConfigError: what the folder says of itself cannot be read.
        StoreError: its database cannot be read.
    """
    parameters = read_parameters(day.results)
    if parameters is None:
        return False
    store = open_store(day.results, settings.store, os.environ)
    try:
        progress = read_progress(store, parameters.batch_id, time.time())
    finally:
        store.close()
    return progress is not None and progress.state == "done"


def _place(settings: Settings, template: str, day: date | None) -> Path:
    return settings.path(_named(template, day))


def _source(settings: Settings, template: str, day: date | None) -> Source:
    named = _named(template, day)
    return Url(named) if "://" in named else settings.path(named)


def _named(template: str, day: date | None) -> str:
    return template.replace(DATE, day.isoformat()) if day else template


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
