"""From a Whisper engine's segments to ours, the same for both engines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.types import Segment, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.types import Samples

COMPRESSION_RATIO_LIMIT = 2.4
LOG_PROBABILITY_LIMIT = -1.0
NO_SPEECH_LIMIT = 0.6
"""Whisper's own thresholds: above the first a text loops; past both others a window is silence."""

_SILENT = 1e-4
"""Peak of digital silence (-80 dBFS)."""

_BROKEN = "\ufffd"


def is_silent(samples: Samples) -> bool:
    """Whether there is nothing to hear: Whisper would invent words for it."""
    return samples.size == 0 or float(np.abs(samples).max()) < _SILENT


def without_loops(decode: Callable[[bool], tuple[Segment, ...]]) -> tuple[Segment, ...]:
    """Decode, once more when the text loops, and keep what loops less.

    Whisper's own remedy is to sample at five higher temperatures whenever a text looks improbable. It
    is not used: on noise those rounds take minutes a window, and CTranslate2 draws from one generator a
    thread, so that a call's text would depend on the calls before it.

    Args:
        decode: called with ``False``, then with ``True`` for a decoding that bars repetitions.
    """
    segments = decode(False)
    if _worst_ratio(segments) > COMPRESSION_RATIO_LIMIT:
        segments = min(segments, decode(True), key=_worst_ratio)
    return segments


def _worst_ratio(segments: tuple[Segment, ...]) -> float:
    return max((s.compression_ratio for s in segments), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawWord:
    """A word as an engine gives it; times in seconds from the samples' start."""

    text: str
    start: float
    end: float
    probability: float


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
