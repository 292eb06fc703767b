"""How far two reviewers agree beyond chance: Cohen's kappa.

The usual standard error (Fleiss, Cohen and Everitt 1969) is 0 when two reviewers agree on all of five
cases, as if nothing were left to doubt. The interval here is Wilson's of the observed agreement, with the
agreement by chance held fixed: it covers better in small samples, and never claims certainty.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.intervals import Interval
from pipeline.intervals import share as plain_share

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How two raters agree.

    Attributes:
        observed: share of cases on which they agree, with Wilson's interval.
        by_chance: share on which they would with the same marginals, 0 to 1.
        kappa: -1 to 1; ``None`` where chance alone would make them agree throughout.
    """

    observed: Interval
    by_chance: float
    kappa: Interval | None


def agreement(pairs: Iterable[tuple[str, str]]) -> Agreement | None:
    """How two raters agree on some cases; ``None`` of no case.

    Args:
        pairs: what the one and the other said of each.
    """
    found = list(pairs)
    n = len(found)
    observed = plain_share(sum(one == other for one, other in found), n)
    if observed is None:
        return None
    ones, others = Counter(one for one, _ in found), Counter(other for _, other in found)
    by_chance = sum(ones[category] * others[category] for category in ones) / (n * n)
    if by_chance >= 1:
        return Agreement(observed=observed, by_chance=1.0, kappa=None)

    def beyond(share: float) -> float:
        return (share - by_chance) / (1 - by_chance)

    kappa = Interval(
        value=beyond(observed.value),
        low=max(-1.0, beyond(observed.low)),
        high=min(1.0, beyond(observed.high)),
        n=n,
    )
    return Agreement(observed=observed, by_chance=by_chance, kappa=kappa)
