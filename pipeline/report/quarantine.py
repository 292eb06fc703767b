"""``quarantine.jsonl``: the calls that could not be judged, one a line, each with its reason."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.errors import StoreError
from pipeline.report.files import write_atomically
from pipeline.types import Quarantined

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_quarantine(calls: Iterable[Quarantined], path: Path) -> None:
    """Write the whole file anew, in order of call and manifest line.

    Raises:
        StoreError: the file cannot be written.
    """
    write_atomically(path, "".join(f"{_line(call)}\n" for call in in_order(calls)).encode())


def read_quarantine(path: Path) -> tuple[Quarantined, ...]:
    """The calls in a file; none when there is no file.

    Raises:
        StoreError: the file cannot be read or a line is not a quarantined call.
    """
    if not path.exists():
        return ()
    calls = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                calls.append(Quarantined(**json.loads(line)))
            except (ValueError, TypeError) as error:
                raise StoreError(f"{path}:{number}: not a quarantined call: {type(error).__name__}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read {path}: {type(error).__name__}") from error
    return tuple(calls)


def in_order(calls: Iterable[Quarantined]) -> list[Quarantined]:
    """Calls in the order in which every report shows them, whatever order they failed in."""
    return sorted(calls, key=lambda c: (c.call_id, c.line or 0, c.reason, c.message, c.file or ""))


def _line(call: Quarantined) -> str:
    return json.dumps(asdict(call), ensure_ascii=False)
