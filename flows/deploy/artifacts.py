"""What Prefect's page shows of a batch: its account, the calls that crossed a red line, the quarantine.

Prefect's database is nobody's safe: it gets ids, names of rules, reasons and counts, never words of a call,
messages or file names. Numbers in call ids that are a telephone's or a person's are masked. The rest is in
the results folder.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipeline.batch.parameters import read_parameters
from pipeline.batch.progress import read_progress
from pipeline.errors import StoreError, TranscriptError
from pipeline.personal import Kind, find_personal
from pipeline.redact import MASK
from pipeline.report.call_json import read_call
from pipeline.report.files import file_stem
from pipeline.report.labels import Labels
from pipeline.report.quarantine import in_order
from pipeline.score.compliance import RED_LINE_REASON
from pipeline.store import open_store
from pipeline.store.tables import scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from flows.batch.night import BatchResult
    from pipeline.batch.days import Day
    from pipeline.settings import Settings
    from pipeline.store import Store
    from pipeline.types import Quarantined

SHOWN: Final = 500
"""Rows of a table at most."""
_NAMED: Final = 20
"""Calls in quarantine that are named for each reason."""
_NUMBERS: Final = frozenset({Kind.ID_CARD, Kind.BANK_CARD, Kind.MOBILE, Kind.LANDLINE})
_HEADINGS: Final = {
    "day": ("业务日", "day"),
    "planned": ("计划", "planned"),
    "scored": ("已评分", "scored"),
    "not_scored": ("未评分", "not scored"),
    "quarantined": ("隔离", "in quarantine"),
    "skipped": ("未变动", "unchanged"),
    "red_lines": ("红线通话", "red-line calls"),
    "cpu_s": ("CPU 秒", "CPU seconds"),
    "call": ("通话", "call"),
    "rules": ("触碰的红线", "red lines crossed"),
    "reason": ("原因", "reason"),
    "calls": ("通话数", "calls"),
    "first": ("通话（最多列出 20 个）", "calls (the first 20)"),
}
_TITLES: Final = {
    "batch": ("批次", "Batch"),
    "red_lines": ("红线通话：请先听原录音", "Red-line calls: listen to them first"),
    "quarantine": ("无法判定、已隔离的通话", "Calls that could not be judged"),
    "more": ("仅列出前 {} 行，其余见结果目录", "the first {} rows; the rest is in the results folder"),
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown of a day.

    Attributes:
        batch: the account, one row.
        red_lines: a row a call.
        quarantine: a row a reason.
    """

    batch: Sequence[Row]
    red_lines: Sequence[Row]
    quarantine: Sequence[Row]


def shown(day: Day, result: BatchResult, settings: Settings) -> Shown:
    """What is shown of a batch that was closed.

    Raises:
        StoreError: the database or a result cannot be read.
    """
    words = _Words(settings)
    parameters = read_parameters(day.results)
    store = open_store(day.results, settings.store, os.environ)
    try:
        red = _red_lines(store, set(result.calls))
        progress = read_progress(store, parameters.batch_id, 0.0) if parameters else None
    finally:
        store.close()
    summary = result.summary
    account = {
        "day": day.name or "–",
        "planned": summary.planned,
        "scored": summary.scored,
        "not_scored": summary.not_scored,
        "quarantined": summary.quarantined,
        "skipped": summary.skipped,
        "red_lines": len(red),
        "cpu_s": round(sum(progress.cpu_s.values()), 1) if progress else None,
    }
    crossed = _crossed(day.results, red, result.rule_titles)
    return Shown(
        batch=[words.row(account)],
        red_lines=[words.row({"call": masked(c), "rules": "；".join(rules)}) for c, rules in crossed],
        quarantine=[words.row(row) for row in _aside(result.quarantined, words.labels)],
    )


def publish(found: Shown, day: Day, settings: Settings) -> None:
    """Make artifacts of the flow run in whose code this is called."""
    from prefect.artifacts import create_table_artifact

    words = _Words(settings)
    for key, rows in (
        ("batch", found.batch),
        ("red_lines", found.red_lines),
        ("quarantine", found.quarantine),
    ):
        title = f"{words.title(key)} {day.name}".rstrip()
        if len(rows) > SHOWN:
            title = f"{title} ({words.title('more').format(SHOWN)})"
        create_table_artifact(
            table=list(rows[:SHOWN]), key=f"tinghe-{key.replace('_', '-')}", description=title
        )


def tell_closed(day: Day, result: BatchResult) -> None:
    """Emit the event that later deployments may start on, with counts."""
    from prefect.events import emit_event

    summary = result.summary
    emit_event(
        event="tinghe.batch.closed",
        resource={"prefect.resource.id": f"tinghe.day.{day.name or 'all'}"},
        payload={name: getattr(summary, name) for name in summary.__slots__},
    )


def masked(call_id: str) -> str:
    """A call id without numbers of people; the ids of most recorders stay as they are."""
    text = call_id
    for one in find_personal(call_id):
        if one.kind in _NUMBERS:
            text = text[: one.start] + MASK * (one.end - one.start) + text[one.end :]
    return text


class _Words:
    """Headings in the language of reports."""

    def __init__(self, settings: Settings) -> None:
        self._english = settings.report.language != "zh"
        self.labels = Labels(settings.report.language)

    def row(self, values: Mapping[str, Any]) -> Row:
        return {_HEADINGS[key][self._english]: value for key, value in values.items()}

    def title(self, key: str) -> str:
        return _TITLES[key][self._english]


def _red_lines(store: Store, judged: set[str]) -> list[str]:
    """The calls of the batch that crossed a red line, in order; the database may hold other batches."""
    with store.transaction("cannot read results") as connection:
        rows = connection.execute(sa.select(scores.c.call_id).where(scores.c.red_line)).scalars()
        return sorted(judged.intersection(rows))


def _crossed(
    folder: Path, calls: Iterable[str], titles: Mapping[str, str]
) -> Iterable[tuple[str, list[str]]]:
    for call_id in calls:
        try:
            call = read_call(folder / "calls" / f"{file_stem(call_id)}.json")
        except TranscriptError as error:
            raise StoreError(f"call {call_id}: its result cannot be read") from error
        yield (
            call_id,
            [
                titles.get(item["name"], item["name"])
                for item in call["scores"]["compliance_items"]
                if item["applicable"] and item["reason"] == RED_LINE_REASON
            ],
        )


def _aside(quarantined: Iterable[Quarantined], labels: Labels) -> list[Row]:
    """A row a reason, the most frequent first."""
    calls: defaultdict[str, list[str]] = defaultdict(list)
    for call in in_order(quarantined):
        calls[call.reason].append(masked(call.call_id))
    counts = Counter({reason: len(ids) for reason, ids in sorted(calls.items())})
    return [
        {
            "reason": labels.of("reason", reason),
            "calls": count,
            "first": "、".join(calls[reason][:_NAMED]),
        }
        for reason, count in counts.most_common()
    ]
