"""From a Whisper engine's segments to ours, the same for both engines."""

from __future__ import annotations

import math
import zlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.word_times import tightened, usual_s
from pipeline.ports import SAMPLE_RATE
from pipeline.types import Segment, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from models.whisper_tokens import Stretch
    from pipeline.types import Samples

ENCODED_S = (15, 20, 30)
"""Lengths at which windows are encoded. Whisper was trained on 30 s; from 15 s on it loses little, in less a
lot, and an encoder's cost grows faster than its window."""

_SILENT = 1e-4
"""Peak of digital silence (-80 dBFS)."""

_BROKEN = "\ufffd"


def is_silent(samples: Samples) -> bool:
    """Whether there is nothing to hear: Whisper would invent words for it."""
    return samples.size == 0 or float(np.abs(samples).max()) < _SILENT


def encoded_samples(size: int) -> int:
    """Samples at which a window of ``size`` samples is encoded: the next of ``ENCODED_S``.

    Raises:
        ValueError: the window is longer than the longest.
    """
    fitting = [seconds * SAMPLE_RATE for seconds in ENCODED_S if seconds * SAMPLE_RATE >= size]
    if not fitting:
        raise ValueError(f"a window is longer than {ENCODED_S[-1]} s")
    return fitting[0]


def in_batches(indexes: Iterable[int], windows: Sequence[Samples], size: int) -> Iterator[tuple[int, ...]]:
    """The indexes in batches of at most ``size``, windows of one encoded length in a batch."""
    by_length: dict[int, list[int]] = {}
    for index in indexes:
        by_length.setdefault(encoded_samples(windows[index].size), []).append(index)
    for same in by_length.values():
        for start in range(0, len(same), size):
            yield tuple(same[start : start + size])


def compression_ratio(text: str) -> float:
    """Bytes of a text against its bytes compressed, Whisper's measure of repetition; 0 for no text."""
    written = text.encode()
    return len(written) / len(zlib.compress(written)) if written else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RawWord:
    """A word as an engine gives it; times in seconds from the samples' start."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedWord(RawWord):
    """A word of a window's alignment and how many tokens it has."""

    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedText:
    """Text between two timestamps, in seconds; ``end`` is ``None`` when the model left it open."""

    text: str
    tokens: int
    start: float
    end: float | None

    @classmethod
    def of(cls, stretch: Stretch, text: str) -> TimedText:
        """A stretch of tokens and what they spell."""
        return cls(text=text, tokens=len(stretch.tokens), start=stretch.start_s, end=stretch.end_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowText:
    """What a model wrote for a window, and how sure it was of the whole."""

    texts: tuple[TimedText, ...]
    words: tuple[AlignedWord, ...]
    avg_logprob: float
    no_speech_prob: float
    temperature: float = 0.0


def window_segments(window: Samples, written: WindowText) -> tuple[Segment, ...]:
    """Segments of a window: each text with those of the aligned words that are made of its tokens.

    A text that the model left open after others that it closed breaks off in the middle: it is left out,
    as in Whisper's own algorithm, and heard again from the last timestamp on.
    """
    duration_ms = window.size * 1000 // SAMPLE_RATE
    queue = deque(written.words)
    usual = usual_s(written.words)
    segments: list[Segment | None] = []
    for text in written.texts:
        if text.end is None and segments:
            break
        own: list[AlignedWord] = []
        while queue and sum(word.tokens for word in own) < text.tokens:
            own.append(queue.popleft())
        end = duration_ms / 1000 if text.end is None else text.end
        segments.append(
            build_segment(
                text=text.text,
                start=text.start,
                end=end,
                words=tightened(own, start=text.start, end=end, usual=usual),
                duration_ms=duration_ms,
                avg_logprob=written.avg_logprob,
                no_speech_prob=written.no_speech_prob,
                compression_ratio=compression_ratio(text.text),
                temperature=written.temperature,
            )
        )
    return tuple(segment for segment in segments if segment is not None)


def build_segment(
    *,
    text: str,
    start: float,
    end: float,
    words: Sequence[RawWord],
    duration_ms: int,
    avg_logprob: float,
    no_speech_prob: float,
    compression_ratio: float,
    temperature: float,
) -> Segment | None:
    """One segment with clean words, or ``None`` when nothing readable was said.

    Times are clamped to ``0..duration_ms`` and never run backwards. A token that holds only part of
    a character's bytes decodes to U+FFFD: both engines join such tokens before they give words, and
    what is left of broken sequences is taken out here, its time going to the word before.
    """
    clean_text = text.replace(_BROKEN, "").strip()
    if not clean_text:
        return None
    start_ms, end_ms = _clamped(start, end, 0, duration_ms)
    clean_words = _words(words, duration_ms) or _spread(
        clean_text, start_ms, end_ms, math.exp(min(0.0, avg_logprob))
    )
    return Segment(
        text=clean_text,
        start_ms=min(start_ms, clean_words[0].start_ms),
        end_ms=max(end_ms, clean_words[-1].end_ms),
        words=clean_words,
        avg_logprob=float(avg_logprob),
        no_speech_prob=float(no_speech_prob),
        compression_ratio=float(compression_ratio),
        temperature=float(temperature),
    )


def _words(raw: Sequence[RawWord], duration_ms: int) -> tuple[Word, ...]:
    words: list[Word] = []
    for item in raw:
        text = item.text.replace(_BROKEN, "").strip()
        start_ms, end_ms = _clamped(item.start, item.end, words[-1].start_ms if words else 0, duration_ms)
        if text:
            probability = min(1.0, max(0.0, float(item.probability)))
            words.append(Word(text=text, start_ms=start_ms, end_ms=end_ms, probability=probability))
        elif words:
            last = words[-1]
            words[-1] = Word(
                text=last.text,
                start_ms=last.start_ms,
                end_ms=max(last.end_ms, end_ms),
                probability=last.probability,
            )
    return tuple(words)


def _clamped(start: float, end: float, lowest_ms: int, highest_ms: int) -> tuple[int, int]:
    """Seconds as milliseconds within ``lowest_ms..highest_ms``, the end not before the start."""
    start_ms = min(max(round(start * 1000), lowest_ms), highest_ms)
    return start_ms, min(max(round(end * 1000), start_ms), highest_ms)


def _spread(text: str, start_ms: int, end_ms: int, probability: float) -> tuple[Word, ...]:
    """Characters spread evenly: for the rare segment that the engine could not align."""
    characters = [c for c in text if not c.isspace()]
    step = (end_ms - start_ms) / len(characters)
    return tuple(
        Word(
            text=character,
            start_ms=round(start_ms + i * step),
            end_ms=round(start_ms + (i + 1) * step),
            probability=probability,
        )
        for i, character in enumerate(characters)
    )
