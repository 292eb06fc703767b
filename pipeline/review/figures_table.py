"""The figures of review as tables, with sentences that say what they can and cannot say."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.report.sheets import csv_bytes, workbook_bytes

if TYPE_CHECKING:
    from pipeline.intervals import Interval
    from pipeline.report.sheets import Cell
    from pipeline.report.showing import Showing
    from pipeline.review.estimates import Share
    from pipeline.review.figures import Figures
    from pipeline.review.recall import Recall

FORM: Final = "tinghe.review-figures/1"
FEW: Final = 30
"""Fewer calls that were listened to find gross misses only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureTable:
    """A table.

    Attributes:
        name: for files, such as ``recall``.
        columns: heading and kind of each, see :data:`pipeline.report.sheets.Columns`.
    """

    name: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def to_json(figures: Figures) -> dict[str, Any]:
    """All figures as JSON types."""
    return {"form": FORM, **asdict(figures)}


def tables(figures: Figures, showing: Showing) -> tuple[FigureTable, ...]:
    """All tables; one without rows where nothing is known."""
    return (
        _rules(figures, showing),
        _recall(figures, showing),
        _agreement(figures, showing),
        _drift(figures, showing),
        _calibration(figures, showing),
    )


def figures_book(figures: Figures, showing: Showing) -> bytes:
    """All tables as a workbook."""
    return workbook_bytes((t.title, t.columns, t.rows) for t in tables(figures, showing))


def figures_csv(figures: Figures, showing: Showing) -> dict[str, bytes]:
    """Each table as CSV, by the name of its file."""
    return {
        f"{t.name}.csv": csv_bytes([heading for heading, _ in t.columns], t.rows)
        for t in tables(figures, showing)
    }


def notes(figures: Figures, showing: Showing) -> list[str]:
    """What the figures can and cannot say."""
    t = showing.labels
    told = []
    if figures.recall:
        overall = figures.recall[0]
        numbers = {
            "n": overall.listened,
            "population": overall.population,
            "missed": overall.missed,
            "could_hide": round(overall.could_hide),
        }
        told.append(t("note.listened").format(**numbers))
        told += [] if overall.whole else [t("note.passed_only")]
        told += [t("note.few")] if overall.listened < FEW else []
        told += [t("note.undecided")] if overall.value is None and overall.flagged else []
    else:
        told.append(t("note.no_listening"))
    by_hand = sum(rule.by_hand for rule in figures.rules if rule.rule is None)
    told += [t("note.by_hand").format(n=by_hand)] if by_hand else []
    told += [t("note.undated").format(n=figures.undated)] if figures.undated else []
    told += [t("note.suggestion")] if any(rule.suggestion for rule in figures.rules) else []
    return told


def _rules(figures: Figures, showing: Showing) -> FigureTable:
    t = showing.labels
    rows = tuple(
        (
            *_named(rule.rule, showing),
            t.of("state", rule.state),
            *_counted(rule.counts),
            *_share(rule.precision),
            *_sizes(rule.precision),
            rule.by_hand,
            t(f"suggestion.{rule.suggestion}") if rule.suggestion else "",
        )
        for rule in figures.rules
    )
    return _table(
        "rules",
        "rule:id title:id state:short found:short open:short confirmed:short rejected:short "
        "unsure:short disputed:short carried:short precision:short low:short high:short "
        "weighed:short effective:short by_hand:short suggestion:text",
        rows,
        showing,
    )


def _counted(counts: Any) -> tuple[Cell, ...]:
    waiting = counts.disputed + counts.appealed
    return (
        *(counts.found, counts.open, counts.confirmed, counts.rejected),
        *(counts.unsure, waiting, counts.carried),
    )


def _recall(figures: Figures, showing: Showing) -> FigureTable:
    rows = tuple(
        (
            *_named(recall.rule, showing),
            recall.listened,
            recall.population,
            recall.missed,
            *_share(recall.missed_share),
            round(recall.could_hide, 1),
            recall.flagged,
            *_bounds(recall),
        )
        for recall in figures.recall
    )
    return _table(
        "recall",
        "rule:id title:id listened:short calls_listened:short missed:short missed_share:short "
        "low:short high:short could_hide:short flagged:short recall_value:short low:short "
        "high:short",
        rows,
        showing,
    )


def _agreement(figures: Figures, showing: Showing) -> FigureTable:
    t = showing.labels
    rows = tuple(
        (
            t(f"figures.kind.{pair.kind}"),
            pair.one or t("figures.all"),
            pair.other or t("figures.all"),
            pair.agreement.observed.n,
            *_share(pair.agreement.observed),
            *_share(pair.agreement.kappa),
        )
        for pair in figures.agreement
    )
    return _table(
        "agreement",
        "kind:short one:id other:id n:short agreed:short low:short high:short kappa:short "
        "low:short high:short",
        rows,
        showing,
    )


def _drift(figures: Figures, showing: Showing) -> FigureTable:
    t = showing.labels
    rows = tuple(
        (
            *_named(drift.rule, showing),
            t.of("state", drift.state),
            *_share(drift.period),
            drift.period.n,
            *_share(drift.before),
            drift.before.n,
            *_share(drift.difference),
            round(drift.p, 4),
            round(drift.adjusted_p, 4),
            showing.yes_no(drift.alarm),
        )
        for drift in figures.drifts
    )
    return _table(
        "drift",
        "rule:id title:id state:short period:short low:short high:short n:short before:short "
        "low:short high:short n:short difference:short low:short high:short p:short q:short "
        "alarm:short",
        rows,
        showing,
    )


def _calibration(figures: Figures, showing: Showing) -> FigureTable:
    found = figures.calibration
    rows = tuple(
        (
            round(part.low, 4),
            round(part.high, 4),
            part.observed.n,
            round(part.stated, 4),
            *_share(part.observed),
        )
        for part in (found.bins if found else ())
    )
    columns = "from:short to:short n:short stated:short observed:short low:short high:short"
    return _table("calibration", columns, rows, showing)


def _table(name: str, columns: str, rows: tuple[tuple[Cell, ...], ...], showing: Showing) -> FigureTable:
    keys = (column.split(":") for column in columns.split())
    named = tuple((showing.labels(f"figures.{key}"), kind) for key, kind in keys)
    return FigureTable(name=name, title=showing.labels(f"figures.{name}"), columns=named, rows=rows)


def _named(rule: str | None, showing: Showing) -> tuple[str, str]:
    return (rule, showing.rule(rule)) if rule else (showing.labels("figures.all"), "")


def _share(of: Share | Interval | None) -> tuple[Cell, Cell, Cell]:
    return (None, None, None) if of is None else (round(of.value, 4), round(of.low, 4), round(of.high, 4))


def _sizes(of: Share | None) -> tuple[Cell, Cell]:
    return (0, 0) if of is None else (of.n, round(of.effective, 1))


def _bounds(recall: Recall) -> tuple[Cell, Cell, Cell]:
    if recall.value is None or recall.low is None or recall.high is None:
        return None, None, None
    return round(recall.value, 4), round(recall.low, 4), round(recall.high, 4)
