"""The journal of a batch: every unit of work, claimed before it is begun and marked when it is done.

A unit is one stage of one call. What is marked done carries the key of all that it was made from
(:mod:`pipeline.batch.keys`); a later run compares keys and does only what changed. A claim is committed
before the work begins: an attempt that takes the whole process with it is counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipeline.batch.journal_tables import work, work_files, work_runs
from pipeline.batch.keys import FileStamp
from pipeline.batch.units import Stage, Unit, UnitState
from pipeline.errors import BatchStopped, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.batch.units import Cost, Pending
    from pipeline.store import Store

_AT_ONCE: Final = 500
"""Values in one query: databases bound the number of parameters."""


GIVEN_BACK: Final[dict[str, Any]] = {
    "state": UnitState.PENDING.value,
    "attempts": work.c.attempts - 1,
    "owner": None,
    "lease_until": None,
}
"""What is written of a unit that is let go without blame."""
ORPHANED: Final[dict[str, Any]] = {**GIVEN_BACK, "lost": work.c.lost + 1}
"""What is written of a unit whose worker is gone."""


class InHand(StoreError):
    """Somebody else works on the unit."""


@dataclass
class Journal:
    """The units of one batch.

    Attributes:
        owner: a name for this process, unlike any other's.
        clock: seconds since 1970; a test passes its own.
        run: number of this start of the batch; 0 before :meth:`begin`.
    """

    store: Store
    batch_id: str
    owner: str
    clock: Callable[[], float] = time.time
    run: int = 0

    def units(self, stage: Stage, calls: Sequence[str]) -> dict[str, Unit]:
        """The units of a stage by call, of these calls; a folder may hold those of many nights.

        Raises:
            StoreError: the database cannot be read.
        """
        columns = [work.c[name] for name in Unit.__slots__]
        query = sa.select(*columns).where(work.c.batch_id == self.batch_id, work.c.stage == stage.value)
        found = {}
        with self.store.transaction("cannot read the journal") as connection:
            for some in _portions(calls):
                for row in connection.execute(query.where(work.c.call_id.in_(some))):
                    found[row.call_id] = _unit(row)
        return found

    def unit(self, call_id: str, stage: Stage) -> Unit | None:
        """One unit as it stands now.

        Raises:
            StoreError: the database cannot be read.
        """
        columns = [work.c[name] for name in Unit.__slots__]
        with self.store.transaction("cannot read the journal") as connection:
            row = connection.execute(sa.select(*columns).where(self._is(call_id, stage))).one_or_none()
        return None if row is None else _unit(row)

    def begin(self, pending: Iterable[Pending], *, planned: int, skipped: int, quarantined: int) -> None:
        """Start a run: write down what it has to do.

        Args:
            pending: units to be done.
            planned: calls in all.
            skipped: calls with nothing to do.
            quarantined: calls that are in quarantine from the beginning.

        Raises:
            StoreError: the database cannot be written.
        """
        with self.store.transaction("cannot write the journal") as connection:
            last = connection.execute(
                sa.select(sa.func.max(work_runs.c.run)).where(work_runs.c.batch_id == self.batch_id)
            ).scalar_one()
            self.run = (last or 0) + 1
            connection.execute(
                sa.insert(work_runs).values(
                    batch_id=self.batch_id,
                    run=self.run,
                    owner=self.owner,
                    state=UnitState.RUNNING.value,
                    planned=planned,
                    skipped=skipped,
                    quarantined=quarantined,
                    started_at=self.clock(),
                )
            )
            self._write_pending(connection, pending)

    def add(self, pending: Iterable[Pending]) -> None:
        """Write down more to do in this run.

        Raises:
            StoreError: the database cannot be written.
        """
        with self.store.transaction("cannot write the journal") as connection:
            self._write_pending(connection, pending)

    def _write_pending(self, connection: sa.Connection, pending: Iterable[Pending]) -> None:
        rows: list[dict[str, Any]] = [
            {"c": p.call_id, "s": p.stage.value, "w": p.weight, "r": self.run} for p in pending
        ]
        if not rows:
            return
        known = sa.select(work.c.call_id, work.c.stage).where(work.c.batch_id == self.batch_id)
        have = {
            (row.call_id, row.stage)
            for some in _portions(sorted({row["c"] for row in rows}))
            for row in connection.execute(known.where(work.c.call_id.in_(some)))
        }
        old = [row for row in rows if (row["c"], row["s"]) in have]
        new = [row for row in rows if (row["c"], row["s"]) not in have]
        if old:
            connection.execute(
                sa.update(work)
                .where(work.c.batch_id == self.batch_id)
                .where(work.c.call_id == sa.bindparam("c"), work.c.stage == sa.bindparam("s"))
                .values(
                    state=UnitState.PENDING.value,
                    weight=sa.bindparam("w"),
                    run=sa.bindparam("r"),
                ),
                old,
            )
        if new:
            connection.execute(
                sa.insert(work).values(
                    batch_id=self.batch_id,
                    call_id=sa.bindparam("c"),
                    stage=sa.bindparam("s"),
                    weight=sa.bindparam("w"),
                    run=sa.bindparam("r"),
                    state=UnitState.PENDING.value,
                    attempts=0,
                    lost=0,
                ),
                new,
            )

    def claim(self, call_id: str, stage: Stage, key: str, *, lease_s: float) -> Unit:
        """Take a unit in hand, and count the attempt; earlier ones with another key do not count.

        Raises:
            InHand: somebody else works on it.
            StoreError: the database cannot be written.
        """
        now = self.clock()
        same = work.c.key == key
        free = (work.c.state != UnitState.RUNNING.value) | (work.c.lease_until < now)
        with self.store.transaction(f"cannot claim call {call_id}") as connection:
            taken = connection.execute(
                sa.update(work)
                .where(self._is(call_id, stage), free)
                .values(
                    state=UnitState.RUNNING.value,
                    attempts=sa.case((same, work.c.attempts), else_=0) + 1,
                    lost=sa.case((same, work.c.lost), else_=0),
                    key=key,
                    owner=self.owner,
                    lease_until=now + lease_s,
                    started_at=now,
                    reason=None,
                    message=None,
                )
            )
            if taken.rowcount != 1:
                raise InHand(f"call {call_id} is in hand elsewhere")
            columns = [work.c[name] for name in Unit.__slots__]
            row = connection.execute(sa.select(*columns).where(self._is(call_id, stage))).one()
        return _unit(row)

    def done(
        self,
        call_id: str,
        stage: Stage,
        *,
        key: str,
        output: str,
        cost: Cost,
        within: sa.Connection,
        **more: Any,
    ) -> None:
        """Mark a unit done, in the transaction that saves its result.

        Args:
            call_id: of the call.
            stage: what was done.
            key: of what it was in fact made from.
            output: see :class:`Unit`.
            cost: what it took.
            within: that transaction.
            more: ``first_key`` and ``after``, where this was a first look.

        Raises:
            BatchStopped: somebody else has the unit in hand now.
        """
        self._end(
            call_id,
            stage,
            within,
            dict(
                state=UnitState.DONE.value,
                key=key,
                output=output,
                owner=None,
                lease_until=None,
                lost=0,
                finished_at=self.clock(),
                cpu_s=cost.cpu_s,
                wall_s=cost.wall_s,
                **more,
            ),
        )

    def quarantine(
        self, call_id: str, stage: Stage, *, reason: str, message: str, within: sa.Connection
    ) -> None:
        """Set a unit aside, in the transaction that says so in the results.

        Raises:
            BatchStopped: somebody else has the unit in hand now.
        """
        self._end(
            call_id,
            stage,
            within,
            dict(
                state=UnitState.QUARANTINED.value,
                reason=reason,
                message=message,
                owner=None,
                lease_until=None,
                finished_at=self.clock(),
            ),
        )
        if stage is Stage.HEAR:  # what was judged of an earlier recording stands no more
            within.execute(
                sa.update(work)
                .where(self._is(call_id, Stage.JUDGE))
                .values(state=UnitState.PENDING.value, key=None, first_key=None, after=None)
            )

    def _end(self, call_id: str, stage: Stage, within: sa.Connection, values: dict[str, Any]) -> None:
        """Write what became of a unit: only of one that is in our hand."""
        mine = self._is(call_id, stage) & (work.c.owner == self.owner)
        if within.execute(sa.update(work).where(mine).values(**values)).rowcount != 1:
            raise BatchStopped(f"call {call_id} was taken over by another worker")

    def confirm(self, call_id: str, stage: Stage) -> None:
        """Mark a unit done that was found to be done after all.

        Raises:
            StoreError: the database cannot be written.
        """
        with self.store.transaction(f"cannot confirm call {call_id}") as connection:
            connection.execute(
                sa.update(work).where(self._is(call_id, stage)).values(state=UnitState.DONE.value)
            )

    def give_back(self, call_id: str, stage: Stage, *, blamed: bool) -> None:
        """Let go of a unit that is not done; the attempt counts where the call is to blame.

        Raises:
            StoreError: the database cannot be written.
        """
        values = {**GIVEN_BACK, "attempts": work.c.attempts} if blamed else GIVEN_BACK
        with self.store.transaction(f"cannot give back call {call_id}") as connection:
            connection.execute(sa.update(work).where(self._is(call_id, stage)).values(**values))

    def reclaim(self, calls: Sequence[str]) -> int:
        """Take calls over from workers that are gone: units that they had in hand are pending again.

        A worker that is not gone after all can save nothing of them any more. Returns how many units it were.

        Raises:
            StoreError: the database cannot be written.
        """
        running = (work.c.batch_id == self.batch_id) & (work.c.state == UnitState.RUNNING.value)
        others = running & (work.c.owner != self.owner)
        found = 0
        with self.store.transaction("cannot write the journal") as connection:
            for some in _portions(calls):
                which = others & work.c.call_id.in_(some)
                found += connection.execute(sa.update(work).where(which).values(**ORPHANED)).rowcount
        return found

    def release(self, *, calls: Iterable[str] | None = None, reason: str | None = None) -> tuple[str, ...]:
        """Take units out of quarantine, as if they had never been tried; their calls, in order.

        Args:
            calls: only of these; of all when ``None``.
            reason: only those with this reason, set aside in this run.

        Raises:
            StoreError: the database cannot be written.
        """
        which = (work.c.batch_id == self.batch_id) & (work.c.state == UnitState.QUARANTINED.value)
        if reason is not None:
            which &= (work.c.reason == reason) & (work.c.run == self.run)
        wanted = None if calls is None else frozenset(calls)
        with self.store.transaction("cannot write the journal") as connection:
            found = [row for row in connection.execute(sa.select(work.c.call_id, work.c.stage).where(which))]
            out = [(c, s) for c, s in found if wanted is None or c in wanted]
            if out:
                connection.execute(
                    sa.update(work)
                    .where(work.c.batch_id == self.batch_id)
                    .where(work.c.call_id == sa.bindparam("c"), work.c.stage == sa.bindparam("s"))
                    .values(
                        state=UnitState.PENDING.value,
                        key=None,
                        attempts=0,
                        lost=0,
                        reason=None,
                        message=None,
                        finished_at=None,
                    ),
                    [{"c": call, "s": stage} for call, stage in out],
                )
        return tuple(sorted({call for call, _ in out}))

    def end(self, state: str, reason: str | None = None) -> None:
        """Close the run.

        Raises:
            StoreError: the database cannot be written.
        """
        with self.store.transaction("cannot write the journal") as connection:
            connection.execute(
                sa.update(work_runs)
                .where(work_runs.c.batch_id == self.batch_id, work_runs.c.run == self.run)
                .values(state=state, reason=reason, finished_at=self.clock())
            )

    def stamps(self, places: Sequence[str]) -> dict[str, tuple[FileStamp, str]]:
        """Digests of files by place, with the stamp that each had.

        Raises:
            StoreError: the database cannot be read.
        """
        found = {}
        with self.store.transaction("cannot read the journal") as connection:
            for some in _portions(places):
                for r in connection.execute(sa.select(work_files).where(work_files.c.place.in_(some))):
                    stamp = FileStamp(size=r.size, mtime_ns=r.mtime_ns, inode=r.inode)
                    found[r.place] = (stamp, r.sha256)
        return found

    def remember_file(self, place: str, stamp: FileStamp, sha256: str, *, within: sa.Connection) -> None:
        """Keep the digest of a file that was read."""
        within.execute(sa.delete(work_files).where(work_files.c.place == place))
        within.execute(
            sa.insert(work_files).values(
                place=place, size=stamp.size, mtime_ns=stamp.mtime_ns, inode=stamp.inode, sha256=sha256
            )
        )

    def _is(self, call_id: str, stage: Stage) -> sa.ColumnElement[bool]:
        return sa.and_(
            work.c.batch_id == self.batch_id, work.c.call_id == call_id, work.c.stage == stage.value
        )


def _unit(row: Any) -> Unit:
    values = row._asdict()
    return Unit(**{**values, "stage": Stage(row.stage), "state": UnitState(row.state)})


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))
