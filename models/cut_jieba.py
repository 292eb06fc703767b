"""jieba's cutting in fewer steps: the same words, for a third of the time.

jieba builds a graph of all words in a text, finds the likeliest way through it, and asks a hidden Markov
model about characters that are in no word. Here graph and way are one loop, and the model's four states
are spelled out. Sums are added in jieba's order and ties are broken as it breaks them, so that the words
are the same to the last bit.
"""

from __future__ import annotations

import re
from math import log
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.words_jieba import WordFrequencies

_WORDS = re.compile(r"([\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]+)")
_SPACES = re.compile(r"(\r\n|\s)")
_HANZI = re.compile(r"[\u4E00-\u9FD5]+")
"""jieba's own expressions (0.42.1)."""
_NEVER = -3.14e100
"""Log probability of what the hidden Markov model does not know."""
_UNSEEN = (_NEVER,) * 4


class JiebaCutter:
    """Cuts as ``jieba.Tokenizer.cut`` does.

    Args:
        words: those of ``jieba.Tokenizer``.
    """

    def __init__(self, words: WordFrequencies) -> None:
        from jieba import finalseg

        self._read = words.read
        self._frequencies = words.known
        self._total = log(words.total)
        self._unknown = finalseg
        emit, start, self._trans = finalseg.emit_P, finalseg.start_P, finalseg.trans_P
        self._emissions = {
            character: tuple(emit[state].get(character, _NEVER) for state in "BMES")
            for character in {character for of_state in emit.values() for character in of_state}
        }
        self._starts = tuple(start[state] for state in "BMES")

    def cut(self, text: str) -> Iterator[str]:
        """The words of a text in order; joined they are the text again."""
        for place, block in enumerate(_WORDS.split(text)):
            if place % 2:
                yield from self._words(block)
            else:
                for between, stretch in enumerate(_SPACES.split(block)):
                    if between % 2:
                        yield stretch
                    else:
                        yield from stretch

    def _words(self, block: str) -> Iterator[str]:
        self._read(block)
        ends = self._way(block)
        at, size, alone = 0, len(block), 0
        while at < size:
            end = ends[at]
            if end - at > 1:
                if at > alone:
                    yield from self._characters(block[alone:at])
                yield block[at:end]
                alone = end
            at = end
        if size > alone:
            yield from self._characters(block[alone:])

    def _way(self, block: str) -> list[int]:
        """The end of the word that begins at each character, on the likeliest way to the end."""
        known, total = self._frequencies.get, self._total
        size = len(block)
        weights, ends = [0.0] * (size + 1), [0] * size
        for at in range(size - 1, -1, -1):
            best, stop, end = None, at + 1, at + 1
            frequency = known(block[at])
            while frequency is not None:
                if frequency:
                    weight = log(frequency) - total + weights[end]
                    if best is None or weight >= best:
                        best, stop = weight, end
                end += 1
                if end > size:
                    break
                frequency = known(block[at:end])
            weights[at] = log(1) - total + weights[stop] if best is None else best
            ends[at] = stop
        return ends

    def _characters(self, run: str) -> Iterator[str]:
        """Words that the dictionary lacks, in characters that are in none of its words."""
        if len(run) == 1 or self._frequencies.get(run):
            yield from run
        elif _HANZI.fullmatch(run):
            for word in self._guessed(run):
                if word in self._unknown.Force_Split_Words:
                    yield from word
                else:
                    yield word
        else:
            yield from self._unknown.cut(run)

    def _guessed(self, run: str) -> Iterator[str]:
        """The likeliest words of a run of hanzi (Viterbi; states begin, middle, end, single)."""
        states = self._states(run)
        begin = 0
        for at, state in enumerate(states):
            if state == "B":
                begin = at
            elif state in "ES":
                yield run[begin if state == "E" else at : at + 1]

    def _states(self, run: str) -> list[str]:
        trans = self._trans
        eb, sb = trans["E"]["B"], trans["S"]["B"]
        mm, bm = trans["M"]["M"], trans["B"]["M"]
        be, me = trans["B"]["E"], trans["M"]["E"]
        es, ss = trans["E"]["S"], trans["S"]["S"]
        first, *others = [self._emissions.get(character, _UNSEEN) for character in run]
        b, m, e, s = map(add, self._starts, first)
        came: list[dict[str, str]] = []
        for at_b, at_m, at_e, at_s in others:
            from_e, from_s = e + eb + at_b, s + sb + at_b
            in_m, in_b = m + mm + at_m, b + bm + at_m
            end_b, end_m = b + be + at_e, m + me + at_e
            single_e, single_s = e + es + at_s, s + ss + at_s
            came.append(
                {
                    "B": "S" if from_s >= from_e else "E",
                    "M": "M" if in_m >= in_b else "B",
                    "E": "M" if end_m >= end_b else "B",
                    "S": "S" if single_s >= single_e else "E",
                }
            )
            b, m, e, s = max(from_e, from_s), max(in_m, in_b), max(end_b, end_m), max(single_e, single_s)
        states = ["S" if s >= e else "E"]
        for before in reversed(came):
            states.append(before[states[-1]])
        return states[::-1]
