"""When failures are not the calls' fault: a GPU that fell off must not put all calls in quarantine."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

FEWEST: Final = 20
"""Calls that must have failed alike before their share of the batch is looked at."""


@dataclass
class StopRule:
    """Counts failures that may be the machine's; bad input is not counted. Safe to call from threads.

    Attributes:
        calls: of the batch.
        in_a_row: so many alike, with no success between them, are too many; 0 for never.
        share: a larger share of the batch failing alike is too much, from :data:`FEWEST` on.
    """

    calls: int
    in_a_row: int
    share: float
    _last: str = ""
    _times: int = 0
    _failures: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def succeeded(self) -> None:
        """A call is done."""
        with self._lock:
            self._last, self._times = "", 0

    def failed(self, reason: str) -> bool:
        """A call failed; whether these are too many now."""
        with self._lock:
            self._times = self._times + 1 if reason == self._last else 1
            self._last = reason
            self._failures[reason] += 1
            failures = self._failures[reason]
        many = failures >= FEWEST and failures > self.share * self.calls
        return many or 0 < self.in_a_row <= self._times
