"""Where within a clause another party takes over, heard word by word.

Recognition writes a sentence through where one party answers without a pause. Prints of clauses scatter much
more from clause to clause than those of words within one: what is said, and how, is common to them. So the
two parts of a clause are compared with each other, not with the parties: the difference of their means either
is that of the parties or it is none, give or take what words scatter.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

PART_MS = 400
"""Shortest part of a clause that is parted."""
COST_NATS = 0.75
"""What a change must earn: one in some hundred places between words is one."""
CORRELATED = 1.0
"""Words beside each other are heard in part from the same sound: their means scatter so much more."""
PRIOR_MS = 20_000.0
SCATTER = 100.0
"""Variance of a word of a millisecond, in half differences of the parties, before the call is known, and the
speech that it counts for: on development calls 100 for different voices, 300 for alike ones."""


def changes(
    traces: Numbers, lengths_ms: Numbers, bounds: Sequence[tuple[int, int]], parties: Numbers
) -> list[int]:
    """The words before which another party takes over.

    Args:
        traces: of all words, ``(words, dimension)``, NaN where not known; see
            :func:`pipeline.speech.prints.without_nuisance`.
        lengths_ms: of the words.
        bounds: first word and end of each clause.
        parties: probability of each party at each clause, ``(clauses, parties)``.
    """
    known = ~np.isnan(traces).any(axis=1)
    words, lengths = np.nan_to_num(traces), np.where(known, lengths_ms, 0.0)
    found: set[int] = set()
    for pair in combinations(range(parties.shape[1]), 2):
        sides = _sides(words, lengths, bounds, parties[:, pair])
        if sides is None:
            continue
        scatter = _scatter(sides, lengths, bounds)
        for first, end in bounds:
            found.update(_parted(sides, lengths, first, end, scatter))
    return sorted(found)


def _sides(
    words: Numbers, lengths: Numbers, bounds: Sequence[tuple[int, int]], parties: Numbers
) -> Numbers | None:
    """Each word on the line between two parties: 1 is the first, -1 the second; ``None`` for one voice.

    The word's own clause is left out of both.
    """
    edges = np.array([first for first, _ in bounds])
    sums = np.add.reduceat(words * lengths[:, None], edges, axis=0)
    mass = np.add.reduceat(lengths, edges)
    totals, masses = parties.T @ sums, parties.T @ mass
    clause = np.repeat(np.arange(len(bounds)), [end - first for first, end in bounds])
    means = [
        (totals[k] - parties[:, [k]] * sums) / np.maximum(masses[k] - parties[:, k] * mass, 1.0)[:, None]
        for k in (0, 1)
    ]
    apart, middle = means[0] - means[1], (means[0] + means[1]) / 2
    at = np.einsum("wd,wd->w", words - middle[clause], apart[clause])
    weights = lengths[:, None] * parties[clause]
    centres = (weights * at[:, None]).sum(axis=0) / np.maximum(weights.sum(axis=0), 1.0)
    if min(masses) <= 0 or centres[0] <= centres[1]:
        return None
    return np.asarray((2 * at - centres.sum()) / (centres[0] - centres[1]))


def _scatter(sides: Numbers, lengths: Numbers, bounds: Sequence[tuple[int, int]]) -> float:
    """Variance of words within clauses, times their length."""
    squares, count = SCATTER * PRIOR_MS / 200, PRIOR_MS / 200
    for first, end in bounds:
        own = lengths[first:end]
        heard = own > 0
        if heard.sum() > 1:
            mean = np.average(sides[first:end], weights=own)
            squares += float((own * np.square(sides[first:end] - mean)).sum())
            count += int(heard.sum()) - 1
    return CORRELATED * squares / count


def _parted(sides: Numbers, lengths: Numbers, first: int, end: int, scatter: float) -> Iterator[int]:
    """The best place to part some words, and those in the parts."""
    if end - first < 2:
        return
    own = lengths[first:end]
    sums, mass = np.cumsum(own * sides[first:end])[:-1], np.cumsum(own)
    left, right = mass[:-1], mass[-1] - mass[:-1]
    whole = float(own @ sides[first:end])
    one, other = sums / np.maximum(left, 1.0), (whole - sums) / np.maximum(right, 1.0)
    variance = scatter * (1 / np.maximum(left, 1.0) + 1 / np.maximum(right, 1.0))
    # Two normal distributions of the difference, around 2 and around 0.
    nats = (2 * np.abs(one - other) - 2) / variance
    nats[(left < PART_MS) | (right < PART_MS)] = -np.inf
    best = int(nats.argmax())
    if nats[best] < COST_NATS:
        return
    yield first + best + 1
    yield from _parted(sides, lengths, first, first + best + 1, scatter)
    yield from _parted(sides, lengths, first + best + 1, end, scatter)
