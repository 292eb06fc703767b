"""Dashboards over several results folders."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from flows.batch.before import Results, period_of
from flows.results.reviewing import figures_of
from pipeline.errors import ConfigError
from pipeline.export.calls import result_files
from pipeline.intervals import Interval
from pipeline.report.dashboard.page import render_dashboard
from pipeline.report.dashboard.period import compare, period
from pipeline.report.dashboard.rows import CallRow, call_row
from pipeline.report.files import write_atomically
from pipeline.report.labels import Labels
from pipeline.report.page import PageKit
from pipeline.report.pdf import find_browser, print_pdf
from pipeline.report.table import Tables
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.types import Quarantined


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
    before = period_of(earlier, on_call) if earlier else None
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


def _precision(wanted: Wanted) -> dict[str, Interval]:
    """By rule, the share of its reviewed violations that reviewers confirmed."""
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


def count_files(folders: Sequence[Path]) -> int:
    """How many results there are to read.

    Raises:
        ConfigError: no folder is named, or one has no results.
    """
    if not folders:
        raise ConfigError("name a results folder")
    return sum(len(result_files(folder)) for folder in folders)
