"""The figures of review in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pipeline.review.figures_table import notes, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from pipeline.report.sheets import Cell
    from pipeline.report.showing import Showing
    from pipeline.review.figures import Figures
    from pipeline.review.figures_table import FigureTable

_ALARM = "bold red"


def shown(figures: Figures, showing: Showing) -> Iterator[RenderableType]:
    """Tables that say something, then notes."""
    for table in tables(figures, showing):
        if table.rows:
            yield _table(table, showing)
    if figures.calibration is not None:
        found = figures.calibration
        yield (
            f"Brier {found.brier:.4f} ({showing.labels('figures.base')}: {found.base:.4f}) · "
            f"ECE {found.error:.4f} · n {found.n}"
        )
    if figures.period is not None and figures.drifts:
        yield f"{showing.labels('figures.period')}: {' – '.join(figures.period)}"
    for note in notes(figures, showing):
        yield escape(note)


def _table(table: FigureTable, showing: Showing) -> Table:
    made = Table(title=table.title, title_justify="left", header_style="bold")
    # A low and a high bound beside each figure are too wide for a terminal: they go into its cell.
    spans = _spans([heading for heading, _ in table.columns], showing)
    dull = {"figures.title"}
    keep = [at for at in spans if table.columns[at][0] not in {showing.labels(key) for key in dull}]
    for at in keep:
        right = table.columns[at][1] == "short"
        made.add_column(table.columns[at][0], justify="right" if right else "left")
    alarm = showing.labels("figures.alarm")
    for row in table.rows:
        is_alarm = any(
            heading == alarm and row[at] == showing.yes_no(True)
            for at, (heading, _) in enumerate(table.columns)
        )
        cells = [_cell(row, at, with_bounds=spans[at]) for at in keep]
        made.add_row(*cells, style=_ALARM if is_alarm else "")
    return made


def _spans(headings: list[str], showing: Showing) -> dict[int, bool]:
    """The columns that stay, and whether the two after each are its bounds."""
    low, high = showing.labels("figures.low"), showing.labels("figures.high")
    return {
        at: headings[at + 1 : at + 3] == [low, high]
        for at, heading in enumerate(headings)
        if heading not in (low, high)
    }


def _cell(row: tuple[Cell, ...], at: int, *, with_bounds: bool) -> str:
    value = row[at]
    if value is None:
        return "–"
    if not with_bounds:
        return escape(f"{value:g}" if isinstance(value, float) else str(value))
    low, high = row[at + 1], row[at + 2]
    return f"{value:.3f} \\[{low:.3f}, {high:.3f}]"
