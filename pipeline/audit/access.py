"""``access.log.jsonl``: who had people shown unmasked, when, of which calls and why.

A chained file (:mod:`pipeline.chain`). The line is written before the data are, so that there may be a line
without data and never data without a line. Calls are named by their ids where these are few and hold no
number of anybody, and by a digest of all ids in any case: whoever has the ids can show that they were meant.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline import __version__
from pipeline.chain import Chain
from pipeline.errors import ConfigError, StoreError
from pipeline.export.masking import shown_id
from pipeline.privacy.masks import mask_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from pipeline.settings import Settings

FILE_NAME: Final = "access.log.jsonl"
FORM: Final = "tinghe.access/1"
NAMED: Final = 50
"""Calls whose ids stand in a line; of more there is only the digest."""
REPAIRED: Final = "repaired"
DONE: Final = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Somebody wants to see people unmasked.

    Attributes:
        what: the command or report, such as ``audit pack``.
        user: the account at the operating system.
        by: who says to be behind it, where it was said.
        reason: why; long numbers in it are masked in the log.
        calls: ids of the calls.
    """

    what: str
    user: str
    reason: str
    calls: tuple[str, ...]
    by: str = ""


def log_of(results: Path, settings: Settings) -> Chain:
    """The log: that of the settings, else a file in the results folder.

    Raises:
        StoreError: its folder cannot be made.
    """
    path = results / (settings.audit.log or FILE_NAME)  # one that is absolute stands for itself
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot use {path.parent}: {error.strerror}") from error
    return chain_at(path)


def chain_at(path: Path) -> Chain:
    """The log in a file."""
    return Chain(path=path, form=FORM, mode=0o600, unfinished="the next line that is written tells of it")


def announce(log: Chain, access: Access, *, at: datetime) -> str:
    """Write that people are going to be shown; the digest of the line.

    Raises:
        ConfigError: no reason is given.
        StoreError: the log is broken or cannot be written; nothing may be shown then.
    """
    if not access.reason.strip():
        raise ConfigError(f"{access.what}: shows names and numbers of people: say why with --reason")
    line = {
        "at": at.isoformat(timespec="seconds"),
        "what": access.what,
        "user": access.user,
        "by": mask_text(access.by.strip()) or None,
        "reason": mask_text(access.reason.strip()),
        **calls_told(access.calls),
        "program": f"tinghe {__version__}",
    }
    return _write(log, line, at)


def finished(log: Chain, of: str, *, at: datetime, facts: Mapping[str, Any]) -> str:
    """Write what came of an access, such as the digest of a file; the digest of the line.

    Args:
        log: the log.
        of: the digest of the line that announced it.
        at: when.
        facts: no personal data.

    Raises:
        StoreError: the log is broken or cannot be written.
    """
    return _write(log, {"at": at.isoformat(timespec="seconds"), "what": DONE, "of": of, **facts}, at)


def calls_told(calls: Iterable[str]) -> dict[str, Any]:
    """How many calls, the digest of their ids (sorted, a line each, UTF-8), and the ids of a few."""
    ids = sorted(set(calls))
    text = "".join(f"{call_id}\n" for call_id in ids)
    return {
        "calls": len(ids),
        "calls_sha256": hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest(),
        "call_ids": [shown_id(call_id) for call_id in ids] if len(ids) <= NAMED else None,
    }


def _write(log: Chain, line: Mapping[str, Any], at: datetime) -> str:
    repaired = {"at": at.isoformat(timespec="seconds"), "what": REPAIRED}
    try:
        return log.append_repaired([line], repaired)
    except StoreError as error:
        raise StoreError(
            f"{error}; nothing is shown unmasked before it is told (a broken log is evidence: move it away)"
        ) from None
