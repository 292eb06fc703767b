"""Running the command line as a stranger would: in a process of its own, watched."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pipeline.settings import CONFIGS

ROOT = Path(__file__).resolve().parents[2]
GUARD = Path(__file__).resolve().parent / "guard"


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: str
    stderr: str
    connections: str
    """What tried to leave the machine, a line each."""

    def json(self):
        return json.loads(self.stdout)


def guarded(command, log: Path, **extra):
    """Run a Python command that may reach nothing but loopback."""
    env = {
        **os.environ,
        "PYTHONPATH": f"{GUARD}{os.pathsep}{ROOT}",
        "TINGHE_TEST_CONNECTIONS": str(log),
        "COLUMNS": "160",
        **extra,
    }
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=env, cwd=log.parent)
    connections = log.read_text("utf-8") if log.exists() else ""
    return Outcome(done.returncode, done.stdout, done.stderr, connections)


_MAKE_HOME = """
from flows.privacy.sealed import seal

seal()
from prefect.client.orchestration import get_client

with get_client(sync_client=True) as client:
    client.api_version()
"""


class _Homes:
    """Prefect homes: copies of one whose database has its tables, and no run.

    Attributes:
        shared: the folder that the processes of a test run share; without one Prefect makes each home itself.
        server: the address of a server for all runs; without one each run has its own, as a stranger's has.
    """

    shared: Path | None = None
    server: str | None = None

    def make(self, place: Path) -> Path:
        """A home of its own at a place, unless there is one."""
        if self.shared is not None and not place.exists():
            shutil.copytree(self._first(self.shared), place)
        return place

    def _first(self, shared):
        made = shared / "prefect-home"
        with (shared / "prefect-home.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                begun = shared / "prefect-home-begun"
                outcome = guarded(["-c", _MAKE_HOME], shared / "connections.log", PREFECT_HOME=str(begun))
                assert outcome.code == 0, outcome.stderr
                begun.rename(made)
        return made


homes = _Homes()


def tinghe(folder: Path, *arguments):
    """Run ``tinghe`` with its own Prefect home, so that runs cannot see each other."""
    return guarded(
        ["-m", "flows.cli", *map(str, arguments)],
        folder / "connections.log",
        PREFECT_HOME=str(homes.make(folder / "prefect")),
        **({} if homes.server is None else {"PREFECT_API_URL": homes.server}),
    )


def few_rules(folder: Path, *packs: str) -> Path:
    """As few rules as there can be, and the packs that a test is about: a process with them starts soon."""
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    for name in ("contexts.yaml", "words.yaml", "notes.yaml", *packs):
        shutil.copy(CONFIGS / "rules" / name, rules / name)
    return rules


def calls_in(out: Path):
    files = sorted((out / "calls").glob("*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in files}


def quarantine_in(out: Path):
    lines = (out / "quarantine.jsonl").read_text("utf-8").splitlines()
    return {entry["call_id"]: entry for entry in map(json.loads, lines)}


def labels():
    folder = ROOT / "tests" / "data" / "labels"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}
