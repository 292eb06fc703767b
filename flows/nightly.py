"""The batch flow: plan, judge in chunks, account, report.

Prefect schedules, retries and shows; it is not the record. Its tasks take two scalars, because
Prefect stores parameters in clear and walks large arguments object by object; the work itself waits
in ``_RUNNING`` under the batch's id.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from flows.jobs import RecordingJob, TranscriptJob, Workshop
from flows.shelf import Shelf
from flows.wiring import load_ears, load_mind
from pipeline.batch import Batch, Observer, Silent
from pipeline.detect.conditions.across import shared_with
from pipeline.dial_log import read_dial_log
from pipeline.errors import StoreError, TingheError
from pipeline.history import Ledger
from pipeline.manifest import plan_recordings
from pipeline.report.call_json import read_call
from pipeline.report.dial_log import write_lost_lines
from pipeline.report.files import file_stem
from pipeline.report.pages import write_pages
from pipeline.report.table import write_tables
from pipeline.settings import load_settings
from pipeline.store import Store
from pipeline.transcripts import plan_transcripts
from pipeline.types import Quarantined
from pipeline.whitelist import compared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import Task

    from pipeline.batch import Job
    from pipeline.dial_log import DialLog
    from pipeline.settings import Settings
    from pipeline.types import BatchSummary

Mode = Literal["recordings", "transcripts"]

OBSERVER: ContextVar[Observer | None] = ContextVar("observer", default=None)
"""Who watches the batch, if anybody; the command line puts its progress bar here."""

_RUNNING: dict[str, Batch] = {}


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

    def reports(self) -> Iterator[dict[str, Any]]:
        """The call JSONs, one at a time, in the order of the manifest."""
        return (read_call(self.out / "calls" / f"{file_stem(call_id)}.json") for call_id in self.calls)


def run_batch(
    source: Path,
    out: Path,
    *,
    mode: Mode,
    config: Path | None,
    observer: Observer,
    dial_log: Path | None = None,
) -> BatchResult:
    """Run the flow in this process, with the number of workers that the settings name.

    Raises:
        ConfigError: the settings, the rules or the source as a whole cannot be used.
        ModelError: weights are missing.
        StoreError: results cannot be written.
    """
    settings = load_settings(config)
    runner: Any = ThreadPoolTaskRunner(max_workers=settings.batch.workers)
    token = OBSERVER.set(observer)
    try:
        return judge_batch.with_options(task_runner=runner)(
            source=str(source),
            out=str(out),
            mode=mode,
            config=str(config) if config else None,
            dial_log=str(dial_log) if dial_log else None,
        )
    finally:
        OBSERVER.reset(token)


@flow(name="tinghe-batch", flow_run_name="{mode} batch", persist_result=False, validate_parameters=True)
def judge_batch(
    source: str,
    out: str,
    mode: Mode = "recordings",
    config: str | None = None,
    dial_log: str | None = None,
) -> BatchResult:
    """Judge every call of a source and write the results.

    Args:
        source: a manifest, a folder with one, or a folder of recordings or transcripts.
        out: the results folder.
        mode: what ``source`` holds.
        config: a settings file laid over the default one.
        dial_log: the log of the dialler, for rules that count calls.
    """
    settings = load_settings(Path(config) if config else None)
    folder = Path(out)
    workshop = Workshop(settings, load_mind, load_ears, folder / "audio" if mode == "recordings" else None)
    log = read_dial_log(Path(dial_log)) if dial_log else None
    jobs, rejected = _plan(Path(source), mode, workshop)
    batch = Batch(
        batch_id=hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12],
        jobs=jobs,
        rejected=rejected,
        out=folder,
        store=_open_store(folder),
        settings=settings.batch,
        observer=OBSERVER.get() or Silent(),
    )
    if jobs:
        _warm_up(workshop, mode)
    write_lost_lines(log, folder)
    with _running(batch), Shelf(folder) as shelf:
        workshop.shelf, workshop.ledger = shelf, _ledger(batch, mode, log, workshop)
        batch.ledger = workshop.ledger
        chunks = batch.open()
        _wait_for([run_chunk.submit(batch.batch_id, number) for number in range(chunks)])
        chunks = batch.reopen()
        _wait_for([rerun_chunk.submit(batch.batch_id, number) for number in range(chunks)])
        summary = batch.close()
    result = _report(batch, summary, workshop.mind.book.titles, workshop.mind.book.norms, settings)
    return replace(result, lost_dials=len(log.lost) if log else 0)


def _is_retryable(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Ask our own errors whether another try may help."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, TingheError) and error.retryable


_AS_CHUNK: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [10, 30],
    "retry_condition_fn": _is_retryable,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


@task(name="chunk", task_run_name="chunk-{number}", **_AS_CHUNK)
def run_chunk(batch_id: str, number: int) -> int:
    """Judge one chunk of calls; a retry skips what is done."""
    return _RUNNING[batch_id].run_chunk(number)


@task(name="second-look", task_run_name="second-look-{number}", **_AS_CHUNK)
def rerun_chunk(batch_id: str, number: int) -> int:
    """Judge one chunk of the calls that others of the batch concern again."""
    return _RUNNING[batch_id].rerun_chunk(number)


def _ledger(batch: Batch, mode: Mode, log: DialLog | None, workshop: Workshop) -> Ledger:
    """The history before the first call is judged."""
    calls = [job.call for job in batch.jobs]
    rules = workshop.mind.book.rules if calls else ()
    return Ledger(
        calls=calls,
        recordings=mode == "recordings",
        dial_log=log,
        remembered=batch.store.remembered(calls),
        alike=frozenset(attribute for compiled in rules for attribute in shared_with(compiled.rule)),
    )


def _plan(source: Path, mode: Mode, workshop: Workshop) -> tuple[list[Job], list[Quarantined]]:
    if mode == "recordings":
        plan = plan_recordings(source)
        known = [compared(call, workshop.own_numbers) for call in plan.calls]
        return [RecordingJob(call, workshop) for call in known], list(plan.rejected)
    jobs: list[Job] = []
    rejected: list[Quarantined] = []
    transcripts = plan_transcripts(source)
    for place, item in zip(transcripts.sources, transcripts.read(), strict=True):
        if isinstance(item, Quarantined):
            rejected.append(item)
        else:
            call = compared(item[0], workshop.own_numbers)
            jobs.append(TranscriptJob(call, workshop, place))  # the text is read again in its turn
    return jobs, rejected


def _warm_up(workshop: Workshop, mode: Mode) -> None:
    """Load what all calls need before the first one: missing weights end the run, not each call."""
    _ = workshop.mind
    if mode == "recordings":
        _ = workshop.ears


def _open_store(folder: Path) -> Store:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot use {folder}: {error.strerror}") from error
    return Store(f"sqlite:///{folder / 'tinghe.db'}")


@contextmanager
def _running(batch: Batch) -> Iterator[None]:
    if batch.batch_id in _RUNNING:
        raise StoreError(f"a batch is already writing to {batch.out}")
    _RUNNING[batch.batch_id] = batch
    try:
        yield
    finally:
        del _RUNNING[batch.batch_id]


def _wait_for(futures: Sequence[Any]) -> None:
    """Wait for all chunks, then raise the first error; every chunk gets its chance."""
    for future in futures:
        future.wait()
    for future in futures:
        future.result(raise_on_failure=True)


def _remove_stale(batch: Batch) -> None:
    """A call that went to quarantine keeps no page or sound of an earlier, better run."""
    for call in batch.quarantined:
        stem = file_stem(call.call_id)
        for path in (batch.out / "pages" / f"{stem}.html", batch.out / "audio" / f"{stem}.wav"):
            path.unlink(missing_ok=True)


def _report(
    batch: Batch, summary: BatchSummary, titles: dict[str, str], norms: Any, settings: Settings
) -> BatchResult:
    audio = {
        call_id: f"audio/{file_stem(call_id)}.wav"
        for call_id in batch.judged
        if (batch.out / "audio" / f"{file_stem(call_id)}.wav").exists()
    }
    result = BatchResult(
        summary=summary,
        calls=batch.judged,
        quarantined=batch.quarantined,
        out=batch.out,
        page=batch.out / "summary.html",
        rule_titles=titles,
    )
    shown: dict[str, Any] = {
        "language": settings.report.language,
        "mask": settings.report.mask,
        "norms": norms,
        "rule_titles": titles,
        "people": batch.people,
    }
    _remove_stale(batch)
    write_tables(result.reports(), batch.quarantined, batch.out, **shown)
    write_pages(result.reports(), batch.quarantined, batch.out, audio=audio, **shown)
    return result
