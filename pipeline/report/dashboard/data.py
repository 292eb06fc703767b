"""The rows of a dashboard for its script: what is listed and filtered, small enough for 10,000 calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.report.dashboard.rows import SEVERITIES, STATES, TAGS
from pipeline.report.showing import moment

if TYPE_CHECKING:
    from pipeline.report.dashboard.period import Period
    from pipeline.report.showing import Showing


def page_data(now: Period, showing: Showing) -> dict[str, Any]:
    """The rows for the page's script, names by number, so that many calls stay small.

    Returns:
        ``names``: by field, what the numbers stand for; ``calls``: a list a call, in the order of
        ``columns``; ``findings``: a list a finding, in the order of ``finding_columns``; ``titles``: of each
        rule in Chinese and English.
    """
    names: dict[str, dict[str, int]] = {}

    def place(field: str, name: str) -> int:
        return names.setdefault(field, {}).setdefault(name, len(names[field]))

    calls, findings = [], []
    for at, row in enumerate(now.rows):
        promise = row.promise
        tags = set(row.tags)
        calls.append(
            [
                row.call_id,
                row.href,
                moment(row.started_at),
                place("agent", row.agent),
                place("agency", row.agency),
                place("lender", row.lender),
                place("callee", row.callee),
                place("reason", row.reason),
                place("codec", row.codec),
                row.compliance,
                row.effectiveness,
                row.count("violation"),
                row.count("needs_review"),
                sum(1 << n for n, tag in enumerate(TAGS) if tag in tags),
                [promise.amount, promise.date, promise.certainty, int(promise.coerced)] if promise else 0,
            ]
        )
        findings += [
            [
                at,
                f.place,
                place("rule", f.rule),
                SEVERITIES.index(f.severity),
                STATES.index(f.state),
                round(f.confidence, 2),
                f.evidence,
                f.start,
            ]
            for f in row.findings
        ]
    return {
        "names": {field: list(found) for field, found in names.items()},
        "titles": [showing.both(showing.rule_titles.get(rule, rule)) for rule in names.get("rule", ())],
        "tags": TAGS,
        "calls": calls,
        "findings": findings,
    }


def script_labels(now: Period) -> list[str]:
    """Keys of the labels that the page's script asks for."""
    return [
        *_SCRIPT,
        *(f"filter.{tag}" for tag in ("all", *TAGS)),
        *(f"severity.{severity}" for severity in SEVERITIES),
        *(f"state.{state}" for state in STATES),
        *sorted({f"callee.{row.callee}" for row in now.rows}),
        *sorted({f"reason.{row.reason}" for row in now.rows}),
        *sorted({f"commitment.{row.promise.certainty}" for row in now.rows if row.promise}),
    ]


_FIELDS: Final = ("agency", "lender", "agent", "hour", "day", "callee", "codec", "reason")
_SCRIPT: Final = (
    *(f"dash.by.{field}" for field in (*_FIELDS, "rule")),
    *(f"dash.unnamed.{field}" for field in _FIELDS),
    *("dash.all", "dash.nothing", "dash.remove", "colon", "promise.coerced", "status.scored"),
    *("call", "started_at", "agent", "agency", "lender", "callee", "compliance", "effectiveness"),
    *("confirmed_n", "review_n", "promise", "status"),
    *("severity", "rule", "state", "confidence", "evidence", "table.at"),
)
