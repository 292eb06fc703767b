"""Runs a night through the command line, in a process of its own, and watches what it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.measure import ENVIRONMENT, SystemFailed, last_line
from tests.benchmarks.soak_night import MadeNight

_LOOK_S = 0.5
_DONE = (0, 3)
"""Exit statuses of a batch that came to its end: all judged, some in quarantine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What one run of the command took.

    Attributes:
        wall: seconds.
        cpu: seconds of all its processes together; those of its parent alone; those of the rest.
        starts: seconds that each worker took to be ready.
        parts: seconds of the parent by part of the program.
        stages: seconds that the journal counts as work, by stage.
        parent_peak: resident bytes of the parent at most.
        lane_peak: those of its largest child.
        server: seconds of CPU of the server that Prefect starts for a flow outside of any, as last seen.
        counts: calls by what became of them.
    """

    wall: float
    cpu: float
    own: float
    lanes: float
    starts: Sequence[float]
    parts: Mapping[str, float]
    stages: Mapping[str, float]
    parent_peak: int
    lane_peak: int
    server: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def work(self) -> float:
        """Seconds of CPU that went into hearing and judging."""
        return sum(self.stages.values())


def run_night(night: MadeNight, *, flow: bool = True) -> Passed:
    """Run ``tinghe run`` on a night; as often as wanted, each time in the same results folder.

    Raises:
        SystemFailed: it did not come to its end.
    """
    folder = night.manifest.parent
    meter, said = folder / "meter.json", folder / "log.txt"
    command = [sys.executable, "-m", "tests.benchmarks.soak_child", str(meter)]
    command += [] if flow else ["--without-flow"]
    command += ["run", str(night.manifest), "--out", str(night.out), "--config", str(night.config)]
    command += ["--dial-log", str(night.dial_log)]
    begun = time.perf_counter()
    with said.open("w", encoding="utf-8") as log:
        child = subprocess.Popen(
            command,
            env=os.environ | ENVIRONMENT | {"PREFECT_HOME": str(folder / "prefect")},
            stdout=log,
            stderr=log,
        )
        with Watch(child.pid) as watch:
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if child.returncode not in _DONE:
        raise SystemFailed(f"exit status {child.returncode}: {last_line(said.read_text('utf-8'))}")
    spent = json.loads(meter.read_text("utf-8"))
    return Passed(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        own=spent["own"],
        lanes=usage.ru_utime + usage.ru_stime - spent["own"],
        starts=spent["starts"],
        parts=spent["parts"],
        stages=_status(night)["cpu_s"],
        parent_peak=watch.parent,
        lane_peak=watch.children,
        server=sum(watch.servers.values()),
        counts=_outcomes(night),
    )


class Watch:
    """Looks at the resident memory of a process and its children while it runs (Linux)."""

    def __init__(self, pid: int) -> None:
        self.pid, self.parent, self.children = pid, 0, 0
        self.servers: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            self.parent = max(self.parent, peak_of(self.pid))
            children = children_of(self.pid)
            self.children = max(self.children, *map(peak_of, children), 0)
            self.servers |= {
                child: spent for child in children if is_server(child) and (spent := cpu_of(child))
            }
            self._over.wait(_LOOK_S)


def peak_of(pid: int) -> int:
    """The largest resident size that a process ever had, in bytes; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else 0


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a process so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_server(pid: int) -> bool:
    """Whether it is Prefect's server."""
    try:
        return b"prefect" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"flows.")[0]
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """The processes that a process started, from whichever thread."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        lists = [(thread / "children").read_text("utf-8") for thread in threads]
    except OSError:
        return []
    return [int(child) for text in lists for child in text.split()]


def what_stands(night: MadeNight) -> dict[str, int]:
    """When each result and each page was written: a run that does nothing changes none."""
    files = (path for name in ("calls", "pages", "heard") for path in (night.out / name).iterdir())
    return {str(path): path.stat().st_mtime_ns for path in files}


def faults_of(night: MadeNight, passed: Passed) -> list[str]:
    """What is wrong with the account of a night; nothing when every call stands where it must."""
    counts, plan = passed.counts, night.plan
    wrong: list[str] = []
    results = {path.stem for path in (night.out / "calls").glob("*.json")}
    lines = (night.out / "quarantine.jsonl").read_text("utf-8").splitlines()
    aside = Counter(json.loads(line)["call_id"] for line in lines)
    if sum(counts.values()) != plan.calls:
        wrong.append(f"{sum(counts.values())} of {plan.calls} calls are accounted for")
    if set(aside) != set(night.bad):
        missed, more = set(night.bad) - set(aside), set(aside) - set(night.bad)
        wrong.append(f"quarantine lacks {len(missed)} bad calls and holds {len(more)} good ones")
    if max(aside.values(), default=1) > 1:
        wrong.append("a call is in quarantine twice")
    rows = {call_id for call_id, kind in night.bad.items() if kind == "bad row"}
    expected = {f"soak-{number:06}" for number in range(plan.calls)} - rows
    if results != expected:
        wrong.append(f"{len(expected - results)} results are missing, {len(results - expected)} are too many")
    return wrong


def _outcomes(night: MadeNight) -> dict[str, int]:
    """Calls by status as the results say, and rows that never became one."""
    counts: Counter[str] = Counter()
    for path in (night.out / "calls").glob("*.json"):
        counts[json.loads(path.read_text("utf-8"))["status"]] += 1
    lines = (night.out / "quarantine.jsonl").read_text("utf-8").splitlines()
    kinds = (night.bad.get(json.loads(line)["call_id"]) for line in lines)
    counts["no call"] += sum(kind == "bad row" for kind in kinds)
    return dict(counts)


def _status(night: MadeNight) -> dict:
    command = [sys.executable, "-m", "flows.cli", "status", str(night.out), "--json"]
    said = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, check=True, text=True)
    status: dict = json.loads(said.stdout)
    return status
