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
    from collections.abc import Iterable, Iterator

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
SPREAD = 0.15
"""Spread of a difference of cosines within a party, before it is known."""
PRIOR_CLAUSES = 10.0
"""Weight of ``SPREAD`` against what the call shows."""
NUISANCE_FLOOR = 3.0
"""Added to the covariance within clauses, in mean variances: a minute of talk knows 192 numbers badly."""
MOST_NATS = 6.0
"""Most that one print says: words, too, may be right."""
SCALE = 0.65
"""What a clause's print says is taken for so much of itself: neighbouring clauses err together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """How two parties' prints differ.

    Attributes:
        first, second: the parties' numbers.
        middle: difference of a clause's cosines with the two at which neither is likelier.
        slope: nats a unit of that difference.
    """

    first: int
    second: int
    middle: float
    slope: float

    def nats(self, apart: Numbers, lengths_ms: Numbers) -> Numbers:
        """Log odds of the first party against the second, by the difference of the cosines with both."""
        return np.clip(_weights(lengths_ms) * self.slope * (apart - self.middle), -MOST_NATS, MOST_NATS)


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
            nats = np.where(self._known, contrast.nats(apart, self._lengths), 0.0)
            nats *= SCALE / parties.shape[1]
            log[:, contrast.first] += nats
            log[:, contrast.second] -= nats
        return log

    def contrasts(self, parties: Numbers) -> Iterator[Contrast]:
        """Of each two parties whose prints differ, given the probability of each at each clause."""
        scores = self._scores(parties)
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


def without_nuisance(traces: Numbers, lengths_ms: Numbers, clauses: Iterable[tuple[int, int]]) -> Numbers:
    """Traces in which what changes from word to word of one clause counts little.

    A trace tells of the voice and of the sounds that are spoken. Within a clause the voice is one, so the
    covariance there is that of the sounds: within-class covariance normalisation (Hatch, Kajarekar and
    Stolcke, «Within-class covariance normalization for SVM-based speaker recognition», 2006), on the call
    itself.

    Args:
        traces: of words, ``(words, dimension)``, NaN where not known.
        lengths_ms: of the words.
        clauses: first word and end of each.

    Returns:
        The same shape; the mean over the call is 0.
    """
    known = ~np.isnan(traces).any(axis=1)
    lengths = np.where(known, lengths_ms, 0.0)
    if not lengths.any():
        return traces
    centred = traces - np.average(np.nan_to_num(traces), axis=0, weights=lengths)
    filled = np.nan_to_num(centred)
    inner = np.zeros_like(filled)
    for first, end in clauses:
        if (total := lengths[first:end].sum()) > 0:
            inner[first:end] = filled[first:end] - lengths[first:end] @ filled[first:end] / total
    spread = (inner * lengths[:, None]).T @ inner / lengths.sum()
    values, axes = np.linalg.eigh(spread)
    floor = NUISANCE_FLOOR * values.mean() + 1e-12
    return np.asarray(centred @ (axes / np.sqrt(np.maximum(values, 0.0) + floor)))


def _weights(lengths_ms: Numbers) -> Numbers:
    return np.asarray(np.sqrt(np.minimum(lengths_ms / FULL_MS, 1.0)))


def _unit(vectors: Numbers) -> Numbers:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
