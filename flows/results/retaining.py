"""Retention of a results folder: its plan, its key, and what makes its summaries anew."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from flows.batch.before import previous_period
from flows.batch.publishing import publish_as_set
from flows.privacy.unmasking import tell_by_setting
from flows.results.opened import Opened, opened_results, source_calls
from flows.watch.logs import opened_log
from pipeline.detect.rulebook import rulebook_of
from pipeline.errors import TingheError, TranscriptError
from pipeline.redact import People
from pipeline.report.call_json import read_call
from pipeline.report.english import english_for
from pipeline.report.names import without_names
from pipeline.report.pages import write_pages
from pipeline.report.playable import sound_link
from pipeline.report.quarantine import read_quarantine
from pipeline.report.table import write_tables
from pipeline.retention import proof
from pipeline.retention.apply import Retention
from pipeline.retention.inventory import QUARANTINE
from pipeline.retention.plan import Standing
from pipeline.retention.profiles import load_profiles
from pipeline.retention.settlements import Settlements, read_settlements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.retention.apply import Applied
    from pipeline.types import Call


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def opened_retention(
    folder: Path,
    config: Path | None,
    *,
    clock: Callable[[], datetime] = _now,
    planning: bool = False,
) -> Iterator[Retention]:
    """Retention of a results folder.

    Args:
        folder: the results folder.
        config: settings; those of its last run when ``None``.
        clock: the time.
        planning: make no key, for nothing will be deleted.

    Raises:
        ConfigError: the settings, the profiles or the folder cannot be used.
        StoreError: the database or the key cannot be used.
    """
    with opened_results(folder, config) as found:
        yield _retention(found, clock=clock, planning=planning)


def _retention(found: Opened, *, clock: Callable[[], datetime] = _now, planning: bool = False) -> Retention:
    settings = found.settings.retention
    calls = source_calls(found)
    key = proof.find_key(found.folder, settings.key_env, os.environ, make=not planning)
    return Retention(
        folder=found.folder,
        store=found.store,
        batch_id=found.parameters.batch_id if found.parameters else None,
        profiles=load_profiles(
            found.settings.path(settings.profiles), found.settings.path(found.settings.detect.norms)
        ),
        key=key or proof.Key(b""),
        clock=clock,
        rebuild=lambda silent: rebuild(found, calls, silent),
        recordings={
            call.call_id: call.recording.path.absolute()
            for call in calls
            if call.recording and not call.recording.url
        },
        may_delete_in=tuple(Path(path).expanduser().resolve() for path in settings.recordings_in),
    )


def carry_out(folder: Path, config: Path | None, settlements: Settlements) -> Applied:
    """Delete what is due in a results folder, and log it.

    Raises:
        TingheError: as :func:`opened_retention` and :meth:`pipeline.retention.apply.Retention.apply`.
    """
    with opened_results(folder, config) as found, opened_log(found.settings.watch.log, folder) as log:
        try:
            done = _retention(found).apply(settlements)
        except TingheError as error:
            log.event("retention_failed", level="error", error=error.code)
            raise
        log.event(
            "retention_ended",
            calls=len(done.calls),
            finished=done.finished,
            files=done.files,
            rows=done.rows,
            stopped=len(done.stopped),
        )
        publish_as_set(folder, found.settings)  # what is deleted here is deleted there
    return done


def rebuild(found: Opened, calls: tuple[Call, ...], pages_of: frozenset[str]) -> None:
    """Make ``summary.*`` anew from the results that are there.

    People are masked as far as they can be told: by the manifest where it is still there, else by the
    titles that are said with a name.

    Args:
        found: the results folder.
        calls: the calls of its source, in their order, as far as that can be read.
        pages_of: calls whose pages are made anew too.

    Results that cannot be read are left out.

    Raises:
        StoreError: a file cannot be written.
    """
    folder, report = found.folder, found.settings.report
    order = {call.call_id: place for place, call in enumerate(calls)}
    away = read_quarantine(folder / QUARANTINE)
    set_aside = {call.call_id for call in away}
    ids = {path: unquote(path.stem) for path in (folder / "calls").glob("[!.]*.json")}
    paths = sorted(
        (path for path, call_id in ids.items() if call_id not in set_aside),
        key=lambda path: (order.get(ids[path], len(order)), ids[path]),
    )
    people = {call.call_id: People.of(call.metadata) for call in calls}
    book = rulebook_of(found.settings)
    shown: dict[str, Any] = {
        "language": report.language,
        "mask": report.mask,
        "norms": book.norms,
        "rule_titles": book.titles,
        "people": people,
        "before": previous_period(folder, found.settings),
        "english": english_for(found.settings),
    }

    def reports() -> Iterator[dict[str, Any]]:
        for path in paths:
            try:
                call = read_call(path)
            except TranscriptError:
                continue
            yield call if call["call_id"] in people or not report.mask else without_names(call)

    audio = {ids[path]: link for path in paths if (link := sound_link(folder, ids[path]))}
    tell_by_setting(folder, found.settings, what="report", calls=(ids[path] for path in paths))
    write_tables(reports(), away, folder, **shown)
    write_pages(reports(), away, folder, audio=audio, only=pages_of, **shown)


def count_or_delete(
    results: Path, config: Path | None = None, settlements: Path | None = None, *, delete: bool = False
) -> dict[str, int]:
    """Delete what is due in a results folder, or only count it.

    Args:
        results: the results folder.
        config: a settings file; that of the folder's last run when left out.
        settlements: a CSV of debts that are settled.
        delete: whether to delete; else nothing is changed.

    Returns:
        How many calls are due, of how many something was deleted, and how many could not be.
    """
    settled = read_settlements(settlements) if settlements else Settlements()
    if delete:
        done = carry_out(results, config, settled)
        return {"due": len(done.calls), "deleted": len(done.calls), "stopped": len(done.stopped)}
    with opened_retention(results, config, planning=True) as retention:
        due = sum(decision.standing is Standing.DUE for decision in retention.plan(settled))
        return {"due": due, "deleted": 0, "stopped": 0}
