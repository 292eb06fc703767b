"""Spans of speakers out of stretches whose voice is known: no moment of speech without a speaker.

Measured figures are in docs/models.md.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.types import Interval, SpeakerSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.diarize_stretches import Heard

REACH_MS = 500
"""Speech that segmentation did not hear goes to a speaker this near."""


def named(
    heard: Heard, nearest: Sequence[int], margins: Sequence[float | None]
) -> tuple[tuple[SpeakerSpan, ...], tuple[int, ...]]:
    """A speaker for every stretch.

    Args:
        heard: stretches in time order.
        nearest: the voice of each, ``-1`` where it was too short to tell: then it gets the voice that its
            track has most of, else that of the nearest stretch in time.
        margins: how sure each is, ``None`` where that is not known.

    Returns:
        Spans ``SPEAKER_00`` …, numbered by who speaks first, and the voice behind each number.
    """
    voices = [_voice(heard, nearest, i) for i in range(len(nearest))]
    order = tuple(dict.fromkeys(voices))
    spans = tuple(
        SpeakerSpan(
            speaker=f"SPEAKER_{order.index(voice):02d}",
            start_ms=stretch.start_ms,
            end_ms=stretch.end_ms,
            margin=margin,
        )
        for stretch, voice, margin in zip(heard.stretches, voices, margins, strict=True)
    )
    return spans, order


def exclusive_spans(
    spans: Sequence[SpeakerSpan], overlaps: Sequence[Interval], speech: Sequence[Interval] | None
) -> tuple[SpeakerSpan, ...]:
    """The spans, spread over the speech around them.

    Args:
        spans: of single voices, in time order, not overlapping.
        overlaps: where several speak; the one before has the first half, the one after the second.
        speech: all speech; what of it lies in no span goes to the nearest one within ``REACH_MS``.
    """
    longest = max((overlap.duration_ms for overlap in overlaps), default=0)
    shared = _spread(spans, overlaps, reach_ms=longest)
    return shared if speech is None else _spread(shared, speech, reach_ms=REACH_MS)


def without_pauses(spans: Sequence[SpeakerSpan], longest_ms: int) -> tuple[SpeakerSpan, ...]:
    """Pauses of up to ``longest_ms`` between two spans of one speaker belong to the first of the two.

    Args:
        spans: in time order, not overlapping: nobody else speaks between neighbours.
        longest_ms: what still is a pause within a turn.
    """
    closed = [
        replace(span, end_ms=after.start_ms)
        if span.speaker == after.speaker and after.start_ms - span.end_ms <= longest_ms
        else span
        for span, after in pairwise(spans)
    ]
    return (*closed, *spans[len(closed) :])


def with_overlaps(exclusive: Sequence[SpeakerSpan], overlaps: Sequence[Interval]) -> tuple[SpeakerSpan, ...]:
    """Add the second voice where two speak at once.

    Args:
        exclusive: spans that do not overlap, in time order.
        overlaps: where two voices were heard; the second is taken to be the nearest other speaker in time.
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


def merged(spans: Sequence[SpeakerSpan]) -> tuple[SpeakerSpan, ...]:
    """The same spans in time order, those of one speaker joined where they touch or overlap."""
    result: list[SpeakerSpan] = []
    for speaker in sorted({s.speaker for s in spans}):
        own: list[SpeakerSpan] = []
        for span in sorted((s for s in spans if s.speaker == speaker), key=lambda s: s.start_ms):
            start_ms, end_ms = span.start_ms, span.end_ms
            if own and start_ms <= own[-1].end_ms:
                last = own.pop()
                start_ms, end_ms = last.start_ms, max(last.end_ms, end_ms)
            own.append(SpeakerSpan(speaker=speaker, start_ms=start_ms, end_ms=end_ms))
        result.extend(own)
    return tuple(sorted(result, key=lambda s: (s.start_ms, s.end_ms, s.speaker)))


def _voice(heard: Heard, nearest: Sequence[int], index: int) -> int:
    if nearest[index] >= 0:
        return nearest[index]
    own = [k for k, track in enumerate(heard.tracks) if track == heard.tracks[index] and nearest[k] >= 0] or [
        k for k, voice in enumerate(nearest) if voice >= 0
    ]
    if not own:
        return 0
    stretch = heard.stretches[index]
    return nearest[min(own, key=lambda k: _distance(heard.stretches[k], stretch.start_ms, stretch.end_ms))]


def _spread(
    spans: Sequence[SpeakerSpan], areas: Sequence[Interval], *, reach_ms: int
) -> tuple[SpeakerSpan, ...]:
    """Spans made longer inside ``areas``, at most by ``reach_ms`` and as far as the middle of a gap."""
    starts = [area.start_ms for area in areas]

    def around(time_ms: int) -> Interval:
        at = bisect_right(starts, time_ms) - 1
        inside = at >= 0 and areas[at].end_ms >= time_ms
        return areas[at] if inside else Interval(start_ms=time_ms, end_ms=time_ms)

    grown = []
    for i, span in enumerate(spans):
        earliest, latest = span.start_ms - reach_ms, span.end_ms + reach_ms
        if i:
            earliest = max(earliest, (spans[i - 1].end_ms + span.start_ms) // 2)
        if i + 1 < len(spans):
            latest = min(latest, (span.end_ms + spans[i + 1].start_ms) // 2)
        start_ms = max(earliest, around(span.start_ms).start_ms)
        end_ms = min(latest, around(span.end_ms).end_ms)
        grown.append(replace(span, start_ms=start_ms, end_ms=end_ms))
    return tuple(grown)


def _distance(span: SpeakerSpan | Interval, start_ms: int, end_ms: int) -> int:
    return max(span.start_ms - end_ms, start_ms - span.end_ms, 0)
