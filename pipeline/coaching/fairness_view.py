"""What the page of the fairness check shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.coaching.fairness import SHARES
from pipeline.coaching.views import percent, signed
from pipeline.report.showing import DASH, number

if TYPE_CHECKING:
    from pipeline.coaching.fairness import Fairness, Gap
    from pipeline.intervals import Interval
    from pipeline.report.labels import Labels


def fairness_view(check: Fairness, t: Labels) -> dict[str, Any]:
    """The page of a check: what stands out first, then every comparison."""
    return {
        "calls": check.calls,
        "compared": check.compared,
        "found": [_found(gap, t) for gap in check.gaps if gap.sure],
        "rows": [_row(gap, t) for gap in check.gaps],
        "unknown": [(t(f"trait.{trait}"), n) for trait, n in check.unknown.items() if n],
    }


def _row(gap: Gap, t: Labels) -> dict[str, Any]:
    return {
        "trait": t(f"trait.{gap.trait}"),
        "group": group_name(gap, t),
        "outcome": t(f"outcome.{gap.outcome}"),
        "n": gap.n,
        "mean": _value(gap.mean, gap),
        "others": _value(gap.others, gap),
        "difference": _told(gap.difference, gap),
        "within": _told(gap.within, gap),
        "sure": gap.sure is not None,
    }


def _found(gap: Gap, t: Labels) -> dict[str, Any]:
    if gap.within is None:
        within = "unknown"
    else:
        same = gap.within.excludes_zero and (gap.within.value > 0) == (
            gap.sure.value > 0 if gap.sure else True
        )
        within = "stays" if same else "gone"
    return {**_row(gap, t), "sure": _told(gap.sure, gap), "said": t(f"fair.within.{within}")}


def group_name(gap: Gap, t: Labels) -> str:
    """The name of a group; the codec's own for a codec."""
    return gap.group if gap.trait == "codec" else t.of("group", gap.group)


def _value(value: float, gap: Gap) -> str:
    return percent(value) if gap.outcome in SHARES else number(value)


def _told(interval: Interval | None, gap: Gap) -> str:
    if interval is None:
        return DASH
    show = signed if gap.outcome in SHARES else _points
    return f"{show(interval.value)} ({show(interval.low)} ~ {show(interval.high)})"


def _points(value: float) -> str:
    rounded = round(value, 1)
    return "0" if rounded == 0 else f"{'+' if rounded > 0 else '−'}{abs(rounded):g}"
