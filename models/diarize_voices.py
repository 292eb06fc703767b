"""Whose voice is each stretch of speech: voice prints of one call, compared with each other.

Voices that are clearly different people come first: stretches are split into more groups than there can
be speakers, and groups are joined while their centroids are as near as one voice's are. Where only one
voice remains, the two parties of a call may still sound alike; then two are looked for nevertheless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Vector = NDArray[np.float64]
    Labels = NDArray[np.int64]

TRAINING_S = 1.0
"""Stretches from this long on decide what the voices are; shorter ones are only given to one."""
DISTINCT = 0.7
"""Cosine of two centroids below which they are two people. Pairs of real voices on the telephone had 0.61 at
most, two halves of one voice 0.82 at least; anything from 0.65 to 0.75 found as many speakers."""
SAME_VOICE = 0.96
"""Cosine of two alike centroids above which one voice was split. Set high: two parties taken for one cost
more than one party taken for two, and roles are also told by what is said."""
LEAST_VOICE_S = 2.5
"""A voice of its own has this much speech; less is more often a noise, or two at once."""
CLEAR_GAIN = 0.01
"""Mean cosine by which two alike voices must explain a call better than a voice and a rare, distinct one:
a rare one may be a noise that comes back, while both parties sound alike. Chosen on development calls."""
_GROUPS = 8
"""Groups to start from: enough to set a rare voice apart from a frequent one."""
_STARTS, _MOST_STEPS = 20, 50
_MOST_TRAINING = 2000
"""Stretches that are compared each with each, some two hours of talk: bounds memory whatever the length."""
_MOST = 3.0
"""A stretch weighs no more seconds than go into its print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """The voices of a call.

    Attributes:
        centroids: a unit vector a voice, shape ``(voices, dimension)``.
        nearest: the voice of each print, ``-1`` where there is no print.
        margins: by how much the nearest centroid's cosine exceeds the second's, 0..2; ``NaN`` where there
            is no print or but one voice.
    """

    centroids: Matrix
    nearest: Labels
    margins: Vector


def tell_voices(
    prints: Sequence[Matrix | None], seconds: Sequence[float], *, min_speakers: int, max_speakers: int
) -> Voices:
    """Find the voices of a call and give each print to one.

    Args:
        prints: an embedding a stretch, shape ``(dimension,)``, ``None`` where it was too short for one.
        seconds: how long each stretch is.
        min_speakers: fewest voices to find, as far as there are stretches.
        max_speakers: most voices to find.
    """
    known = np.array([i for i, p in enumerate(prints) if p is not None], dtype=np.int64)
    nearest = np.full(len(prints), -1, dtype=np.int64)
    margins = np.full(len(prints), np.nan)
    if not known.size:
        return Voices(centroids=np.zeros((0, 0), dtype=np.float32), nearest=nearest, margins=margins)
    units = unit(np.stack([p for p in prints if p is not None]))
    lengths = np.minimum(np.asarray(seconds, dtype=np.float64)[known], _MOST)
    training = np.flatnonzero(lengths >= TRAINING_S)
    if training.size < 2:
        training = np.arange(known.size)
    if training.size > _MOST_TRAINING:
        longest = np.argsort(-lengths[training], kind="stable")[:_MOST_TRAINING]
        training = training[np.sort(longest)]
    centroids = _voices(units[training], lengths[training], min_speakers, max_speakers)
    likeness = units @ centroids.T
    nearest[known] = np.argmax(likeness, axis=1)
    if len(centroids) > 1:
        best = np.sort(likeness, axis=1)
        margins[known] = best[:, -1] - best[:, -2]
    return Voices(centroids=centroids, nearest=nearest, margins=margins)


def unit(vectors: NDArray[np.float32]) -> Matrix:
    """``vectors`` along the last axis at length 1."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), dtype=np.float32)


def _voices(units: Matrix, weights: Vector, low: int, high: int) -> Matrix:
    centroids = _distinct(units, weights, high)
    if len(centroids) <= 2 <= high and len(units) > 1:
        alike = _centroids(units, weights, _split(_typical(units, weights), units, weights, 2))
        if len(centroids) == 2:
            gain = _explained(units, weights, alike) - _explained(units, weights, centroids)
            centroids = alike if gain > CLEAR_GAIN else centroids
        elif low > 1 or float(alike[0] @ alike[-1]) <= SAME_VOICE:
            centroids = alike
    wanted = min(low, high, len(units))
    if len(centroids) < wanted:
        centroids = _centroids(units, weights, _split(np.ones(len(units), bool), units, weights, wanted))
    return centroids


def _distinct(units: Matrix, weights: Vector, high: int) -> Matrix:
    """Centroids of the voices that are clearly different people; at least one, at most ``high``."""
    labels = _grouped(units, min(_GROUPS, len(units)))
    centroids = _centroids(units, weights, labels)
    while len(centroids) > 1:
        labels = _assigned(units, centroids)
        labels = np.unique(labels, return_inverse=True)[1]
        centroids = _centroids(units, weights, labels)
        mass = np.bincount(labels, weights)
        likeness = centroids @ centroids.T - 2 * np.eye(len(centroids), dtype=np.float32)
        first, second = np.unravel_index(int(np.argmax(likeness)), likeness.shape)
        if likeness[first, second] > DISTINCT:
            centroids = _centroids(units, weights, np.where(labels == second, first, labels))
        elif mass.min() < LEAST_VOICE_S:
            centroids = np.delete(centroids, int(np.argmin(mass)), axis=0)
        elif len(centroids) > high:
            centroids = _centroids(units, weights, np.where(labels == second, first, labels))
        else:
            break
    return centroids


def _explained(units: Matrix, weights: Vector, centroids: Matrix) -> float:
    """Mean cosine of the prints and their nearest centroids."""
    return float(np.average(np.max(units @ centroids.T, axis=1), weights=weights))


def _grouped(units: Matrix, count: int) -> Labels:
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(units) < 2:
        return np.zeros(len(units), dtype=np.int64)
    return np.asarray(fcluster(linkage(units, "average", "cosine"), count, "maxclust") - 1, dtype=np.int64)


def _typical(units: Matrix, weights: Vector) -> NDArray[np.bool_]:
    """All but prints that are like no one's: they would make a group of their own."""
    whole = _centroids(units, weights, np.zeros(len(units), dtype=np.int64))[0]
    typical = np.asarray(units @ whole >= DISTINCT)
    return typical if typical.sum() > 1 else np.ones(len(units), dtype=bool)


def _split(chosen: NDArray[np.bool_], units: Matrix, weights: Vector, count: int) -> Labels:
    """Spherical k-means on the chosen rows; the other rows go to the nearest centroid.

    The best of several starts (k-means++, Arthur and Vassilvitskii 2007); the same rows give the same labels.
    """
    rows, mass = units[chosen], weights[chosen]
    random = np.random.default_rng(0)
    starts = [_means(rows, mass, _seeds(rows, mass, count, random)) for _ in range(_STARTS)]
    best = max(starts, key=lambda centroids: _explained(rows, mass, centroids))
    return _assigned(units, best)


def _seeds(units: Matrix, weights: Vector, count: int, random: np.random.Generator) -> Matrix:
    """Rows far from each other, drawn by weight times squared distance from those drawn before."""
    chances = weights
    drawn: list[int] = []
    for _ in range(min(count, len(units))):
        drawn.append(int(random.choice(len(units), p=chances / chances.sum())))
        distances = 1 - np.max(units @ units[drawn].T, axis=1).astype(np.float64)
        distances[drawn] = 0
        chances = weights * np.maximum(distances, 0)
        if chances.sum() <= 0:
            break
    return units[drawn]


def _means(units: Matrix, weights: Vector, centroids: Matrix) -> Matrix:
    """Lloyd's steps from ``centroids`` until nothing moves."""
    labels = _assigned(units, centroids)
    for _ in range(_MOST_STEPS):
        centroids = _centroids(units, weights, labels)
        again = _assigned(units, centroids)
        if (again == labels).all():
            break
        labels = again
    return centroids


def _assigned(units: Matrix, centroids: Matrix) -> Labels:
    return np.asarray(np.argmax(units @ centroids.T, axis=1), dtype=np.int64)


def _centroids(units: Matrix, weights: Vector, labels: Labels) -> Matrix:
    weighted = units * weights[:, None]
    return unit(np.stack([weighted[labels == k].sum(axis=0) for k in np.unique(labels)]).astype(np.float32))
