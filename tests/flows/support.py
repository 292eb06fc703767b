"""Running the command line as a stranger would: in a process of its own, watched."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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


def tinghe(folder: Path, *arguments):
    """Run ``tinghe`` with its own Prefect home, so that runs cannot see each other."""
    return guarded(
        ["-m", "flows.cli", *map(str, arguments)],
        folder / "connections.log",
        PREFECT_HOME=str(folder / "prefect"),
    )


def calls_in(out: Path):
    files = sorted((out / "calls").glob("*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in files}


def quarantine_in(out: Path):
    lines = (out / "quarantine.jsonl").read_text("utf-8").splitlines()
    return {entry["call_id"]: entry for entry in map(json.loads, lines)}


def labels():
    folder = ROOT / "tests" / "data" / "labels"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}
