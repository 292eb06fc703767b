"""A real PostgreSQL server for tests: made in a temporary folder, on a free port of this machine alone."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.patience import PATIENCE_S, wait_until
from tests.ports import free_port

USER = "tinghe"
PASSWORD = "a secret & more @:/%"
"""With what a URL must escape."""
_QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "unix_socket_directories=")


def folder_of_programs() -> Path | None:
    """Where ``initdb`` and ``postgres`` are; Debian keeps them off the path."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in installed), key=lambda p: int(p.parent.name), default=None)


class Server:
    """One server with its data; :meth:`new_database` gives each test its own."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        # The server refuses to run as root.
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="tinghe-postgres-"))
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        secret = self._folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if self._user:
            for path in (self._folder, secret):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb",
            *("-D", self._folder / "data", "-U", USER, "--pwfile", secret),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )
        self.port = free_port()

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = [part for one in _QUICK for part in ("-c", one)]
        self._process = subprocess.Popen(
            [
                self._programs / "postgres",
                *("-D", self._folder / "data", "-h", "127.0.0.1", "-p", str(self.port)),
                *settings,
            ],
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "log").open("ab"),
            start_new_session=True,
            **self._as_user(),
        )
        wait_until(self._answers, every_s=0.05)

    def stop(self) -> None:
        """Stop at once, as a machine that fails would; what was committed stays."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def remove(self) -> None:
        """Stop, and delete everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> sa.URL:
        """The URL, with the password, of a database that holds nothing yet."""
        name = f"test_{next(self._numbers)}"
        with self._admin() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> sa.URL:
        """The URL of a database, with the password."""
        return sa.URL.create(
            "postgresql+psycopg",
            username=USER,
            password=PASSWORD,
            host="127.0.0.1",
            port=self.port,
            database=database,
        )

    @contextlib.contextmanager
    def _admin(self):
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError((self._folder / "log").read_text(encoding="utf-8", errors="replace"))
        try:
            with self._admin() as connection:
                return bool(connection.exec_driver_sql("SELECT true").scalar_one())
        except sa.exc.OperationalError:
            return False

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [self._programs / program, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            **self._as_user(),
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")

    def _as_user(self) -> dict[str, object]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server; what needs it is skipped where none is installed."""
    programs = folder_of_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'tinghe[postgres]')")
    server = Server(programs)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The URL of an empty database, of either kind: what holds for one must hold for the other."""
    if request.param == "sqlite":
        return sa.URL.create("sqlite", database=str(tmp_path / "results.db"))
    return request.getfixturevalue("postgres").new_database()
