"""From the speech of a call's channels to segments with words in the recording's own time.

Speech is packed into windows that end at pauses (:mod:`pipeline.speech.windows`), and every window of
every channel is decoded in one batch. Whisper often ends a window early, at a pause or a change of voice:
what lies behind its last timestamp goes into windows of the next round, until nothing is left (its own
sequential algorithm does the same within one file; batched pipelines do not, and lose those words).
A window that fails a safeguard is decoded again by itself: in smaller windows, with the wide beam, a
looping one with repetitions barred.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pipeline.speech.clean import spoken
from pipeline.speech.intervals import subtract, union
from pipeline.speech.safeguards import Doubt, doubt
from pipeline.speech.windows import cut_long, plan_windows
from pipeline.types import Interval, Removal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.ports import Transcriber
    from pipeline.settings import AsrSettings
    from pipeline.speech.windows import Window
    from pipeline.types import Samples, Segment, Word

PAUSE_MS = 400
"""Longest pause that is left between two pieces of a window."""
TAIL_MS = 1000
"""Silence after the last piece: speech that ends where the window ends makes Whisper run on."""
LEFT_MS = 600
"""Less speech than this behind the last timestamp is the end of the last word."""
AT_ONCE = 64
"""Windows that are rendered at a time: bounds the memory of a call of hours."""
ADVANCE_MS = 500
"""A window of which less was heard than this is not gone on with: the rest would fare no better."""
SMALL_SHARE = 0.5
"""A window that failed is decoded again in windows of this share of its length."""
OUTSIDE_MS = 500
"""A word this far from all speech of its window was not said."""
UNHEARD_MS = 1000
WORD_REACH_MS = 300
SECOND_LOOK_LOGPROB = -0.9
REPEATED = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Segments of a channel in recording time, and words that were left out."""

    segments: tuple[Segment, ...]
    removals: tuple[Removal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A window of a channel."""

    channel: int
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a window gave, and what is wrong with it."""

    task: _Task
    segments: tuple[Segment, ...]
    doubt: Doubt | None

    @classmethod
    def of(cls, task: _Task, segments: tuple[Segment, ...]) -> _Answer:
        """An answer, judged."""
        return cls(task=task, segments=segments, doubt=doubt(segments, _speech_ms(task.window, segments)))

    def left(self) -> tuple[Interval, ...]:
        """Speech behind the last timestamp; nothing when the model heard next to nothing."""
        heard_ms = max((segment.end_ms for segment in self.segments), default=0)
        window = self.task.window
        return window.left_after(heard_ms, least_ms=LEFT_MS) if heard_ms >= ADVANCE_MS else ()


@dataclass(slots=True)
class _Draft:
    """What is known of a channel so far."""

    segments: list[Segment] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)


def transcribe_channels(
    channels: Sequence[Samples],
    speech: Sequence[Sequence[Interval]],
    transcriber: Transcriber,
    settings: AsrSettings,
) -> tuple[Heard, ...]:
    """Decode the speech of each channel; channels go into the same batches, not into the same windows.

    Args:
        channels: whole channels, 16 kHz.
        speech: what to decode of each, in time order, not overlapping.
        transcriber: the engine.
        settings: the mode's beam and the window.

    Raises:
        EngineError: the engine failed.
    """
    return _Transcription(channels, transcriber, settings).run(speech)


class _Transcription:
    """One run over the channels of a call."""

    def __init__(self, channels: Sequence[Samples], transcriber: Transcriber, settings: AsrSettings) -> None:
        self._channels = channels
        self._transcriber = transcriber
        self._settings = settings
        self._longest_ms = round(settings.window_s * 1000) - TAIL_MS
        self._drafts = [_Draft() for _ in channels]

    def run(self, speech: Sequence[Sequence[Interval]]) -> tuple[Heard, ...]:
        pieces = [
            cut_long(samples, intervals, max_ms=self._longest_ms)
            for samples, intervals in zip(self._channels, speech, strict=True)
        ]
        for answer in self._rounds(self._plan(pieces), self._settings.beam):
            for good in (answer,) if answer.doubt is None else self._again(answer):
                self._keep(good)
        self._look_again(pieces)
        return tuple(
            Heard(segments=_in_order(draft.segments), removals=tuple(draft.removals))
            for draft in self._drafts
        )

    def _rounds(self, todo: Sequence[_Task], beam: int, *, bar_loops: bool = False) -> list[_Answer]:
        """Decode windows, and what the model left of them, until nothing is left."""
        answers: list[_Answer] = []
        while todo:
            left: list[list[Interval]] = [[] for _ in self._channels]
            for answer in self._decode(todo, beam, bar_loops=bar_loops):
                answers.append(answer)
                if answer.doubt is None:
                    left[answer.task.channel] += answer.left()
            todo = self._plan(left)
        return answers

    def _again(self, failed: _Answer) -> Sequence[_Answer]:
        """What a window that failed gives in smaller ones, or what it gave if that is no better."""
        looping = failed.doubt is Doubt.LOOP
        parts = self._halves(failed.task)
        second = self._rounds(parts, self._settings.beam_size, bar_loops=looping)
        return second if _is_better(second, failed) else (failed,)

    def _plan(self, pieces: Sequence[Sequence[Interval]], max_ms: int | None = None) -> list[_Task]:
        return [
            _Task(channel=channel, window=window)
            for channel, intervals in enumerate(pieces)
            for window in plan_windows(
                sorted(intervals, key=lambda i: i.start_ms),
                max_ms=max_ms or self._longest_ms,
                gap_ms=PAUSE_MS,
                tail_ms=TAIL_MS,
            )
        ]

    def _decode(self, tasks: Sequence[_Task], beam: int, *, bar_loops: bool = False) -> list[_Answer]:
        answers: list[_Answer] = []
        for start in range(0, len(tasks), AT_ONCE):
            some = tasks[start : start + AT_ONCE]
            sounds = [task.window.render(self._channels[task.channel]) for task in some]
            found = self._transcriber.transcribe(sounds, beam_size=beam, bar_loops=bar_loops)
            answers += map(_Answer.of, some, found)
        return answers

    def _keep(self, answer: _Answer) -> None:
        draft = self._drafts[answer.task.channel]
        for segment in answer.segments:
            placed, removal = _place(segment, answer.task.window)
            draft.segments += [placed] if placed else []
            draft.removals += [removal] if removal else []

    def _halves(self, task: _Task) -> list[_Task]:
        pieces = [piece.source for piece in task.window.pieces]
        half = round(sum(piece.duration_ms for piece in pieces) * SMALL_SHARE)
        samples = self._channels[task.channel]
        channel_pieces: list[tuple[Interval, ...]] = [() for _ in self._channels]
        channel_pieces[task.channel] = cut_long(samples, pieces, max_ms=max(half, UNHEARD_MS))
        return self._plan(channel_pieces, max(half, UNHEARD_MS))

    def _look_again(self, pieces: Sequence[Sequence[Interval]]) -> None:
        """Decode speech that got no words once more, alone: it is often clear when it stands by itself."""
        tasks = [
            _Task(channel=channel, window=window)
            for channel, (own, draft) in enumerate(zip(pieces, self._drafts, strict=True))
            for piece in unheard(own, draft.segments)
            for window in plan_windows((piece,), max_ms=self._longest_ms, gap_ms=PAUSE_MS, tail_ms=TAIL_MS)
        ]
        for answer in self._decode(tasks, self._settings.beam_size) if tasks else ():
            draft = self._drafts[answer.task.channel]
            placed = (_place(segment, answer.task.window)[0] for segment in answer.segments)
            draft.segments += [s for s in placed if s is not None and _adds(s, draft.segments)]


def _speech_ms(window: Window, segments: Sequence[Segment]) -> int:
    """Speech of the window up to the last timestamp, all of it when there is none."""
    until = max((segment.end_ms for segment in segments), default=window.length_ms)
    return sum(max(min(piece.end_ms, until) - piece.at_ms, 0) for piece in window.pieces)


def _is_better(second: Sequence[_Answer], first: _Answer) -> bool:
    """Whether a second decoding is the one to keep.

    An improbable text gives way to a more probable one; a text with another fault, which may be quite
    probable, to any.
    """
    probable = [segment.avg_logprob for answer in second for segment in answer.segments]
    if not probable:
        return False
    if first.doubt is not Doubt.IMPROBABLE:
        return True
    return sum(probable) / len(probable) > max(segment.avg_logprob for segment in first.segments)


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
