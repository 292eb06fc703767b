"""Seeded noise as recognition makes it: characters swapped for others that sound the same or nearly so."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from pipeline.phonetics.likeness import distance
from pipeline.phonetics.syllables import Syllable, readings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SEED = 20261125
NEAR = 0.3
"""Share of swaps for a character of another syllable, one confusion away."""
_ALIKE = 0.31
_COMMON = 2500

Sound = tuple[str, str]


class Homophones:
    """Swaps characters for common ones of the same sound.

    Args:
        texts: where common characters are counted.
        seed: the same seed makes the same noise.
    """

    def __init__(self, texts: Iterable[str], seed: int = SEED) -> None:
        self._random = random.Random(seed)
        self._neighbours: dict[Sound, Sequence[Sound]] = {}
        counted = Counter(character for text in texts for character in text if readings(character))
        self._by_sound: defaultdict[Sound, list[str]] = defaultdict(list)
        for character, _ in sorted(counted.most_common(_COMMON), key=lambda item: item[0]):
            self._by_sound[_sound(character)].append(character)

    def mishear(self, text: str, rate: float) -> str:
        """The text with about ``rate`` of its hanzi swapped."""
        return "".join(self._other(c) if readings(c) and self._random.random() < rate else c for c in text)

    def _other(self, character: str) -> str:
        same = [c for c in self._by_sound[_sound(character)] if c != character]
        near = self._near(_sound(character))
        if near and (not same or self._random.random() < NEAR):
            return self._random.choice(self._by_sound[self._random.choice(near)])
        return self._random.choice(same) if same else character

    def _near(self, sound: Sound) -> Sequence[Sound]:
        if sound not in self._neighbours:
            self._neighbours[sound] = sorted(
                other
                for other in self._by_sound
                if other != sound and distance(Syllable(*sound, 1), Syllable(*other, 1)) <= _ALIKE
            )
        return self._neighbours[sound]


def _sound(character: str) -> Sound:
    first = readings(character)[0]
    return first.initial, first.final
