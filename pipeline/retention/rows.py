"""The rows of a call in the database: what there are, their digest, deleting them.

Found by asking the database which tables have a column ``call_id``: a table that is new is not forgotten.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipeline.batch.journal_tables import work_files
from pipeline.retention.tables import OWN, holds
from pipeline.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsOf:
    """The rows of a call: how many, and the SHA-256 of their content; of none it is that of nothing."""

    count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CallTables:
    """The tables with rows of calls, those that others refer to last."""

    tables: Sequence[sa.Table]

    @classmethod
    def of(cls, connection: sa.Connection) -> CallTables:
        """Ask the database."""
        found = sa.MetaData()
        found.reflect(connection)
        kept = [t for t in reversed(found.sorted_tables) if "call_id" in t.c and t.name not in OWN]
        return cls(kept)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tables that a deletion writes to."""
        return (*(table.name for table in self.tables), work_files.name, *sorted(OWN))

    def rows_of(self, connection: sa.Connection, call_id: str) -> RowsOf:
        """What there is of a call."""
        count, digest = 0, hashlib.sha256()
        for table in sorted(self.tables, key=lambda table: table.name):
            key = [column for column in table.primary_key.columns if column.name != "call_id"]
            query = sa.select(table).where(table.c.call_id == call_id).order_by(*key)
            for row in connection.execute(query):
                count += 1
                text = json.dumps([table.name, list(row)], ensure_ascii=False, default=str)
                digest.update(text.encode(errors="surrogatepass") + b"\n")
        return RowsOf(count=count, sha256=digest.hexdigest())

    def delete(
        self, connection: sa.Connection, call_id: str, *, debtor: str | None, place: str | None
    ) -> None:
        """Delete all of a call, and holds that were released and are about nothing else that is here.

        Args:
            connection: in a transaction, see :func:`overwrite_deleted`.
            call_id: of the call.
            debtor: of the call, where that is known.
            place: under which the digest of its recording is remembered, see
                :func:`pipeline.batch.keys.place_of`.
        """
        for table in self.tables:
            connection.execute(sa.delete(table).where(table.c.call_id == call_id))
        if place is not None:
            connection.execute(sa.delete(work_files).where(work_files.c.place == place))
        gone = [("call", call_id)]
        if debtor is not None:
            others = sa.select(sa.func.count()).select_from(calls).where(calls.c.customer_id == debtor)
            if connection.execute(others).scalar_one() == 0:
                gone.append(("debtor", debtor))
        for kind, subject in gone:
            connection.execute(
                sa.delete(holds).where(
                    holds.c.kind == kind, holds.c.subject == subject, holds.c.released_at.is_not(None)
                )
            )


def overwrite_deleted(connection: sa.Connection) -> None:
    """Let SQLite write zeros over what is deleted through this connection."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
