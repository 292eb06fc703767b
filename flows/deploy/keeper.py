"""The process that keeps a Prefect server and a worker alive on this machine, and looks after their runs.

``python -m flows.deploy.keeper HOME PORT PROFILE PROFILES`` is what ``tinghe server start`` starts. A server
or a worker that ends is started again. On SIGTERM or SIGINT it ends the runs, the worker and the server, in
this order; a batch that is ended so is taken up again by the next night or ``tinghe resume``.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flows.deploy.serving import HOST, POOL, PREFECT, Server, keeping
from flows.deploy.watchman import Watchman, read_runs, start_again
from flows.privacy.sealed import seal
from flows.watch.logs import EventLog, opened_log
from pipeline.errors import TingheError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOOK_S: Final = 15.0
"""Seconds between two looks at the runs."""
_PATIENCE_S: Final = 15.0
"""For a process that was asked to end."""
_LONGEST_PAUSE_S: Final = 60.0
_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1


@dataclass
class Child:
    """A program that is started again when it ends.

    Attributes:
        name: for the log.
        pause: seconds before it is started again; grows while it keeps ending.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    pause: float = 1.0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)
    _again: float = field(default=0.0, init=False)

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def keep(self, log: EventLog) -> None:
        """Start it where it does not run."""
        now = time.monotonic()
        if self.pid is not None or now < self._again:
            return
        if self._process is not None:
            log.event(f"{self.name}_ended", level="warning")
            self._process = None
            lived = now - self._since
            self.pause = 1.0 if lived > _LONGEST_PAUSE_S else min(2 * self.pause, _LONGEST_PAUSE_S)
            self._again = now + self.pause
            return
        self._process = subprocess.Popen(
            self.command,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # the terminal's Ctrl-C is for the keeper, which ends them in order
            preexec_fn=_end_with_parent,
        )
        self._since = now

    def end(self) -> None:
        """Ask it to end, and see to it."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def keep(server: Server) -> None:
    """Keep a server and a worker until a signal says otherwise.

    Raises:
        StoreError: another process keeps one in the same folder.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    environment = server.environment()
    os.environ.update(environment)
    with keeping(server.home), opened_log("keeper.jsonl", server.home) as log:
        replace(server, pid=os.getpid()).write()
        children = (
            Child("server", (*PREFECT, "server", "start", "--host", HOST), environment),
            Child("worker", _worker(), environment),
        )
        watching = threading.Thread(target=_watch, args=(server, stop, log), daemon=True)
        watching.start()
        try:
            while not stop.wait(0.5):
                for child in children:
                    if child.name == "server" or child.pid or server.healthy():
                        child.keep(log)
        finally:
            _end(children)
            log.event("ended")


def _end_with_parent() -> None:
    """Ask Linux for SIGTERM when the keeper is gone, however it went: its port and database must be free."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and those that they started, by number."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after_name = path.read_text(errors="replace").rpartition(")")[2].split()
            children.setdefault(int(after_name[1]), []).append(int(path.parent.name))
    found, look = [], [pid]
    while look:
        of = children.get(look.pop(), [])
        found += of
        look += of
    return found


def _worker() -> tuple[str, ...]:
    # One run at a time: a night takes the whole machine.
    name = f"{POOL}-{socket.gethostname()}"
    return (*PREFECT, "worker", "start", "--pool", POOL, "--type", "process", "--limit", "1", "--name", name)


def _end(children: Sequence[Child]) -> None:
    """End the worker with its runs, which have sessions of their own and would go on, then the server."""
    server, worker = children
    runs = descendants(worker.pid) if worker.pid else []
    for number in (signal.SIGTERM, signal.SIGKILL):
        if number is signal.SIGKILL:
            worker.end()
        for pid in runs:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        end = time.monotonic() + _PATIENCE_S
        while any(Path(f"/proc/{pid}").exists() for pid in runs) and time.monotonic() < end:
            time.sleep(0.1)
    server.end()


def _watch(server: Server, stop: threading.Event, log: EventLog) -> None:
    watchman = Watchman(
        profiles=server.profiles,
        profile=server.profile,
        told_in=server.home / "told.json",
        read=read_runs,
        start=start_again,
        failed=lambda error: log.event("cannot_tell", level="error", error=error.code),
    )
    while not stop.wait(LOOK_S):
        try:
            for event in watchman.look():
                log.event("told", reason=event.kind.replace(".", "_"))
        except TingheError as error:
            log.event("cannot_tell", level="error", error=error.code)


if __name__ == "__main__":
    seal()
    home, port, profile, profiles = sys.argv[1:]
    keep(Server(home=Path(home), port=int(port), profile=profile, profiles=Path(profiles)))
