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

from pipeline.batch import heard
from pipeline.batch.attempts import Attempts, GivenUp, PutOff
from pipeline.batch.bench import Observer, Silent
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
from pipeline.batch.seen import After, digest_of, seen_by
from pipeline.batch.stop_rule import StopRule
from pipeline.batch.units import Cost, Pending, Stage, UnitState
from pipeline.errors import BatchStopped, FormError, KeptError, StoreError, TingheError
from pipeline.report.call_json import write_call
from pipeline.report.quarantine import write_quarantine
from pipeline.types import BatchSummary, CallStatus, Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

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
    _comparison: Comparison | None = None
    _concerned: frozenset[str] = frozenset()
    _recordings: Recordings = field(init=False)
    _before: History = field(init=False)
    _queue: deque[Job] = field(default_factory=deque)
    _alone: deque[Job] = field(default_factory=deque)
    _look: Callable[[Job, bool], None] = field(init=False)
    _chunk: int = 1
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
        self._recordings = Recordings(self.journal, verify=self.verify)
        self._comparison = compare(
            self.jobs,
            journal=self.journal,
            basis=self.basis,
            ledger=self.ledger,
            recordings=self._recordings,
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
            self._attempts.persist(partial(self.store.save_quarantined, row))
            self._set_aside(row)
        by_id = {job.call.call_id: job for job in self.jobs}
        found = self._compared
        for call_id, unit in found.aside.items():
            self._set_aside(record_of(by_id[call_id], unit))
        to_look = found.to_look
        self.journal.begin(
            [pending for job in to_look for pending in self._pending(job)],
            planned=len(self.jobs) + len(self.rejected),
            skipped=len(self.jobs) - len(to_look) - len(found.aside),
            quarantined=len(self._quarantined),
        )
        return self._hand_out(to_look, self._first_look)

    def run_chunk(self, number: int) -> int:
        """Work on calls, the longest first, until a chunk of them is done; how many that were.

        Raises:
            BatchStopped: too many calls fail alike.
            StoreError: results cannot be written at all (a full disk, a database that is gone).
        """
        done = 0
        while done < self._chunk and (job := self._next()) is not None:
            self._work(job, alone=False)
            done += 1
        return done

    def run_alone(self) -> int:
        """Try calls again that took their worker down, one after the other; how many that were.

        Raises:
            BatchStopped: too many calls fail alike.
            StoreError: results cannot be written at all.
        """
        done = 0
        while self._alone:
            self._work(self._alone.popleft(), alone=True)
            done += 1
        return done

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
        self._attempts.persist(
            lambda: self.journal.add(
                [Pending(call_id=j.call.call_id, stage=Stage.JUDGE, weight=j.weight) for j in second]
            )
        )
        waiting = {job.call.call_id for job in second}
        for job in self.jobs:
            now = self._standing[job.call.call_id]
            if not now.worked and job.call.call_id not in waiting and now.output is not None:
                self._tell(job.call.call_id, CallStatus(now.output))
        return self._hand_out(order(second), self._second_look)

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
    def _attempts(self) -> Attempts:
        return Attempts(journal=self.journal, settings=self.settings, wait=self.wait)

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

    def _hand_out(self, jobs: Sequence[Job], look: Callable[[Job, bool], None]) -> int:
        """Put calls in the queue; the number of chunks that they are.

        Chunks are small where there are few calls, so that nobody waits for another's long ones.
        """
        self._queue.extend(jobs)
        self._look = look
        parts = 1 if self.settings.workers == 1 else 4 * self.settings.workers
        self._chunk = max(min(self.settings.chunk_calls, -(-len(jobs) // parts)), 1)
        return -(-len(jobs) // self._chunk)

    def _next(self) -> Job | None:
        with self._lock:
            if self._stopped is not None:
                raise self._stopped
            return self._queue.popleft() if self._queue else None

    def _work(self, job: Job, *, alone: bool) -> None:
        """Do what the pass is about; whatever becomes of the call, it is accounted for."""
        try:
            self._look(job, alone)
        except PutOff:
            self._alone.append(job)
        except GivenUp as given_up:
            self._refuse(job, given_up)
        except BaseException as error:
            with self._lock:
                self._queue.appendleft(job)
                if isinstance(error, TingheError):
                    self._stopped = self._stopped or error
            raise

    def _first_look(self, job: Job, alone: bool) -> None:
        """Hear a call, where that is needed, and judge it with what was known before the night."""
        now = self._standing[job.call.call_id]
        for anew in (False, True):
            if now.heard is None or anew:
                now.heard = self._hear(job, now, alone, anew=anew)
            if self._stands(job, now):
                return
            try:
                self._judge(job, now, alone, first=True)
                return
            except KeptError:
                if anew or job.given is not None or self.as_kept:
                    raise
                heard.drop(heard.place_of(self.out, job.call.call_id))

    def _second_look(self, job: Job, alone: bool) -> None:
        """Judge a call with all that happened in the night."""
        self._judge(job, self._standing[job.call.call_id], alone, first=False)

    def _stands(self, job: Job, now: Standing) -> bool:
        """Whether the first look of a call whose recording had to be read is as it was after all."""
        call_id = job.call.call_id
        was = self._compared.judging.get(call_id)
        if was is None or now.heard is None or not was.whole:
            return False
        seen = seen_by(job.call, self._before, self.ledger.alike)
        if self.basis.judge_key(job.call, now.heard, digest_of(seen)) != was.first_key:
            return False
        self._attempts.persist(lambda: self.journal.confirm(call_id, Stage.JUDGE))
        now.key, now.first_key, now.output = was.key, was.first_key, was.output
        self.ledger.recall(job.call, After.from_json(was.after or {}))
        return True

    def _hear(self, job: Job, now: Standing, alone: bool, *, anew: bool) -> str:
        call_id = job.call.call_id
        now.recording = self._recordings.read(job)
        key = self.basis.hear_key(job.call, now.recording)
        was = self._compared.hearing.get(call_id)
        if was is not None and was.state is UnitState.DONE and was.key == key and was.output and not anew:
            self._attempts.persist(lambda: self.journal.confirm(call_id, Stage.HEAR))
            return was.output
        listened = self._attempts.make(
            job,
            Stage.HEAR,
            key,
            lambda: self.bench.hear(job, key, now.recording or "", alone=alone),
            lease_s=self.bench.lease_s(job),
            alone=alone,
        )

        def save() -> None:
            with self.store.transaction(f"cannot save call {call_id}") as within:
                self._recordings.save(job, within)
                self.journal.done(
                    call_id, Stage.HEAR, key=key, output=listened.output, cost=listened.cost, within=within
                )

        self._attempts.persist(save)
        return listened.output

    def _history_for(self, call_id: str, *, first: bool) -> History:
        """What there is to see in a first look, and in the last one of a call that others do not concern."""
        return self._before if first or call_id not in self._concerned else self.ledger.history

    def _judge(self, job: Job, now: Standing, alone: bool, *, first: bool) -> None:
        call_id, sha256 = job.call.call_id, now.heard or ""
        seen = seen_by(job.call, self._history_for(call_id, first=first), self.ledger.alike)
        key = self.basis.judge_key(job.call, sha256, digest_of(seen))
        judged = self._attempts.make(
            job,
            Stage.JUDGE,
            key,
            lambda: self.bench.judge(job, sha256, seen, alone=alone),
            lease_s=self.bench.lease_s(job),
            alone=alone,
        )
        report = judged.report
        earlier = self._costs.get(call_id, Cost())
        cost = Cost(cpu_s=judged.cost.cpu_s + earlier.cpu_s, wall_s=judged.cost.wall_s + earlier.wall_s)
        more = {"first_key": key, "after": After.of(report).to_json()} if first else {}

        def save() -> None:
            with self.store.transaction(f"cannot save call {call_id}") as within:
                self.store.save(report, within=within)
                self.journal.done(
                    call_id,
                    Stage.JUDGE,
                    key=key,
                    output=report.status.value,
                    cost=cost,
                    within=within,
                    **more,
                )

        try:
            self._attempts.persist(save)
        except FormError as error:
            record = Quarantined(
                call_id=call_id, reason=error.reason, message=str(error), file=job.file, line=job.call.line
            )
            raise GivenUp(Stage.JUDGE, record, blameless=True) from None
        self._costs[call_id] = cost
        now.key, now.output, now.worked = key, report.status.value, True
        if first:
            now.first_key = key
            self.ledger.recall(job.call, After.of(report))
        self._rule.succeeded()
        self._tell(call_id, report.status)

    def _refuse(self, job: Job, given_up: GivenUp) -> None:
        """Set a call aside, and end the run when that happens too often."""
        record, stage, call_id = given_up.record, given_up.stage, job.call.call_id
        if stage is Stage.HEAR:
            heard.drop(heard.place_of(self.out, call_id))

        def save() -> None:
            write_call(self.bench.refuse(job.call, record.reason), self.out / "calls")
            with self.store.transaction(f"cannot save quarantined call {call_id}") as within:
                self.store.save_quarantined(record, within=within)
                self._recordings.save(job, within)
                self.journal.quarantine(
                    call_id, stage, reason=record.reason, message=record.message, within=within
                )

        self._attempts.persist(save)
        self._standing[call_id].worked = True
        self._set_aside(record)
        if given_up.blameless and self._rule.failed(record.reason):
            stop = BatchStopped(f"too many calls fail alike ({record.reason}); they are not set aside")
            with self._lock:
                self._stopped = self._stopped or stop
            self._attempts.persist(lambda: self.journal.release(reason=record.reason))
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
