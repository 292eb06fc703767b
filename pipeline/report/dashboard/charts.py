"""Geometry of the dashboard's charts: where the template draws what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.report.dashboard.words import figure, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.intervals import Interval

HEIGHT: Final = 150
TOP: Final = 14
LEFT: Final = 44
STEP: Final = 46
MANY: Final = 31
"""With more points their labels would run into each other; then only every second or third is written."""


def range_of(interval: Interval | None, top: float) -> dict[str, float] | None:
    """Where an interval lies on a line of 0 to ``top``, in per cent of its length; ``None`` for none."""
    if interval is None or top <= 0:
        return None
    scale = 100 / top
    return {
        "left": round(scale * interval.low, 1),
        "width": round(scale * (interval.high - interval.low), 1),
        "at": round(scale * interval.value, 1),
    }


def intervals_chart(points: Sequence[tuple[str, Interval | None, str]]) -> dict[str, Any]:
    """Shares with their intervals, side by side.

    Args:
        points: label, share and what a click on it filters the list of calls by.
    """
    highest = max((share.high for _, share, _ in points if share), default=0.0)
    top = next(step for step in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if highest <= step)
    every = 1 + (len(points) - 1) // MANY

    def y(value: float) -> float:
        return round(TOP + HEIGHT * (1 - value / top), 1)

    return {
        "width": LEFT + STEP * len(points) + 8,
        "height": TOP + HEIGHT + 38,
        "left": LEFT,
        "floor": TOP + HEIGHT,
        "lines": [(y(share), f"{100 * share:g}%") for share in (0, top / 2, top)],
        "points": [
            {
                "x": LEFT + STEP * place + STEP // 2,
                "label": label if place % every == 0 else "",
                "n": share.n,
                "y": y(share.value),
                "low": y(share.low),
                "high": y(share.high),
                "said": f"{label}: {figure(share)} ({within(share)}), n={share.n}",
                "pick": pick,
            }
            for place, (label, share, pick) in enumerate(points)
            if share
        ],
    }
