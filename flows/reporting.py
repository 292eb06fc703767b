"""Dashboards over several results folders, and the day that a dashboard of a night is compared with."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pipeline.batch.days import days_kept
from pipeline.batch.parameters import read_parameters
from pipeline.detect.rulebook import load_rulebook
from pipeline.errors import ConfigError, TingheError, TranscriptError
from pipeline.export.calls import result_files
from pipeline.intervals import Interval
from pipeline.redact import People
from pipeline.report.call_json import read_call
from pipeline.report.dashboard.page import render_dashboard
from pipeline.report.dashboard.period import Period, compare, period
from pipeline.report.dashboard.rows import CallRow, call_row
from pipeline.report.files import write_atomically
from pipeline.report.labels import Labels
from pipeline.report.page import PageKit
from pipeline.report.pdf import find_browser, print_pdf
from pipeline.report.quarantine import read_quarantine
from pipeline.report.showing import Showing
from pipeline.report.table import Tables
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
        book = load_rulebook(settings.path(settings.detect.rules), settings.path(settings.detect.norms))
        showing = Showing(
            labels=Labels(settings.report.language),
            norms=book.norms,
            rule_titles=book.titles,
            people=_people(folder, named),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a report came to.

    Attributes:
        page: the dashboard.
        pdf: the dashboard as PDF; ``None`` where none was asked for.
        calls: how many calls it is about, those in quarantine included.
        twice: calls that were found in several folders and counted once.
        unreadable: results that could not be read and are missing in it.
        compared: whether findings and scores were compared with a previous period.
    """

    page: Path
    pdf: Path | None
    calls: int
    twice: int
    unreadable: int
    compared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A report that is asked for.

    Attributes:
        results: results folders, a later one counting where a call is in two.
        to: the folder that takes it.
        compare_with: results folders of the previous period; empty for none.
        name: what the period is called.
        pdf: whether the dashboard is printed as well.
        reviewed: whether rules have the share of their reviewed findings that reviewers confirmed.
        config: a settings file laid over the default one.
    """

    results: Sequence[Path]
    to: Path
    compare_with: Sequence[Path] = ()
    name: str = ""
    pdf: bool = False
    reviewed: bool = False
    config: Path | None = None


def make_report(wanted: Wanted, on_call: Callable[[], None] = lambda: None) -> Reported:
    """Write a dashboard with its tables.

    Args:
        wanted: what is asked for.
        on_call: told of every call that is read.

    Raises:
        ConfigError: there are no results, the settings cannot be used, or no browser is there for a PDF.
        StoreError: something cannot be read or written.
    """
    settings = load_settings(wanted.config)
    if wanted.pdf:
        find_browser(settings.report.browser)  # before minutes of reading
    folders = [Results.of(folder, settings, wanted.config) for folder in wanted.results]
    earlier = [Results.of(folder, settings, wanted.config) for folder in wanted.compare_with]
    before = _period(earlier, on_call) if earlier else None
    precision = _precision(wanted) if wanted.reviewed else None
    kit = PageKit(Labels(settings.report.language), masked=True)
    tables = Tables(folders[0].showing, before)
    rows: list[CallRow] = []
    away: list[Quarantined] = []
    for results in folders:
        base = _base(results.folder, wanted.to)
        for call in results.calls(on_call):
            tables.add(call, results.showing)  # which is reading it from here on
            rows.append(call_row(call, results.showing, base=base))
        away += results.quarantined
    now = period(rows, away, name=wanted.name)
    tables.write(away, wanted.to)
    page = wanted.to / "summary.html"
    showing = replace(folders[0].showing, labels=kit.labels)
    write_atomically(page, render_dashboard(kit, showing, now, before, precision=precision))
    pdf = wanted.to / "summary.pdf" if wanted.pdf else None
    if pdf is not None:
        print_pdf(page, pdf, browser=settings.report.browser)
    return Reported(
        page=page,
        pdf=pdf,
        calls=now.planned,
        twice=now.twice,
        unreadable=sum(results.unreadable for results in (*folders, *earlier)),
        compared=compare(now, before).judged_alike,
    )


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
        return _period([Results.of(days[max(earlier)], settings, None)])
    except (TingheError, OSError):
        return None


def _period(folders: Sequence[Results], on_call: Callable[[], None] = lambda: None) -> Period:
    """The calls of folders for comparison, without what was said in them."""
    rows: list[CallRow] = []
    for results in folders:
        rows += [call_row(call, results.showing, words=False) for call in results.calls(on_call)]
    return period(rows, [call for results in folders for call in results.quarantined])


def _precision(wanted: Wanted) -> dict[str, Interval]:
    """By rule, the share of its reviewed violations that reviewers confirmed."""
    from flows.reviewing import figures_of  # which opens results, as retention does

    found, _ = figures_of(wanted.results, wanted.config)
    return {
        of.rule: Interval(
            value=of.precision.value, low=of.precision.low, high=of.precision.high, n=of.precision.n
        )
        for of in found.rules
        if of.rule and of.state == "violation" and of.precision
    }


def _base(results: Path, to: Path) -> str:
    """The way from a report to a results folder, as a link."""
    way = os.path.relpath(results.resolve(), to.resolve())
    return "" if way == "." else f"{quote(Path(way).as_posix())}/"


def _people(folder: Path, named: Path | None) -> dict[str, People]:
    """By call id, the people whom the source of a folder names; nobody where the source is gone."""
    from flows.night import Order, plan  # which makes dashboards itself

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


def count_files(folders: Sequence[Path]) -> int:
    """How many results there are to read.

    Raises:
        ConfigError: no folder is named, or one has no results.
    """
    if not folders:
        raise ConfigError("name a results folder")
    return sum(len(result_files(folder)) for folder in folders)
