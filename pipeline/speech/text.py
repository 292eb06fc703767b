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
_FULL_WIDTH = str.maketrans(",?!;:．｡､", "，？！；：。。、")
_DROPPED = re.compile(r"[\s\"'“”‘’()（）\[\]【】「」『』<>《》〈〉*#_~♪♫\-—·|/\\]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_FINAL_STOP = re.compile(r"(?<!\d)\.|\.(?!\d)")
_MARK_RUN = re.compile(rf"[{''.join(sorted(MARKS))}]+")
_QUESTION = re.compile(
    r"(?:[吗呢么]|[对是好行可]吧|(?:对|好|行|是|可以|能)不(?:对|好|行|是|可以|能)?"
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


def simplify(pieces: Sequence[str]) -> tuple[str, ...]:
    """Traditional to simplified characters, piece by piece, with the context of the whole.

    The whole text is converted at once, because some characters depend on their neighbours, and
    cut again where the pieces were; should its length change, each piece is converted alone.
    """
    whole = _converter().convert("".join(pieces))
    if len(whole) != sum(map(len, pieces)):
        return tuple(_converter().convert(piece) for piece in pieces)
    cut, at = [], 0
    for piece in pieces:
        cut.append(whole[at : at + len(piece)])
        at += len(piece)
    return tuple(cut)


def plain(text: str) -> str:
    """Half-width letters and digits, full-width punctuation, no spaces, quotes or brackets."""
    folded = "".join(_fold(character) for character in text)
    folded = _FINAL_STOP.sub("。", _THOUSANDS.sub("", folded))
    folded = re.sub(r"(?<=\d):(?=\d)", "\0", folded).translate(_FULL_WIDTH).replace("\0", ":")
    return _DROPPED.sub("", folded)


def _fold(character: str) -> str:
    if character in MARKS:
        return character
    folded = unicodedata.normalize("NFKC", character)
    return folded if folded.isalnum() or folded in " ,.?!;:%" else character


def tokens(words: Iterable[Word]) -> tuple[Token, ...]:
    """Words as an engine wrote them, cleaned and parted from their punctuation.

    A word that is only punctuation gives its mark to the word before it.
    """
    words = tuple(words)
    made: list[Token] = []
    for word, text in zip(words, simplify([plain(word.text) for word in words]), strict=True):
        bare, mark = _part(text)
        if bare:
            made.append(Token(word=replace(word, text=bare), mark=mark))
        elif mark and made:
            made[-1] = replace(made[-1], mark=_stronger(made[-1].mark, mark))
    return tuple(made)


def _part(text: str) -> tuple[str, str]:
    """The word without marks, and the strongest mark after it; marks before it are dropped."""
    stripped = text.lstrip("".join(MARKS)) or text
    bare = _MARK_RUN.sub("", stripped)
    tail = stripped[len(stripped.rstrip("".join(MARKS))) :]
    mark = ""
    for character in tail:
        mark = _stronger(mark, "。" if character == "…" else character)
    return bare, mark


def _stronger(first: str, second: str) -> str:
    order = ("", "、", "，", "：", "；", "。", "！", "？")
    return max(first, second, key=order.index)


def punctuate(turn: Sequence[Token]) -> str:
    """The text of a turn: the engine's marks, and marks from pauses where it left none.

    The turn ends with a mark. An unmarked or stopped clause that ends as questions do gets «？».
    """
    out: list[str] = []
    clause = ""
    for token, following in zip(turn, (*turn[1:], None), strict=True):
        clause += token.word.text
        pause = None if following is None else following.word.start_ms - token.word.end_ms
        mark = _mark(token.mark, pause, clause)
        out.append(token.word.text + mark)
        if mark:
            clause = ""
    return "".join(out)


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
