"""The script of a transcript: simplified characters, plain letters and digits, full punctuation.

Whisper writes Mandarin in either script, leaves punctuation out for minutes, and mixes half-width
and full-width marks. What it heard is not changed: a number stays in the digits or hanzi that the
engine wrote.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.types import Word

COMMA_PAUSE_MS = 350
STOP_PAUSE_MS = 700
"""Pauses that stand for a comma and a full stop where the engine wrote no mark."""

ENDING = frozenset("。？！")
MARKS = frozenset("。，？！、；：…")
_FULL_WIDTH = {
    ",": "，",
    "?": "？",
    "!": "！",
    ";": "；",
    ":": "：",
    ".": "。",
    "｡": "。",
    "､": "、",
    "…": "。",
}
_STRENGTH = ("", "、", "，", "：", "；", "。", "！", "？")
_PARTICLE = re.compile(r"(?<![名显原编土执卓专论遗巨拙合译昭])著(?![名作称述书])")
_QUESTION = re.compile(
    r"(?:[吗呢么]|[对是好]吧|(?:对|好|行|是|可以|能)不(?:对|好|行|是|可以|能)?"
    r"|是不是|有没有|什么|多少|几[号点天]|怎么[样办]|为什么|哪[位里儿]|谁)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word without punctuation and the mark that follows it (empty when there is none)."""

    word: Word
    mark: str = ""


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def _convert(text: str) -> str:
    """Simplified characters; 著 as a particle, which the converter leaves alone, becomes 着."""
    return _PARTICLE.sub("着", str(_converter().convert(text)))


def simplify(pieces: Sequence[str]) -> tuple[str, ...]:
    """Traditional to simplified characters, piece by piece, with the context of the whole.

    The whole text is converted at once, because some characters depend on their neighbours, and
    cut again where the pieces were; should its length change, each piece is converted alone.
    """
    whole = _convert("".join(pieces))
    if len(whole) != sum(map(len, pieces)):
        return tuple(_convert(piece) for piece in pieces)
    cut, at = [], 0
    for piece in pieces:
        cut.append(whole[at : at + len(piece)])
        at += len(piece)
    return tuple(cut)


def plain(text: str) -> str:
    """Half-width letters and digits, full-width punctuation, no spaces, quotes or brackets."""
    return "".join(_plain(text))


def _plain(text: str) -> list[str]:
    """What stands for each character of ``text``, often itself, empty where it goes.

    A comma in front of three digits parts thousands and goes; a point or colon between digits stays.
    """
    folded = [unicodedata.normalize("NFKC", c) if c not in MARKS else c for c in text]
    whole = "".join(c if len(c) == 1 else " " for c in folded)
    plain_characters = []
    for at, character in enumerate(folded):
        before, after = whole[max(at - 3, 0) : at].rstrip()[-1:], whole[at + 1 : at + 8].lstrip()
        in_number = before.isdecimal() and after[:1].isdecimal()
        if in_number and character in ",，" and _is_thousands(after):
            plain_characters.append("")
        elif in_number and character in ".:":
            plain_characters.append(character)
        elif character in MARKS or character in _FULL_WIDTH:
            plain_characters.append(_FULL_WIDTH.get(character, character))
        else:
            plain_characters.append("".join(c for c in character if c.isalnum() or c == "%"))
    return plain_characters


def _is_thousands(after: str) -> bool:
    return len(after) >= 3 and after[:3].isdecimal() and not after[3:4].isdecimal()


def tokens(words: Iterable[Word]) -> tuple[Token, ...]:
    """Words as an engine wrote them, cleaned and parted from their punctuation.

    A mark in front of a word goes to the word before it, unless that has a stronger one.
    """
    words = tuple(words)
    made: list[Token] = []
    for word, text in zip(words, simplify(_plain_words(words)), strict=True):
        lead, bare, tail = _part(text)
        if lead and made:
            made[-1] = replace(made[-1], mark=_strongest(made[-1].mark + lead))
        if bare:
            made.append(Token(word=replace(word, text=bare), mark=_strongest(tail)))
    return tuple(made)


def _plain_words(words: Sequence[Word]) -> list[str]:
    """The words in plain characters, each character seen with its neighbours in other words."""
    characters = _plain("".join(word.text for word in words))
    cut, at = [], 0
    for word in words:
        cut.append("".join(characters[at : at + len(word.text)]))
        at += len(word.text)
    return cut


def _part(text: str) -> tuple[str, str, str]:
    """Marks before the word, the word, marks after it; a word of marks only has them all before."""
    all_marks = "".join(MARKS)
    rest = text.lstrip(all_marks)
    bare = rest.rstrip(all_marks)
    return text[: len(text) - len(rest)], "".join(c for c in bare if c not in MARKS), rest[len(bare) :]


def _strongest(marks: str) -> str:
    return _STRENGTH[max((_STRENGTH.index(mark) for mark in marks), default=0)]


def punctuate(turn: Sequence[Token]) -> str:
    """The text of a turn: the engine's marks, and marks from pauses where it left none.

    The turn ends with a mark. An unmarked or stopped clause that ends as questions do gets «？».
    """
    out: list[str] = []
    clause = ""
    for token, following in zip(turn, (*turn[1:], None), strict=False):
        clause += token.word.text
        pause = None if following is None else following.word.start_ms - token.word.end_ms
        mark = _mark(token.mark, pause, clause)
        out.append(token.word.text + mark)
        if mark:
            clause = ""
    return "".join(out)


def asks(turn: Sequence[Token]) -> bool:
    """Whether a stretch ends as a question does, by its mark or its words."""
    text = "".join(token.word.text for token in turn[-6:])
    return bool(turn) and (turn[-1].mark == "？" or _QUESTION.search(text) is not None)


def _mark(written: str, pause_ms: int | None, clause: str) -> str:
    if pause_ms is None:
        mark = written if written in ENDING else "。"
    elif written:
        mark = written
    elif pause_ms >= STOP_PAUSE_MS:
        mark = "。"
    else:
        mark = "，" if pause_ms >= COMMA_PAUSE_MS else ""
    return "？" if mark == "。" and _QUESTION.search(clause) else mark
