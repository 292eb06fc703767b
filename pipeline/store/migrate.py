"""Bringing a database up to date: Alembic's revisions, run when a store is opened.

One process does it and the others wait for it: SQLite's write lock, an advisory lock of PostgreSQL. It is
one transaction, so that a process that dies half-way leaves the database as it was.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from pipeline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config

LATEST: Final = "0005"
"""The revision that this version of Tinghe works with."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x74696E67
"""Number of the advisory lock: ``ting``."""
_VERSION: Final = sa.table("alembic_version", sa.column("version_num", sa.String))


def bring_up_to_date(engine: sa.Engine) -> None:
    """Run what revisions the database lacks; nothing is written where it lacks none.

    Raises:
        StoreError: the database is of a later version of Tinghe.
        SQLAlchemyError: it cannot be read or changed; nothing was changed.
    """
    with engine.connect() as connection:
        if revision_of(connection) == LATEST:
            return
    with _alone(engine) as connection:
        revision = revision_of(connection)  # another process may have been quicker
        if revision != LATEST:
            _upgrade(connection, revision)


def revision_of(connection: sa.Connection) -> str | None:
    """The revision that a database is at; ``None`` before the first."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none()


def configuration(connection: sa.Connection | None = None) -> Config:
    """Alembic's settings, for its own commands too."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: sa.Connection, revision: str | None) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    config = configuration(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"the database is of a later version of Tinghe (revision {revision}, this one knows {LATEST}): "
            "use that version, or another database"
        )
    command.upgrade(config, LATEST)


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that no other process upgrades beside."""
    if engine.dialect.name == "sqlite":
        # Python's driver would open a transaction late, and none for changes of tables.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
        return
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        yield connection
