"""Telling the access log that people are going to be shown: who asks at this machine, and when."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.audit.access import Access, announce, log_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipeline.settings import Settings


def account() -> str:
    """The account at the operating system, ``unknown`` where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that no name belongs to
        return "unknown"


def tell(
    results: Path, settings: Settings, *, what: str, calls: Iterable[str], reason: str, by: str = ""
) -> str:
    """Write a line before people are shown unmasked; the digest of the line.

    Args:
        results: the folder whose calls are shown.
        settings: say where the log is.
        what: the command or report.
        calls: ids of the calls.
        reason: why; must not be empty.
        by: who says to be behind it.

    Raises:
        ConfigError: no reason is given.
        StoreError: the line cannot be written, so that nothing may be shown.
    """
    access = Access(what=what, user=account(), by=by, reason=reason, calls=tuple(calls))
    return announce(log_of(results, settings), access, at=datetime.now(UTC))


def tell_by_setting(results: Path, settings: Settings, *, what: str, calls: Iterable[str]) -> None:
    """Write a line before a report shows people because the settings say so; nothing where they are masked.

    Args:
        results: the folder whose calls are shown.
        settings: say whether people are masked, and where the log is.
        what: the report.
        calls: ids of the calls.

    Raises:
        StoreError: the line cannot be written, so that nothing may be shown.
    """
    if not settings.report.mask:
        tell(results, settings, what=what, calls=calls, reason="[report] mask = false")
