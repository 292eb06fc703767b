r"""Words and regular expressions of other products as patterns (:mod:`pipeline.detect.patterns`).

Patterns read spaces, ``..``, ``<name>`` and ``{name}`` in ways of their own, fold upper case and refuse
``\w`` and ``\b``; here all of them are written so that they mean what they meant.
"""

from __future__ import annotations

import re

_HANZI = "\\u4e00-\\u9fff"
_WORD = f"0-9a-z_{_HANZI}"
_LATIN_EDGE = re.compile(r"[0-9a-z]", re.IGNORECASE)
_REST_OF_A_WORD = r"[0-9a-z'\-]*"
_REST_OF_A_HANZI_WORD = r"[\u4e00-\u9fff]{0,2}"
_ESCAPES = {
    "w": f"[{_WORD}]",
    "W": f"[^{_WORD}]",
    "S": r"[^\s]",
    "D": r"[^\d]",
    "b": r"(?:(?<=[0-9a-z_])(?![0-9a-z_])|(?<![0-9a-z_])(?=[0-9a-z_]))",
    "B": r"(?:(?<=[0-9a-z_])(?=[0-9a-z_])|(?<![0-9a-z_])(?![0-9a-z_]))",
    "A": "^",
    "Z": "$",
    "z": "$",
    " ": r"\x20",
}
_IN_SETS = {"w": _WORD, "S": None, "D": None, "W": None, "b": None, "B": None}
_HAN = re.compile(r"\\p\{(?:Is)?(?:Han|script=Han|CJKUnifiedIdeographs)\}", re.IGNORECASE)
_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
_NAMED_GROUP = re.compile(r"\(\?P?<(?![=!])[^>]*>")

_DIGITS = "零〇一二两三四五六七八九十百千万亿"
NUMERAL = rf"(?:\d+(?:\.\d+)?|[{_DIGITS}]+(?:点[{_DIGITS}]+)?)"
WHOLE_NUMERAL = rf"(?<![\d.点{_DIGITS}])(?:\d+(?!\.?\d)|[{_DIGITS}]+(?![点{_DIGITS}]))"
DECIMAL = rf"(?:\d+\.\d+|[{_DIGITS}]+点[{_DIGITS}]+)"


def literal(word: str) -> str:
    """A pattern that matches a word and nothing else."""
    return "".join(c if c.isalnum() or ord(c) > 127 else rf"\x{ord(c):02x}" for c in word)


def whole_words(phrase: str) -> str:
    """A pattern for a phrase that is no part of a longer Latin word; ``*`` stands for the rest of one."""
    rest = _REST_OF_A_HANZI_WORD if re.search(r"[\u4e00-\u9fff]\*", phrase) else _REST_OF_A_WORD
    inner = rest.join(literal(part) for part in phrase.strip().split("*"))
    before = r"(?<![0-9a-z])" if _LATIN_EDGE.match(phrase.strip()) else ""
    behind = r"(?![0-9a-z])" if _LATIN_EDGE.match(phrase.strip()[-1:]) else ""
    return before + inner + behind


def from_regex(regex: str) -> str:
    r"""A regular expression (Java or Python) as a pattern.

    Raises:
        ValueError: something in it has no counterpart, or it is no regular expression.
    """
    pattern = "".join(_translated(_NAMED_GROUP.sub("(", _FLAGS.sub("", regex))))
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression here: {error}") from error
    return pattern


def _translated(source: str) -> list[str]:
    parts: list[str] = []
    at, in_set = 0, False
    while at < len(source):
        c = source[at]
        han = _HAN.match(source, at)
        if han:
            parts.append(_HANZI if in_set else f"[{_HANZI}]")
            at = han.end()
            continue
        if c == "\\":
            parts.append(_escape(source[at + 1 : at + 2], in_set))
            at += 2
            continue
        if c == "[" and not in_set:
            in_set = True
        elif c == "]" and in_set and source[at - 1] not in "[^":
            in_set = False
        elif c == " ":
            c = r"\x20"
        elif not in_set and c == "." and source[at + 1 : at + 2] == ".":
            c = "(?:.)"  # two dots side by side are a gap in a pattern
        elif not in_set and c == "{" and not re.match(r"\{\d*,?\d*\}", source[at:]):
            c = r"\x7b"
        elif c == "<" and source[at - 2 : at] != "(?" and source[at - 1 : at] != "?":
            c = r"\x3c"
        parts.append(c)
        at += 1
    return parts


def _escape(c: str, in_set: bool) -> str:
    if c in ("p", "P", "G", "k", "Q", "E", "R", "X", "N"):
        raise ValueError(f"\\{c} has no counterpart")
    if in_set and c in _IN_SETS:
        inner = _IN_SETS[c]
        if inner is None:
            raise ValueError(f"\\{c} inside a set of characters has no counterpart")
        return inner
    return _ESCAPES.get(c, "\\" + c)
