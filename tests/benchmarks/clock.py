"""CPU and wall time by stage, without the engines knowing of it."""

from __future__ import annotations

import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

DECODE = "decode"
SPEECH = "speech activity"
WORDS = "words with times"
SPEAKERS = "diarization"
REST = "parties, roles, text"
STAGES = (DECODE, SPEECH, WORDS, SPEAKERS, REST)


class Clock:
    """Every moment belongs to one stage: that which was entered last and not left."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        """CPU and wall seconds of each stage."""
        self._stage: str | None = None
        self._since = _now()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done inside for ``name``."""
        outer = self._switch(name)
        try:
            yield
        finally:
            self._switch(outer)

    def move(self, cpu: float, wall: float, *, source: str, target: str) -> None:
        """Count so much of one stage for another, as far as there is so much."""
        for index, amount in enumerate((cpu, wall)):
            moved = min(amount, self.spent[source][index])
            self.spent[source][index] -= moved
            self.spent[target][index] += moved

    def _switch(self, name: str | None) -> str | None:
        now = _now()
        if self._stage is not None:
            spent = self.spent[self._stage]
            spent[0] += now[0] - self._since[0]
            spent[1] += now[1] - self._since[1]
        before, self._stage, self._since = self._stage, name, now
        return before


class Timed:
    """Stands before an engine: its methods run in a stage of the clock, what they return is kept."""

    def __init__(self, engine: Any, clock: Clock, stage: str) -> None:
        self._engine, self._clock, self._stage = engine, clock, stage
        self.returned: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        return self._around(found) if callable(found) else found

    def _around(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self._clock.stage(self._stage):
                result = method(*args, **kwargs)
                result = tuple(result) if isinstance(result, Iterator) else result
            self.returned.append(result)
            return result

        return timed


def memory() -> dict[str, int]:
    """Resident and peak resident bytes of this process.

    From ``/proc`` where there is one: the peak of ``getrusage`` starts at the size of the parent.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        return {key: int(fields[field].split()[0]) * 1024 for key, field in _FIELDS.items()}
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"now": peak, "peak": peak}


_FIELDS = {"now": "VmRSS", "peak": "VmHWM"}


def _now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()
