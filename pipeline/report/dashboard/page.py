"""The dashboard as one HTML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.dashboard.data import page_data, script_labels
from pipeline.report.dashboard.period import compare
from pipeline.report.dashboard.view import dashboard_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.intervals import Interval
    from pipeline.report.dashboard.period import Period
    from pipeline.report.page import PageKit
    from pipeline.report.showing import Showing


def render_dashboard(
    kit: PageKit,
    showing: Showing,
    now: Period,
    before: Period | None = None,
    *,
    precision: Mapping[str, Interval] | None = None,
) -> bytes:
    """``summary.html`` in UTF-8.

    Args:
        kit: puts the page together.
        showing: how things are shown; titles of rules and clauses.
        now: the calls that it is about.
        before: the previous period; ``None`` where there is none.
        precision: by rule, the share of its reviewed findings that reviewers confirmed, where they did.
    """
    labels = (key for key in script_labels(now) if key in kit.labels)
    return kit.render(
        "summary",
        s=dashboard_view(now, compare(now, before), showing, precision),
        data=page_data(now, showing),
        script_labels=labels,
    )
