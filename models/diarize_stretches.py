"""Stretches of speech in which one voice speaks, out of the segmentation of overlapping windows.

Segmentation names speakers anew in each window. At each moment the window counts whose middle is nearest;
where the next window takes over in the middle of speech, the voice that goes on is one voice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Tracks = NDArray[np.int64]

SILENT, SEVERAL = -1, -2
"""A moment without a voice, and one with two or more."""
SHORT_PAUSE_S = 0.2
"""A pause up to this (a closure of the mouth, say) does not end a stretch: what stands between longer ones is
an inter-pausal unit, as research on turn-taking has it. Over longer ones two much alike voices may have
changed places unheard."""
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """What segmentation heard in each window.

    Attributes:
        starts: of each window, in seconds, rising.
        active: which local speakers are active, shape ``(windows, frames, speakers)``.
        duration: of a window, in seconds.
        step: from one frame to the next, in seconds.
        delay: by how much the middle of what a frame hears lies after the frame's own middle, in seconds.
    """

    starts: NDArray[np.float64]
    active: NDArray[np.bool_]
    duration: float
    step: float
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Speech of single voices in time order, and where several spoke at once.

    Attributes:
        stretches: of one voice each, not overlapping.
        tracks: which stretches segmentation gave to one voice, a number each.
        overlaps: with two voices or more, between stretches.
    """

    stretches: tuple[Interval, ...]
    tracks: tuple[int, ...]
    overlaps: tuple[Interval, ...]


def hear(windows: Windows, speech: Sequence[Interval] | None, duration_ms: int) -> Heard:
    """Stretches and overlaps of a recording.

    Args:
        windows: the segmentation; empty when no window was looked at.
        speech: nothing outside these is heard, in time order; ``None``: everything is.
        duration_ms: length of the recording.
    """
    if not len(windows.starts):
        return Heard(stretches=(), tracks=(), overlaps=())
    tracks = _tracks(windows, duration_ms / 1000)
    if speech is not None:
        tracks[~_covered(speech, len(tracks), windows.step)] = SILENT
    stretches: list[tuple[int, int, int]] = []
    overlaps: list[Interval] = []
    for first, end, track in _runs(tracks):
        if track == SEVERAL:
            overlaps.append(_interval(first, end, windows.step, duration_ms))
        elif track >= 0:
            last = stretches[-1] if stretches else None
            if last is not None and last[2] == track and _is_pause(tracks[last[1] : first], windows.step):
                first = stretches.pop()[0]
            stretches.append((first, end, track))
    return Heard(
        stretches=tuple(_interval(first, end, windows.step, duration_ms) for first, end, _ in stretches),
        tracks=tuple(track for _, _, track in stretches),
        overlaps=tuple(overlaps),
    )


def _tracks(windows: Windows, duration: float) -> Tracks:
    """Who speaks at each frame of the recording: a track, ``SILENT`` or ``SEVERAL``."""
    _, frames, speakers = windows.active.shape
    times = np.arange(math.ceil(duration / windows.step - _EPSILON)) * windows.step
    middles = windows.starts + windows.duration / 2
    owner = np.searchsorted((middles[1:] + middles[:-1]) / 2, times, side="right")
    local = np.rint((times - windows.delay - windows.starts[owner]) / windows.step).astype(np.int64)
    known = (local >= 0) & (local < frames)
    active = windows.active[owner, np.clip(local, 0, frames - 1)] & known[:, None]
    count = active.sum(axis=1)
    tracks = np.where(count == 1, owner * speakers + np.argmax(active, axis=1), SILENT)
    tracks[count > 1] = SEVERAL
    # Windows count up, so a track that goes on in the next window takes the name from the one before.
    name = np.arange(len(windows.starts) * speakers)
    changes = np.flatnonzero(np.diff(owner)) + 1
    for at in changes.tolist():
        if tracks[at - 1] >= 0 and tracks[at] >= 0:
            name[tracks[at]] = name[tracks[at - 1]]
    return np.where(tracks >= 0, name[np.maximum(tracks, 0)], tracks)


def _covered(speech: Sequence[Interval], frames: int, step: float) -> NDArray[np.bool_]:
    covered = np.zeros(frames, dtype=bool)
    for interval in speech:
        covered[round(interval.start_ms / 1000 / step) : round(interval.end_ms / 1000 / step)] = True
    return covered


def _runs(tracks: Tracks) -> Iterator[tuple[int, int, int]]:
    """First frame, end and value of each run of equal values."""
    bounds = [0, *(np.flatnonzero(np.diff(tracks)) + 1).tolist(), len(tracks)]
    for first, end in pairwise(bounds):
        if first < end:
            yield first, end, int(tracks[first])


def _is_pause(between: Tracks, step: float) -> bool:
    return len(between) * step <= SHORT_PAUSE_S + _EPSILON and bool((between == SILENT).all())


def _interval(first: int, end: int, step: float, duration_ms: int) -> Interval:
    start_ms = round(first * step * 1000)
    return Interval(start_ms=start_ms, end_ms=min(max(round(end * step * 1000), start_ms), duration_ms))
