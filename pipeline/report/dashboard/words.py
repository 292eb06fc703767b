"""How figures are written: shares in per cent, differences in percentage points, each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.showing import DASH

if TYPE_CHECKING:
    from pipeline.intervals import Interval
    from pipeline.report.dashboard.measures import Measure


def percent(value: float | None) -> str:
    """A share of 0 to 1 in per cent with one decimal; a dash for none."""
    return DASH if value is None else f"{100 * value:.1f}%"


def share_of(part: float, whole: float) -> str:
    """A part in per cent of its whole; a dash of nothing."""
    return percent(part / whole if whole else None)


def within(interval: Interval | None, *, shares: bool = True) -> str:
    """Where a figure lies; empty for none."""
    if interval is None:
        return ""
    times = 100 if shares else 1
    return f"{times * interval.low:.1f}–{times * interval.high:.1f}{'%' if shares else ''}"


def figure(interval: Interval | None, *, shares: bool = True) -> str:
    """A figure itself; a dash for none."""
    if interval is None:
        return DASH
    return percent(interval.value) if shares else f"{interval.value:.1f}"


def moved(change: Interval | None, *, shares: bool = True) -> str:
    """A difference, in percentage points for shares, with its interval; empty for none."""
    if change is None:
        return ""
    times = 100 if shares else 1
    value, low, high = (_signed(times * number) for number in (change.value, change.low, change.high))
    return f"{value} [{low}, {high}]"


def counted(measure: Measure) -> str:
    """How many calls a figure was made of: those for which it holds, and all."""
    n = measure.now.n if measure.now else 0
    return f"{n:,}" if measure.hits is None else f"{measure.hits:,} / {n:,}"


def _signed(value: float) -> str:
    rounded = round(value, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"
