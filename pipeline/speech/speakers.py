"""Gives the speech of a mono recording to its speakers, before it is transcribed.

Each speaker's stretches are then decoded like a channel of their own. A window with one voice has no
change of speaker at which Whisper leaves it early, and every word has its speaker from the start.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.speech.intervals import covered_ms, union
from pipeline.speech.windows import FRAME_MS, SAMPLES_PER_MS, frame_power
from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.ports import Diarization
    from pipeline.types import Samples, SpeakerSpan

SNAP_MS = 300
"""A switch moves to the quietest point this near: diarizers place it to about that."""
SHORTEST_MS = 240
"""A shorter stretch inside another speaker's speech is a slip of the diarizer."""
ONE_SPEAKER = "S0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of speech that one speaker has."""

    speaker: str
    interval: Interval


def share_out(
    samples: Samples, speech: Sequence[Interval], spans: Sequence[SpeakerSpan]
) -> dict[str, tuple[Interval, ...]]:
    """Speech intervals by speaker: every millisecond of speech goes to exactly one.

    Args:
        samples: the recording, to find pauses in.
        speech: detected speech, in time order.
        spans: an exclusive diarization; speech outside all spans goes to the nearest one. Without
            any span everything is one speaker's.
    """
    stretches = [stretch for interval in speech for stretch in _smooth(_cut(samples, interval, spans))]
    by_speaker: dict[str, list[Interval]] = defaultdict(list)
    for stretch in stretches:
        by_speaker[stretch.speaker].append(stretch.interval)
    return {speaker: union(by_speaker[speaker]) for speaker in sorted(by_speaker)}


def _cut(samples: Samples, interval: Interval, spans: Sequence[SpeakerSpan]) -> list[Stretch]:
    """Cut one interval where the speaker changes, at the quietest point near by."""
    inside = [
        span for span in sorted(spans, key=lambda s: s.start_ms) if interval.overlap_ms(_interval(span))
    ]
    if not inside:
        return [Stretch(speaker=_nearest(interval, spans), interval=interval)]
    stretches: list[Stretch] = []
    start = interval.start_ms
    for span, following in pairwise(inside):
        if span.speaker == following.speaker:
            continue
        middle = (span.end_ms + following.start_ms) // 2
        reach = SNAP_MS + abs(following.start_ms - span.end_ms) // 2
        at = _quietest_near(samples, middle, max(start, middle - reach), min(interval.end_ms, middle + reach))
        if at > start:
            stretches.append(Stretch(speaker=span.speaker, interval=Interval(start_ms=start, end_ms=at)))
            start = at
    if interval.end_ms > start:
        rest = Interval(start_ms=start, end_ms=interval.end_ms)
        stretches.append(Stretch(speaker=inside[-1].speaker, interval=rest))
    return stretches


def _interval(span: SpeakerSpan) -> Interval:
    return Interval(start_ms=span.start_ms, end_ms=span.end_ms)


def _nearest(interval: Interval, spans: Sequence[SpeakerSpan]) -> str:
    def distance(span: SpeakerSpan) -> tuple[int, int]:
        away = max(span.start_ms - interval.end_ms, interval.start_ms - span.end_ms)
        return away, span.start_ms

    return min(spans, key=distance).speaker if spans else ONE_SPEAKER


def _quietest_near(samples: Samples, middle_ms: int, first_ms: int, last_ms: int) -> int:
    """The quietest 60 ms between two times; ties go to the one nearest ``middle_ms``."""
    power = frame_power(samples[first_ms * SAMPLES_PER_MS : last_ms * SAMPLES_PER_MS])
    if len(power) < 3:
        return middle_ms
    smooth = np.convolve(power, np.ones(3) / 3, "valid")
    times = first_ms + (np.arange(len(smooth)) + 1) * FRAME_MS + FRAME_MS // 2
    best = np.lexsort((np.abs(times - middle_ms), smooth))[0]
    return int(times[best])


def _smooth(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Join neighbours of one speaker; slips between two stretches of another speaker go to them."""
    joined: list[Stretch] = []
    for index, stretch in enumerate(stretches):
        speaker = stretch.speaker
        is_inner = 0 < index < len(stretches) - 1
        if is_inner and stretch.interval.duration_ms < SHORTEST_MS:
            before, after = joined[-1].speaker, stretches[index + 1].speaker
            speaker = before if before == after else speaker
        if joined and joined[-1].speaker == speaker:
            start = joined[-1].interval.start_ms
            longer = Interval(start_ms=start, end_ms=stretch.interval.end_ms)
            joined[-1] = Stretch(speaker=speaker, interval=longer)
        else:
            joined.append(Stretch(speaker=speaker, interval=stretch.interval))
    return joined


def certainty(interval: Interval, speaker: str, diarization: Diarization) -> float:
    """How sure a stretch is its speaker's, 0.5..0.98: by how much of it the diarizer gave to them alone.

    A stretch that the diarizer gave to nobody, or to others as well, counts half.
    """
    if interval.duration_ms == 0:
        return 0.75
    spans = speaker_intervals(diarization.regular)
    own = covered_ms(interval, spans.get(speaker, ()))
    others = [span for name, found in spans.items() if name != speaker for span in found]
    shared = covered_ms(interval, union(others))
    share = max(own - shared, 0) / interval.duration_ms
    return 0.5 + 0.48 * min(share, 1.0)


def speaker_intervals(spans: Sequence[SpeakerSpan]) -> Mapping[str, tuple[Interval, ...]]:
    """Each speaker's spans, joined."""
    by_speaker: dict[str, list[Interval]] = defaultdict(list)
    for span in spans:
        by_speaker[span.speaker].append(_interval(span))
    return {speaker: union(found) for speaker, found in by_speaker.items()}
