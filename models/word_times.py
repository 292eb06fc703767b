"""Word times of an alignment, made to leave the pauses out.

Cross-attention says when the decoder goes on to the next token, so a pause is given to the word before or
behind it. The remedies are those of openai-whisper and faster-whisper: a word at a sentence's edge lasts at
most twice as long as words do, and where it still does not fit, the segment's own timestamps are believed.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.asr_segments import AlignedWord

LONGEST_MEDIAN_S = 0.7
LONGEST = 2.0
"""Most that a word at an edge lasts, in medians."""
APART_S = 0.5
"""A word that lies this far outside its segment is drawn to the segment's edge."""
_MARKS = frozenset("。，？！；：、.,?!;:")


def usual_s(words: Sequence[AlignedWord]) -> float:
    """Median duration of words in seconds, those without any left out; 0 when there are none."""
    durations = [word.end - word.start for word in words if word.end > word.start]
    return min(median(durations), LONGEST_MEDIAN_S) if durations else 0.0


def tightened(
    words: Sequence[AlignedWord], *, start: float, end: float, usual: float
) -> tuple[AlignedWord, ...]:
    """The words of one segment without the pauses at its edges and at its marks.

    Args:
        words: in order; times in seconds.
        start: the segment's own start.
        end: its end.
        usual: median duration of a word of the window.
    """
    if not words or not usual:
        return tuple(words)
    made = [_at_mark(words, i, LONGEST * usual) for i in range(len(words))]
    first, last = made[0], made[-1]
    if start < first.end and start - APART_S > first.start:
        made[0] = replace(first, start=max(min(first.end - usual, start), 0.0))
    if end > last.start and end + APART_S < last.end:
        made[-1] = replace(made[-1], end=max(last.start + usual, end))
    return tuple(made)


def _at_mark(words: Sequence[AlignedWord], index: int, longest: float) -> AlignedWord:
    """One word, cut down to ``longest`` on the side on which a pause is likely."""
    word = words[index]
    if word.end - word.start <= longest:
        return word
    if word.text.strip()[-1:] in _MARKS:
        return replace(word, end=word.start + longest)
    if index == 0 or words[index - 1].text.strip()[-1:] in _MARKS:
        return replace(word, start=word.end - longest)
    if index == len(words) - 1 or words[index + 1].text.strip()[:1] in _MARKS:
        return replace(word, end=word.start + longest)
    return word
