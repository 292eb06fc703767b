"""Where a phrase sounds in a text, a syllable more or less allowed.

Local alignment (Smith and Waterman 1981) of the whole phrase with any stretch of the text: swapped
syllables cost their distance (:mod:`pipeline.phonetics.likeness`), one too many or too few costs
:data:`GAP`. Characters without a sound, such as marks, are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.phonetics.likeness import nearest
from pipeline.phonetics.syllables import readings, spell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.phonetics.syllables import Readings

GAP = 0.6
"""A syllable that one of the two does not have: less than two that have nothing in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """A stretch of a text that sounds like a phrase.

    Attributes:
        start, end: offsets in the text.
        likeness: 1 for the very same sounds, 0 for none in common.
    """

    start: int
    end: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase with the readings of each of its characters.

    Raises:
        ValueError: a character has no sound.
    """

    text: str
    readings: tuple[Readings, ...]

    @classmethod
    def of(cls, text: str) -> Phrase:
        """Spell a phrase; the dictionary knows which reading a character has in it."""
        spelled = spell(text)
        if not all(spelled):
            raise ValueError(f"{text!r} holds a character without a sound")
        return cls(text, spelled)

    def __len__(self) -> int:
        """Syllables."""
        return len(self.readings)


def align(text: str, phrase: Phrase, *, least: float) -> tuple[Aligned, ...]:
    """Stretches of ``text`` that sound like a phrase, none over another: the likest, then the longest, first.

    Args:
        text: what was written down.
        phrase: what is looked for.
        least: likeness from which a stretch counts.
    """
    heard = [(at, character) for at, character in enumerate(text) if readings(character)]
    if not heard or not len(phrase):
        return ()
    costs, starts = _fill([character for _, character in heard], phrase)
    ends = sorted(range(1, len(heard) + 1), key=lambda end: (costs[end], -end))
    taken: list[Aligned] = []
    for end in ends:
        likeness = 1 - costs[end] / len(phrase)
        if likeness < least:
            break
        if starts[end] >= end:  # nothing of the phrase was there
            continue
        first, last = heard[starts[end]][0], heard[end - 1][0] + 1
        if all(last <= other.start or first >= other.end for other in taken):
            taken.append(Aligned(start=first, end=last, likeness=likeness))
    return tuple(sorted(taken, key=lambda found: found.start))


def _fill(heard: Sequence[str], phrase: Phrase) -> tuple[list[float], list[int]]:
    """Cost of the whole phrase against the best stretch that ends at each place, and where that begins."""
    width = len(heard) + 1
    costs, starts = [0.0] * width, list(range(width))
    for meant, syllables in zip(phrase.text, phrase.readings, strict=True):
        next_costs, next_starts = [costs[0] + GAP], [0]
        for end in range(1, width):
            character = heard[end - 1]
            off = 0.0 if character == meant else nearest(readings(character), syllables)
            swapped = costs[end - 1] + off
            missing, extra = costs[end] + GAP, next_costs[end - 1] + GAP
            best = min(swapped, missing, extra)
            next_costs.append(best)
            if best == swapped:
                next_starts.append(starts[end - 1])
            else:
                next_starts.append(next_starts[end - 1] if best == extra else starts[end])
        costs, starts = next_costs, next_starts
    return costs, starts
