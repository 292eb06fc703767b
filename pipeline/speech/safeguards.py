"""When a decoded window is not to be trusted: Whisper's safeguards, for Chinese.

Whisper's own limits are a mean log probability of -1 and a compression ratio of 2.4. The ratio is weak
for Chinese: its texts are short, and «好的» six times over compresses to 2.1; so loops are also looked for as
such, and the pace of what was written is held against the speech that there is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.speech.clean import loop_tails, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.types import Segment

LEAST_LOGPROB = -1.0
MOST_COMPRESSED = 1.8
COMPRESSED_CHARACTERS = 20
"""The ratio of a shorter text says nothing."""
GRAM = 4
LEAST_DISTINCT = 0.5
"""Share of distinct 4-grams below which a text repeats itself."""
FASTEST_RATE = 12.0
"""Characters a second of detected speech; brisk Mandarin is 6 to 8."""
FAST_CHARACTERS = 8
SLOWEST_RATE = 0.8
SLOW_MS = 3000
"""So much speech and hardly a word: the model left early."""


class Doubt(StrEnum):
    """Why a window is decoded again."""

    IMPROBABLE = "improbable"
    LOOP = "loop"
    TOO_FAST = "too_fast"
    TOO_LITTLE = "too_little"


def doubt(segments: Sequence[Segment], speech_ms: int) -> Doubt | None:
    """What is wrong with the text of a window, ``None`` when nothing is.

    Args:
        segments: what the window gave.
        speech_ms: detected speech in the part of the window that they cover.
    """
    text = "".join(spoken(segment.text) for segment in segments)
    if not segments or not text:
        return Doubt.TOO_LITTLE if speech_ms >= SLOW_MS else None
    if loops(text, max(segment.compression_ratio for segment in segments)):
        return Doubt.LOOP
    if min(segment.avg_logprob for segment in segments) < LEAST_LOGPROB:
        return Doubt.IMPROBABLE
    if len(text) >= FAST_CHARACTERS and len(text) * 1000 > FASTEST_RATE * speech_ms:
        return Doubt.TOO_FAST
    if speech_ms >= SLOW_MS and len(text) * 1000 < SLOWEST_RATE * speech_ms:
        return Doubt.TOO_LITTLE
    return None


def loops(text: str, compression: float) -> bool:
    """Whether a text, without punctuation, says the same over and over."""
    if loop_tails(text):
        return True
    if len(text) < COMPRESSED_CHARACTERS:
        return False
    grams = [text[i : i + GRAM] for i in range(len(text) - GRAM + 1)]
    return compression > MOST_COMPRESSED or len(set(grams)) < LEAST_DISTINCT * len(grams)
