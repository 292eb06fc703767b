"""The batch as tables: a CSV of the calls, a workbook of all tables, and each of them as a CSV of its own.

Both are made for spreadsheets: the CSV begins with a byte-order mark, without which Excel reads UTF-8 as
something else, and no cell can start a formula. Names and long numbers are masked unless asked otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.report.conduct_table import conduct_columns, conduct_row
from pipeline.report.dashboard.period import compare, period
from pipeline.report.dashboard.rows import call_row
from pipeline.report.dashboard.tables import dashboard_sheets
from pipeline.report.doubt_view import doubts, has_poor_sound, has_unsure_roles
from pipeline.report.english import English, shipped_english
from pipeline.report.files import write_atomically
from pipeline.report.labels import Labels, Language
from pipeline.report.routing import is_at_risk
from pipeline.report.sheets import csv_bytes, workbook_bytes
from pipeline.report.showing import Showing
from pipeline.report.voices import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.redact import People
    from pipeline.report.dashboard.period import Period
    from pipeline.report.dashboard.rows import CallRow
    from pipeline.report.sheets import Cell
    from pipeline.types import Quarantined

    Json = Mapping[str, Any]
    _Keys = Sequence[tuple[str, str]]

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
    before: Period | None = None,
    english: English | None = None,
) -> None:
    """Write ``summary.csv`` (a row a call), ``summary.xlsx`` (all tables) and ``tables/*.csv`` (one each).

    Calls are read once, and only their rows are kept: in the order given, but a customer at risk comes first.
    The same calls give the same bytes.

    Args:
        reports: the JSON of each call.
        quarantined: the calls that could not be judged.
        folder: the folder of the batch.
        language: of headings, values, titles and reasons; evidence stays Chinese.
        mask: whether names and long numbers are masked, see :mod:`pipeline.redact`.
        people: by call id, the personal fields that the JSON leaves out.
        norms: title of each clause by id.
        rule_titles: title of each rule by name.
        before: the previous period, which figures are compared with.
        english: the English of titles and reasons; what is shipped when left out.

    Raises:
        StoreError: a file cannot be written.
    """
    showing = Showing(
        labels=Labels(language),
        norms=norms or {},
        rule_titles=rule_titles or {},
        mask=mask,
        people=people or {},
        english=english or shipped_english(),
    )
    tables = Tables(showing, before)
    for call in reports:
        tables.add(call)
    tables.write(quarantined, folder)


@dataclass
class Tables:
    """The tables of a batch in the making, a call at a time, so that each is read once for all reports.

    Attributes:
        showing: how things are shown.
        before: the previous period, which figures are compared with; ``None`` where there is none.
    """

    showing: Showing
    before: Period | None = None
    _rows: dict[tuple[str, str], _Rows] = field(default_factory=dict)

    def add(self, call: Json, showing: Showing | None = None) -> None:
        """Keep the rows of a call; the same call again takes the place of the earlier one.

        Args:
            call: its JSON.
            showing: how this call is shown, where that is not as the others are.
        """
        rows = _Rows.of(call, showing or self.showing)
        key = (rows.kept.call_id, rows.kept.recording)
        self._rows.pop(key, None)
        self._rows[key] = rows

    def write(self, quarantined: Iterable[Quarantined], folder: Path) -> None:
        """Write ``summary.csv``, ``summary.xlsx`` and ``tables/*.csv``.

        Raises:
            StoreError: a file cannot be written.
        """
        showing = self.showing
        rows = sorted(self._rows.values(), key=lambda rows: not rows.at_risk)
        now = period((of.kept for of in rows), quarantined)
        away = [_quarantine_row(call, showing) for call in now.quarantined]
        findings = [row for of in rows for row in of.findings]
        held = [of.held for of in rows if of.held is not None]
        sheets = [
            ("calls", "calls", _named(_CALL_COLUMNS, showing), [of.call for of in rows]),
            ("findings", "violations", _named(_FINDING_COLUMNS, showing), findings),
            ("quarantine", "quarantine", _named(_QUARANTINE_COLUMNS, showing), away),
            ("conduct", "conduct", conduct_columns(showing.labels), held),
        ]
        for made in dashboard_sheets(now, compare(now, self.before), showing):
            sheets.append((made.name, made.title, list(made.columns), list(map(list, made.rows))))
        for name, _, columns, cells in sheets:
            table = csv_bytes([heading for heading, _ in columns], cells)
            write_atomically(folder / "tables" / f"{name}.csv", table)
            if name == "calls":
                write_atomically(folder / "summary.csv", table)
        book = workbook_bytes((showing.labels(title), columns, cells) for _, title, columns, cells in sheets)
        write_atomically(folder / "summary.xlsx", book)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The rows of a call in the sheets of calls, findings and conduct, and for the figures."""

    call: list[Cell]
    findings: list[list[Cell]]
    held: list[Cell] | None
    kept: CallRow
    at_risk: bool

    @classmethod
    def of(cls, call: Json, showing: Showing) -> _Rows:
        showing.reading(call)
        return cls(
            call=_call_row(call, showing),
            findings=list(_finding_rows(call, showing)),
            held=conduct_row(call, showing),
            kept=call_row(call, showing),
            at_risk=is_at_risk(call),
        )


def _named(columns: _Keys, showing: Showing) -> list[tuple[str, str]]:
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
        t("comma").join(t.of("event", event) for event in call["customer_events"]),
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
            showing.reason(finding["reason"], call_id),
            t("semicolon").join(showing.clause(norm) for norm in finding["norms"]),
            t.of("data", finding["missing"]) if finding["missing"] else None,
            doubts(finding, call, t),
        ]


def _quarantine_row(call: Quarantined, showing: Showing) -> list[Cell]:
    reason = showing.labels.of("reason", call.reason)
    return [call.call_id, reason, call.message, call.file, call.line, call.field, call.attempts]
