"""A batch of calls: each judged, each accounted for once, whatever breaks; what is done stays done.

The batch knows nothing of schedulers, and of workers only that they may fail. It hands out chunks of calls;
whoever runs them (a Prefect task, a test, a loop) calls in turn

* :meth:`Batch.open`, then :meth:`Batch.run_chunk` as often as it says, then :meth:`Batch.run_alone`;
* :meth:`Batch.reopen`, then again :meth:`Batch.run_chunk` and :meth:`Batch.run_alone`: calls that others of
  the night concern are judged again, for a call at noon may matter to one in the afternoon whichever was
  judged first;
* :meth:`Batch.close`.

Every step is claimed in the journal before it is begun and marked there in the transaction that saves its
result, so that the process may die at any moment and the next run goes on.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pipeline.batch.bench import Observer, Silent
from pipeline.batch.hand import Hand
from pipeline.batch.looks import Look, Outcome, OutcomeKind
from pipeline.batch.plan import (
    Comparison,
    Job,
    Recordings,
    Standing,
    account,
    compare,
    order,
    record_of,
)
from pipeline.batch.seen import digest_of, seen_by
from pipeline.batch.stop_rule import StopRule
from pipeline.batch.units import Cost, Pending, Stage
from pipeline.errors import BatchStopped, StoreError, TingheError
from pipeline.report.quarantine import write_quarantine
from pipeline.types import BatchSummary, CallStatus, Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import NoReturn

    from pipeline.batch.bench import Bench
    from pipeline.batch.journal import Journal
    from pipeline.batch.keys import Basis
    from pipeline.history import Ledger
    from pipeline.settings import BatchSettings
    from pipeline.store import Store
    from pipeline.types import History


@dataclass
class Batch:
    """The calls of one run and what becomes of them.

    Attributes:
        rejected: rows that never became calls.
        out: the results folder; call files go to ``out/calls``.
        basis: what calls are made with.
        ledger: what calls are to each other.
        as_kept: take what was heard as it is, whatever it was made from.
        verify: read recordings to see whether they changed, whatever their size and time say.
        wait: sleeps between retries; a test passes its own.
        chunk: calls that a worker takes at a time.
    """

    jobs: Sequence[Job]
    rejected: Sequence[Quarantined]
    out: Path
    store: Store
    journal: Journal
    basis: Basis
    bench: Bench
    settings: BatchSettings
    ledger: Ledger
    observer: Observer = field(default_factory=Silent)
    as_kept: bool = False
    verify: bool = False
    wait: Callable[[float], None] = time.sleep
    chunk: int = 1
    _comparison: Comparison | None = None
    _concerned: frozenset[str] = frozenset()
    _hand: Hand = field(init=False)
    _jobs: Mapping[str, Job] = field(init=False)
    _before: History = field(init=False)
    _queue: deque[Job] = field(default_factory=deque)
    _alone: deque[Job] = field(default_factory=deque)
    _first: bool = True
    _costs: dict[str, Cost] = field(default_factory=dict)
    _quarantined: dict[str, Quarantined] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _rule: StopRule = field(init=False)
    _stopped: TingheError | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def compare(self) -> bool:
        """Find out what there is to do; whether that is nothing, as far as it can be known before the work.

        Raises:
            StoreError: the journal cannot be read.
        """
        self._before = self.ledger.history
        self._rule = StopRule(
            calls=len(self.jobs), in_a_row=self.settings.stop_in_a_row, share=self.settings.stop_share
        )
        self._jobs = {job.call.call_id: job for job in self.jobs}
        self._hand = Hand(
            out=self.out,
            store=self.store,
            journal=self.journal,
            basis=self.basis,
            bench=self.bench,
            settings=self.settings,
            recordings=Recordings(self.journal, verify=self.verify),
            as_kept=self.as_kept,
            wait=self.wait,
        )
        self._comparison = compare(
            self.jobs,
            journal=self.journal,
            basis=self.basis,
            ledger=self.ledger,
            recordings=self._hand.recordings,
            results=self.out / "calls",
            as_kept=self.as_kept,
        )
        return not self._comparison.to_look

    def open(self) -> int:
        """Begin: remember what is in quarantine already and return the number of chunks.

        Raises:
            StoreError: the journal cannot be read or written.
        """
        if self._comparison is None:
            self.compare()
        self.observer.planned(len(self.jobs) + len(self.rejected))
        for row in self.rejected:
            self._hand.attempts.persist(partial(self.store.save_quarantined, row))
            self._set_aside(row)
        found = self._compared
        for call_id, unit in found.aside.items():
            self._set_aside(record_of(self._jobs[call_id], unit))
        to_look = found.to_look
        self.journal.begin(
            [pending for job in to_look for pending in self._pending(job)],
            planned=len(self.jobs) + len(self.rejected),
            skipped=len(self.jobs) - len(to_look) - len(found.aside),
            quarantined=len(self._quarantined),
        )
        return self._hand_out(to_look, first=True)

    def run_chunk(self, number: int) -> int:
        """Work on calls, the longest first, until a chunk of them is done; how many that were.

        Raises:
            BatchStopped: too many calls fail alike.
            StoreError: results cannot be written at all (a full disk, a database that is gone).
        """
        done = 0
        while done < self.chunk and (looks := self.take(1)):
            self._work(looks[0], alone=False)
            done += 1
        return done

    def run_alone(self) -> int:
        """Try calls again that took their worker down, one after the other; how many that were.

        Raises:
            BatchStopped: too many calls fail alike.
            StoreError: results cannot be written at all.
        """
        done = 0
        while (look := self.take_alone()) is not None:
            self._work(look, alone=True)
            done += 1
        return done

    def take(self, calls: int) -> list[Look]:
        """The next calls to be worked on, at most so many; whoever takes them must :meth:`note` what came.

        Raises:
            TingheError: why no more calls are handed out.
        """
        with self._lock:
            if self._stopped is not None:
                raise self._stopped
            jobs = [self._queue.popleft() for _ in range(min(calls, len(self._queue)))]
        return [self._look_at(job) for job in jobs]

    def take_alone(self) -> Look | None:
        """The next call that is to be tried again where it can harm no other; ``None`` when there is none."""
        return self._look_at(self._alone.popleft()) if self._alone else None

    def give_back(self, looks: Sequence[Look], error: BaseException) -> None:
        """Take calls back that were not worked on; where it is an error of ours, no more are handed out."""
        with self._lock:
            self._queue.extendleft(look.job for look in reversed(looks))
            if isinstance(error, TingheError):
                self._stopped = self._stopped or error

    def note(self, outcome: Outcome) -> None:
        """Take down what came of a look.

        Raises:
            BatchStopped: too many calls fail alike.
        """
        call_id = outcome.call_id
        self._standing[call_id] = outcome.now
        if outcome.after is not None:
            self.ledger.recall(self._jobs[call_id].call, outcome.after)
        match outcome.kind:
            case OutcomeKind.PUT_OFF:
                self._alone.append(self._jobs[call_id])
            case OutcomeKind.DONE:
                self._costs[call_id] = outcome.cost
                self._rule.succeeded()
                self._tell(call_id, CallStatus(outcome.now.output or ""))
            case OutcomeKind.ASIDE if outcome.record is not None:
                self._set_aside(outcome.record)
                if outcome.blameless and self._rule.failed(outcome.record.reason):
                    self._stop_for(outcome.record.reason)

    def reopen(self) -> int:
        """Complete the history, when all first looks are made; the number of chunks to judge now.

        Raises:
            StoreError: the journal cannot be written.
        """
        concerned = frozenset(self.ledger.complete())
        second: list[Job] = []
        for job in self.jobs:
            call_id = job.call.call_id
            now = self._standing[call_id]
            if call_id in self._quarantined or now.first_key is None or now.heard is None:
                continue
            if call_id in concerned:
                seen = seen_by(job.call, self.ledger.history, self.ledger.alike)
                wanted = self.basis.judge_key(job.call, now.heard, digest_of(seen))
            else:
                wanted = now.first_key
            failed = self._compared.failed_later.get(call_id)
            if now.key != wanted:
                now.aside = False
                second.append(job)
            elif failed is not None:
                self._set_aside(record_of(job, failed))
        self._concerned = concerned
        self._hand.attempts.persist(
            lambda: self.journal.add(
                [Pending(call_id=j.call.call_id, stage=Stage.JUDGE, weight=j.weight) for j in second]
            )
        )
        waiting = {job.call.call_id for job in second}
        for job in self.jobs:
            now = self._standing[job.call.call_id]
            if not now.worked and job.call.call_id not in waiting and now.output is not None:
                self._tell(job.call.call_id, CallStatus(now.output))
        return self._hand_out(order(second), first=False)

    def close(self) -> BatchSummary:
        """Account for every call and write ``quarantine.jsonl``.

        Raises:
            StoreError: a call is missing from the account; nothing may be reported then.
        """
        quarantined = self.quarantined
        write_quarantine(quarantined, self.out / "quarantine.jsonl")
        summary = account(self.jobs, self._standing, aside=self._quarantined, rejected=len(self.rejected))
        if not summary.balanced:
            raise StoreError(f"batch {self.journal.batch_id}: the account does not balance: {summary}")
        self.store.save_batch(self.journal.batch_id, summary)
        self.journal.end("done")
        return summary

    def halt(self) -> None:
        """Hand out no more calls; what is in hand is not waited for."""
        with self._lock:
            self._stopped = self._stopped or BatchStopped("the batch is being stopped")

    def abandon(self, reason: str) -> None:
        """Write down that the run ended before its time, if that can be written."""
        with contextlib.suppress(StoreError):
            self.journal.end("stopped", reason)

    @property
    def stopped(self) -> TingheError | None:
        """Why no more calls are handed out; ``None`` while they are."""
        return self._stopped

    @property
    def judged(self) -> tuple[str, ...]:
        """Ids of the calls that have a report, in the order of the manifest."""
        return tuple(job.call.call_id for job in self.jobs if job.call.call_id not in self._quarantined)

    @property
    def changed(self) -> frozenset[str]:
        """Ids of the calls for which anything was done."""
        return frozenset(call_id for call_id, now in self._standing.items() if now.worked)

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        """The calls that could not be judged."""
        return tuple(self._quarantined.values())

    @property
    def _standing(self) -> dict[str, Standing]:
        return self._compared.standing

    @property
    def _compared(self) -> Comparison:
        if self._comparison is None:
            raise StoreError("the batch was not opened")
        return self._comparison

    def _pending(self, job: Job) -> list[Pending]:
        """The units of a first look."""
        heard_already = self._standing[job.call.call_id].heard is not None
        stages = (Stage.JUDGE,) if heard_already else (Stage.HEAR, Stage.JUDGE)
        return [Pending(call_id=job.call.call_id, stage=stage, weight=job.weight) for stage in stages]

    def _hand_out(self, jobs: Sequence[Job], *, first: bool) -> int:
        """Put calls in the queue; the number of chunks that they are.

        Chunks are small where there are few calls, so that nobody waits for another's long ones.
        """
        self._queue.extend(jobs)
        self._first = first
        parts = 1 if self.settings.workers == 1 else 4 * self.settings.workers
        self.chunk = max(min(self.settings.chunk_calls, -(-len(jobs) // parts)), 1)
        return -(-len(jobs) // self.chunk)

    def _look_at(self, job: Job) -> Look:
        call_id = job.call.call_id
        # What there is to see in a first look, and in the last one of a call that others do not concern.
        before = self._first or call_id not in self._concerned
        return Look(
            job=job,
            first=self._first,
            now=self._standing[call_id],
            seen=seen_by(job.call, self._before if before else self.ledger.history, self.ledger.alike),
            hearing=self._compared.hearing.get(call_id),
            judging=self._compared.judging.get(call_id),
            earlier=self._costs.get(call_id, Cost()),
        )

    def _work(self, look: Look, *, alone: bool) -> None:
        try:
            outcome = self._hand.do(look, alone=alone)
        except BaseException as error:
            self.give_back([look], error)
            raise
        self.note(outcome)

    def _stop_for(self, reason: str) -> NoReturn:
        stop = BatchStopped(f"too many calls fail alike ({reason}); they are not set aside")
        with self._lock:
            self._stopped = self._stopped or stop
        self._hand.attempts.persist(lambda: self.journal.release(reason=reason))
        raise stop

    def _set_aside(self, record: Quarantined) -> None:
        with self._lock:
            self._quarantined[record.call_id] = record
        self._tell(record.call_id, CallStatus.QUARANTINED)

    def _tell(self, call_id: str, status: CallStatus) -> None:
        with self._lock:
            first = call_id not in self._told
            self._told.add(call_id)
        if first:
            self.observer.finished(call_id, status)
