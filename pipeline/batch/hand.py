"""A call in hand: heard and judged, each step claimed before it is begun and marked where it is saved.

A hand knows nothing of the batch but what a :class:`~pipeline.batch.looks.Look` says. It may be in the
process that runs the batch or on another machine; it writes to the same database and results.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.batch import heard
from pipeline.batch.attempts import Attempts, GivenUp, PutOff
from pipeline.batch.looks import Look, Outcome, OutcomeKind
from pipeline.batch.plan import fetched
from pipeline.batch.seen import After, digest_of
from pipeline.batch.units import Cost, Stage, UnitState
from pipeline.errors import FormError, KeptError
from pipeline.report.call_json import write_call
from pipeline.types import Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.batch.bench import Bench
    from pipeline.batch.journal import Journal
    from pipeline.batch.keys import Basis
    from pipeline.batch.plan import Job, Recordings
    from pipeline.settings import BatchSettings
    from pipeline.store import Store

INCOMING: Final = "incoming"
"""Under the results folder, where recordings that lie elsewhere are copied to while they are heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Does what looks ask for.

    Attributes:
        out: the results folder; call files go to ``out/calls``.
        basis: what calls are made with.
        recordings: digests of recordings.
        as_kept: take what was heard as it is, whatever it was made from.
        wait: sleeps between retries; a test passes its own.
    """

    out: Path
    store: Store
    journal: Journal
    basis: Basis
    bench: Bench
    settings: BatchSettings
    recordings: Recordings
    as_kept: bool = False
    wait: Callable[[float], None] = time.sleep

    def do(self, look: Look, *, alone: bool) -> Outcome:
        """Work on a call; whatever becomes of it, the journal and the results say so.

        Args:
            look: what is to be done.
            alone: no other call may be harmed by it.

        Raises:
            StoreError: results cannot be written at all (a full disk, a database that is gone).
            TingheError: what concerns all calls.
        """
        try:
            return self._first(look, alone) if look.first else self._judge(look, alone)
        except PutOff:
            return Outcome(call_id=look.job.call.call_id, kind=OutcomeKind.PUT_OFF, now=look.now)
        except GivenUp as given_up:
            return self._refuse(look, given_up)

    @property
    def attempts(self) -> Attempts:
        """How steps are tried."""
        return Attempts(journal=self.journal, settings=self.settings, wait=self.wait)

    def _first(self, look: Look, alone: bool) -> Outcome:
        """Hear a call, where that is needed, and judge it with what was known before the night."""
        now = look.now
        for anew in (False, True):
            if now.heard is None or anew:
                now.heard = self._hear(look, alone, anew=anew)
            outcome = self._as_it_stands(look)
            if outcome is not None:
                return outcome
            try:
                return self._judge(look, alone)
            except KeptError:
                if anew or look.job.given is not None or self.as_kept:
                    raise
                heard.drop(heard.place_of(self.out, look.job.call.call_id))
        raise KeptError(f"call {look.job.call.call_id}: what was heard cannot be kept")

    def _as_it_stands(self, look: Look) -> Outcome | None:
        """The first look of a call whose recording had to be read, where it is as it was after all."""
        was, now, call_id = look.judging, look.now, look.job.call.call_id
        if was is None or now.heard is None or not was.whole:
            return None
        if self.basis.judge_key(look.job.call, now.heard, digest_of(look.seen)) != was.first_key:
            return None
        self.attempts.persist(lambda: self.journal.confirm(call_id, Stage.JUDGE))
        now.key, now.first_key, now.output = was.key, was.first_key, was.output
        after = After.from_json(was.after or {})
        return Outcome(call_id=call_id, kind=OutcomeKind.STANDS, now=now, after=after)

    def _hear(self, look: Look, alone: bool, *, anew: bool) -> str:
        with self._at_hand(look.job) as here:
            return self._hear_here(look, here, alone, anew=anew)

    @contextmanager
    def _at_hand(self, job: Job) -> Iterator[Job]:
        """The job with its recording on this machine, for as long as it is needed."""
        here = self.attempts.persist(lambda: fetched(job, self.out / INCOMING))
        try:
            yield here
        finally:
            if here is not job and here.call.recording is not None:
                here.call.recording.path.unlink(missing_ok=True)

    def _hear_here(self, look: Look, here: Job, alone: bool, *, anew: bool) -> str:
        job, now, was = look.job, look.now, look.hearing
        call_id, recording = job.call.call_id, here.call.recording
        if recording is None:
            raise ValueError(f"call {call_id} has no recording")
        now.recording = self.recordings.read(job, recording.path)
        key = self.basis.hear_key(job.call, now.recording)
        if was is not None and was.state is UnitState.DONE and was.key == key and was.output and not anew:
            self.attempts.persist(lambda: self.journal.confirm(call_id, Stage.HEAR))
            return was.output
        listened = self.attempts.make(
            job,
            Stage.HEAR,
            key,
            lambda: self.bench.hear(here, key, now.recording or "", alone=alone),
            lease_s=self.bench.lease_s(here),
            alone=alone,
        )

        def save() -> None:
            with self.store.transaction(f"cannot save call {call_id}") as within:
                self.recordings.save(job, within)
                self.journal.done(
                    call_id, Stage.HEAR, key=key, output=listened.output, cost=listened.cost, within=within
                )

        self.attempts.persist(save)
        return listened.output

    def _judge(self, look: Look, alone: bool) -> Outcome:
        job, now = look.job, look.now
        call_id, sha256 = job.call.call_id, now.heard or ""
        key = self.basis.judge_key(job.call, sha256, digest_of(look.seen))
        judged = self.attempts.make(
            job,
            Stage.JUDGE,
            key,
            lambda: self.bench.judge(job, sha256, look.seen, alone=alone),
            lease_s=self.bench.lease_s(job),
            alone=alone,
        )
        report = judged.report
        cost = Cost(
            cpu_s=judged.cost.cpu_s + look.earlier.cpu_s, wall_s=judged.cost.wall_s + look.earlier.wall_s
        )
        after = After.of(report) if look.first else None
        more = {} if after is None else {"first_key": key, "after": after.to_json()}

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
            self.attempts.persist(save)
        except FormError as error:
            record = Quarantined(
                call_id=call_id, reason=error.reason, message=str(error), file=job.file, line=job.call.line
            )
            raise GivenUp(Stage.JUDGE, record, blameless=True) from None
        now.key, now.output, now.worked = key, report.status.value, True
        if look.first:
            now.first_key = key
        return Outcome(call_id=call_id, kind=OutcomeKind.DONE, now=now, after=after, cost=cost)

    def _refuse(self, look: Look, given_up: GivenUp) -> Outcome:
        """Set a call aside."""
        record, stage, call_id = given_up.record, given_up.stage, look.job.call.call_id
        if stage is Stage.HEAR:
            heard.drop(heard.place_of(self.out, call_id))

        def save() -> None:
            write_call(self.bench.refuse(look.job.call, record.reason), self.out / "calls")
            with self.store.transaction(f"cannot save quarantined call {call_id}") as within:
                self.store.save_quarantined(record, within=within)
                self.recordings.save(look.job, within)
                self.journal.quarantine(
                    call_id, stage, reason=record.reason, message=record.message, within=within
                )

        self.attempts.persist(save)
        look.now.worked = True
        return Outcome(
            call_id=call_id,
            kind=OutcomeKind.ASIDE,
            now=look.now,
            record=record,
            blameless=given_up.blameless,
        )
