"""The tables of a pack: each as CSV, all as the sheets of one workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.export.masking import shown_id
from pipeline.report.sheets import csv_bytes, workbook_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.audit.pack import Gathered, Wanted
    from pipeline.report.labels import Labels
    from pipeline.report.sheets import Cell
    from pipeline.report.showing import Showing

_COLUMNS = {
    "clauses": (
        *(
            ("clause", "id"),
            ("title", "text"),
            ("in_scope", "short"),
            ("checked", "short"),
            ("hits", "short"),
        ),
        *(("violations", "short"), ("open", "short"), ("confirmed", "short"), ("rejected", "short")),
        *(("cannot_decide", "short"), ("not_checked", "short"), ("rules", "text")),
    ),
    "findings": (
        *(("call", "id"), ("finding", "id"), ("rule", "id"), ("title", "text"), ("severity", "short")),
        *(("state", "short"), ("review", "short"), ("confidence", "short"), ("turn", "short")),
        *(("role", "short"), ("start", "short"), ("end", "short"), ("evidence", "text"), ("reason", "text")),
        *(("norms", "text"), ("missing", "short"), ("clip", "text")),
    ),
    "calls": (
        *(("call", "id"), ("started", "id"), ("status", "short"), ("status_reason", "short")),
        *(("lender", "id"), ("agency", "id"), ("agent", "id"), ("compliance", "short")),
        *(("effectiveness", "short"), ("red_line", "short"), ("complete", "short"), ("violations", "short")),
        *(("open", "short"), ("cannot_decide", "short"), ("not_checked", "text"), ("sound", "short")),
        *(("recording_sha256", "text"), ("transcript_sha256", "text"), ("rules_sha256", "text")),
        *(("config_sha256", "text"), ("program", "short"), ("page", "text")),
    ),
    "days": (
        *(("day", "id"), ("lender", "id"), ("agency", "id"), ("contacts", "short"), ("connected", "short")),
        *(("unknown", "short"), ("debtors", "short"), ("numbers", "short"), ("most_debtor", "short")),
        *(("most_number", "short"), ("no_debtor", "short")),
    ),
    "debtors": (
        *(("day", "id"), ("debtor", "id"), ("number", "id"), ("contacts", "short")),
        *(("connected", "short"), ("talk_s", "short"), ("calls", "text")),
    ),
    "unplaced": (("call", "id"), ("reason", "id"), ("message", "text")),
}
"""Table -> (column, kind); the heading of a column is the label ``audit.col.<column>``."""


def tables_of(wanted: Wanted, rows: Gathered, showing: Showing) -> dict[str, bytes]:
    """The files of all tables, by their paths in the pack.

    Args:
        wanted: what the pack is made of.
        rows: of all calls.
        showing: words of headings and values, titles and reasons.
    """
    labels = showing.labels
    content: dict[str, list[Sequence[Cell]]] = {
        "clauses": list(_clauses(rows, showing)),
        "findings": list(_findings(rows, showing)),
        "calls": list(_calls(rows, labels)),
        "days": [
            [
                *(day.day.isoformat(), day.lender, day.agency, day.contacts, day.connected, day.unknown),
                *(day.debtors, day.numbers, day.most_debtor, day.most_number, day.no_debtor),
            ]
            for day in rows.counting.days()
        ],
        "debtors": [
            [
                *(one.day.isoformat(), one.debtor, one.number, one.contacts, one.connected),
                *(round(one.talk_ms / 1000, 1), " ".join(one.calls)),
            ]
            for one in rows.counting.debtors(mask=wanted.mask)
        ],
        "unplaced": [[shown_id(one.call_id), one.reason, one.message] for one in wanted.found.unplaced],
    }
    files: dict[str, bytes] = {}
    sheets = []
    for name, columns in _COLUMNS.items():
        headings = [labels(f"audit.col.{column}") for column, _ in columns]
        files[f"tables/{name}.csv"] = csv_bytes(headings, content[name])
        kinds = [kind for _, kind in columns]
        sheets.append(
            (labels(f"audit.table.{name}"), tuple(zip(headings, kinds, strict=True)), content[name])
        )
    files["tables/audit.xlsx"] = workbook_bytes(sheets)
    return files


def _clauses(rows: Gathered, showing: Showing) -> Iterator[Sequence[Cell]]:
    for clause, n in rows.clauses.rows():
        counts = (n.calls, n.checked, n.hits, n.violations, n.open, n.confirmed, n.rejected)
        yield [
            clause,
            showing.clause(clause),
            *counts,
            n.cannot_decide,
            n.not_checked,
            " ".join(rows.clauses.rules_of(clause)),
        ]


def _findings(rows: Gathered, showing: Showing) -> Iterator[Sequence[Cell]]:
    labels = showing.labels
    for one in rows.findings:
        yield [
            *(
                one.call_id,
                one.finding_id,
                one.rule,
                showing.rule(one.rule),
                labels.of("severity", one.severity),
            ),
            labels.of("state", one.state),
            labels.of("audit.review", one.review) if one.review else None,
            *(one.confidence, one.turn, labels.of("role", one.role), one.start, one.end),
            *(one.evidence, showing.said(one.reason)),
            labels("semicolon").join(map(showing.clause, one.norms)),
            *(one.missing, one.clip),
        ]


def _calls(rows: Gathered, labels: Labels) -> Iterator[Sequence[Cell]]:
    for one in rows.calls:
        yield [
            *(one.call_id, one.started, labels.of("status", one.status)),
            labels.of("reason", one.status_reason) if one.status_reason else None,
            *(one.lender, one.agency, one.agent, one.compliance, one.effectiveness),
            *(
                labels("yes") if one.red_line else labels("no"),
                labels("yes") if one.complete else labels("no"),
            ),
            *(one.violations, one.open, one.undecided),
            " ".join(labels.of("check", check) for check in one.not_checked),
            labels.of("audit.sound", one.sound),
            *(one.recording_sha256, one.transcript_sha256, one.rules_sha256, one.config_sha256),
            *(one.program, one.page),
        ]
