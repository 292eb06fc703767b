"""The batch as tables: a CSV of the calls, and a workbook of calls, findings and quarantine.

Both are made for spreadsheets: the CSV begins with a byte-order mark, without which Excel reads UTF-8 as
something else, and no cell can start a formula. Names and long numbers are masked unless asked otherwise.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.report.conduct_table import conduct_columns, conduct_row
from pipeline.report.doubt_view import doubts, has_poor_sound, has_unsure_roles
from pipeline.report.files import write_atomically
from pipeline.report.labels import Labels, Language
from pipeline.report.quarantine import in_order
from pipeline.report.routing import is_at_risk
from pipeline.report.showing import Showing
from pipeline.report.voices import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from pipeline.redact import People
    from pipeline.types import Quarantined

    Json = Mapping[str, Any]
    Cell = str | int | float | None
    _Columns = Sequence[tuple[str, str]]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_CELL = 32_767
"""Characters that a cell of Excel holds."""

_WIDTHS = {"text": 60, "id": 22, "short": 14}
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP entry can bear; a workbook must not depend on when it was written."""

_CALL_COLUMNS = (
    ("table.call_id", "id"),
    ("status", "short"),
    ("table.status_reason", "short"),
    ("started_at", "id"),
    ("table.duration", "short"),
    ("agent", "id"),
    ("table.customer", "short"),
    ("callee", "short"),
    ("lender", "id"),
    ("agency", "id"),
    ("days_overdue", "short"),
    ("total_due", "short"),
    ("compliance", "short"),
    ("table.if_confirmed", "short"),
    ("effectiveness", "short"),
    ("red_line", "short"),
    ("table.complete", "short"),
    ("confirmed_n", "short"),
    ("review_n", "short"),
    ("table.undecided_n", "short"),
    ("events", "id"),
    ("table.promise_amount", "short"),
    ("table.promise_date", "short"),
    ("promise.confirmed", "short"),
    ("promise.coerced", "short"),
    ("poor_sound", "short"),
    ("unsure_roles", "short"),
    ("promise.certainty", "short"),
)
_FINDING_COLUMNS = (
    ("table.call_id", "id"),
    ("rule", "id"),
    ("severity", "short"),
    ("state", "short"),
    ("confidence", "short"),
    ("turn", "short"),
    ("table.role", "short"),
    ("table.start", "short"),
    ("evidence", "text"),
    ("reason", "text"),
    ("norms", "text"),
    ("missing", "short"),
    ("doubts", "text"),
)
_QUARANTINE_COLUMNS = (
    ("table.call_id", "id"),
    ("reason", "id"),
    ("message", "text"),
    ("file", "id"),
    ("line", "short"),
    ("field", "short"),
    ("attempts", "short"),
)


def write_tables(
    reports: Iterable[Json],
    quarantined: Iterable[Quarantined],
    folder: Path,
    *,
    language: Language = "zh",
    mask: bool = True,
    people: Mapping[str, People] | None = None,
    norms: Mapping[str, str] | None = None,
    rule_titles: Mapping[str, str] | None = None,
) -> None:
    """Write ``summary.csv`` (a row a call) and ``summary.xlsx`` (sheets 通话, 违规, 隔离, 沟通过程).

    Calls are read once, and only their rows are kept: in the order given, but a customer at risk comes first.
    The same calls give the same bytes.

    Args:
        reports: the JSON of each call.
        quarantined: the calls that could not be judged.
        folder: the folder of the batch.
        language: of the headings and values; reasons and evidence stay Chinese.
        mask: whether names and long numbers are masked, see :mod:`pipeline.redact`.
        people: by call id, the personal fields that the JSON leaves out.
        norms: title of each clause by id.
        rule_titles: title of each rule by name.

    Raises:
        StoreError: a file cannot be written.
    """
    showing = Showing(
        labels=Labels(language),
        norms=norms or {},
        rule_titles=rule_titles or {},
        mask=mask,
        people=people or {},
    )
    tables = Tables(showing)
    for call in reports:
        tables.add(call)
    tables.write(quarantined, folder)


@dataclass
class Tables:
    """The tables of a batch in the making, a call at a time, so that each is read once for all reports."""

    showing: Showing
    _at_risk: _Rows = field(default_factory=lambda: _Rows())
    _others: _Rows = field(default_factory=lambda: _Rows())

    def add(self, call: Json) -> None:
        """Keep the rows of a call."""
        (self._at_risk if is_at_risk(call) else self._others).add(call, self.showing)

    def write(self, quarantined: Iterable[Quarantined], folder: Path) -> None:
        """Write ``summary.csv`` and ``summary.xlsx``.

        Raises:
            StoreError: a file cannot be written.
        """
        showing, at_risk, others = self.showing, self._at_risk, self._others
        calls, findings, held = (
            at_risk.calls + others.calls,
            at_risk.findings + others.findings,
            at_risk.held + others.held,
        )
        away = [_quarantine_row(call, showing) for call in in_order(quarantined)]
        write_atomically(folder / "summary.csv", _csv(_headings(_CALL_COLUMNS, showing), calls))
        sheets = (
            ("calls", _named(_CALL_COLUMNS, showing), calls),
            ("violations", _named(_FINDING_COLUMNS, showing), findings),
            ("quarantine", _named(_QUARANTINE_COLUMNS, showing), away),
            ("conduct", conduct_columns(showing.labels), held),
        )
        write_atomically(folder / "summary.xlsx", _workbook(sheets, showing))


@dataclass(slots=True)
class _Rows:
    """Rows of the sheets of calls, findings and conduct."""

    calls: list[list[Cell]] = field(default_factory=list)
    findings: list[list[Cell]] = field(default_factory=list)
    held: list[list[Cell]] = field(default_factory=list)

    def add(self, call: Json, showing: Showing) -> None:
        """The rows of a call."""
        self.calls.append(_call_row(call, showing))
        self.findings.extend(_finding_rows(call, showing))
        self.held.extend(filter(None, [conduct_row(call, showing)]))


def _csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig", errors="replace")


def _workbook(sheets: Iterable[tuple[str, _Columns, Iterable[Sequence[Cell]]]], showing: Showing) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, columns, rows in sheets:
        _fill(book.create_sheet(showing.labels(title)), columns, rows)
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_times(buffer.getvalue())


def _headings(columns: _Columns, showing: Showing) -> list[str]:
    return [heading for heading, _ in _named(columns, showing)]


def _named(columns: _Columns, showing: Showing) -> list[tuple[str, str]]:
    return [(showing.labels(key), kind) for key, kind in columns]


def _call_row(call: Json, showing: Showing) -> list[Cell]:
    t, scores, metadata = showing.labels, call["scores"], call["metadata"]
    people = showing.person(call["call_id"])
    states = [finding["state"] for finding in call["findings"]]
    promise = call["promise_to_pay"]
    role = metadata.get("callee_role")
    return [
        call["call_id"],
        t.of("status", call["status"]),
        t.of("reason", call["status_reason"] or ""),
        metadata.get("started_at"),
        call["duration"],
        " ".join(filter(None, (metadata.get("agent_id"), people.agent_name))),
        people.customer_name,
        t.of("callee", role) if role else None,
        metadata.get("lender"),
        metadata.get("agency"),
        metadata.get("days_overdue"),
        metadata.get("total_due"),
        scores["compliance"],
        scores["compliance_if_confirmed"],
        scores["effectiveness"],
        showing.yes_no(scores["red_line"]),
        showing.yes_no(scores["complete"]),
        states.count("violation"),
        states.count("needs_review"),
        states.count("cannot_decide"),
        "、".join(t.of("event", event) for event in call["customer_events"]),
        promise["amount"] if promise else None,
        promise["date"] if promise else None,
        showing.yes_no(promise["confirmed"]) if promise else None,
        showing.yes_no(promise["coerced"]) if promise else None,
        showing.yes_no(has_poor_sound(call)),
        showing.yes_no(has_unsure_roles(call)),
        t.of("commitment", promise["certainty"]) if promise and "certainty" in promise else None,
    ]


def _finding_rows(call: Json, showing: Showing) -> Iterable[list[Cell]]:
    t, call_id = showing.labels, call["call_id"]
    turns = {turn["index"]: turn for turn in call["turns"]}
    who = names(call, t)
    for finding in call["findings"]:
        turn = turns.get(finding["turn"])
        # Masked in the whole turn, so that a number that the evidence cuts in two is masked too.
        text = showing.text(turn["text"], call_id) if turn else ""
        yield [
            call_id,
            showing.rule(finding["rule"]),
            t.of("severity", finding["severity"]),
            t.of("state", finding["state"]),
            finding["confidence"],
            finding["turn"],
            who[turn["index"]] if turn else t("whole_call"),
            finding["start"],
            text[finding["text_start"] : finding["text_end"]] if turn else None,
            showing.text(finding["reason"], call_id),
            "；".join(showing.clause(norm) for norm in finding["norms"]),
            finding["missing"],
            doubts(finding, call, t),
        ]


def _quarantine_row(call: Quarantined, showing: Showing) -> list[Cell]:
    reason = showing.labels.of("reason", call.reason)
    return [call.call_id, reason, call.message, call.file, call.line, call.field, call.attempts]


def _safe(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _fill(sheet: Worksheet, columns: _Columns, rows: Iterable[Sequence[Cell]]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.append([heading for heading, _ in columns])
    for row in rows:
        sheet.append([_fitting(cell) for cell in row])
    for number, (_, kind) in enumerate(columns, start=1):
        sheet.cell(row=1, column=number).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS[kind]
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _fitting(cell: Cell) -> Cell:
    safe = _safe(cell)
    return _NOT_IN_XML.sub("", safe)[:_MAX_CELL] if isinstance(safe, str) else safe


def _without_times(book: bytes) -> bytes:
    """The same workbook with every mention of the time of writing set to a constant."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return result.getvalue()
