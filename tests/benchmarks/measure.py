"""Runs systems in processes of their own, taking turns, and keeps what they heard and what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.settings import PROJECT_ROOT
from tests.benchmarks.answers import Answers
from tests.benchmarks.material import Take
from tests.benchmarks.systems import WHISPERX, Heard, Recorded, Setup

ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
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
        answers: of an earlier run that was cut off, and of this one; ``None`` asks everything anew.
    """

    setup: Setup
    pythons: Mapping[str, Path] = field(default_factory=dict)
    keep: Path | None = None
    answers: Answers | None = None

    def run(
        self, system: str, recordings: Sequence[Recorded], setup: Setup | None = None, *, number: int = 0
    ) -> Run:
        """Let one system hear recordings in a new process, unless it did before and the answer was kept.

        Args:
            system: its name.
            recordings: what it listens to.
            setup: instead of that of all systems.
            number: which of several times it is asked the same.

        Raises:
            SystemFailed: it cannot be loaded, or failed on a recording.
        """
        order = {
            "system": system,
            "setup": asdict(setup or self.setup),
            "recordings": [asdict(recording) for recording in recordings],
        }
        answer = self.answers.get(order, number) if self.answers else None
        if answer is None:
            answer = self._ask(order)
            if self.answers:
                self.answers.put(order, number, answer)
        return _run(answer)

    def _ask(self, order: Mapping) -> Mapping:
        python = self.pythons.get(order["system"], Path(sys.executable))
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
            return json.loads(answered.read_text("utf-8"))

    def take_turns(
        self,
        turns: Sequence[tuple[str, Sequence[Take]]],
        tell: Callable[[str], None],
        on_run: Callable[[Sequence[Run]], None] = lambda runs: None,
    ) -> tuple[list[Run], dict[str, str]]:
        """Let systems listen, one after another.

        Args:
            turns: who listens to what, see :meth:`tests.benchmarks.sizes.Size.turns`.
            tell: is told what is being done.
            on_run: is given all runs so far after each.

        Returns:
            The runs, and the reason of each system that could not run.
        """
        runs: list[Run] = []
        failed: dict[str, str] = {}
        asked: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for at, (system, takes) in enumerate(turns, start=1):
            if system in failed:
                continue
            tell(f"{at} of {len(turns)}: {system}, {sum(take.seconds for take in takes):.0f} s")
            same = system, tuple(take.name for take in takes)
            try:
                run = self.run(system, [recorded(take) for take in takes], number=asked[same])
            except SystemFailed as error:
                failed[system] = str(error)
                tell(f"{system} left out: {error}")
                continue
            asked[same] += 1
            runs.append(run)
            self._keep(runs, system)
            on_run(runs)
        return runs, failed

    def _keep(self, runs: Sequence[Run], system: str) -> None:
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            own = [run for run in runs if run.system == system]
            heard = {call.name: asdict(call.heard) for run in reversed(own) for call in run.calls}
            path = self.keep / f"{system.replace(' ', '-')}.json"
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
