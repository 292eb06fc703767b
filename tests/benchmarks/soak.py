"""The soak: a made night of many calls through the command line, as a user runs it.

Run with ``make soak`` or ``python -m tests.benchmarks.soak``. It finds what a call costs beyond the work on
it, where that goes, how cost and memory grow with the night, what the scheduler and a second run cost,
and whether every call of the night, bad ones too, is accounted for once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from pipeline.settings import PROJECT_ROOT
from tests.benchmarks.measure import ENVIRONMENT
from tests.benchmarks.soak_night import BAD_SHARE, RECORDING_S, MadeNight, NightPlan, make_night, read_pool
from tests.benchmarks.soak_report import Size, cost_table, growth_table, prefect_table, size_table
from tests.benchmarks.soak_run import faults_of, run_night, what_stands

CONSOLE = Console()

_COPIED = "TINGHE_SOAK_COPIED"
_PROGRAM = ("pipeline", "flows", "models", "configs", "demo", "tests/benchmarks")


def main() -> None:
    """Measure and print; the exit status is 1 when an account does not hold."""
    given = _arguments()
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
    if _COPIED not in os.environ:
        raise SystemExit(_in_a_copy(given.folder))
    folder = Path(tempfile.mkdtemp(prefix="tinghe-soak-", dir=given.folder))
    try:
        pool = read_pool(given.heard or _heard_demo(folder))
        plan = NightPlan(
            calls=given.calls,
            recordings=given.recordings,
            seconds=given.seconds,
            bad=given.bad,
            seed=given.seed,
            workers=given.workers,
        )
        sizes = []
        for calls in sorted({*given.growth, given.calls} - {0}):
            night = make_night(
                replace(plan, calls=calls, recordings=min(plan.recordings, calls)),
                folder / f"night-{calls}",
                pool,
            )
            sizes.append(_size(night))
            CONSOLE.print(size_table(sizes[-1]), cost_table(sizes[-1], given.hear))
            if not given.keep:
                shutil.rmtree(night.manifest.parent)
        if len(sizes) > 1:
            CONSOLE.print(growth_table(sizes))
        scheduled = _prefect(
            replace(plan, calls=given.prefect_calls, recordings=0), folder, pool, given.rounds
        )
        if scheduled:
            CONSOLE.print(prefect_table(given.prefect_calls, scheduled))
    finally:
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        content = {"sizes": [asdict(size) for size in sizes], "prefect": scheduled}
        given.json.write_text(json.dumps(content, indent=1), "utf-8")
    wrong = [line for size in sizes for line in size.wrong]
    for line in wrong:
        CONSOLE.print(f"[red]{line}[/]")
    raise SystemExit(bool(wrong))


def _in_a_copy(folder: Path | None) -> int:
    """Run all of this from a copy of the program: its sources are part of every key, and soaks are long."""
    with tempfile.TemporaryDirectory(prefix="tinghe-soak-program-", dir=folder) as copy:
        for name in _PROGRAM:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT_ROOT / name, Path(copy) / name, ignore=ignored)
        shutil.copy(PROJECT_ROOT / "tests" / "__init__.py", Path(copy) / "tests")
        shutil.copy(PROJECT_ROOT / "pyproject.toml", copy)
        command = [sys.executable, "-m", "tests.benchmarks.soak", *sys.argv[1:]]
        environment = {"PYTHONPATH": copy, "PYTHONSAFEPATH": "1", _COPIED: "1"}
        return subprocess.run(command, env=os.environ | environment, check=False).returncode


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000, help="0: only what Prefect costs")
    parser.add_argument("--recordings", type=int, default=200, help="of these, to listen to")
    parser.add_argument("--seconds", type=float, default=RECORDING_S, help="length of each of them")
    parser.add_argument(
        "--growth", type=int, nargs="*", default=[], help="other numbers of calls, each a night"
    )
    parser.add_argument("--bad", type=float, default=BAD_SHARE, help="share of calls that cannot be judged")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--heard", type=Path, help="a results folder whose calls others are made of; the demo is heard when left out")  # fmt: skip  # noqa: E501
    parser.add_argument(
        "--hear", type=float, help="CPU seconds to hear a second, where nothing is listened to"
    )
    parser.add_argument("--prefect-calls", type=int, default=200, help="calls of the night run with and without Prefect")  # fmt: skip  # noqa: E501
    parser.add_argument("--rounds", type=int, default=3, help="of that; 0 leaves it out")
    parser.add_argument("--folder", type=Path, help="where nights are made, each about 0.3 MB a call")
    parser.add_argument("--keep", action="store_true", help="leave them there")
    parser.add_argument("--json", type=Path, help="write the figures here")
    return parser.parse_args()


def _heard_demo(folder: Path) -> Path:
    """Listen to the demo, once."""
    out = folder / "demo"
    command = [sys.executable, "-m", "flows.cli", "demo", "--out", str(out)]
    with CONSOLE.status("listening to the demo"):
        subprocess.run(command, env=os.environ | ENVIRONMENT, check=True, capture_output=True)
    return out


def _size(night: MadeNight) -> Size:
    """A night from nothing, and again."""
    with CONSOLE.status(f"{night.plan.calls} calls"):
        first = run_night(night)
        wrong, before = faults_of(night, first), what_stands(night)
        second = run_night(night)
    after = what_stands(night)
    redone = sum(before.get(path) != at for path, at in after.items()) + len(before.keys() - after.keys())
    if redone:
        wrong.append(f"the second run wrote {redone} files anew (did the program change meanwhile?)")
    return Size(
        calls=night.plan.calls,
        workers=night.plan.workers,
        recordings=night.plan.recordings,
        sound_s=night.sound_s,
        bad=len(night.bad),
        first=first,
        second=second,
        wrong=wrong,
    )


def _prefect(plan: NightPlan, folder: Path, pool: Sequence, rounds: int) -> list[dict[str, float]]:
    """The same night with Prefect and with a bare pool of threads, in turns; the first of a pair changes."""
    found: list[dict[str, float]] = []
    for number in range(rounds):
        costs = {}
        for flow in (True, False) if number % 2 == 0 else (False, True):
            place = folder / f"prefect-{number}-{flow}"
            night = make_night(plan, place, pool)
            with CONSOLE.status(f"round {number + 1}, Prefect: {flow}"):
                passed = run_night(night, flow=flow)
            name = "with" if flow else "without"
            costs |= {f"{name}_own": passed.own, f"{name}_all": passed.cpu, f"{name}_wall": passed.wall,
                      f"{name}_work": passed.work, f"{name}_peak": passed.parent_peak}  # fmt: skip
            shutil.rmtree(place)
        found.append(costs)
    if found:
        extra = statistics.median(one["with_own"] - one["without_own"] for one in found)
        CONSOLE.print(f"Prefect: {extra:.2f} CPU seconds more in the parent (median of {len(found)})")
    return found


if __name__ == "__main__":
    main()
