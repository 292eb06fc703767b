"""The record of exports in a results folder: what left it, when, masked or not, and why.

``exports.jsonl`` is a chained file (:mod:`pipeline.chain`). Lines of earlier versions were not chained: such
a file is put aside as ``exports.before.jsonl``, and the first line of the new one has its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from pipeline import __version__
from pipeline.chain import Chain
from pipeline.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pipeline.export.formats import Done

FILE_NAME: Final = "exports.jsonl"
EARLIER: Final = "exports.before.jsonl"
FORM: Final = "tinghe.export/1"


def require_reason(mask: bool, reason: str) -> None:
    """Refuse an export that shows people and says no reason.

    Raises:
        ConfigError: it does not.
    """
    if not mask and not reason.strip():
        raise ConfigError("--unmasked shows names and numbers of people: say why with --reason")


def chain_of(results: Path) -> Chain:
    """The record of a results folder."""
    return Chain(path=results / FILE_NAME, form=FORM, unfinished="the next export goes on from there")


def record(results: Path, form: str, done: Done, *, mask: bool, reason: str, at: datetime) -> None:
    """Add a line to ``exports.jsonl`` in the results folder.

    Raises:
        StoreError: it cannot be written, or a line of it was changed.
    """
    when = at.isoformat(timespec="seconds")
    line = {
        "at": when,
        "export": form,
        "masked": mask,
        "reason": reason.strip() or None,
        "calls": done.calls,
        "program": f"tinghe {__version__}",
    }
    earlier = _put_aside(results)
    lines: list[dict[str, Any]] = [line]
    if earlier:
        lines.insert(0, {"at": when, "export": None, "before": EARLIER, "sha256": earlier})
    chain_of(results).append_repaired(lines, {"at": when, "export": None, "repaired": True})


def _put_aside(results: Path) -> str:
    """Rename a file of an earlier version; its SHA-256, empty when there is none."""
    path = results / FILE_NAME
    try:
        with path.open("rb") as file:
            content = file.readline()
            if not content.endswith(b"\n") or _is_chained(content):
                return ""
            content += file.read()
        path.rename(results / EARLIER)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    return hashlib.sha256(content).hexdigest()


def _is_chained(line: bytes) -> bool:
    try:
        content = json.loads(line)
    except ValueError:
        return True  # no line of ours: the chain will say so
    return not isinstance(content, dict) or "masked" not in content or "hash" in content
