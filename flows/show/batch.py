"""What people see of a run: a progress bar while it lasts, a table at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from pipeline.types import CallStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from rich.progress import TaskID

    from pipeline.types import BatchSummary, Quarantined

SHOWN_CALLS = 40
"""Rows of the table in the terminal."""
SHOWN_SAME = 5
"""Recordings, and calls of each, that are named where they stand under several calls."""

_STATUS_STYLE = {"scored": "green", "not_scored": "yellow"}
_RULE_STYLE = {"critical": "bold red", "major": "yellow", "minor": "cyan"}


class ProgressBar:
    """An observer that draws a progress bar; nothing is drawn where there is no terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("·"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._quarantined = 0

    def __enter__(self) -> ProgressBar:
        """Start drawing: models may take some seconds to load."""
        self._progress.start()
        self._task = self._progress.add_task("preparing", total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing."""
        self._progress.stop()

    def planned(self, calls: int) -> None:
        """The batch begins."""
        if self._task is not None:
            self._progress.update(self._task, total=calls, description="calls")

    def finished(self, call_id: str, outcome: CallStatus) -> None:
        """A call is done."""
        if self._task is None:
            return
        self._quarantined += outcome is CallStatus.QUARANTINED
        note = f"calls ({self._quarantined} in quarantine)" if self._quarantined else "calls"
        self._progress.update(self._task, advance=1, description=note)


def calls_table(calls: Iterable[Mapping[str, Any]], titles: Mapping[str, str]) -> Table:
    """The calls of a batch with their scores and findings; ``calls`` are call JSONs.

    Of a long batch only the calls that need somebody's eye most are shown; the pages have them all.
    """
    table = Table(title="Calls", title_justify="left", header_style="bold")
    table.add_column("call", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("compliance", justify="right")
    table.add_column("effectiveness", justify="right")
    table.add_column("findings")
    rows = sorted((_calm(call), place, _row(call, titles)) for place, call in enumerate(calls))
    if len(rows) > SHOWN_CALLS:
        table.title = f"Calls: the {SHOWN_CALLS} to look at first, of {len(rows)}"
    for _, _, row in sorted(rows[:SHOWN_CALLS], key=lambda entry: entry[1]):
        table.add_row(*row)
    return table


def _row(call: Mapping[str, Any], titles: Mapping[str, str]) -> tuple[str, ...]:
    scores = call["scores"]
    reason = f": {call['status_reason']}" if call["status_reason"] else ""
    return (
        call["call_id"],
        f"[{_STATUS_STYLE.get(call['status'], 'red')}]{call['status']}{reason}[/]",
        _compliance(scores),
        _number(scores["effectiveness"]),
        _findings(call["findings"], titles),
    )


def _calm(call: Mapping[str, Any]) -> tuple[bool, float]:
    """Sort key: red lines first, then the lowest compliance that a review may leave."""
    worst = call["scores"]["compliance_if_confirmed"]
    return not call["scores"]["red_line"], 101.0 if worst is None else worst


def _compliance(scores: Mapping[str, Any]) -> str:
    if scores["red_line"]:
        return "[bold red]0 red line[/]"
    text = _number(scores["compliance"])
    worst = scores["compliance_if_confirmed"]
    return f"{text} ({_number(worst)})" if worst is not None and worst != scores["compliance"] else text


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _findings(findings: Iterable[Mapping[str, Any]], titles: Mapping[str, str]) -> str:
    counts: dict[tuple[str, str, str], int] = {}
    for finding in findings:
        if finding["state"] != "cannot_decide":
            key = (finding["rule"], finding["severity"], finding["state"])
            counts[key] = counts.get(key, 0) + 1
    parts = []
    for (rule, severity, state), count in counts.items():
        times = f" ×{count}" if count > 1 else ""
        doubt = "?" if state == "needs_review" else ""
        parts.append(f"[{_RULE_STYLE[severity]}]{escape(titles.get(rule, rule))}{doubt}{times}[/]")
    return "\n".join(parts) or "–"


def quarantine_table(calls: Iterable[Quarantined]) -> Table:
    """The calls that could not be judged, and why."""
    table = Table(title="Quarantine", title_justify="left", header_style="bold")
    for column in ("call", "reason", "why"):
        table.add_column(column)
    for call in calls:
        told = call.line is None or f"line {call.line}:" in call.message
        where = "" if told else f" (line {call.line}{f', {call.field}' if call.field else ''})"
        table.add_row(call.call_id, f"[red]{call.reason}[/]", escape(f"{call.message}{where}"))
    return table


class SameRecordings:
    """Calls that stand on one recording: each is judged and counts, so somebody should know."""

    def __init__(self) -> None:
        self._calls: dict[str, list[str]] = {}

    def among(self, calls: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The same calls, which are looked at as they pass; ``calls`` are call JSONs."""
        for call in calls:
            digest = call["provenance"].get("recording_sha256")
            if digest:
                self._calls.setdefault(digest, []).append(call["call_id"])
            yield call

    @property
    def groups(self) -> list[list[str]]:
        """Ids of calls with one recording, in the order of their first."""
        return [ids for ids in self._calls.values() if len(ids) > 1]


def same_recordings_line(groups: Sequence[Sequence[str]]) -> str:
    """What to say of recordings that stand under more than one call."""
    shown = "; ".join(
        " = ".join(ids[:SHOWN_SAME]) + (" …" if ids[SHOWN_SAME:] else "") for ids in groups[:SHOWN_SAME]
    )
    more = f"; {len(groups) - SHOWN_SAME} more" if len(groups) > SHOWN_SAME else ""
    return f"[yellow]The same recording under several calls[/], each of which counts: {escape(shown)}{more}"


def summary_line(summary: BatchSummary) -> str:
    """The account of a batch in one line."""
    unchanged = f" + {summary.skipped} unchanged" if summary.skipped else ""
    return (
        f"{summary.planned} planned = {summary.scored} scored + {summary.not_scored} not scored "
        f"+ {summary.quarantined} in quarantine{unchanged}"
    )
