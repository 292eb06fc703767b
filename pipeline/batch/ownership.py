"""One batch, one owner: a lock on the results folder, and a lease in the database for other hosts."""

from __future__ import annotations

import contextlib
import fcntl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from pipeline.batch.journal import GIVEN_BACK, ORPHANED
from pipeline.batch.journal_tables import work, work_owners, work_runs
from pipeline.batch.units import UnitState
from pipeline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.batch.journal import Journal

OWNER_LEASE_S: Final = 120.0
"""How long a silent owner on another host is believed to live."""
LOCK_FILE: Final = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only one on this host who writes to a results folder; ends with the process, however that ends.

    Raises:
        StoreError: another process is at work there, or the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK_FILE).open("ab")
    except OSError as error:
        raise StoreError(f"cannot use {folder}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(f"a batch is already writing to {folder}") from None
        yield


def in_use(folder: Path) -> bool:
    """Whether a process on this host writes to a results folder."""
    try:
        with (folder / LOCK_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


@dataclass
class Ownership:
    """Who works on a batch.

    Attributes:
        host: a name for this machine.
        lost: whether somebody else took the batch over while we were at work.
        when_lost: is called when that is found out.
    """

    journal: Journal
    host: str
    lost: bool = False
    when_lost: Callable[[], None] | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def held(self) -> Iterator[int]:
        """Own the batch, as :meth:`take_over` says; renew the lease; at the end :meth:`leave`.

        Raises:
            StoreError: somebody on another host is at work on it, or the database cannot be written.
        """
        taken_over = self.take_over()
        thread = threading.Thread(target=self._renew, daemon=True)
        thread.start()
        try:
            yield taken_over
        finally:
            self._over.set()
            thread.join()
            with contextlib.suppress(StoreError):  # else the next owner finds it
                self.leave()

    def _renew(self) -> None:
        while not self._over.wait(OWNER_LEASE_S / 4):
            with contextlib.suppress(StoreError):  # a database that is away may be back the next time
                if not self.renew():
                    self.lost = True
                    if self.when_lost is not None:
                        self.when_lost()
                    return

    def take_over(self) -> int:
        """Become the owner of the batch; units that a dead owner had in hand are pending again.

        Returns how many those were.

        Raises:
            StoreError: somebody on another host is at work on it, or the database cannot be written.
        """
        journal = self.journal
        with journal.store.transaction("cannot write the journal") as connection:
            now = journal.clock()
            row = connection.execute(
                sa.select(work_owners).where(work_owners.c.batch_id == journal.batch_id)
            ).one_or_none()
            if row is not None and row.host != self.host and row.lease_until > now:
                raise StoreError(
                    f"batch {journal.batch_id} is in work on another host; wait {row.lease_until - now:.0f} s"
                )
            connection.execute(sa.delete(work_owners).where(work_owners.c.batch_id == journal.batch_id))
            connection.execute(
                sa.insert(work_owners).values(
                    batch_id=journal.batch_id,
                    owner=journal.owner,
                    host=self.host,
                    lease_until=now + OWNER_LEASE_S,
                )
            )
            running = (work.c.batch_id == journal.batch_id) & (work.c.state == UnitState.RUNNING.value)
            back = connection.execute(sa.update(work).where(running).values(**ORPHANED))
            connection.execute(
                sa.update(work_runs)
                .where(
                    work_runs.c.batch_id == journal.batch_id,
                    work_runs.c.state == UnitState.RUNNING.value,
                )
                .values(state="died")
            )
        return back.rowcount

    def renew(self) -> bool:
        """Say that this owner lives; ``False`` when the batch has another one now.

        Raises:
            StoreError: the database cannot be written.
        """
        journal = self.journal
        mine = (work_owners.c.batch_id == journal.batch_id) & (work_owners.c.owner == journal.owner)
        with journal.store.transaction("cannot write the journal") as connection:
            kept = connection.execute(
                sa.update(work_owners).where(mine).values(lease_until=journal.clock() + OWNER_LEASE_S)
            )
        return kept.rowcount == 1

    def leave(self) -> None:
        """Own the batch no more; what is still in hand goes back without blame.

        Raises:
            StoreError: the database cannot be written.
        """
        journal = self.journal
        mine = (work_owners.c.batch_id == journal.batch_id) & (work_owners.c.owner == journal.owner)
        with journal.store.transaction("cannot write the journal") as connection:
            if connection.execute(sa.delete(work_owners).where(mine)).rowcount != 1:
                return  # what is in hand is the next owner's
            connection.execute(
                sa.update(work)
                .where(work.c.batch_id == journal.batch_id, work.c.state == UnitState.RUNNING.value)
                .values(**GIVEN_BACK)
            )


def owner_of(journal: Journal) -> str | None:
    """Who works on the batch; ``None`` for nobody.

    Raises:
        StoreError: the database cannot be read.
    """
    query = sa.select(work_owners.c.owner).where(work_owners.c.batch_id == journal.batch_id)
    with journal.store.transaction("cannot read the journal") as connection:
        return connection.execute(query).scalar_one_or_none()
