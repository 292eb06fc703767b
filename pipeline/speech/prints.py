"""Voice prints of one call as evidence of who says a clause, as strong as they prove on that call.

A clause's print is its party's voice, and noise: what is said changes it, the more the shorter the clause. A
party's voice is not known either, the less the less it has said. Both are normal distributions, that of the
voice is brought up to date with every clause (variational Bayes; Landini et al., «Bayesian HMM clustering of
x-vector sequences (VBx)», Computer Speech & Language 71, 2022, with this call's own noise in place of a
trained model). So two parties can be compared with other two, and a party of a few words claims no more than
it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.speech.partings import partings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEAST_MS = 160
"""A shorter clause has no print of its own."""
MOST_MS = 3_000
"""A longer clause tells no more than this much of it."""
VOICE = 0.53
"""Variance of a party's voice in each number, against that of the noise in a second of speech. Squared, two
real voices of one sex were 1 to 3 apart in each, a voice moved by a few per cent from itself 0.4, and the
most alike synthetic ones 0.26."""
SCATTER = 2.2
"""Clauses of one voice scatter so much more than their words within them."""
NUISANCE_FLOOR = 3.0
"""Added to the covariance within clauses, in mean variances: a minute of talk knows 192 numbers badly."""
MOST_NATS = 8.0
"""Most that one print says: words, too, may be right."""
SCALE = 0.3
"""Evidence of prints is taken for so much of itself: their numbers go together, and clauses err together."""
STARTING_MS = 600
"""Shorter clauses do not part a call."""
MOST_PARTINGS = 4


class VoicePrints:
    """The prints of a call's clauses.

    Args:
        traces: shape ``(clauses, dimension)``, NaN where not known; vectors of any length.
        lengths_ms: of the clauses.
        noise: variance of a number of a second's print within a voice, see :func:`noise_within`; ``None``
            takes all variance for noise.
    """

    def __init__(self, traces: Numbers, lengths_ms: Numbers, noise: float | None = None) -> None:
        known = ~np.isnan(traces).any(axis=1) & (lengths_ms >= LEAST_MS)
        self._seconds = np.where(known, np.minimum(lengths_ms, MOST_MS), 0.0) / 1000
        rows = np.where(known[:, None], np.nan_to_num(traces), 0.0)
        weights = self._seconds / max(float(self._seconds.sum()), 1e-9)
        rows = np.where(known[:, None], rows - weights @ rows, 0.0)
        if noise is None:
            noise = float((self._seconds @ np.square(rows)).mean()) / max(int(known.sum()) - 1, 1)
        self._rows = rows / np.sqrt(max(noise, 1e-12))

    def explain(self, parties: Numbers) -> tuple[Numbers, float]:
        """What prints say, given the probability of each party at each clause.

        Returns:
            Log likelihood of each clause's print under each party, shape ``(clauses, parties)``, and what the
            parties' voices cost (minus their divergence from any voice, at most 0): both together are
            comparable between any two ways to give the clauses to parties, and any numbers of parties.
        """
        means, spread = self._voices(parties)
        size, squares = means.shape[1], np.square(means).sum(axis=1)
        log = self._seconds[:, None] * (self._rows @ means.T - (squares + size * spread) / 2)
        log = SCALE * (log - log.max(axis=1, keepdims=True)), SCALE * log.max(axis=1, keepdims=True)
        cost = size * (1 - spread / VOICE + np.log(spread / VOICE)) - squares / VOICE
        return np.asarray(np.maximum(log[0], -MOST_NATS) + log[1]), SCALE * float(cost.sum()) / 2

    def partings(self) -> list[NDArray[np.bool_]]:
        """The likeliest ways in which the clauses fall apart in two, by the prints alone."""
        weights = np.where(self._seconds >= STARTING_MS / 1000, self._seconds, 0.0)
        if np.count_nonzero(weights) < 3:
            return []
        found = partings(self._rows, weights)
        return sorted(found, key=self._explained, reverse=True)[:MOST_PARTINGS]

    def _explained(self, is_first: NDArray[np.bool_]) -> float:
        log, cost = self.explain(np.stack([is_first, ~is_first], axis=1).astype(np.float64))
        return float(np.where(is_first, log[:, 0], log[:, 1]).sum()) + cost

    def _voices(self, parties: Numbers) -> tuple[Numbers, Numbers]:
        """Mean of each party's voice, shape ``(parties, dimension)``, and its variance in each number."""
        said = self._seconds[:, None] * parties
        spread = 1 / (1 / VOICE + said.sum(axis=0))
        return np.asarray(spread[:, None] * (said.T @ self._rows)), np.asarray(spread)


def noise_within(traces: Numbers, lengths_ms: Numbers, clauses: Iterable[tuple[int, int]]) -> float | None:
    """Variance of a number of a second's print within a voice; ``None`` where no clause has two known words.

    Args:
        traces: of words, ``(words, dimension)``, NaN where not known.
        lengths_ms: of the words.
        clauses: first word and end of each.
    """
    known = np.asarray(~np.isnan(traces).any(axis=1))
    squares, count = 0.0, 0
    for first, end in clauses:
        heard = known[first:end]
        if heard.sum() > 1:
            rows, lengths = traces[first:end][heard], lengths_ms[first:end][heard]
            apart = np.square(rows - np.average(rows, axis=0, weights=lengths)).mean(axis=1)
            squares += float(lengths @ apart) / 1000
            count += len(rows) - 1
    return SCATTER * squares / count if squares > 0 else None


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
