"""The record of exports in a results folder: what left it, when, masked or not, and why."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from pipeline import __version__
from pipeline.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pipeline.export.formats import Done

FILE_NAME: Final = "exports.jsonl"


def require_reason(mask: bool, reason: str) -> None:
    """Refuse an export that shows people and says no reason.

    Raises:
        ConfigError: it does not.
    """
    if not mask and not reason.strip():
        raise ConfigError("--unmasked shows names and numbers of people: say why with --reason")


def record(results: Path, form: str, done: Done, *, mask: bool, reason: str, at: datetime) -> None:
    """Add a line to ``exports.jsonl`` in the results folder.

    Raises:
        StoreError: it cannot be written.
    """
    line = {
        "at": at.isoformat(timespec="seconds"),
        "form": form,
        "masked": mask,
        "reason": reason.strip() or None,
        "calls": done.calls,
        "program": f"tinghe {__version__}",
    }
    path = results / FILE_NAME
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
