"""Rows of made calls."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from pipeline.report.dashboard.rows import FindingRow, call_row
from pipeline.report.labels import Labels
from pipeline.report.showing import Showing
from tests.browser.results import made_call, shown

SHOWING = Showing(labels=Labels("zh"), **shown())


@cache
def made_rows(number, **options):
    return tuple(call_row(made_call(i, **options), SHOWING) for i in range(number))


def plain(call_id, **changes):
    """A scored call without findings, events or doubts, but for changes."""
    row = next(row for row in made_rows(40) if row.scored)
    values = {"findings": (), "events": (), "urgent": (), "faults": (), "sure_roles": True, "asr": 0.9}
    values |= {"red_line": False, "promise": None, "compliance": 100.0, "recording": call_id}
    return replace(row, **{**values, "call_id": call_id, "href": f"pages/{call_id}.html", **changes})


def found(rule="rude_tone", state="violation", severity="minor"):
    return FindingRow(
        place=0, rule=rule, severity=severity, state=state, confidence=0.9, start=1.0, evidence="快点"
    )
