"""A batch from its source to its reports, without a scheduler: planned, opened, closed, shown."""

from __future__ import annotations

import os
import socket
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flows.batch.before import previous_period
from flows.batch.lane_bench import bench_for
from flows.batch.publishing import publish_as_set, published_at
from flows.batch.runners import is_remote, require_runner
from flows.privacy.unmasking import tell_by_setting
from flows.watch.watching import Watcher, watching
from pipeline.audit.archive import keep_packs
from pipeline.batch.journal import Journal
from pipeline.batch.keys import Basis, FileStamp, digest, transcript_sha256
from pipeline.batch.ownership import Ownership, locked
from pipeline.batch.parameters import Mode, Parameters, new_parameters, read_parameters
from pipeline.batch.plan import Job
from pipeline.batch.run import Batch
from pipeline.batch.units import Stage, UnitState
from pipeline.detect.conditions.across import shared_with
from pipeline.detect.rulebook import rulebook_of
from pipeline.dial_log import read_dial_log
from pipeline.errors import ConfigError, StoreError, TingheError
from pipeline.history import Ledger
from pipeline.manifest import plan_recordings
from pipeline.places import Source, Url
from pipeline.privacy.vault import key_of
from pipeline.redact import People
from pipeline.report.call_json import read_call
from pipeline.report.dial_log import write_lost_lines
from pipeline.report.english import english_for, titles_for
from pipeline.report.files import file_stem, keep_private, remove_unfinished
from pipeline.report.labels import Labels
from pipeline.report.pages import Pages
from pipeline.report.playable import cover_call, sound_link, sound_of
from pipeline.report.showing import Showing
from pipeline.report.table import Tables
from pipeline.retention.gone import gone
from pipeline.settings import load_settings
from pipeline.store import open_store
from pipeline.transcripts import plan_transcripts
from pipeline.types import Quarantined
from pipeline.whitelist import compared, load_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from flows.batch.jobs import LocalBench
    from flows.batch.lane_bench import LaneBench
    from pipeline.batch.bench import Observer
    from pipeline.detect.rulebook import RuleBook
    from pipeline.dial_log import DialLog
    from pipeline.settings import Settings
    from pipeline.store import Store
    from pipeline.types import BatchSummary, Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Attributes:
        source: a manifest, a folder with one, or a folder of recordings or transcripts; recordings may lie at
            a URL.
        out: the results folder.
        mode: what ``source`` holds.
        config: a settings file laid over the default one.
        dial_log: the log of the dialler, for rules that count calls.
        as_kept: judge what was heard before, and listen to nothing.
        verify: read recordings to see whether they changed.
    """

    source: Source
    out: Path
    mode: Mode
    config: Path | None = None
    dial_log: Path | None = None
    as_kept: bool = False
    verify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What a run left behind."""

    summary: BatchSummary
    calls: tuple[str, ...]
    quarantined: tuple[Quarantined, ...]
    out: Path
    page: Path
    rule_titles: dict[str, str]
    lost_dials: int = 0
    """Lines of the dial log that could not be used; they stand in ``dial_log_rejected.jsonl``."""
    idle: bool = False
    """Whether there was nothing to do."""

    def reports(self) -> Iterator[dict[str, Any]]:
        """The call JSONs, one at a time, in the order of the manifest."""
        return (read_call(self.out / "calls" / f"{file_stem(call_id)}.json") for call_id in self.calls)


@dataclass
class Night:
    """A batch that is open.

    Attributes:
        first: chunks of the first pass.
        second: chunks of the second, where that is known already.
    """

    order: Order
    settings: Settings
    parameters: Parameters
    batch: Batch
    bench: LocalBench | LaneBench
    basis: Basis
    log: DialLog | None
    ownership: Ownership
    first: int = 0
    second: int | None = None
    _showing: str = ""
    _shown: str = ""

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return self.first == 0 and self.second == 0

    def begin(self) -> None:
        """Find out what there is to do."""
        self.first = self.batch.open()
        if self.first == 0:
            self.second = self.batch.reopen()
        self._showing, self._shown = self.parameters.showing, self.parameters.shown
        # Pages that a death leaves behind the results must not pass for theirs.
        self.parameters = replace(self.parameters, showing="", shown="")
        if not self.idle:
            self.parameters.write(self.order.out)

    def close(self) -> BatchResult:
        """Account for every call, and make pages and tables where anything in them changed.

        Raises:
            StoreError: a call is missing from the account, or nothing can be written.
        """
        if self.ownership.lost:
            raise StoreError(f"the batch in {self.order.out} was taken over by another process")
        keep_packs(
            self.order.out,
            self.settings,
            self.basis,
            self.batch.changed or self.batch.judged,
            batch_id=self.parameters.batch_id,
            anew=bool(self.batch.changed),
            at=datetime.now(UTC),
        )
        summary, batch, out = self.batch.close(), self.batch, self.order.out
        shown = digest(self.basis.showing, batch.judged, sorted(map(repr, batch.quarantined)))
        result = BatchResult(
            summary=summary,
            calls=batch.judged,
            quarantined=batch.quarantined,
            out=out,
            page=out / "summary.html",
            rule_titles={},
            lost_dials=len(self.log.lost) if self.log else 0,
            idle=self.idle,
        )
        if self.idle and shown == self._shown and result.page.exists():
            return result
        # Where others work, no model is loaded here only to ask for names of rules.
        ask = batch.changed and not is_remote(self.settings)
        facts = self.bench.facts if ask else _facts(self.settings)
        stale = _stale(batch, out) if self._showing == self.basis.showing else None
        tell_by_setting(out, self.settings, what="report", calls=batch.judged)
        _report(batch, result, facts.titles, facts.norms, self.settings, only=stale)
        self.parameters = replace(self.parameters, showing=self.basis.showing, shown=shown)
        self.parameters.write(out)
        return replace(result, rule_titles=titles_for(self.settings, facts.titles))


def run_batch(order: Order, observer: Observer) -> BatchResult:
    """Do what an order asks for; where that is nothing, no scheduler is started.

    Raises:
        ConfigError: the settings, the rules or the source as a whole cannot be used.
        ModelError: weights are missing.
        StoreError: results cannot be written, or somebody else writes to the folder.
        BatchStopped: too many calls failed alike.
    """
    with opened(order, observer) as night:
        if night.idle:
            result = night.close()
        else:
            from flows.batch.nightly import work_in_flow

            result = work_in_flow(night)
        publish_as_set(order.out, night.settings)
        return result


@contextmanager
def opened(order: Order, observer: Observer) -> Iterator[Night]:
    """A batch, locked, planned and opened; whatever happens, nothing stays in hand and no lane lives on.

    Raises:
        ConfigError: the settings, the rules or the source as a whole cannot be used.
        StoreError: the folder or the database cannot be used, or somebody else is at work there.
    """
    settings = load_settings(order.config)
    keep_private(group_readable=settings.privacy.group_readable)
    key_of(settings.privacy)  # a key that is missing or none is told before any work is done
    require_runner(settings)
    published_at(settings.batch.publish, order.out)
    with locked(order.out):
        store = open_store(order.out, settings.store, os.environ)
        try:
            with _owned(order, settings, store, observer) as night:
                yield night
        finally:
            store.close()


@contextmanager
def _owned(order: Order, settings: Settings, store: Store, observer: Observer) -> Iterator[Night]:
    parameters = (read_parameters(order.out) or new_parameters(order.source, order.mode)).started_with(
        source=order.source, mode=order.mode, config=order.config, dial_log=order.dial_log
    )
    host = socket.gethostname()
    journal = Journal(store, parameters.batch_id, f"{host}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
    ownership = Ownership(journal, host)
    with ownership.held(), watching(settings.watch, order.out, journal, observer) as watcher:
        remove_unfinished(order.out)
        night = _night(order, settings, parameters, store, journal, ownership, watcher)
        night.parameters.write(order.out)
        write_lost_lines(night.log, order.out)
        ownership.when_lost = night.batch.halt
        try:
            night.begin()
            yield night
        except BaseException as error:
            night.batch.abandon(error.code if isinstance(error, TingheError) else type(error).__name__)
            raise
        finally:
            night.bench.close()


def _night(
    order: Order,
    settings: Settings,
    parameters: Parameters,
    store: Store,
    journal: Journal,
    ownership: Ownership,
    observer: Watcher,
) -> Night:
    basis = Basis.of(settings)
    log = read_dial_log(order.dial_log) if order.dial_log else None
    jobs, rejected = plan(order, settings)
    away = gone(
        order.out,
        store,
        [job.call for job in jobs],
        variable=settings.retention.key_env,
        environment=os.environ,
    )
    observer.left_out(len(away))
    jobs = [job for job in jobs if job.call.call_id not in away]
    if order.as_kept and order.mode == "recordings":
        jobs = _with_something_kept(jobs, journal)
    if parameters.rules != basis.rules:
        parameters = replace(parameters, rules=basis.rules, alike=_alike(settings))
    calls = [job.call for job in jobs]
    batch = Batch(
        jobs=jobs,
        rejected=rejected,
        out=order.out,
        store=store,
        journal=journal,
        basis=basis,
        bench=(bench := _bench(order, settings)),
        settings=settings.batch,
        ledger=Ledger(
            calls=calls,
            recordings=order.mode == "recordings",
            dial_log=log,
            remembered=store.remembered(calls),
            alike=frozenset(parameters.alike),
        ),
        observer=observer,
        as_kept=order.as_kept,
        verify=order.verify,
    )
    return Night(
        order=order,
        settings=settings,
        parameters=parameters,
        batch=batch,
        bench=bench,
        basis=basis,
        log=log,
        ownership=ownership,
    )


def _bench(order: Order, settings: Settings) -> LocalBench | LaneBench:
    return bench_for(settings, order.out, audio=order.mode == "recordings")


def plan(order: Order, settings: Settings) -> tuple[list[Job], list[Quarantined]]:
    """The calls of a source, and the rows that are none.

    Raises:
        ConfigError: the source as a whole cannot be used.
    """
    listed = settings.detect.cli_whitelist
    numbers = load_numbers(settings.path(listed)) if listed else None
    if order.mode == "recordings":
        found = plan_recordings(order.source)
        stamps = _stamps(order.source)
        return [_recorded(compared(call, numbers), stamps) for call in found.calls], list(found.rejected)
    if isinstance(order.source, Url):
        raise ConfigError(f"{order.source}: transcripts are read from a file or folder of this machine")
    jobs: list[Job] = []
    rejected: list[Quarantined] = []
    transcripts = plan_transcripts(order.source)
    for source, item in zip(transcripts.sources, transcripts.read(), strict=True):
        if isinstance(item, Quarantined):
            rejected.append(item)
            continue
        call, transcript = compared(item[0], numbers), item[1]
        jobs.append(
            Job(
                call=call,
                file=source.path.name,
                weight=sum(len(turn.text) for turn in transcript.turns),
                given=transcript_sha256(transcript),
                source=source,  # the text is read again in its turn
            )
        )
    return jobs, rejected


def _recorded(call: Call, stamps: Mapping[str, FileStamp]) -> Job:
    if call.recording is None:
        raise ConfigError(f"call {call.call_id} has no recording")
    path, url = call.recording.path, call.recording.url
    stamp = stamps.get(url) if url else FileStamp.of(path)
    return Job(call=call, file=path.name, weight=stamp.size if stamp else 0, stamp=stamp if url else None)


def _stamps(source: Source) -> dict[str, FileStamp]:
    """By URL, of all files of a source that is not on this machine: one listing, not a question a file."""
    if not isinstance(source, Url):
        return {}
    base = source.parent if source.suffix in (".csv", ".jsonl") else source
    return {
        str(base / file): FileStamp(size=found.size, mtime_ns=found.changed_ns, inode=found.tag)
        for file, found in base.files().items()
    }


def _with_something_kept(jobs: list[Job], journal: Journal) -> list[Job]:
    """The calls that were heard, or could not be, on an earlier run."""
    tried = {
        call_id
        for call_id, unit in journal.units(Stage.HEAR, [job.call.call_id for job in jobs]).items()
        if unit.state in (UnitState.DONE, UnitState.QUARANTINED)
    }
    kept = [job for job in jobs if job.call.call_id in tried]
    if not kept:
        raise ConfigError("nothing that was heard is kept in this folder; tinghe run listens to calls")
    return kept


def _rulebook(settings: Settings) -> RuleBook:
    return rulebook_of(settings)


def _alike(settings: Settings) -> tuple[str, ...]:
    rules = _rulebook(settings).rules
    return tuple(sorted({attribute for compiled in rules for attribute in shared_with(compiled.rule)}))


@dataclass(frozen=True, slots=True)
class _Titles:
    titles: dict[str, str]
    norms: Any


def _facts(settings: Settings) -> _Titles:
    book = _rulebook(settings)
    return _Titles(book.titles, book.norms)


def _stale(batch: Batch, out: Path) -> frozenset[str]:
    """Calls whose page is not that of their report."""
    pages = out / "pages"
    made = {path.name for path in pages.iterdir()} if pages.is_dir() else set()
    missing = {call_id for call_id in batch.judged if f"{file_stem(call_id)}.html" not in made}
    return batch.changed | missing


def _report(
    batch: Batch,
    result: BatchResult,
    titles: Any,
    norms: Any,
    settings: Settings,
    *,
    only: frozenset[str] | None,
) -> None:
    out = result.out
    for call in batch.quarantined:  # it keeps no page or sound of an earlier, better run
        page = out / "pages" / f"{file_stem(call.call_id)}.html"
        for path in (page, sound_of(out, call.call_id)):
            path.unlink(missing_ok=True)
    audio = {call_id: link for call_id in batch.judged if (link := sound_link(out, call_id))}
    people = {job.call.call_id: People.of(job.call.metadata) for job in batch.jobs}
    showing = Showing(
        labels=Labels(settings.report.language),
        norms=norms,
        rule_titles=titles,
        mask=settings.report.mask,
        people=people,
        english=english_for(settings),
    )
    before = previous_period(out, settings)
    tables, pages = Tables(showing, before), Pages(showing, out, audio=audio, only=only, before=before)
    key = key_of(settings.privacy)
    for report in result.reports():
        if settings.report.mask:
            cover_call(out, report, people.get(report["call_id"], People()).names, settings.privacy, key)
        tables.add(report)
        pages.add(report)
    tables.write(batch.quarantined, out)
    pages.finish(batch.quarantined)
