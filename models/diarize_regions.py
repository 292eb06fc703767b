"""Second pass of diarization: each stretch of speech between two pauses gets its own voice print.

Segmentation hears speakers inside 10 s windows; two voices that sound much alike there become one.
A voice print of a whole stretch (a sentence or so) still tells them apart, because all stretches of a
call are compared with each other. Measured figures are in docs/models.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.types import Interval, SpeakerSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TRAINING_MS = 1000
"""Stretches from this long on decide what the voices are; shorter ones are only given to one."""
SAME_VOICE = 0.96
"""Cosine of two centroids above which one voice was split. Set high: two parties taken for one cost
more than one party taken for two, and roles are also told by what is said."""


def assign_voices(
    spans: Sequence[SpeakerSpan],
    prints: Sequence[NDArray[np.float32] | None],
    *,
    found: int,
    min_speakers: int,
    max_speakers: int,
) -> tuple[SpeakerSpan, ...]:
    """Name the speaker of each span anew.

    Spherical k-means over the prints of the longer spans, weighted by duration. At least two voices
    are looked for, as a call has two parties, and more when the first pass ``found`` more.

    Args:
        spans: stretches of speech that do not overlap, in time order.
        prints: an embedding a span, ``None`` where the span was too short for one.
        found: speakers of the first pass.
        min_speakers: fewest speakers to return.
        max_speakers: most speakers to return.

    Returns:
        The spans with speakers ``SPEAKER_00`` …, numbered by who speaks first.
    """
    known = [i for i, p in enumerate(prints) if p is not None]
    if not known:
        return tuple(_renamed(span, 0) for span in spans)
    units = np.stack([_unit(p) for p in prints if p is not None])
    lengths = np.array([spans[i].end_ms - spans[i].start_ms for i in known], dtype=np.float64)
    training = np.flatnonzero(lengths >= TRAINING_MS)
    if training.size < 2:
        training = np.arange(len(known))
    wanted = min(max(found, 2, min_speakers), max_speakers, training.size)
    centroids = _centroids(units[training], lengths[training], wanted)
    if wanted == 2 and min_speakers < 2 and float(centroids[0] @ centroids[1]) > SAME_VOICE:
        centroids = centroids[:1]
    nearest = np.argmax(units @ centroids.T, axis=1)
    voices = _filled(spans, dict(zip(known, nearest.tolist(), strict=True)))
    order = {voice: number for number, voice in enumerate(dict.fromkeys(voices))}
    return tuple(_renamed(span, order[voice]) for span, voice in zip(spans, voices, strict=True))


def with_overlaps(exclusive: Sequence[SpeakerSpan], overlaps: Sequence[Interval]) -> tuple[SpeakerSpan, ...]:
    """Add the second voice where two speak at once.

    Args:
        exclusive: spans that do not overlap, in time order.
        overlaps: where the first pass heard two voices; the second is taken to be the nearest other
            speaker in time.
    """
    added = []
    for overlap in overlaps:
        for span in exclusive:
            start_ms, end_ms = max(span.start_ms, overlap.start_ms), min(span.end_ms, overlap.end_ms)
            if start_ms >= end_ms:
                continue
            others = [other for other in exclusive if other.speaker != span.speaker]
            if others:
                other = min(others, key=lambda o: _distance(o, start_ms, end_ms))
                added.append(SpeakerSpan(speaker=other.speaker, start_ms=start_ms, end_ms=end_ms))
    return merged([*exclusive, *added])


def overlapped(spans: Sequence[SpeakerSpan]) -> tuple[Interval, ...]:
    """Where two spans of different speakers cover the same time."""
    found = []
    for i, span in enumerate(spans):
        for other in spans[i + 1 :]:
            if other.start_ms >= span.end_ms:
                break
            if other.speaker != span.speaker:
                found.append(Interval(start_ms=other.start_ms, end_ms=min(span.end_ms, other.end_ms)))
    return tuple(found)


def merged(spans: Sequence[SpeakerSpan]) -> tuple[SpeakerSpan, ...]:
    """The same spans in time order, those of one speaker joined where they touch or overlap."""
    result: list[SpeakerSpan] = []
    for speaker in sorted({s.speaker for s in spans}):
        own: list[SpeakerSpan] = []
        for span in sorted((s for s in spans if s.speaker == speaker), key=lambda s: s.start_ms):
            if own and span.start_ms <= own[-1].end_ms:
                last = own.pop()
                span = SpeakerSpan(
                    speaker=speaker, start_ms=last.start_ms, end_ms=max(last.end_ms, span.end_ms)
                )
            own.append(span)
        result.extend(own)
    return tuple(sorted(result, key=lambda s: (s.start_ms, s.end_ms, s.speaker)))


def _centroids(units: NDArray[np.float32], weights: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    """``count`` unit centroids, shape ``(count, dimension)``; the same input gives the same output."""
    from sklearn.cluster import KMeans

    labels = KMeans(count, n_init=10, random_state=0).fit(units, sample_weight=weights).labels_
    weighted = units * weights[:, None]
    return np.stack([_unit(weighted[labels == k].sum(axis=0)) for k in range(count) if (labels == k).any()])


def _filled(spans: Sequence[SpeakerSpan], voices: dict[int, int]) -> list[int]:
    """A voice for every span: those without one take that of the nearest span in time."""
    return [
        voices[
            i if i in voices else min(voices, key=lambda k: _distance(spans[k], span.start_ms, span.end_ms))
        ]
        for i, span in enumerate(spans)
    ]


def _distance(span: SpeakerSpan, start_ms: int, end_ms: int) -> int:
    return max(span.start_ms - end_ms, start_ms - span.end_ms, 0)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)


def _renamed(span: SpeakerSpan, number: int) -> SpeakerSpan:
    return SpeakerSpan(speaker=f"SPEAKER_{number:02d}", start_ms=span.start_ms, end_ms=span.end_ms)
