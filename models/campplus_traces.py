"""Voice prints of any stretches of a recording, from hearing it once.

CAM++ ends in the mean and the standard deviation of its frames, which one layer turns into the print. Means
of two stretches make the mean of both; standard deviations do not. Written to first order around the
recording's own mean and deviation, they do: then every frame has its share in a print, and the mean of shares
over a stretch is the stretch's print, whichever stretches are asked for.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pipeline.types import Interval

    Matrix = NDArray[np.float32]

CHUNK_MS = 6_000
"""Most that is heard at once: the network weighs a frame by what the whole of it sounds like. Prints of
clauses within 6 s told voices apart as well as prints of the clauses alone, or better."""
_FLOOR = 1e-3
"""Least deviation: some channels are silent."""


def chunks(areas: Sequence[Interval], least_ms: int) -> Iterator[tuple[int, int]]:
    """Start and end, in ms, of equal parts of each area, none longer than ``CHUNK_MS``.

    Args:
        areas: what is heard.
        least_ms: shorter areas are left out.
    """
    for area in areas:
        if area.duration_ms < least_ms:
            continue
        parts = -(-area.duration_ms // CHUNK_MS)
        bounds = [area.start_ms + area.duration_ms * i // parts for i in range(parts + 1)]
        yield from pairwise(bounds)


class FrameSums:
    """Sums of frames over pieces of a recording; memory grows with the pieces, not with the frames.

    Args:
        pieces: may overlap, in any order. A frame belongs to a piece that holds its middle.
        channels: numbers a frame.
    """

    def __init__(self, pieces: Sequence[Interval], channels: int) -> None:
        self._starts = np.array([piece.start_ms for piece in pieces], dtype=np.int64)
        self._ends = np.array([piece.end_ms for piece in pieces], dtype=np.int64)
        self._sums = np.zeros((len(pieces), 2 * channels), dtype=np.float32)
        self._counts = np.zeros(len(pieces), dtype=np.int64)
        self._whole = np.zeros(2 * channels)
        self._frames = 0

    def add(self, frames: Matrix, start_ms: int, end_ms: int) -> None:
        """Frames of shape ``(count, channels)``, spread evenly from ``start_ms`` to ``end_ms``."""
        count = len(frames)
        sums = np.zeros((count + 1, 2 * frames.shape[1]))
        np.cumsum(frames, axis=0, out=sums[1:, : frames.shape[1]])
        np.cumsum(np.square(frames), axis=0, out=sums[1:, frames.shape[1] :])
        chosen = np.flatnonzero((self._starts < end_ms) & (self._ends > start_ms))
        step = (end_ms - start_ms) / count
        first, end = (
            np.clip(np.ceil((times[chosen] - start_ms) / step - 0.5), 0, count).astype(np.int64)
            for times in (self._starts, self._ends)
        )
        self._sums[chosen] += (sums[end] - sums[first]).astype(np.float32)
        self._counts[chosen] += end - first
        self._whole += sums[-1]
        self._frames += count

    def traces(self, weight: Matrix, bias: Matrix) -> Matrix:
        """The prints of the pieces, ``(pieces, size)``; NaN where a piece has no frame.

        Args:
            weight: of the layer, ``(size, 2 * channels)``.
            bias: of the layer, ``(size,)``.
        """
        mean, square = np.split(self._whole / max(self._frames, 1), 2)
        spread = np.maximum(np.sqrt(np.maximum(square - np.square(mean), 0)), _FLOOR)
        known = self._counts > 0
        means, squares = np.split(self._sums[known] / self._counts[known, None], 2, axis=1)
        spreads = spread / 2 + (squares - 2 * mean * means + np.square(mean)) / (2 * spread)
        found = np.full((len(self._counts), len(weight)), np.nan, dtype=np.float32)
        found[known] = np.concatenate([means, spreads], axis=1) @ weight.T + bias
        return found
