"""Small algebra of intervals: what lies in, between and outside stretches of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def union(intervals: Iterable[Interval], *, bridge_ms: int = 0) -> tuple[Interval, ...]:
    """Intervals in time order without overlap; pauses of at most ``bridge_ms`` are closed."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda i: (i.start_ms, i.end_ms)):
        if interval.duration_ms == 0:
            continue
        if merged and interval.start_ms - merged[-1].end_ms <= bridge_ms:
            end = max(merged[-1].end_ms, interval.end_ms)
            merged[-1] = Interval(start_ms=merged[-1].start_ms, end_ms=end)
        else:
            merged.append(interval)
    return tuple(merged)


def subtract(intervals: Sequence[Interval], holes: Iterable[Interval]) -> tuple[Interval, ...]:
    """What of ``intervals`` lies outside ``holes``."""
    left = list(union(intervals))
    for hole in union(holes):
        left = [part for interval in left for part in _without(interval, hole)]
    return tuple(left)


def _without(interval: Interval, hole: Interval) -> tuple[Interval, ...]:
    if interval.overlap_ms(hole) == 0:
        return (interval,)
    before = Interval(start_ms=interval.start_ms, end_ms=hole.start_ms)
    after = Interval(start_ms=hole.end_ms, end_ms=interval.end_ms)
    return tuple(part for part in (before, after) if part.duration_ms)


def covered_ms(interval: Interval, others: Iterable[Interval]) -> int:
    """Milliseconds of ``interval`` that ``others`` (not overlapping one another) cover."""
    return sum(interval.overlap_ms(other) for other in others)


def total_ms(intervals: Iterable[Interval]) -> int:
    """Summed length of intervals that do not overlap."""
    return sum(interval.duration_ms for interval in intervals)
