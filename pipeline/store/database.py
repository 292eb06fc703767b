"""Connections to the database of results, and its errors without a word of what it holds."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DataError, SQLAlchemyError

from pipeline.errors import FormError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BUSY_TIMEOUT_MS: Final = 30_000
"""How long a writer of SQLite waits for another one."""
CONNECT_TIMEOUT_S: Final = 10
"""How long a server has to answer before it counts as away."""


def connect(url: str | sa.URL) -> sa.Engine:
    """An engine for ``url``; nothing is connected yet.

    Raises:
        SQLAlchemyError: the URL is none, or names a database that is not known.
        ModuleNotFoundError: the driver is not installed.
    """
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = sa.create_engine(address)
        sa.event.listen(engine, "connect", _set_up_sqlite)
        return engine
    if address.get_backend_name() == "postgresql":
        # A server that was started anew, or a firewall, leaves dead connections in the pool.
        return sa.create_engine(
            address,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "tinghe"},
        )
    return sa.create_engine(address)


@contextmanager
def as_store_error(what: str) -> Iterator[None]:
    """Turn errors of the database into ours.

    The message of SQLAlchemy quotes the values of the row, which are what was said, and that of a driver
    the address. Ours has the kind of error and its code, such as ``SQLITE_FULL`` or the SQLSTATE.

    Raises:
        FormError: a value has no form that the database can hold.
        StoreError: ``what`` could not be done.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, ModuleNotFoundError, UnicodeError) as error:
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
        # A value that no row can hold is the fault of one call, all else is the database's.
        kind = FormError if isinstance(error, (DataError, UnicodeError)) else StoreError
        raise kind(f"{what}: {type(cause).__name__}{f' ({code})' if code else ''}") from None


def compact(engine: sa.Engine, names: Sequence[str], *, rewrite: bool) -> None:
    """Write the tables anew without what was deleted, and empty the write-ahead log of SQLite.

    Args:
        engine: the database.
        names: of the tables, for PostgreSQL.
        rewrite: whether SQLite writes its file anew.

    Raises:
        StoreError: SQLite's log cannot be emptied, because somebody reads the database.
        SQLAlchemyError: it cannot be done.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            quoted = engine.dialect.identifier_preparer.quote
            for name in names:
                connection.exec_driver_sql(f"VACUUM (FULL) {quoted(name)}")
            return
        if rewrite:
            connection.exec_driver_sql("VACUUM")
        busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if busy:
            raise StoreError("cannot compact the store: somebody reads it")


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = NORMAL")
    finally:
        cursor.close()
