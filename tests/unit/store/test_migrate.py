"""Opening a store brings its database up to date: once, whole or not at all, never backwards."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import pipeline.batch.journal_tables
import pipeline.retention.tables
import pipeline.review.tables  # noqa: F401 - the rest of the tables
from pipeline.errors import StoreError
from pipeline.store import Store, migrate
from pipeline.store.tables import calls, tables
from tests.golden.sample import report

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
OLD = ROOT / "tests" / "data" / "stores" / "version-0.3.0.sql"
IN_VERSION_0_1 = {"calls", "turns", "findings", "acts", "scores", "promises", "quarantine", "batches"}


@pytest.fixture
def engine(database_url):
    made = sa.create_engine(database_url)
    yield made
    made.dispose()


def names(engine):
    return set(sa.inspect(engine).get_table_names())


def revision(engine):
    with engine.connect() as connection:
        return migrate.revision_of(connection)


def test_the_revisions_make_the_tables_that_the_program_uses(database_url, engine):
    Store(database_url).close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        missing = render_python_code(produce_migrations(context, tables).upgrade_ops)
        assert compare_metadata(context, tables) == [], f"a revision has to do this:\n{missing}"


def test_the_latest_revision_is_the_only_head():
    assert ScriptDirectory.from_config(migrate.configuration()).get_heads() == [migrate.LATEST]


def test_a_store_that_is_up_to_date_is_not_written(database_url, engine):
    Store(database_url).close()
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
        connection.execute(sa.text(f"INSERT INTO alembic_version VALUES ('{migrate.LATEST}')"))
        connection.execute(sa.text("DROP TABLE acts"))
    Store(database_url).close()
    assert "acts" not in names(engine)


def test_a_database_of_version_0_3_keeps_its_calls(tmp_path):
    url = sa.URL.create("sqlite", database=str(tmp_path / "old.db"))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in OLD.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.execute(
            sa.insert(calls),
            {
                "call_id": "of last year",
                "status": "scored",
                "transcript_sha256": "0",
                "rules_sha256": "0",
                "config_sha256": "0",
                "program": "tinghe 0.3.0",
            },
        )
    store = Store(url)
    store.save(report())
    assert store.summary().scored == 2
    store.close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables) == []
    engine.dispose()


def test_a_database_with_some_of_the_tables_gets_the_others(database_url, engine):
    tables.create_all(engine, tables=[t for t in tables.sorted_tables if t.name in IN_VERSION_0_1])
    store = Store(database_url)
    store.save(report())
    assert store.summary().scored == 1
    store.close()
    assert revision(engine) == migrate.LATEST


def test_a_database_of_a_later_version_is_left_alone(database_url, engine):
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('9999')"))
    with pytest.raises(StoreError, match=r"later version of Tinghe \(revision 9999, this one knows"):
        Store(database_url)
    assert names(engine) == {"alembic_version"}
    assert revision(engine) == "9999"


@pytest.fixture
def breaks_half_way(tmp_path, monkeypatch):
    """One more revision, which fails after its first change."""
    copy = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "r9999_breaks.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9999'\ndown_revision = '{migrate.LATEST}'\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('a', sa.Integer))\n"
        "    op.execute('UPDATE half SET nothing = 1')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(migrate, "MIGRATIONS", copy)
    monkeypatch.setattr(migrate, "LATEST", "9999")


def test_a_revision_that_fails_changes_nothing(database_url, engine, request):
    Store(database_url).close()
    before = names(engine)
    earlier = revision(engine)
    request.getfixturevalue("breaks_half_way")
    with pytest.raises(StoreError, match=r"cannot open the store: (OperationalError|UndefinedColumn)"):
        Store(database_url)
    assert names(engine) == before
    assert revision(engine) == earlier


@pytest.mark.usefixtures("breaks_half_way")
def test_an_empty_database_stays_empty_when_a_revision_fails(database_url, engine):
    with pytest.raises(StoreError):
        Store(database_url)
    assert names(engine) == set()


def test_processes_that_open_an_empty_database_at_once_all_succeed(database_url, engine):
    code = "import sys\nfrom pipeline.store import Store\nsys.stdin.readline()\nStore(sys.argv[1]).close()\n"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, database_url.render_as_string(hide_password=False)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        _, problems = process.communicate()
        assert process.returncode == 0, problems
    assert revision(engine) == migrate.LATEST
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
