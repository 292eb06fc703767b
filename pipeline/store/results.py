"""Writing what was said of calls, and counting it.

A call's rows are replaced as a whole in one transaction, so that judging a call again counts nothing twice.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.errors import StoreError
from pipeline.store.database import as_store_error, compact, connect
from pipeline.store.history import read_remembered
from pipeline.store.migrate import bring_up_to_date
from pipeline.store.rows import call_row, rows_of
from pipeline.store.tables import batches, calls, findings, quarantine, roles, scores, sound
from pipeline.types import BatchSummary, CallStatus, FindingState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from pipeline.history import Remembered
    from pipeline.types import Call, CallReport, Quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSummary:
    """What the store holds.

    Attributes:
        mean_compliance: 0..100 over scored calls, ``None`` when there is none; so for effectiveness.
        to_review: calls with a finding that waits for a person.
        poor_sound: calls with a channel whose sound is poor.
        unsure_roles: calls of which it is not sure who is the agent.
    """

    scored: int
    not_scored: int
    quarantined: int
    red_lines: int
    to_review: int
    poor_sound: int
    unsure_roles: int
    mean_compliance: float | None
    mean_effectiveness: float | None


class Store:
    """The database of results.

    Args:
        url: an SQLAlchemy URL, such as ``sqlite:///results.db`` or ``postgresql+psycopg://…``. A database of
            an earlier version is brought up to date.

    Raises:
        StoreError: the database cannot be opened, or is of a later version of Tinghe.
    """

    def __init__(self, url: str | sa.URL) -> None:
        with as_store_error("cannot open the store"):
            self._engine = connect(url)
            try:
                bring_up_to_date(self._engine)
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        self._engine.dispose()

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; ``None`` for a server or a database in memory."""
        name = self._engine.url.database
        is_file = self._engine.dialect.name == "sqlite" and name and name != ":memory:"
        return Path(name) if is_file and name else None

    def compact(self, names: Sequence[str], *, rewrite: bool = True) -> None:
        """Leave nothing of deleted rows in the files of the database.

        Args:
            names: of the tables that rows were deleted from; SQLite does all of them.
            rewrite: whether SQLite writes its file anew; else only its log is emptied, which is enough where
                deleted rows were overwritten.

        Raises:
            StoreError: it cannot be done now, as when somebody reads.
        """
        with as_store_error("cannot compact the store"):
            compact(self._engine, names, rewrite=rewrite)

    @contextmanager
    def transaction(self, what: str) -> Iterator[sa.Connection]:
        """One transaction: committed at the end, undone by an exception.

        Args:
            what: what cannot be done when it fails, such as ``cannot save call 7``; ids only.

        Raises:
            StoreError: nothing was written.
        """
        with as_store_error(what), self._engine.begin() as connection:
            yield connection

    def save(self, report: CallReport, *, within: sa.Connection | None = None) -> None:
        """Write a call, in place of whatever the store held of it, its quarantine included.

        Args:
            report: what is said of the call.
            within: the transaction to be part of; its own where there is none.

        Raises:
            StoreError: nothing was written; what the store held stands.
        """
        call_id = report.call.call_id
        with self._writing(f"cannot save call {call_id}", within) as connection:
            _delete_call(connection, call_id)
            connection.execute(sa.insert(calls), call_row(report))
            for table, rows in rows_of(report).items():
                if rows:
                    connection.execute(sa.insert(table), [{"call_id": call_id, **row} for row in rows])

    def save_quarantined(self, call: Quarantined, *, within: sa.Connection | None = None) -> None:
        """Write a quarantined call; results from an earlier, good run of the call are taken out.

        Args:
            call: the call and its reason.
            within: the transaction to be part of; its own where there is none.

        Raises:
            StoreError: nothing was written.
        """
        with self._writing(f"cannot save quarantined call {call.call_id}", within) as connection:
            _delete_call(connection, call.call_id)
            connection.execute(sa.insert(quarantine), asdict(call))

    def save_batch(self, batch_id: str, summary: BatchSummary) -> None:
        """Write the account of a batch, in place of an earlier one of the same id.

        Raises:
            StoreError: the account does not add up, or nothing was written.
        """
        if not summary.balanced:
            raise StoreError(f"batch {batch_id}: planned calls and their outcomes do not add up")
        with self.transaction(f"cannot save batch {batch_id}") as connection:
            connection.execute(sa.delete(batches).where(batches.c.batch_id == batch_id))
            connection.execute(sa.insert(batches), {"batch_id": batch_id, **asdict(summary)})

    def remembered(self, of: Sequence[Call]) -> Remembered:
        """What earlier nights left of the debtors and numbers of these calls; not of the calls themselves.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.transaction("cannot read earlier calls") as connection:
            return read_remembered(connection, of)

    def summary(self) -> StoreSummary:
        """Count what the store holds.

        Raises:
            StoreError: the database cannot be read.
        """
        waiting = findings.c.state == FindingState.NEEDS_REVIEW.value
        with self.transaction("cannot read the store") as connection:

            def count(query: sa.Select[Any]) -> Any:
                return connection.execute(query).scalar_one()

            def calls_with(status: CallStatus) -> Any:
                return count(
                    sa.select(sa.func.count()).select_from(calls).where(calls.c.status == status.value)
                )

            return StoreSummary(
                scored=calls_with(CallStatus.SCORED),
                not_scored=calls_with(CallStatus.NOT_SCORED),
                quarantined=count(sa.select(sa.func.count()).select_from(quarantine)),
                red_lines=count(sa.select(sa.func.count()).select_from(scores).where(scores.c.red_line)),
                to_review=count(sa.select(sa.func.count(findings.c.call_id.distinct())).where(waiting)),
                poor_sound=count(sa.select(sa.func.count(sound.c.call_id.distinct())).where(sound.c.poor)),
                unsure_roles=count(sa.select(sa.func.count()).select_from(roles).where(roles.c.unsure)),
                mean_compliance=count(sa.select(sa.func.avg(scores.c.compliance))),
                mean_effectiveness=count(sa.select(sa.func.avg(scores.c.effectiveness))),
            )

    def _writing(self, what: str, within: sa.Connection | None) -> AbstractContextManager[sa.Connection]:
        return self.transaction(what) if within is None else nullcontext(within)


def _delete_call(connection: sa.Connection, call_id: str) -> None:
    """Take a call out; the database takes the rows of the other tables along (ON DELETE CASCADE)."""
    for table in (calls, quarantine):
        connection.execute(sa.delete(table).where(table.c.call_id == call_id))
