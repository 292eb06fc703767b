"""Runs systems in processes of their own, taking turns, and keeps what they heard and what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.settings import PROJECT_ROOT
from tests.benchmarks.material import Take
from tests.benchmarks.systems import WHISPERX, Heard, Recorded, Setup

ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "PYANNOTE_METRICS_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "PYTHONPATH": str(PROJECT_ROOT),
    "PYTHONWARNINGS": "ignore",
}


class SystemFailed(Exception):
    """A system did not run; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costly:
    """What one recording gave and cost once: seconds of CPU and wall by stage, resident bytes after it."""

    name: str
    heard: Heard
    spent: Mapping[str, tuple[float, float]]
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process: seconds of CPU and wall to load, bytes after loading and at the peak."""

    system: str
    identity: str
    load: tuple[float, float]
    loaded: int
    peak: int
    calls: tuple[Costly, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """How systems are run.

    Attributes:
        setup: for every system.
        pythons: interpreters by system, where it is not this one.
        keep: a folder for what was heard, words included; ``None`` keeps nothing.
    """

    setup: Setup
    pythons: Mapping[str, Path] = field(default_factory=dict)
    keep: Path | None = None

    def run(self, system: str, recordings: Sequence[Recorded], setup: Setup | None = None) -> Run:
        """Let one system hear recordings in a new process.

        Raises:
            SystemFailed: it cannot be loaded, or failed on a recording.
        """
        order = {
            "system": system,
            "setup": asdict(setup or self.setup),
            "recordings": [asdict(recording) for recording in recordings],
        }
        python = self.pythons.get(system, Path(sys.executable))
        with TemporaryDirectory() as folder:
            asked, answered = Path(folder) / "order.json", Path(folder) / "answer.json"
            asked.write_text(json.dumps(order), "utf-8")
            done = subprocess.run(
                [python, "-m", "tests.benchmarks.child", asked, answered],
                env=os.environ | ENVIRONMENT,
                cwd=PROJECT_ROOT,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise SystemFailed(last_line(done.stderr) or f"ended with {done.returncode}")
            return _run(json.loads(answered.read_text("utf-8")))

    def take_turns(
        self, systems: Sequence[str], takes: Sequence[Take], repeats: int, tell: Callable[[str], None]
    ) -> tuple[list[Run], dict[str, str]]:
        """Every system hears everything ``repeats`` times, another one first each time.

        Returns:
            The runs, and the reason of each system that could not run.
        """
        recordings = [recorded(take) for take in takes]
        runs: list[Run] = []
        failed: dict[str, str] = {}
        for repeat in range(repeats):
            first = repeat % len(systems)
            for system in (*systems[first:], *systems[:first]):
                if system in failed:
                    continue
                tell(f"{system}, round {repeat + 1} of {repeats}")
                try:
                    runs.append(self.run(system, recordings))
                except SystemFailed as error:
                    failed[system] = str(error)
                else:
                    self._keep(runs[-1])
        return runs, failed

    def _keep(self, run: Run) -> None:
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            heard = {call.name: asdict(call.heard) for call in run.calls}
            path = self.keep / f"{run.system.replace(' ', '-')}.json"
            path.write_text(json.dumps(heard, ensure_ascii=False, indent=1), "utf-8")


def recorded(take: Take) -> Recorded:
    """A take without what is known of its words."""
    return Recorded(
        name=take.name,
        path=str(take.path),
        speakers=2 if take.speakers == 2 else None,
        manifest=str(take.manifest) if take.manifest else None,
    )


def pythons(whisperx: Path | None) -> dict[str, Path]:
    """The interpreters that are not this one."""
    return {WHISPERX: whisperx} if whisperx else {}


def last_line(text: str) -> str:
    """Where a Python traceback says what is wrong."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _run(answer: Mapping) -> Run:
    return Run(
        system=answer["system"],
        identity=answer["identity"],
        load=tuple(answer["load"]),
        loaded=answer["memory"]["loaded"],
        peak=answer["memory"]["peak"],
        calls=tuple(
            Costly(
                name=call["name"],
                heard=Heard(**call["heard"]),
                spent={stage: tuple(spent) for stage, spent in call["spent"].items()},
                memory=call["memory"],
            )
            for call in answer["calls"]
        ),
    )
