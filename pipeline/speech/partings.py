"""Ways in which the prints of a call's clauses fall apart in two: where a search for two parties may start.

A party with little to say is no half of a call. So clauses are joined to clusters, nearest first, and each of
the last clusters is set against all the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Side = NDArray[np.bool_]

LAST_CLUSTERS = 7
MOST_ROWS = 100
"""The weightiest rows are joined, the others go to the nearer side: bounds the cost whatever the length."""


def partings(rows: Numbers, weights: Numbers) -> list[Side]:
    """Each of the last clusters against the rest, no parting twice.

    Clusters grow by Ward's criterion (Ward 1963), updated after Lance and Williams (1967).

    Args:
        rows: shape ``(rows, dimension)``.
        weights: of the rows; those of 0 are no evidence and go to the nearer side.

    Returns:
        Which rows are the cluster's, shape ``(rows,)`` each.
    """
    chosen = np.flatnonzero(weights > 0)
    chosen = np.sort(chosen[np.argsort(-weights[chosen], kind="stable")[:MOST_ROWS]])
    found: list[Side] = []
    seen: set[bytes] = set()
    for members in _last_clusters(rows[chosen], weights[chosen]):
        cluster, rest = chosen[members], chosen[~members]
        one = np.average(rows[cluster], axis=0, weights=weights[cluster])
        other = np.average(rows[rest], axis=0, weights=weights[rest])
        side = rows @ (one - other) > (one @ one - other @ other) / 2
        key = min(side.tobytes(), (~side).tobytes())
        if key not in seen and side.any() and not side.all():
            seen.add(key)
            found.append(side)
    return found


def _last_clusters(rows: Numbers, weights: Numbers) -> list[Side]:
    """Members of every cluster that there was with two to ``LAST_CLUSTERS`` left."""
    count = len(rows)
    mass = weights.astype(np.float64)
    members = np.eye(count, dtype=bool)
    apart = np.square(rows[:, None] - rows[None]).sum(axis=2) * mass[:, None] * mass
    apart /= mass[:, None] + mass
    np.fill_diagonal(apart, np.inf)
    found = [row.copy() for row in members] if 1 < count <= LAST_CLUSTERS else []
    for left in range(count - 1, 1, -1):
        a, b = divmod(int(apart.argmin()), count)
        total = mass[a] + mass[b] + mass
        joined = ((mass[a] + mass) * apart[a] + (mass[b] + mass) * apart[b] - mass * apart[a, b]) / total
        apart[a], apart[:, a] = joined, joined
        apart[b], apart[:, b], apart[a, a] = np.inf, np.inf, np.inf
        members[a] |= members[b]
        mass[a] += mass[b]
        if left == LAST_CLUSTERS:
            found += [row.copy() for row in members[np.isfinite(apart).any(axis=1)]]
        elif left < LAST_CLUSTERS:
            found.append(members[a].copy())
    return found
