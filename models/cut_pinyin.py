"""pypinyin's cutting in fewer steps: the same words in less than half the time.

pypinyin takes the longest phrase of its dictionary at every place, so that a character of several readings is
read as the phrase has it, and tries one character more at a time. Here most places are left after one look:
no phrase begins with the two characters that stand there.
"""

from __future__ import annotations

import re


class PinyinCutter:
    """Cuts as ``pypinyin.seg.simpleseg.seg`` does, with pypinyin's own phrases and expression for hanzi."""

    def __init__(self) -> None:
        from pypinyin.constants import PHRASES_DICT, RE_HANS
        from pypinyin.seg.mmseg import p_set

        self._phrases, self._begun = PHRASES_DICT, p_set
        self._pairs = frozenset(phrase[:2] for phrase in PHRASES_DICT)
        self._runs = re.compile(f"({RE_HANS.pattern.removeprefix('^').removesuffix('$')})")

    def cut(self, text: str) -> list[str]:
        """The words of a text in order; what lies between runs of hanzi is one word."""
        words: list[str] = []
        for place, run in enumerate(self._runs.split(text)):
            if place % 2:
                self._cut(run, words)
            elif run:
                words.append(run)
        return words

    def _cut(self, run: str, words: list[str]) -> None:
        """Put the words of a run of hanzi behind others."""
        pairs, last = self._pairs, len(run) - 1
        at = 0
        while at < last:
            if run[at : at + 2] not in pairs:
                words.append(run[at])
                at += 1
                continue
            stop = self._longest(run, at)
            if stop is None:
                words.extend(run[at:])
                return
            words.append(run[at:stop])
            at = stop
        words.extend(run[at:])

    def _longest(self, run: str, at: int) -> int | None:
        """The end of the longest phrase that begins at a place, or of its character where there is none.

        ``None`` where the run ends within what may become a phrase: behind its first character pypinyin then
        looks for no other.
        """
        found, end = at + 1, at + 2
        while end <= len(run):
            begun = run[at:end]
            if begun not in self._begun:
                return found
            if begun in self._phrases:
                found = end
            end += 1
        return found if found > at + 1 else None
