"""What a dashboard is compared with: a results folder read for one, and the day before a night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pipeline.batch.days import days_kept
from pipeline.batch.parameters import read_parameters
from pipeline.detect.rulebook import rulebook_of
from pipeline.errors import TingheError, TranscriptError
from pipeline.export.calls import result_files
from pipeline.redact import People
from pipeline.report.call_json import read_call
from pipeline.report.dashboard.period import Period, period
from pipeline.report.dashboard.rows import CallRow, call_row
from pipeline.report.english import english_for
from pipeline.report.labels import Labels
from pipeline.report.quarantine import read_quarantine
from pipeline.report.showing import Showing
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pipeline.settings import Settings
    from pipeline.types import Quarantined

QUARANTINE: Final = "quarantine.jsonl"
DAYS_BACK: Final = 7
"""A night is compared with the last day before it that has results, but not with one longer ago."""


@dataclass(slots=True)
class Results:
    """A results folder, read for a dashboard; people are masked.

    Attributes:
        folder: it.
        files: the results of its calls.
        quarantined: its calls that could not be judged.
        showing: how its calls are shown.
        unreadable: results that could not be read, so far.
    """

    folder: Path
    files: Sequence[Path]
    quarantined: tuple[Quarantined, ...]
    showing: Showing
    unreadable: int = 0

    @classmethod
    def of(cls, folder: Path, settings: Settings, named: Path | None) -> Results:
        """A folder.

        Args:
            folder: it.
            settings: how reports are made.
            named: a settings file that was asked for, instead of that of the folder's last run.

        Raises:
            ConfigError: there are no results, or its settings cannot be used.
            StoreError: its quarantine cannot be read.
        """
        book = rulebook_of(settings)
        showing = Showing(
            labels=Labels(settings.report.language),
            norms=book.norms,
            rule_titles=book.titles,
            people=_people(folder, named),
            english=english_for(settings),
        )
        return cls(folder, result_files(folder), read_quarantine(folder / QUARANTINE), showing)

    def calls(self, on_call: Callable[[], None] = lambda: None) -> Iterator[dict[str, Any]]:
        """The JSON of each call that can be read."""
        for path in self.files:
            on_call()
            try:
                call = read_call(path)
            except TranscriptError:
                self.unreadable += 1
                continue
            yield call


def previous_period(out: Path, settings: Settings) -> Period | None:
    """The last day with results before that of a results folder, where the settings have a folder a day.

    Results that cannot be used make no comparison, and no error of the night that would be compared.

    Args:
        out: the results folder of a day.
        settings: with ``[night]``.
    """
    if not settings.night.results:
        return None
    try:
        days = {day.date: day.results.resolve() for day in days_kept(settings) if day.date}
        today = next((day for day, place in days.items() if place == out.resolve()), None)
        earlier = [day for day in days if today and today - timedelta(days=DAYS_BACK) <= day < today]
        if not earlier:
            return None
        return period_of([Results.of(days[max(earlier)], settings, None)])
    except (TingheError, OSError):
        return None


def period_of(folders: Sequence[Results], on_call: Callable[[], None] = lambda: None) -> Period:
    """The calls of folders for comparison, without what was said in them."""
    rows: list[CallRow] = []
    for results in folders:
        rows += [call_row(call, results.showing, words=False) for call in results.calls(on_call)]
    return period(rows, [call for results in folders for call in results.quarantined])


def _people(folder: Path, named: Path | None) -> dict[str, People]:
    """By call id, the people whom the source of a folder names; nobody where the source is gone."""
    from flows.batch.night import Order, plan  # which makes dashboards itself

    try:
        parameters = read_parameters(folder)
        if parameters is None:
            return {}
        settings = load_settings(named or parameters.config)
        order = Order(source=parameters.source, out=folder, mode=parameters.mode)
        jobs, _ = plan(order, settings)
    except (TingheError, OSError):
        return {}
    return {job.call.call_id: People.of(job.call.metadata) for job in jobs}
