"""Voice prints of one call as evidence of who says a clause, as strong as they prove on that call.

Prints of two much alike voices lie in each other's spread, those of others far apart. So a difference of
cosines is no evidence by itself: its mean for each party and its spread are measured with the parties as they
stand, and the log likelihood ratio of two normal distributions follows. A clause is compared with the prints
of the parties without itself, else every parting would prove itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEAST_MS = 160
"""A shorter clause has no print of its own."""
FULL_MS = 800
"""A print of this much speech or more counts in full, a shorter one with the square root of its share."""
MOST_MS = 3_000
"""A longer clause has no more part in its party's print."""
PRIOR_MS = 1_000
"""So much of a party's print is the call's own."""
SPREAD = 0.03
"""Spread of a difference of cosines within a party, before it is known: 0.02 to 0.05 on development calls."""
PRIOR_CLAUSES = 10.0
"""Weight of ``SPREAD`` against what the call shows."""
MOST_NATS = 6.0
"""Most that one print says: words, too, may be right."""
CHANGE_NATS = 3.0
"""Both parts of a clause must speak for their party with so much before it is parted."""
CHANGE_MS = 300
"""Shortest part of a clause that is parted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """How two parties' prints differ.

    Attributes:
        first, second: the parties' numbers.
        direction: difference of their prints, ``(dimension,)``.
        middle: projection on it where neither is likelier.
        slope: nats a unit of projection.
    """

    first: int
    second: int
    direction: Numbers
    middle: float
    slope: float

    def nats(self, projections: Numbers, lengths_ms: Numbers) -> Numbers:
        """Log odds of the first party against the second."""
        return np.clip(_weights(lengths_ms) * self.slope * (projections - self.middle), -MOST_NATS, MOST_NATS)


class VoicePrints:
    """The prints of a call's clauses.

    Args:
        traces: shape ``(clauses, dimension)``, NaN where not known; vectors of any length.
        lengths_ms: of the clauses.
    """

    def __init__(self, traces: Numbers, lengths_ms: Numbers) -> None:
        self._known = ~np.isnan(traces).any(axis=1) & (lengths_ms >= LEAST_MS)
        self._units = np.where(self._known[:, None], _unit(np.nan_to_num(traces)), 0.0)
        self._lengths = lengths_ms
        self._mass = np.where(self._known, np.minimum(lengths_ms, MOST_MS), 0.0)
        self._weights = np.where(self._known, _weights(lengths_ms), 0.0)
        self._prior = PRIOR_MS * _unit(self._mass @ self._units)

    def log_likelihood(self, parties: Numbers) -> Numbers:
        """What the print of each clause says for each party, shape ``(clauses, parties)``; sums to 0."""
        log = np.zeros_like(parties)
        scores = self._scores(parties)
        for contrast in self.contrasts(parties):
            apart = scores[:, contrast.first] - scores[:, contrast.second]
            nats = np.where(self._known, contrast.nats(apart, self._lengths), 0.0) / parties.shape[1]
            log[:, contrast.first] += nats
            log[:, contrast.second] -= nats
        return log

    def contrasts(self, parties: Numbers) -> Iterator[Contrast]:
        """Of each two parties whose prints differ, given the probability of each at each clause."""
        scores, prints = self._scores(parties), _unit(self._sums(parties))
        for first, second in combinations(range(parties.shape[1]), 2):
            weights = self._weights[:, None] * parties[:, [first, second]]
            total = weights.sum(axis=0) + 1e-9
            apart = scores[:, first] - scores[:, second]
            means = (weights * apart[:, None]).sum(axis=0) / total
            gap = float(means[0] - means[1])
            if gap <= 0:
                continue
            squares = float((weights * np.square(apart[:, None] - means)).sum())
            variance = (squares + PRIOR_CLAUSES * SPREAD**2) / (float(total.sum()) + PRIOR_CLAUSES)
            yield Contrast(
                first=first,
                second=second,
                direction=prints[first] - prints[second],
                middle=float(means.mean()),
                slope=gap / variance,
            )

    def _sums(self, parties: Numbers) -> Numbers:
        return np.asarray((self._mass[:, None] * parties).T @ self._units + self._prior)

    def _scores(self, parties: Numbers) -> Numbers:
        """Cosine of each clause with each party's print, the clause itself left out of it."""
        sums = self._sums(parties)
        own = self._mass[:, None] * parties
        shared = self._units @ sums.T
        lengths = np.square(sums).sum(axis=1) - 2 * own * shared + np.square(own)
        return np.asarray((shared - own) / np.sqrt(np.maximum(lengths, 1e-9)))


def change(traces: Numbers, lengths_ms: Numbers, contrasts: tuple[Contrast, ...]) -> int | None:
    """The word before which another party takes over within a clause, ``None`` where nothing says so.

    Args:
        traces: of the clause's words, ``(words, dimension)``, NaN where not known.
        lengths_ms: of the words.
        contrasts: of the parties.
    """
    lengths = np.where(np.isnan(traces).any(axis=1), 0.0, lengths_ms)
    sums = np.cumsum(np.nan_to_num(traces) * lengths[:, None], axis=0)
    before = np.cumsum(lengths)
    left, right = before[:-1], before[-1] - before[:-1]
    long = (left >= CHANGE_MS) & (right >= CHANGE_MS)
    best, at = 0.0, None
    for contrast in contrasts:
        one = _unit(sums[:-1]) @ contrast.direction
        other = _unit(sums[-1] - sums[:-1]) @ contrast.direction
        nats, nats_after = contrast.nats(one, left), contrast.nats(other, right)
        sure = long & (nats * nats_after < 0) & (np.minimum(abs(nats), abs(nats_after)) >= CHANGE_NATS)
        # Of all places that would do, the one that parts the sound best; nats are capped and do not tell.
        parting = contrast.slope * np.abs(left * (one - contrast.middle) - right * (other - contrast.middle))
        parting = np.where(sure, parting, 0.0)
        if len(parting) and parting.max() > best:
            best, at = float(parting.max()), int(parting.argmax()) + 1
    return at


def _weights(lengths_ms: Numbers) -> Numbers:
    return np.asarray(np.sqrt(np.minimum(lengths_ms / FULL_MS, 1.0)))


def _unit(vectors: Numbers) -> Numbers:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
