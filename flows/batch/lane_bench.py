"""The work of a batch done in lanes: processes of our own, stopped when a call takes too long or too much."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from flows.batch.jobs import Facts, HearOrder, Hello, JudgeOrder, LocalBench, Workshop, refusal
from flows.wiring import load_ears, load_mind
from pipeline.batch.bench import Judged, Listened
from pipeline.batch.lanes import Failure, Lane, LaneLimits, Lanes
from pipeline.batch.plan import seconds_at_most
from pipeline.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.batch.plan import Job
    from pipeline.settings import Settings
    from pipeline.types import Call, CallReport, History

COMMAND: Final = (sys.executable, "-m", "flows.batch.lane")
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""For libraries that would take all cores in every lane; the settings give engines what they need."""


@dataclass
class LaneBench:
    """Asks lanes.

    Attributes:
        out: the results folder.
        audio: whether to keep playable copies of recordings.
        command: the program of a lane; a test has its own.
    """

    settings: Settings
    out: Path
    audio: bool = False
    command: Sequence[str] = COMMAND
    _facts: Facts | None = field(default=None, init=False)

    @cached_property
    def lanes(self) -> Lanes:
        """The lanes; none is started before it is needed."""
        return Lanes(self._start, self.settings.batch.workers)

    @property
    def facts(self) -> Facts:
        """What reports need of the rules, as a lane told it."""
        if self._facts is None:
            with self.lanes.lane():
                pass
        if self._facts is None:
            raise RuntimeError("a lane started and told nothing")
        return self._facts

    def hear(self, job: Job, key: str, recording_sha256: str, *, alone: bool) -> Listened:
        """Listen to a call."""
        order = HearOrder(job=job, key=key, recording_sha256=recording_sha256)
        listened: Listened = self._ask(order, job, alone=alone)
        return listened

    def judge(self, job: Job, heard_sha256: str, seen: History, *, alone: bool) -> Judged:
        """Judge a call."""
        judged: Judged = self._ask(
            JudgeOrder(job=job, heard_sha256=heard_sha256, seen=seen), job, alone=alone
        )
        return judged

    def refuse(self, call: Call, reason: str) -> CallReport:
        """The report of a call that cannot be judged."""
        return refusal(call, reason, self.facts.provenance)

    def lease_s(self, job: Job) -> float:
        """A step is stopped at its deadline; a new lane may have to start before it."""
        return 2 * self._deadline_s(job) + self.settings.batch.start_s

    def close(self) -> None:
        """End all lanes."""
        self.lanes.close()

    def _ask(self, order: Any, job: Job, *, alone: bool) -> Any:
        answer = self.lanes.ask(order, self._deadline_s(job), alone=alone)
        if isinstance(answer, Failure):
            raise answer.error()
        return answer

    def _deadline_s(self, job: Job) -> float:
        batch = self.settings.batch
        length = seconds_at_most(job.call.recording.path) if job.call.recording else 0.0
        return max(batch.deadline_s, batch.deadline_factor * length)

    def _start(self) -> Lane:
        batch = self.settings.batch
        lane = Lane(
            self.command,
            hello=Hello(settings=self.settings, out=self.out, audio=self.audio),
            limits=LaneLimits(start_s=batch.start_s, memory_mb=batch.lane_memory_mb, asks=batch.lane_calls),
            environment=_environment(),
        )
        if isinstance(lane.welcome, Failure):
            lane.kill()
            raise lane.welcome.error()
        self._facts = lane.welcome
        return lane


def bench_for(settings: Settings, out: Path, *, audio: bool) -> LocalBench | LaneBench:
    """Who works on calls in this process, as the settings say.

    Args:
        settings: with ``[batch] isolation``.
        out: the results folder.
        audio: whether the calls are recordings.
    """
    if settings.batch.isolation == "process":
        return LaneBench(settings, out, audio=audio)
    return LocalBench(Workshop(settings, load_mind, load_ears, out, audio=audio, clock=time.thread_time))


def _environment() -> dict[str, str]:
    """Ours, with one thread for what would take all, and the project where a child finds it."""
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(PROJECT_ROOT))))
    return {**dict.fromkeys(_ONE_THREAD, "1"), **os.environ, "PYTHONPATH": path}
