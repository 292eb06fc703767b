"""jieba's dictionary, read a first character at a time.

jieba makes one table of all 350,000 words and all their beginnings before the first cut, which takes half a
second and 70 MB. Calls use few of the characters that words begin with: here the words of a character are
read when it is first met.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE_END, _SPACE, _ZERO = (ord(character) for character in "\n 0")

Ints = np.ndarray[Any, np.dtype[np.int64]]


class WordFrequencies:
    """Words with their frequencies, and their beginnings, which have the frequency 0 where they are no words.

    Args:
        dictionary: ``word frequency tag`` a line, as jieba has it.

    Attributes:
        known: the frequency of each word and beginning that was read so far.
        total: of all frequencies, those added included.

    Raises:
        ValueError: a line has not three parts.
    """

    def __init__(self, dictionary: str) -> None:
        self._text = dictionary.strip("\n") + "\n"
        points = np.frombuffer(self._text.encode("utf-32-le"), dtype=np.uint32)
        ends = np.flatnonzero(points == _LINE_END)
        begins = np.concatenate([[0], ends[:-1] + 1])
        self.known: dict[str, int] = {}
        self.total = _sum_of_frequencies(points, begins, ends)
        self._lines = _by_first_character(points, begins, ends)
        self._added: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._read: set[str] = set()

    def add(self, word: str, frequency: int) -> None:
        """Add a word, or give it another frequency; as jieba does, the total takes it for a further one."""
        self._added[word[0]][word] = frequency
        self.total += frequency
        self._read.discard(word[0])

    def read(self, characters: Iterable[str]) -> None:
        """See to it that everything is known that begins with some characters.

        Several threads may do so at once: each puts down the same.
        """
        for character in set(characters).difference(self._read):
            words = {}
            for begin, end in self._lines.get(character, ()):
                for line in self._text[begin:end].split("\n"):
                    word, frequency, _ = line.split(" ", 2)
                    words[word] = int(frequency)
            words |= self._added.get(character, {})
            beginnings = dict.fromkeys((word[:size] for word in words for size in range(1, len(word))), 0)
            self.known.update(beginnings | words)
            self._read.add(character)

    def of(self, word: str) -> int:
        """The frequency of a word; 0 for what is none."""
        self.read(word[:1])
        return self.known.get(word, 0)


def _by_first_character(points: Any, begins: Ints, ends: Ints) -> dict[str, list[tuple[int, int]]]:
    """Where the lines of each first character stand; lines that follow each other are one stretch."""
    first = points[begins]
    change = np.flatnonzero(np.diff(first, prepend=-1, append=-1))
    stretches: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for character, begin, end in zip(
        first[change[:-1]].tolist(), begins[change[:-1]].tolist(), ends[change[1:] - 1].tolist(), strict=True
    ):
        stretches[chr(character)].append((begin, end))
    return stretches


def _sum_of_frequencies(points: Any, begins: Ints, ends: Ints) -> int:
    """The sum of the numbers in the middle of all lines, digit by digit."""
    spaces = np.flatnonzero(points == _SPACE)
    if len(spaces) != 2 * len(begins):
        raise ValueError("a line of the dictionary has not three parts")
    before, behind = spaces[::2], spaces[1::2]
    if (before < begins).any() or (behind > ends).any():
        raise ValueError("a line of the dictionary has not three parts")
    total = 0
    for place in range(int((behind - before).max(initial=1)) - 1):
        at = behind - 1 - place
        digits = points[at[at > before]].astype(np.int64) - _ZERO
        total += int(digits.sum()) * 10**place
    return total
