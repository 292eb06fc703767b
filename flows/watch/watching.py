"""What programs see of a batch: a log of events, metrics, spans. Nothing of it can stop the batch."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.watch import spans
from flows.watch.logs import EventLog, opened_log
from flows.watch.metrics import BatchMetrics, served
from pipeline import __version__
from pipeline.batch.costs import read_costs
from pipeline.batch.progress import read_progress
from pipeline.batch.units import UnitState
from pipeline.errors import StoreError, TingheError
from pipeline.types import CallStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.batch.bench import Observer
    from pipeline.batch.costs import UnitCost
    from pipeline.batch.journal import Journal
    from pipeline.batch.progress import Progress
    from pipeline.settings import WatchSettings


@contextlib.contextmanager
def watching(
    settings: WatchSettings, folder: Path, journal: Journal, observer: Observer
) -> Iterator[Watcher]:
    """Watch a batch: hand the observer that is yielded to it instead of the given one.

    Args:
        settings: what is wanted.
        folder: the results folder.
        journal: of the batch.
        observer: who watches already.

    Raises:
        ConfigError: the port for metrics cannot be used.
    """
    metrics = BatchMetrics(journal.batch_id)
    path = folder / Path(settings.metrics).expanduser() if settings.metrics else None
    with (
        opened_log(settings.log, folder, batch=journal.batch_id) as log,
        served(metrics, settings.metrics_port),
    ):
        watcher = Watcher(observer, log, journal, metrics, path, settings.metrics_every_s)
        log.event("batch_started", program=f"tinghe {__version__}")
        error: BaseException | None = None
        try:
            with watcher.ticking():
                yield watcher
        except BaseException as raised:
            error = raised
            raise
        finally:
            watcher.end(error, spans_wanted=settings.spans)


@dataclass
class Watcher:
    """An observer that tells another one, and logs what matters at once: what fails.

    Attributes:
        observer: the other one.
        path: the file for metrics; ``None`` for none.
        every_s: how often progress is told, in seconds.
    """

    observer: Observer
    log: EventLog
    journal: Journal
    metrics: BatchMetrics
    path: Path | None
    every_s: float
    _over: threading.Event = field(default_factory=threading.Event)

    def planned(self, calls: int) -> None:
        """The batch begins with this many calls."""
        self.log.event("batch_planned", planned=calls)
        self.observer.planned(calls)

    def finished(self, call_id: str, outcome: CallStatus) -> None:
        """A call is done, in whatever way."""
        if outcome is CallStatus.QUARANTINED:
            self.log.event("call_quarantined", level="warning", call=call_id)
        self.observer.finished(call_id, outcome)

    def left_out(self, calls: int) -> None:
        """So many calls of the source are left out, for they were deleted when their time was over."""
        if calls:
            self.log.event("calls_left_out", left_out=calls)

    @contextlib.contextmanager
    def ticking(self) -> Iterator[None]:
        """Tell progress now and then, from a thread of its own."""
        thread = threading.Thread(target=self._tick, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def end(self, error: BaseException | None, *, spans_wanted: bool) -> None:
        """Tell what came of the run, and what each call cost."""
        progress = self._look()
        costs: tuple[UnitCost, ...] = ()
        with contextlib.suppress(StoreError):
            costs = read_costs(self.journal.store, self.journal.batch_id, self.journal.run)
        for unit in costs:
            if unit.state in (UnitState.DONE, UnitState.QUARANTINED):
                self.log.event(
                    "unit",
                    level="info" if unit.state is UnitState.DONE else "warning",
                    call=unit.call_id,
                    stage=unit.stage.value,
                    state=unit.state.value,
                    reason=unit.reason,
                    attempts=unit.attempts,
                    cpu_s=unit.cpu_s,
                    wall_s=unit.wall_s,
                )
        self.log.event(
            "batch_ended" if error is None else "batch_failed",
            level="info" if error is None else "error",
            error=None if error is None else _code_of(error),
            **_counts(progress),
        )
        if spans_wanted and progress is not None:
            with contextlib.suppress(Exception):  # whatever an exporter of somebody's may raise
                spans.tell(self.journal.batch_id, progress, costs, ended_at=time.time())

    def _tick(self) -> None:
        while not self._over.wait(self.every_s):
            progress = self._look()
            if progress is not None:
                self.log.event("progress", **_counts(progress))

    def _look(self) -> Progress | None:
        """Read the journal and write the metrics; what cannot be read or written now is left for later."""
        if self.journal.run == 0:
            return None
        with contextlib.suppress(StoreError):
            self.metrics.progress = read_progress(self.journal.store, self.journal.batch_id, time.time())
        if self.path is not None:
            with contextlib.suppress(StoreError):
                self.metrics.write(self.path)
        return self.metrics.progress


def _counts(progress: Progress | None) -> dict[str, Any]:
    if progress is None:
        return {}
    names = ("run", "state", "reason", "planned", "skipped", "done", "running", "pending", "quarantined")
    return {
        **{name: getattr(progress, name) for name in names},
        "calls_per_hour": progress.calls_per_hour,
        "left_s": progress.left_s,
        **{f"{stage}_cpu_s": seconds for stage, seconds in progress.cpu_s.items()},
    }


def _code_of(error: BaseException) -> str:
    """What kind of error it is; its message is not logged."""
    return error.code if isinstance(error, TingheError) else type(error).__name__
