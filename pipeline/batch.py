"""A batch of calls: each judged, each accounted for once, whatever breaks.

The batch knows nothing of schedulers. It hands out chunks of calls; whoever runs them (a Prefect
task, a test, a loop) calls :meth:`Batch.run_chunk` and, at the end, :meth:`Batch.close`. Where there is
a history, :meth:`Batch.reopen` comes in between: calls that others of the batch concern are judged
again, by :meth:`Batch.rerun_chunk`, for a call at noon may matter to one in the afternoon whichever
was judged first.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import StoreError, TingheError
from pipeline.redact import People
from pipeline.report.call_json import write_call
from pipeline.report.quarantine import write_quarantine
from pipeline.types import BatchSummary, CallStatus, Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipeline.history import Ledger
    from pipeline.settings import BatchSettings
    from pipeline.store import Store
    from pipeline.types import Call, CallReport


class Job(Protocol):
    """One unit of work: a call that can be judged when its turn comes."""

    @property
    def call(self) -> Call:
        """The call; its id is unique in the batch."""
        ...

    @property
    def file(self) -> str | None:
        """The name of the file it comes from."""
        ...

    def run(self) -> CallReport:
        """Judge the call."""
        ...

    def again(self) -> CallReport:
        """Judge the call once more, with what is known now; nothing is listened to twice."""
        ...

    def refuse(self, reason: str) -> CallReport:
        """The report of a call that cannot be judged."""
        ...


class Observer(Protocol):
    """Is told what happens, for progress bars and logs. Called from worker threads."""

    def planned(self, calls: int) -> None:
        """The batch begins with this many calls."""
        ...

    def finished(self, call_id: str, outcome: CallStatus) -> None:
        """A call is done, in whatever way."""
        ...


@dataclass(frozen=True, slots=True)
class Silent:
    """An observer that does nothing."""

    def planned(self, calls: int) -> None:
        """Nothing."""

    def finished(self, call_id: str, outcome: CallStatus) -> None:
        """Nothing."""


@dataclass
class Batch:
    """The calls of one run and what became of them.

    Attributes:
        out: the results folder; call files go to ``out/calls``.
        rejected: rows that never became calls.
        ledger: what calls are to each other; without one each is judged by itself.
        wait: sleeps between retries; a test passes its own.
    """

    batch_id: str
    jobs: Sequence[Job]
    rejected: Sequence[Quarantined]
    out: Path
    store: Store
    settings: BatchSettings
    observer: Observer = field(default_factory=Silent)
    ledger: Ledger | None = None
    wait: Callable[[float], None] = time.sleep
    _outcomes: dict[str, CallStatus] = field(default_factory=dict)
    _quarantined: list[Quarantined] = field(default_factory=list)
    _people: dict[str, People] = field(default_factory=dict)
    _second: Sequence[Job] = ()
    _twice: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> int:
        """Begin: remember the rejected rows and return the number of chunks."""
        self.observer.planned(len(self.jobs) + len(self.rejected))
        for row in self.rejected:
            self._set_aside(row)
        return self._chunks(self.jobs)

    def run_chunk(self, number: int) -> int:
        """Judge the calls of one chunk and return how many; calls already done are not repeated.

        Raises:
            StoreError: results cannot be written at all (a full disk, a database that is gone).
        """
        jobs = self._chunk(self.jobs, number)
        for job in jobs:
            if job.call.call_id not in self._outcomes:
                self._run(job, job.run)
        return len(jobs)

    def reopen(self) -> int:
        """Complete the history, when all chunks are done; return the number of chunks to judge again."""
        if self.ledger is None:
            return 0
        concerned = frozenset(self.ledger.complete()) & frozenset(self.judged)
        self._second = [job for job in self.jobs if job.call.call_id in concerned]
        return self._chunks(self._second)

    def rerun_chunk(self, number: int) -> int:
        """Judge the calls of one chunk again and return how many; the new report replaces the old.

        Raises:
            StoreError: results cannot be written at all.
        """
        jobs = self._chunk(self._second, number)
        for job in jobs:
            if job.call.call_id not in self._twice:
                self._run(job, job.again)
                self._twice.add(job.call.call_id)
        return len(jobs)

    def _chunks(self, jobs: Sequence[Job]) -> int:
        return -(-len(jobs) // self._chunk_size(jobs))

    def _chunk(self, jobs: Sequence[Job], number: int) -> Sequence[Job]:
        size = self._chunk_size(jobs)
        return jobs[number * size : (number + 1) * size]

    def _chunk_size(self, jobs: Sequence[Job]) -> int:
        """Calls a chunk: the settings' number, fewer where a worker would else have nothing to do."""
        share = -(-len(jobs) // self.settings.workers)
        return max(min(self.settings.chunk_calls, share), 1)

    def close(self) -> BatchSummary:
        """Account for every call and write ``quarantine.jsonl``.

        Raises:
            StoreError: a call is missing from the account; nothing may be reported then.
        """
        write_quarantine(self._quarantined, self.out / "quarantine.jsonl")
        counts = Counter(self._outcomes.values())
        summary = BatchSummary(
            planned=len(self.jobs) + len(self.rejected),
            scored=counts[CallStatus.SCORED],
            not_scored=counts[CallStatus.NOT_SCORED],
            quarantined=len(self._quarantined),
        )
        if not summary.balanced:
            raise StoreError(f"batch {self.batch_id}: the account does not balance: {summary}")
        self.store.save_batch(self.batch_id, summary)
        return summary

    @property
    def judged(self) -> tuple[str, ...]:
        """Ids of the calls that have a report, in the order of the manifest."""
        done = (CallStatus.SCORED, CallStatus.NOT_SCORED)
        return tuple(j.call.call_id for j in self.jobs if self._outcomes.get(j.call.call_id) in done)

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        """The calls that could not be judged."""
        return tuple(self._quarantined)

    @property
    def people(self) -> Mapping[str, People]:
        """By call id, the names that reports must mask."""
        return self._people

    def _run(self, job: Job, judge: Callable[[], CallReport]) -> None:
        attempts = 0
        while True:
            attempts += 1
            try:
                report = judge()
                break
            except TingheError as error:
                if error.retryable and attempts <= self.settings.retries:
                    self.wait(self.settings.retry_delay_s * 2 ** (attempts - 1))
                    continue
                if not (error.quarantine or error.retryable):
                    raise
                self._refuse(job, error.reason, str(error), attempts)
                return
            except Exception as error:  # one poisonous call must not cost the others
                # Only the type is kept: the message of a foreign error may quote what was said.
                self._refuse(job, "unexpected", type(error).__name__, attempts)
                return
        write_call(report, self.out / "calls")
        self.store.save(report)
        self._people[job.call.call_id] = People.of(report.call.metadata)
        if self.ledger is not None:
            self.ledger.note(report)
        self._done(job.call.call_id, report.status)

    def _refuse(self, job: Job, reason: str, message: str, attempts: int) -> None:
        write_call(job.refuse(reason), self.out / "calls")
        self._set_aside(
            Quarantined(
                call_id=job.call.call_id,
                reason=reason,
                message=message,
                file=job.file,
                line=job.call.line,
                attempts=attempts,
            )
        )

    def _set_aside(self, record: Quarantined) -> None:
        self.store.save_quarantined(record)
        with self._lock:
            self._quarantined.append(record)
        self._done(record.call_id, CallStatus.QUARANTINED)

    def _done(self, call_id: str, status: CallStatus) -> None:
        with self._lock:
            first = call_id not in self._outcomes
            self._outcomes[call_id] = status
        if first:
            self.observer.finished(call_id, status)
