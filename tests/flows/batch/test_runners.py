"""Threads that ask lanes, a cluster of Dask, one of Ray, SQLite, PostgreSQL: all give the same results."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa

from pipeline.batch import journal_tables
from pipeline.settings import PROJECT_ROOT
from pipeline.store.database import connect
from pipeline.store.tables import tables
from tests.batches import OF_A_RUN
from tests.flows.support import GUARD, ROOT, few_rules, homes, tinghe
from tests.patience import wait_until
from tests.postgres import PASSWORD

pytestmark = pytest.mark.flow

SETTINGS = """
[opinion]
engine = "none"
[detect]
rules = "{rules}"
[store]
url = "{store}"
[batch]
workers = {workers}
chunk_calls = 2
deadline_s = 3000
runner = "{runner}"
isolation = "{isolation}"
"""
RAY_ASKS = {"socket.getaddrinfo 169.254.169.254", "socket.getaddrinfo metadata.google.internal"}
"""Ray asks in which cloud it is, telemetry or not; the guard forbids it, and nothing breaks."""
NOT_COMPARED = {journal_tables.work_runs, journal_tables.work_owners, journal_tables.work_files}


def files_of(out):
    """What a run leaves for people to read, byte by byte."""
    folders = ("calls", "pages", "heard", "audio")
    found = [path for name in folders for path in (out / name).glob("*")]
    found += [out / name for name in ("quarantine.jsonl", "summary.html", "summary.csv")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def rows_of(url):
    """What a run leaves in its database, but for names of batches and what tells of the way."""
    engine = connect(url)
    found = {}
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            if table not in NOT_COMPARED:
                columns = [c for c in table.columns if c.name not in OF_A_RUN | {"batch_id"}]
                found[table.name] = sorted(map(repr, connection.execute(sa.select(*columns)).tuples()))
    engine.dispose()
    return found


class Runs:
    """Runs over one source, each with its own folder and database."""

    def __init__(self, folder, command, source):
        self.folder, self.command, self.source = folder, command, source
        self.rules = few_rules(folder)

    def arguments(self, name, *, runner, store="", isolation="process", workers=2):
        config = self.folder / f"{name}.toml"
        config.write_text(
            SETTINGS.format(
                rules=self.rules, store=store, runner=runner, isolation=isolation, workers=workers
            ),
            "utf-8",
        )
        return (self.command, self.source, "--config", config, "--out", self.folder / name)

    def make(self, name, **how):
        home = self.folder / f"{name}-home"
        home.mkdir()
        outcome = tinghe(home, *self.arguments(name, **how))
        assert outcome.code in (0, 3), outcome.stderr
        allowed = RAY_ASKS if how["runner"] == "ray" else set()
        assert set(outcome.connections.splitlines()) <= allowed
        return self.folder / name


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The demo's calls as text, and a line that is none."""
    labels = sorted((ROOT / "tests" / "data" / "labels").glob("*.json"))
    calls = [json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False) for path in labels]
    path = tmp_path_factory.mktemp("source") / "calls.jsonl"
    path.write_text("\n".join([*calls, '{"call_id": "bad"}']), "utf-8")
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory, source):
    return Runs(tmp_path_factory.mktemp("runs"), "text", source)


@pytest.fixture(scope="module")
def threads(runs):
    out = runs.make("threads", runner="threads")
    return files_of(out), rows_of(f"sqlite:///{out / 'tinghe.db'}")


@pytest.fixture
def database(postgres, monkeypatch):
    """The URL of an empty database of PostgreSQL, with and without the password."""
    url = postgres.new_database()
    monkeypatch.setenv("TINGHE_STORE_PASSWORD", PASSWORD)
    told = sa.URL.create("postgresql", url.username, host=url.host, port=url.port, database=url.database)
    return url, told.render_as_string()


def test_ray_over_postgresql_gives_what_threads_give(runs, threads, database):
    pytest.importorskip("prefect_ray")
    out = runs.make("ray", runner="ray", store=database[1])
    assert files_of(out) == threads[0]
    assert rows_of(database[0]) == threads[1]


def test_postgresql_holds_what_sqlite_holds(runs, threads, database):
    out = runs.make("postgresql", runner="threads", store=database[1])
    assert files_of(out) == threads[0]
    assert rows_of(database[0]) == threads[1]


def test_dask_gives_what_threads_give_though_a_worker_is_killed(runs, threads):
    """Its lane starts with the first call in hand: that is when it is killed."""
    pytest.importorskip("prefect_dask")
    for name in ("killed", "killed-2", "killed-3"):
        if _killed_at_work(runs, name):
            break
    else:
        pytest.fail("nobody was ever seen at work")
    out = runs.folder / name
    assert files_of(out) == threads[0]
    assert rows_of(f"sqlite:///{out / 'tinghe.db'}") == threads[1]
    assert not (out / ".shared").exists()


def _killed_at_work(runs, name):
    """A run whose first worker with a call in hand is killed; whether one was seen before all was done."""
    arguments, connections = runs.arguments(name, runner="dask"), runs.folder / "killed.log"
    out = runs.folder / name
    env = {
        **os.environ,
        "PYTHONPATH": f"{GUARD}{os.pathsep}{ROOT}",
        "PREFECT_HOME": str(homes.make(runs.folder / "ph")),
    }
    env["TINGHE_TEST_CONNECTIONS"] = str(connections)
    with (runs.folder / "killed.err").open("wb") as errors:
        head = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", *map(str, arguments)],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        over = "the run is over"
        worker = wait_until(
            lambda: _somebody_at_work(out / "tinghe.db") or (head.poll() is not None and over)
        )
        if worker != over:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        assert head.wait() == 3, (runs.folder / "killed.err").read_text("utf-8")
    assert not connections.exists()
    return worker != over


def _somebody_at_work(database):
    """The process that has a call in hand."""
    if not database.exists():
        return None
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        try:
            row = connection.execute("SELECT owner FROM work WHERE state = 'running'").fetchone()
        except sqlite3.DatabaseError:  # the tables are being made
            row = None
    connection.close()
    return int(row[0].split(":")[1]) if row else None


@pytest.mark.audio
def test_a_recording_is_heard_alike_by_all(tmp_path):
    """The shortest of the demo, heard by a lane of this machine, of a worker of Dask, and of one of Ray."""
    pytest.importorskip("prefect_dask")
    pytest.importorskip("prefect_ray")
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(PROJECT_ROOT / "demo" / "recordings" / "demo-011.wav", source)
    runs = Runs(tmp_path, "run", source)
    near = runs.make("threads", runner="threads", workers=1)
    there, rows = files_of(near), rows_of(f"sqlite:///{near / 'tinghe.db'}")
    assert {"calls/demo-011.json", "heard/demo-011.json.gz"} <= set(there)
    for runner in ("dask", "ray"):
        out = runs.make(runner, runner=runner, workers=1)
        assert files_of(out) == there, runner
        assert rows_of(f"sqlite:///{out / 'tinghe.db'}") == rows, runner
