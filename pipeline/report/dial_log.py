"""``dial_log_rejected.jsonl``: the lines of the dial log that were not counted, one a line."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.errors import StoreError
from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.dial_log import DialLog

NAME = "dial_log_rejected.jsonl"


def write_lost_lines(log: DialLog | None, folder: Path) -> None:
    """Write the file; without a log, or when all of it was used, there is none.

    Raises:
        StoreError: it cannot be written.
    """
    path = folder / NAME
    if log is not None and log.lost:
        lines = [json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in log.lost]
        write_atomically(path, "".join(lines).encode())
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot remove {path}: {error.strerror}") from error
