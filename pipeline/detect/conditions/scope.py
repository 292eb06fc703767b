"""Which turns a condition looks at: its scope, and its distance to another condition's places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.conditions.phases import phases_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.detect.conditions.outcome import Place
    from pipeline.detect.schema.conditions import Condition, Stretch, TurnRange
    from pipeline.detect.view import CallView

TIMES = "times"
"""What is missing where turns have no times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Turns to look at, in order; ``missing`` says what must be known to tell which."""

    positions: tuple[int, ...]
    missing: str | None = None


def scope_of(condition: Condition, says: str, view: CallView, anchor: Sequence[Place] | None) -> Scope:
    """The turns of a condition.

    Args:
        condition: what is given there narrows the scope.
        says: whose turns.
        view: the call.
        anchor: the place that the condition is anchored to (exactly one, or ``None`` without anchor).
    """
    needs_times = condition.seconds or condition.percent or condition.within_seconds is not None
    if needs_times and not view.timed:
        return Scope(positions=(), missing=TIMES)
    own = sorted(view.speaking[says])
    if condition.role_confidence is not None:
        own = [i for i in own if view.turns[i].role_confidence >= condition.role_confidence]
    if anchor is not None:
        own = _near(condition, view, own, anchor[0])
    elif condition.turns:
        own = _counted(condition.turns, own)
    if condition.seconds:
        own = _inside(own, view, *_bounds(condition.seconds, view.ends_ms / 1000))
    if condition.percent:
        low, high = _bounds(condition.percent, 100.0)
        whole = view.ends_ms / 1000
        own = _inside(own, view, low / 100 * whole, high / 100 * whole)
    if condition.phase:
        phases = phases_of(view)
        own = [i for i in own if phases[i] in condition.phase]
    return Scope(positions=tuple(own))


def _counted(turns: TurnRange, own: list[int]) -> list[int]:
    """Turns by number from the start (1 …) or the end (-1 …)."""
    if turns.first is not None:
        return own[: turns.first]
    if turns.last is not None:
        return own[-turns.last :]
    bounds = (1 if turns.start is None else turns.start, -1 if turns.end is None else turns.end)
    if min(bounds) < 0 < max(bounds):
        low, high = (_index(bound, len(own)) for bound in bounds)
    else:
        low, high = (_index(bound, len(own)) for bound in sorted(bounds))
    return own[max(low, 0) : max(high + 1, 0)]


def _index(number: int, size: int) -> int:
    """Position of a turn by its number; outside of what there is where there is no such turn."""
    return size + number if number < 0 else number - 1


def _near(condition: Condition, view: CallView, own: list[int], place: Place) -> list[int]:
    """The turns on the right side of an anchor, the nearest first limited by number, turns and time."""
    location = (condition.anchor or ("same", ""))[0]
    at = place.turn
    behind, before = [i for i in own if i > at], [i for i in own if i < at][::-1]
    turns = condition.turns
    if location == "same":
        return [i for i in own if i == at]
    if location == "around":
        near = _around(turns, own, at, before, behind)
    else:
        side = behind if location == "after" else before
        near = _beside(turns, side, at, own) if turns else side
    if condition.within is not None:
        near = [i for i in near if abs(i - at) <= condition.within]
    if condition.within_seconds is not None:
        near = [i for i in near if view.seconds_between(at, i) <= condition.within_seconds]
    return sorted(near)


def _beside(turns: TurnRange, side: list[int], at: int, own: list[int]) -> list[int]:
    """Turns on one side of an anchor, the nearest first; 0 is the anchor itself."""
    if 0 not in (turns.start, turns.end):
        return _counted(turns, side)
    nearest = {bound for bound in (turns.start, turns.end) if bound}
    # From the anchor to the n-th turn beside it, or (-1) to the farthest.
    far = max(_index(nearest.pop(), len(side)) + 1, 0) if nearest else 0
    return [*(i for i in (at,) if at in own), *side[:far]]


def _around(
    turns: TurnRange | None, own: list[int], at: int, before: list[int], behind: list[int]
) -> list[int]:
    if turns is None:
        return own
    low = -(turns.last or 0) if turns.start is None else turns.start
    high = (turns.first or 0) if turns.end is None else turns.end
    return [
        *(i for n, i in enumerate(before, start=1) if low <= -n <= high),
        *(i for i in own if i == at and low <= 0 <= high),
        *(i for n, i in enumerate(behind, start=1) if low <= n <= high),
    ]


def _bounds(stretch: Stretch, whole: float) -> tuple[float, float]:
    if stretch.first is not None:
        return 0.0, stretch.first
    if stretch.last is not None:
        return whole - stretch.last, float("inf")
    return stretch.start or 0.0, stretch.end if stretch.end is not None else float("inf")


def _inside(own: list[int], view: CallView, low: float, high: float) -> list[int]:
    """Turns that begin inside a stretch of seconds."""
    return [i for i in own if low <= (view.turns[i].start_ms or 0) / 1000 < high]
