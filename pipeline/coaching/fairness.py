"""Whether results hang on what no agent can help: codec, length, the customer's sex, clearness, hour.

Each group is set against all other calls, and, since agents have not the same calls, once more within agents
only: a regression with an intercept for every agent and errors robust to unequal variances (White 1980, HC1).
Which differences count is decided over all of them together, as in :mod:`pipeline.coaching.compare`.
A difference is a reason to look, not a proof of unfairness: what differs between groups besides is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.coaching.compare import ERROR
from pipeline.intervals import Z_95, Interval, share_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from pipeline.coaching.traits import Traits

    _AtWidth = Callable[[float], Interval | None]

_LENGTHS: Final = ((60, "under_1_min"), (180, "1_to_3_min"), (300, "3_to_5_min"))
_BANDS: Final = ((3000, "under_3000_hz"), (3500, "3000_to_3500_hz"))
_HOURS: Final = ((8, "before_8"), (11, "8_to_11"), (14, "11_to_14"), (17, "14_to_17"), (20, "17_to_20"))
_QUARTERS: Final = ("lowest", "low", "high", "highest")
FEWEST_FOR_QUARTERS: Final = 40

OUTCOMES: Final[Mapping[str, Callable[[Traits], float | None]]] = {
    "compliance": lambda call: call.compliance,
    "effectiveness": lambda call: call.effectiveness,
    "violation": lambda call: float(call.violation),
    "review": lambda call: float(call.review),
    "undecided": lambda call: float(call.undecided),
    "red_line": lambda call: float(call.red_line),
}
"""What is compared: scores, and shares of calls."""
SHARES: Final = frozenset({"violation", "review", "undecided", "red_line"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A group against all other calls, in one outcome.

    Attributes:
        mean: of the group.
        others: of the other calls.
        difference: between them, 95 %; ``None`` where a side has too few calls.
        within: the same between calls of the same agent; ``None`` where no agent has both kinds.
        sure: the difference, widened for the number of comparisons; ``None`` unless it leaves out zero.
    """

    trait: str
    group: str
    outcome: str
    n: int
    mean: float
    others: float
    difference: Interval | None
    within: Interval | None
    sure: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """The check of a period.

    Attributes:
        gaps: of every group and outcome, in order.
        calls: how many calls were looked at.
        unknown: by trait, the calls of which it is not known.
        compared: comparisons that were made.
    """

    gaps: tuple[Gap, ...]
    calls: int
    unknown: Mapping[str, int]
    compared: int


def fairness(calls: Sequence[Traits], *, fewest: int) -> Fairness:
    """Compare groups of calls.

    Args:
        calls: scored calls.
        fewest: calls below which a group is not compared.
    """
    gaps: list[Gap] = []
    widths: dict[int, _AtWidth] = {}
    unknown: dict[str, int] = {}
    agents = _numbers([call.agent for call in calls])
    for trait, groups in _groups(calls).items():
        unknown[trait] = sum(group is None for group in groups)
        names = sorted({group for group in groups if group is not None}, key=_place)
        if len(names) < 2:
            continue
        # Of two groups one says it all.
        for name in names[: 1 if len(names) == 2 else None]:
            for outcome, value in OUTCOMES.items():
                at = len(gaps)
                gap, at_width = _gap(trait, name, outcome, groups, [value(c) for c in calls], agents, fewest)
                if gap is not None:
                    gaps.append(gap)
                    if at_width is not None:
                        widths[at] = at_width
    sure = _select(widths)
    return Fairness(
        gaps=tuple(gap if at not in sure else replace(gap, sure=sure[at]) for at, gap in enumerate(gaps)),
        calls=len(calls),
        unknown=unknown,
        compared=len(widths),
    )


def _groups(calls: Sequence[Traits]) -> dict[str, list[str | None]]:
    return {
        "codec": [call.codec for call in calls],
        "length": [_band(call.seconds, _LENGTHS, "over_5_min") for call in calls],
        "sex": [call.sex for call in calls],
        "clearness": _quarters([call.clearness for call in calls]),
        "bandwidth": [_band(call.bandwidth_hz, _BANDS, "over_3500_hz") for call in calls],
        "hour": [_band(call.hour, _HOURS, "after_20") for call in calls],
    }


def _band(value: float | None, bands: Sequence[tuple[float, str]], last: str) -> str | None:
    if value is None:
        return None
    return next((name for bound, name in bands if value < bound), last)


def _quarters(values: Sequence[float | None]) -> list[str | None]:
    """Quarters of the calls by a value; nothing is known where there are few calls."""
    known = np.array([value for value in values if value is not None], dtype=float)
    if len(known) < FEWEST_FOR_QUARTERS:
        return [None] * len(values)
    cuts = np.quantile(known, (0.25, 0.5, 0.75))
    return [None if v is None else _QUARTERS[int(np.searchsorted(cuts, v, side="right"))] for v in values]


_ORDER: Final = tuple(name for bands in (_LENGTHS, _BANDS, _HOURS) for _, name in bands) + _QUARTERS


def _place(name: str) -> tuple[int, str]:
    """Bands in their order, the last of each behind; other groups by name."""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _gap(
    trait: str,
    group: str,
    outcome: str,
    groups: Sequence[str | None],
    values: Sequence[float | None],
    agents: NDArray[np.int64],
    fewest: int,
) -> tuple[Gap | None, _AtWidth | None]:
    """The gap, and its difference for any width where there are calls enough; none of a constant outcome."""
    kept = np.array(
        [g is not None and v is not None for g, v in zip(groups, values, strict=True)], dtype=bool
    )
    inside = np.array([g == group for g in groups], dtype=float)[kept]
    value = np.array([0.0 if v is None else v for v in values], dtype=float)[kept]
    n, rest = int(inside.sum()), int(len(inside) - inside.sum())
    if not n or not rest or np.ptp(value) == 0:
        return None, None
    mine, others = value[inside == 1], value[inside == 0]
    at_width = _difference(mine, others, outcome) if min(n, rest) >= fewest else None
    within = _effect(inside, value, agents[kept]) if min(n, rest) >= fewest else None
    gap = Gap(
        trait=trait,
        group=group,
        outcome=outcome,
        n=n,
        mean=float(mine.mean()),
        others=float(others.mean()),
        difference=at_width(Z_95) if at_width else None,
        within=None if within is None else _interval(*within, min(n, rest)),
    )
    return gap, at_width


def _difference(mine: NDArray[np.float64], others: NDArray[np.float64], outcome: str) -> _AtWidth:
    """The difference for any width: Newcombe's of shares, Welch's of scores."""
    if outcome in SHARES:
        hits, n, other_hits, other_n = int(mine.sum()), len(mine), int(others.sum()), len(others)
        return lambda z: share_difference(hits, n, other_hits, other_n, z=z)
    value = float(mine.mean() - others.mean())
    error = float((mine.var(ddof=1) / len(mine) + others.var(ddof=1) / len(others)) ** 0.5)
    return lambda z: _interval(value, error, min(len(mine), len(others)), z)


def _effect(
    inside: NDArray[np.float64], value: NDArray[np.float64], agents: NDArray[np.int64]
) -> tuple[float, float] | None:
    """The difference within agents and its standard error; ``None`` where no agent has both kinds.

    Args:
        inside: 1 for the calls of the group, 0 for others.
        value: of each call.
        agents: number of the agent of each call.
    """
    x, y = _centred(inside, agents), _centred(value, agents)
    square = float((x * x).sum())
    free = len(x) - len(np.unique(agents)) - 1
    if square < 1e-9 or free < 1:
        return None
    effect = float((x * y).sum()) / square
    left = y - effect * x
    variance = float((x * x * left * left).sum()) / square**2 * len(x) / free
    return effect, variance**0.5


def _centred(values: NDArray[np.float64], agents: NDArray[np.int64]) -> NDArray[np.float64]:
    sums = np.bincount(agents, weights=values)
    counts = np.bincount(agents)
    return np.asarray(values - (sums / np.maximum(counts, 1))[agents], dtype=float)


def _interval(value: float, error: float, n: int, z: float = Z_95) -> Interval:
    return Interval(value=value, low=value - z * error, high=value + z * error, n=n)


def _select(gaps: Mapping[int, _AtWidth]) -> dict[int, Interval]:
    """Differences whose intervals of joint confidence leave out zero."""
    number = len(gaps)
    for named in range(number, 0, -1):
        z = NormalDist().inv_cdf(1 - named * ERROR / (2 * number))
        found = {at: at_width(z) for at, at_width in gaps.items()}
        clear = {at: gap for at, gap in found.items() if gap is not None and gap.excludes_zero}
        if len(clear) >= named:
            return clear
    return {}


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    known = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([known[name] for name in names], dtype=np.int64)
