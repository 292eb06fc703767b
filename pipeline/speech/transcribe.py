"""From a channel's speech to segments with words in the recording's own time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pipeline.speech.clean import spoken
from pipeline.speech.intervals import subtract, union
from pipeline.speech.windows import cut_long, plan_windows
from pipeline.types import Interval, Removal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.ports import Transcriber
    from pipeline.speech.windows import Window
    from pipeline.types import Samples, Segment, Word

PAUSE_MS = 400
"""Longest pause that is left between two pieces of a window."""
BREATH_MS = 600
TAIL_MS = 1000
OUTSIDE_MS = 500
"""A word this far from all speech of its window was not said."""
UNHEARD_MS = 1000
WORD_REACH_MS = 300
SECOND_LOOK_LOGPROB = -0.9
REPEATED = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Segments in recording time, and words that were left out."""

    segments: tuple[Segment, ...]
    removals: tuple[Removal, ...] = ()


def transcribe_speech(
    samples: Samples, speech: Sequence[Interval], transcriber: Transcriber, *, window_ms: int
) -> Heard:
    """Decode the speech intervals of one channel, or of one speaker of a mono recording.

    Speech that got no words is decoded once more, alone: Whisper leaves a window early at a pause or
    a change of voice, and what it left out is often clear when it stands by itself.

    Args:
        samples: the whole channel, 16 kHz.
        speech: what to decode, in time order, not overlapping.
        transcriber: the engine.
        window_ms: longest window, its tail included.

    Raises:
        EngineError: the engine failed.
    """
    longest = window_ms - TAIL_MS
    pieces = cut_long(samples, speech, max_ms=longest)
    windows = plan_windows(pieces, max_ms=longest, gap_ms=PAUSE_MS, tail_ms=TAIL_MS, breath_ms=BREATH_MS)
    first = [_decode(window, samples, transcriber) for window in windows]
    segments = [segment for heard in first for segment in heard.segments]
    removals = [removal for heard in first for removal in heard.removals]
    for piece in unheard(pieces, segments):
        window = plan_windows((piece,), max_ms=longest, gap_ms=PAUSE_MS, tail_ms=TAIL_MS)[0]
        second = _decode(window, samples, transcriber)
        segments += [segment for segment in second.segments if _adds(segment, segments)]
    return Heard(segments=_in_order(segments), removals=tuple(removals))


def _decode(window: Window, samples: Samples, transcriber: Transcriber) -> Heard:
    placed = [_place(segment, window) for segment in transcriber.transcribe(window.render(samples))]
    return Heard(
        segments=tuple(segment for segment, _ in placed if segment is not None),
        removals=tuple(removal for _, removal in placed if removal is not None),
    )


def _place(segment: Segment, window: Window) -> tuple[Segment | None, Removal | None]:
    """The segment in recording time, without words that stand where nobody speaks."""
    kept: list[Word] = []
    gone: list[Word] = []
    for word in segment.words:
        at = window.to_recording(word.start_ms, word.end_ms)
        moved = replace(word, start_ms=at.start_ms, end_ms=at.end_ms)
        (gone if _is_outside(word, window) else kept).append(moved)
    removal = None
    if gone:
        removal = Removal(
            start_ms=gone[0].start_ms,
            end_ms=gone[-1].end_ms,
            reason="outside_speech",
            characters=sum(len(word.text) for word in gone),
        )
    if not kept:
        return None, removal
    text = "".join(word.text for word in kept) if gone else segment.text
    moved_segment = replace(
        segment, text=text, words=tuple(kept), start_ms=kept[0].start_ms, end_ms=kept[-1].end_ms
    )
    return moved_segment, removal


def _is_outside(word: Word, window: Window) -> bool:
    return all(
        word.start_ms - piece.end_ms > OUTSIDE_MS or piece.at_ms - word.end_ms > OUTSIDE_MS
        for piece in window.pieces
    )


def unheard(speech: Iterable[Interval], segments: Iterable[Segment]) -> tuple[Interval, ...]:
    """Stretches of speech of a second or more that no word stands on or next to."""
    reached = [
        Interval(start_ms=max(word.start_ms - WORD_REACH_MS, 0), end_ms=word.end_ms + WORD_REACH_MS)
        for segment in segments
        for word in segment.words
    ]
    left = subtract(tuple(speech), union(reached))
    return tuple(interval for interval in left if interval.duration_ms >= UNHEARD_MS)


def _adds(segment: Segment, known: Sequence[Segment]) -> bool:
    """Whether a second look is sure, and says what the first did not already say around there."""
    text = spoken(segment.text)
    if not text or segment.avg_logprob < SECOND_LOOK_LOGPROB:
        return False
    around = "".join(
        spoken(word.text)
        for other in known
        for word in other.words
        if word.end_ms > segment.start_ms - 2 * UNHEARD_MS and word.start_ms < segment.end_ms + 2 * UNHEARD_MS
    )
    blocks = SequenceMatcher(None, text, around, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 2) < REPEATED * len(text)


def _in_order(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    return tuple(sorted(segments, key=lambda segment: (segment.start_ms, segment.end_ms)))
