"""The command line with a meter: what the parent of a batch spends its CPU time on.

Run by :mod:`tests.benchmarks.soak` with the file for its figures, perhaps ``--without-flow``, and
the arguments of ``tinghe``. Each part counts the CPU time of its thread, without the parts in it.
"""

from __future__ import annotations

import functools
import importlib
import json
import resource
import sys
import threading
import time
import types
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PARTS = (
    ("start: plan, keys", "flows.batch.night:plan"),
    ("start: plan, keys", "pipeline.batch.keys:Basis.of"),
    ("start: plan, keys", "pipeline.batch.run:Batch.compare"),
    ("start: plan, keys", "pipeline.batch.run:Batch.open"),
    ("journal and store", "pipeline.batch.attempts:Attempts.persist"),
    ("lanes", "pipeline.batch.lanes:Lanes.ask"),
    ("calls, history", "pipeline.batch.run:Batch.run_chunk"),
    ("calls, history", "pipeline.batch.run:Batch.run_alone"),
    ("calls, history", "pipeline.batch.run:Batch.reopen"),
    ("account", "pipeline.batch.run:Batch.close"),
    ("reports: the rest", "flows.batch.night:_report"),
    ("reports: reading", "flows.batch.night:read_call"),
    ("reports: tables", "pipeline.report.table:Tables.add"),
    ("reports: tables", "pipeline.report.table:Tables.write"),
    ("reports: pages", "pipeline.report.pages:Pages.add"),
    ("reports: pages", "pipeline.report.pages:Pages.finish"),
    ("terminal", "flows.cli.batch:_show"),
)
"""What is metered: the name of the part, and where it stands."""


class Meter:
    """CPU seconds by part; a part within another is counted once."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._here = threading.local()
        self._lock = threading.Lock()

    def around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, metered."""

        @functools.wraps(work)
        def metered(*args: Any, **more: Any) -> Any:
            above = getattr(self._here, "within", 0.0)
            self._here.within, begun = 0.0, time.thread_time()
            try:
                return work(*args, **more)
            finally:
                whole = time.thread_time() - begun
                with self._lock:
                    self.spent[name] += whole - self._here.within
                self._here.within = above + whole

        return metered

    def put_on(self, name: str, place: str) -> None:
        """Meter what stands at ``module:name`` or ``module:class.name``."""
        module, _, path = place.partition(":")
        owner: Any = importlib.import_module(module)
        *above, last = path.split(".")
        for part in above:
            owner = getattr(owner, part)
        if isinstance(vars(owner).get(last), classmethod):
            setattr(owner, last, classmethod(self.around(name, vars(owner)[last].__func__)))
        else:
            setattr(owner, last, self.around(name, getattr(owner, last)))


def weigh_starts() -> list[float]:
    """The list to which every lane that is ready for work adds the CPU seconds that it took to become so."""
    from flows.batch.lane_bench import LaneBench
    from tests.benchmarks.soak_run import cpu_of

    started: list[float] = []
    start = LaneBench._start

    def weighed(bench: Any) -> Any:
        lane = start(bench)
        started.append(cpu_of(lane.pid))
        return lane

    LaneBench._start = weighed  # type: ignore[method-assign]
    return started


def work_without_flow(night: Any) -> Any:
    """What :func:`flows.batch.nightly.work_in_flow` does, with a pool of threads in place of Prefect."""
    with ThreadPoolExecutor(night.settings.batch.workers) as pool:
        list(pool.map(night.batch.run_chunk, range(night.first)))
        night.batch.run_alone()
        if night.second is None:
            night.second = night.batch.reopen()
        list(pool.map(night.batch.run_chunk, range(night.second)))
        night.batch.run_alone()
    return night.close()


def main() -> None:
    """Run the command and write what it cost, whatever its exit status."""
    _, place, *arguments = sys.argv
    if arguments[0] == "--without-flow":
        arguments = arguments[1:]
        stand_in: Any = types.ModuleType("flows.batch.nightly")
        stand_in.work_in_flow = work_without_flow
        sys.modules["flows.batch.nightly"] = stand_in
    from flows.privacy.sealed import seal

    seal()
    from flows.cli import app

    meter, started = Meter(), weigh_starts()
    for name, where in PARTS:
        meter.put_on(name, where)
    try:
        app(arguments, prog_name="tinghe")
    finally:
        own, lanes = (
            sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        text = json.dumps({"parts": dict(meter.spent), "own": own, "lanes": lanes, "starts": started})
        Path(place).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
