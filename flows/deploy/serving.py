"""A Prefect server on this machine: where it keeps its things, with which settings, and talking to it.

Nothing leaves the machine: the server listens on the loopback interface, and what Prefect would send to its
makers is switched off (:mod:`flows.privacy.sealed`).
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from flows.privacy.sealed import seal
from pipeline.errors import ConfigError, StoreError
from pipeline.report.files import write_atomically
from pipeline.settings import CONFIGS, PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POOL: Final = "tinghe"
HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 4200
_PORTS: Final = 100
PREFECT: Final = (sys.executable, "-m", "prefect")
DEPLOYMENTS: Final = CONFIGS / "prefect.yaml"

_SERVER_FILE: Final = "server.json"
_LOCK_FILE: Final = "keeper.lock"
LOG_FILE: Final = "server.log"
_KEPT_S: Final = 30 * 24 * 3600
_DEFAULTS: Final = {
    # Without an address a run must stop, not start a private server that forgets what it was told.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # Prefect deletes what is older by itself; of runs it would keep all.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(_KEPT_S),
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_CLI_COLORS": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is kept by a process of this machine.

    Attributes:
        home: the folder of its database, log and lock.
        port: on the loopback interface.
        pid: the process that keeps it.
        profile: the one that schedules are about.
        profiles: the folder with profiles.
    """

    home: Path
    port: int
    profile: str
    profiles: Path
    pid: int = 0

    @property
    def page(self) -> str:
        """Its address for people."""
        return f"http://{HOST}:{self.port}"

    @property
    def api(self) -> str:
        """Its address for programs."""
        return f"{self.page}/api"

    def environment(self) -> dict[str, str]:
        """The environment for programs that talk to it, and for itself."""
        seal()
        return {
            **_DEFAULTS,
            **{name: value for name, value in os.environ.items() if name != "PREFECT_LOGGING_LEVEL"},
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "TINGHE_PROFILE": self.profile,
            "TINGHE_PROFILES": str(self.profiles),
        }

    def write(self) -> None:
        """Keep it for those who look for it.

        Raises:
            StoreError: the file cannot be written.
        """
        values = {name: str(v) if isinstance(v, Path) else v for name, v in asdict(self).items()}
        write_atomically(self.home / _SERVER_FILE, json.dumps(values).encode(), mode=0o600)

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(f"{self.api}/health", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def prefect(self, *arguments: str) -> None:
        """Run a command of Prefect against it.

        Raises:
            ConfigError: the command failed; the message has the end of what it said.
        """
        done = subprocess.run(
            [*PREFECT, *arguments], env=self.environment(), cwd=PROJECT_ROOT, capture_output=True, text=True
        )
        if done.returncode:
            said = " ".join((done.stdout + done.stderr).split())[-400:]
            raise ConfigError(f"prefect {arguments[0]} failed: {said}")


def server_home() -> Path:
    """Where a server's things are kept: the user's state folder (XDG)."""
    xdg = os.environ.get("XDG_STATE_HOME", "")
    return (Path(xdg) if os.path.isabs(xdg) else Path.home() / ".local" / "state") / "tinghe"


def find_server(home: Path) -> Server | None:
    """The server that is kept there now; ``None`` when none is."""
    path = home / _SERVER_FILE
    if not path.exists() or not _is_kept(home):
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Server(
            home=Path(values["home"]),
            port=int(values["port"]),
            pid=int(values["pid"]),
            profile=str(values["profile"]),
            profiles=Path(values["profiles"]),
        )
    except (OSError, ValueError, KeyError):
        return None


@contextmanager
def keeping(home: Path) -> Iterator[None]:
    """Be the only one who keeps a server there; ends with the process, however that ends.

    Raises:
        StoreError: another process keeps one, or the folder cannot be used.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (home / _LOCK_FILE).open("ab")
    except OSError as error:
        raise StoreError(f"cannot use {home}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(f"a server is already kept in {home}") from None
        yield


def free_port(wanted: int | None = None) -> int:
    """A port that nobody listens on: the wanted one, else the first from 4200 on.

    Raises:
        ConfigError: there is none.
    """
    ports = range(FIRST_PORT, FIRST_PORT + _PORTS) if wanted is None else (wanted,)
    for port in ports:
        with closing(socket.socket()) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except OSError:
                continue
            found: int = trial.getsockname()[1]
            return found
    raise ConfigError(f"no free port in {ports[0]} to {ports[-1]}")


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again until something is true.

    Args:
        true: a function without arguments.
        seconds: how long to ask.
        what: for the message.

    Raises:
        StoreError: it did not become true in time.
    """
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise StoreError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.2)


def _is_kept(home: Path) -> bool:
    try:
        with (home / _LOCK_FILE).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True
