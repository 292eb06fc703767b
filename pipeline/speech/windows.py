"""Windows in front of the transcriber: speech packed together, cut at pauses, with a way back.

Whisper costs the same for a second of silence as for a second of speech, invents words in
silence, and ends a window early at a long pause. So it is given only speech: the speech intervals
of a channel laid one after another with short pauses between, and with every window a map that
leads from a time in the window to the time in the recording. The pauses are the recording's own,
shortened in their middle: digital silence between two pieces of a noisy line costs accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.ports import SAMPLE_RATE
from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.types import Samples

SAMPLES_PER_MS = SAMPLE_RATE // 1000
FRAME_MS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the recording and where it lies in its window."""

    source: Interval
    at_ms: int

    @property
    def end_ms(self) -> int:
        """End within the window."""
        return self.at_ms + self.source.duration_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Pieces of a recording that are decoded together, in time order, ``length_ms`` long."""

    pieces: tuple[Piece, ...]
    length_ms: int

    def render(self, samples: Samples) -> Samples:
        """The sound of the window: its pieces with their own pauses between, digital silence after."""
        sound = np.zeros(self.length_ms * SAMPLES_PER_MS, dtype=np.float32)
        for piece in self.pieces:
            _lay(sound, piece.at_ms, samples, piece.source)
        for before, after in pairwise(self.pieces):
            pause = after.at_ms - before.end_ms
            middle, end = before.source.end_ms + pause // 2, after.source.start_ms
            _lay(sound, before.end_ms, samples, Interval(start_ms=before.source.end_ms, end_ms=middle))
            rest = Interval(start_ms=end - (pause - pause // 2), end_ms=end)
            _lay(sound, before.end_ms + pause // 2, samples, rest)
        return sound

    def left_after(self, at_ms: int, *, least_ms: int) -> tuple[Interval, ...]:
        """What of the recording lies behind a time in the window, in stretches of ``least_ms`` or more."""
        left = [
            Interval(start_ms=piece.source.start_ms + max(at_ms - piece.at_ms, 0), end_ms=piece.source.end_ms)
            for piece in self.pieces
            if piece.end_ms > at_ms
        ]
        return tuple(interval for interval in left if interval.duration_ms >= least_ms)

    def to_recording(self, start_ms: int, end_ms: int) -> Interval:
        """Where a stretch of the window lies in the recording.

        A stretch belongs to the piece that it overlaps most (to the nearest one when it overlaps
        none) and is clamped to it, so that no word reaches across a pause.
        """
        asked = Interval(start_ms=start_ms, end_ms=max(end_ms, start_ms))

        def nearness(piece: Piece) -> tuple[int, int]:
            inside = asked.overlap_ms(Interval(start_ms=piece.at_ms, end_ms=piece.end_ms))
            away = max(piece.at_ms - asked.end_ms, asked.start_ms - piece.end_ms, 0)
            return inside, -away

        piece = max(self.pieces, key=nearness)
        shift = piece.source.start_ms - piece.at_ms
        start = min(max(start_ms, piece.at_ms), piece.end_ms)
        end = min(max(end_ms, start), piece.end_ms)
        return Interval(start_ms=start + shift, end_ms=end + shift)


def _lay(sound: Samples, at_ms: int, samples: Samples, source: Interval) -> None:
    part = samples[source.start_ms * SAMPLES_PER_MS : source.end_ms * SAMPLES_PER_MS]
    at = at_ms * SAMPLES_PER_MS
    sound[at : at + len(part)] = part


def plan_windows(
    speech: Sequence[Interval], *, max_ms: int, gap_ms: int, tail_ms: int, breath_ms: int = 0
) -> tuple[Window, ...]:
    """Pack speech intervals into windows of at most ``max_ms``, the tail not counted.

    Args:
        speech: intervals in time order, none longer than ``max_ms`` (see :func:`cut_long`).
        max_ms: most speech and inner silence in a window.
        gap_ms: longest silence between two pieces; a shorter real pause keeps its length.
        tail_ms: silence after the last piece. Speech that ends where the window ends makes
            Whisper run on.
        breath_ms: intervals whose pause is at most this long stay in one window when that is
            possible, so that a sentence is not cut where its speaker draws breath.
    """
    windows: list[tuple[Interval, ...]] = []
    for phrase in _phrases(speech, max_ms=max_ms, gap_ms=gap_ms, breath_ms=breath_ms):
        if windows and _length(windows[-1] + phrase, gap_ms) <= max_ms:
            windows[-1] += phrase
        else:
            windows.append(phrase)
    return tuple(_window(pieces, gap_ms=gap_ms, tail_ms=tail_ms) for pieces in windows)


def _phrases(
    speech: Iterable[Interval], *, max_ms: int, gap_ms: int, breath_ms: int
) -> list[tuple[Interval, ...]]:
    phrases: list[tuple[Interval, ...]] = []
    for interval in speech:
        last = phrases[-1] if phrases else None
        if (
            last is not None
            and interval.start_ms - last[-1].end_ms <= breath_ms
            and _length((*last, interval), gap_ms) <= max_ms
        ):
            phrases[-1] = (*last, interval)
        else:
            phrases.append((interval,))
    return phrases


def _length(pieces: Sequence[Interval], gap_ms: int) -> int:
    spoken = sum(piece.duration_ms for piece in pieces)
    return spoken + sum(_pause(a, b, gap_ms) for a, b in pairwise(pieces))


def _pause(before: Interval, after: Interval, gap_ms: int) -> int:
    return min(max(after.start_ms - before.end_ms, 0), gap_ms)


def _window(pieces: Sequence[Interval], *, gap_ms: int, tail_ms: int) -> Window:
    placed: list[Piece] = []
    for piece in pieces:
        at = placed[-1].end_ms + _pause(placed[-1].source, piece, gap_ms) if placed else 0
        placed.append(Piece(source=piece, at_ms=at))
    return Window(pieces=tuple(placed), length_ms=placed[-1].end_ms + tail_ms)


def cut_long(samples: Samples, speech: Iterable[Interval], *, max_ms: int) -> tuple[Interval, ...]:
    """Cut intervals longer than ``max_ms`` at their quietest 100 ms.

    The cut lies between 50 % and 95 % of the allowed length: late, so that few cuts are made.
    """
    cut: list[Interval] = []
    for interval in speech:
        start = interval.start_ms
        while interval.end_ms - start > max_ms:
            at = _quietest(samples, start + max_ms // 2, start + max_ms * 95 // 100)
            cut.append(Interval(start_ms=start, end_ms=at))
            start = at
        cut.append(Interval(start_ms=start, end_ms=interval.end_ms))
    return tuple(cut)


def _quietest(samples: Samples, start_ms: int, end_ms: int) -> int:
    power = frame_power(samples[start_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS])
    if len(power) < 5:
        return end_ms
    return start_ms + (int(np.argmin(np.convolve(power, np.ones(5), "valid"))) + 2) * FRAME_MS


def frame_power(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Mean square of each whole 20 ms frame; shape ``(len(samples) // 320,)``."""
    size = FRAME_MS * SAMPLES_PER_MS
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    # Summed in double precision without a copy of a call of hours in it.
    return np.asarray(np.einsum("ij,ij->i", whole, whole, dtype=np.float64) / size)
