"""Readings: the syllables that a character or a spelled letter can stand for (pypinyin, MIT)."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_READINGS = 3
"""A character's readings beyond the third are for dictionaries."""
_BUZZED = frozenset({"zh", "ch", "sh", "r", "z", "c", "s"})
"""After these the final written «i» is another sound than after all others."""
BUZZ = "ï"
_LETTERS = {
    "A": ("", "ei"),
    "B": ("b", "i"),
    "C": ("s", "i"),
    "D": ("d", "i"),
    "E": ("", "i"),
    "G": ("j", "i"),
    "I": ("", "ai"),
    "J": ("zh", "ei"),
    "K": ("k", "ei"),
    "O": ("", "ou"),
    "P": ("p", "i"),
    "Q": ("k", "iou"),
    "R": ("", "a"),
    "T": ("t", "i"),
    "U": ("", "iou"),
    "V": ("", "uei"),
}
"""English letter names of one syllable, as the nearest Mandarin sounds. F, H, L, M, N, S, W, X, Y, Z have
a closing consonant or more syllables and stand for nothing here."""


class Syllable(NamedTuple):
    """One syllable.

    Attributes:
        initial: consonant in pinyin, empty for none (y and w are none).
        final: the rest in strict pinyin: ``v`` is ü, ``iou`` is written iu; ``ï`` is the i of zhi, zi.
        tone: 1 to 4, 5 for the neutral tone, 0 for a spelled letter.
    """

    initial: str
    final: str
    tone: int


Readings = tuple[Syllable, ...]
"""What a character can be read as, the most usual first; empty for marks, digits and the like."""


@lru_cache(maxsize=20_000)
def readings(character: str) -> Readings:
    """The readings of one character: hanzi, or a letter by its English name."""
    if character.upper() in _LETTERS:
        initial, final = _LETTERS[character.upper()]
        return (Syllable(initial, final, 0),)
    if not is_hanzi(character):
        return ()
    found = _pinyin(character, heteronym=True)  # nothing for the rarest hanzi
    return _parsed(found[0])[:MOST_READINGS] if found else ()


def is_hanzi(character: str) -> bool:
    """Whether this is a Chinese character of the basic block."""
    return "\u4e00" <= character <= "\u9fff"


def spell(phrase: str, fixed: Mapping[str, str] | None = None) -> tuple[Readings, ...]:
    """The readings of each character of a known phrase: one where the dictionary is sure of it.

    Args:
        phrase: hanzi and letters.
        fixed: pinyin with tone numbers («huan2») by character, stronger than the dictionary.

    Raises:
        ValueError: a fixed reading is no pinyin.
    """
    known = fixed or {}
    spelled: list[Readings] = []
    for hanzi, stretch in groupby(phrase, is_hanzi):
        run = "".join(stretch)
        found = map(_parsed, _pinyin(run, heteronym=False)) if hanzi else map(readings, run)
        spelled += [(parse(known[c]),) if c in known else r for c, r in zip(run, found, strict=True)]
    return tuple(spelled)


@lru_cache(maxsize=2_000)
def parse(pinyin: str) -> Syllable:
    """A syllable from pinyin with a tone number («huan2», «lv4»); without one the tone is neutral.

    Raises:
        ValueError: this is no pinyin.
    """
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    bare, tone = (pinyin[:-1], int(pinyin[-1])) if pinyin[-1:].isdecimal() else (pinyin, 5)
    initial = str(to_initials(bare, strict=True))
    final = str(to_finals(bare, strict=True, v_to_u=False))
    if not final:
        raise ValueError(f"{pinyin!r} is no pinyin")
    return Syllable(initial, BUZZ if final == "i" and initial in _BUZZED else final, tone)


def _parsed(options: Iterable[str]) -> Readings:
    """Syllables; interjections without a vowel (hm, ng) have none."""
    found = []
    for option in options:
        with suppress(ValueError):
            found.append(parse(option))
    return tuple(dict.fromkeys(found))


def _pinyin(hanzi: str, *, heteronym: bool) -> list[list[str]]:
    from pypinyin import Style, pinyin

    styled: Any = pinyin(hanzi, style=Style.TONE3, heteronym=heteronym, errors="ignore")
    return list(styled)
