"""How far a night is, on Prefect's page: a bar that moves at most every half minute.

The bar is a courtesy. Where Prefect's server does not answer, the night goes on without it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.types import CallStatus

EVERY_S: Final = 30.0
T = TypeVar("T")
_LOG = logging.getLogger("tinghe.progress")


@dataclass
class ProgressArtifact:
    """An observer that keeps a progress artifact of the flow run in whose code it is made.

    Attributes:
        day: the business day, as the bar's title says it; empty for none.
        every_s: seconds between two moves of the bar.
        clock: seconds from any moment on.
    """

    day: str
    every_s: float = EVERY_S
    clock: Callable[[], float] = time.monotonic
    _calls: int = 0
    _done: int = 0
    _told_at: float = 0.0
    _artifact: UUID | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def planned(self, calls: int) -> None:
        """Put up the bar."""
        self._calls, self._told_at = calls, self.clock()
        self._artifact = _quietly(lambda: _made(self.day, calls))

    def finished(self, call_id: str, outcome: CallStatus) -> None:
        """Move the bar, when it is time or this was the last call."""
        with self._lock:
            self._done += 1
            now = self.clock()
            if self._artifact is None or (now - self._told_at < self.every_s and self._done < self._calls):
                return
            self._told_at, percent = now, min(100.0 * self._done / max(self._calls, 1), 100.0)
            artifact = self._artifact
        _quietly(lambda: _moved(artifact, percent))


def _made(day: str, calls: int) -> UUID:
    from prefect.artifacts import create_progress_artifact

    made = create_progress_artifact(
        progress=0.0, key="tinghe-progress", description=f"{day} · {calls} calls".lstrip(" ·")
    )
    if not isinstance(made, UUID):
        raise TypeError("Prefect returned no artifact")
    return made


def _moved(artifact: UUID, percent: float) -> None:
    from prefect.artifacts import update_progress_artifact

    update_progress_artifact(artifact, progress=percent)


def _quietly(tell: Callable[[], T]) -> T | None:
    try:
        return tell()
    except Exception as error:
        # Whatever is wrong with a bar must not cost a call; messages of others may quote what we sent.
        _LOG.warning("progress could not be shown: %s", type(error).__name__)
        return None
