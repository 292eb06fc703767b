"""Logs for programs: a line of JSON an event, without anything personal.

Only fields of :data:`FIELDS` are written, and each only with a value of its kind: there is no field for free
text, so that no name, number or word of a call can get in by mistake. What is left out is counted in
``withheld``.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.fields import safe_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_PROGRAM: Final = re.compile(r"tinghe \d+\.\d+\.\d+[a-z0-9.]*")
_BATCH: Final = re.compile(r"[0-9a-f]{12}")


def _call(value: Any) -> str | None:
    """A call id; a digest of one that may hold a telephone number."""
    return safe_name(value) if isinstance(value, str) else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(value, 3) if isinstance(value, float) else value


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], str | None]:
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else None


_code = _matching(_CODE)

FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "batch": _matching(_BATCH),
    "program": _matching(_PROGRAM),
    "call": _call,
    "stage": _code,
    "state": _code,
    "reason": _code,
    "error": _code,
    **dict.fromkeys(
        (
            *("run", "planned", "skipped", "done", "running", "pending", "quarantined", "attempts"),
            *("cpu_s", "wall_s", "hear_cpu_s", "judge_cpu_s", "calls_per_hour", "left_s", "elapsed_s"),
            *("calls", "files", "rows", "stopped", "finished", "left_out"),
        ),
        _number,
    ),
}
"""The fields of a line beside ``at``, ``level`` and ``event``, each with what makes a value of its kind.

A value is left out for which that is ``None``.
"""
LEVELS: Final = ("info", "warning", "error")


@dataclass
class EventLog:
    """Writes events.

    Attributes:
        write: takes a line; nothing is said when it fails, for a log must not stop a batch.
        clock: the time.
        always: fields of every line.
    """

    write: Callable[[str], object]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    always: Mapping[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def event(self, name: str, *, level: str = "info", **fields: Any) -> None:
        """Write an event; fields that are ``None`` are left out without a word."""
        line: dict[str, Any] = {
            "at": self.clock().isoformat(timespec="milliseconds"),
            "level": level if level in LEVELS else "error",
            "event": _code(name) or "unnamed",
        }
        withheld = 0
        for key, value in {**self.always, **fields}.items():
            if value is None:
                continue
            found = FIELDS[key](value) if key in FIELDS else None
            if found is None:
                withheld += 1
            else:
                line[key] = found
        if withheld:
            line["withheld"] = withheld
        with self._lock, contextlib.suppress(OSError, ValueError):
            self.write(json.dumps(line) + "\n")


@contextlib.contextmanager
def opened_log(where: str, folder: Path, **always: Any) -> Any:
    """The log that the settings name.

    Args:
        where: a file, in ``folder`` or absolute; ``-`` for standard error; empty for none.
        folder: the results folder.
        always: fields of every line.
    """
    if not where:
        yield EventLog(lambda line: None, always=always)
        return
    if where == "-":
        yield EventLog(_to_standard_error, always=always)
        return
    try:
        file = (folder / Path(where).expanduser()).open("a", encoding="utf-8")
    except OSError:
        yield EventLog(lambda line: None, always=always)
        return
    with file:

        def write(line: str) -> None:
            file.write(line)
            file.flush()  # a line at a time, so that a batch that dies leaves whole lines

        yield EventLog(write, always=always)


def _to_standard_error(line: str) -> None:
    sys.stderr.write(line)
    sys.stderr.flush()
