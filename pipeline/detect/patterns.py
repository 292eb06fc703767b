r"""Phrases with gaps and word lists.

A pattern is a regular expression with four additions that make it readable:

``<family>``     any word of the list ``family`` (words may hold patterns themselves)
``..8``          up to eight characters of the same sentence; ``..`` alone is ``..6``
``{lender}``     the value of that metadata field in the call at hand (nothing when unknown)
spaces           are for the reader and match nothing

``\b`` and ``\w`` do not work next to hanzi, and texts are folded to lower case, as patterns are: so these and
``\D``, ``\S`` and their like are refused; write ``[^\d]``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from pipeline.detect.heard import by_sound, expression_by_sound
from pipeline.detect.needles import check
from pipeline.errors import RulePackError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterator

_GAP = re.compile(r"(?<!\\)\.\.(\d{1,2})?")
_WORDS = re.compile(r"<([a-z_]+)>")
_FIELD = re.compile(r"\{([a-z_]+)\}")
_REFERENCE = re.compile(r"\\[1-9]|\(\?P|\(\?\(|\(\?[a-z]")
_TOKENS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[(|)]")
"""An escape, a set of characters, or one of the marks that build alternatives."""
_REFUSED = re.compile(r"\\[A-Zbw]")
_DEFAULT_GAP = 6
_NOTHING = "(?!)"
_NO_SPANS: frozenset[tuple[int, int]] = frozenset()
# Only what stays one code point: str.lower() makes two of «İ» and would move the evidence.
_FOLD = {
    ord("妳"): "你",
    ord("\u3000"): " ",
    # full-width digits and letters; «？» stays, for in a pattern «?» would mean something else
    **{code: chr(code - 0xFEE0).lower() for code in range(0xFF10, 0xFF5B) if chr(code - 0xFEE0).isalnum()},
    **{code: chr(code).lower() for code in range(ord("A"), ord("Z") + 1)},
}


def fold(text: str) -> str:
    """Text as patterns see it: half-width, lower case, one code point for one."""
    return text.translate(_FOLD)


class WordLists(Mapping[str, tuple[str, ...]]):
    """The word lists that patterns may name, and what was made of patterns with them.

    Packs write many patterns more than once; each is made once.

    Args:
        lists: words by the name of their list.
        checked: whether every pattern that is going to be written with them is known to be an expression:
            the same packs were read before.
    """

    def __init__(self, lists: Mapping[str, tuple[str, ...]], *, checked: bool = False) -> None:
        self._lists = dict(lists)
        self.checked = checked
        self.expanded: dict[str, str] = {}
        self.compiled: dict[str, tuple[Pattern, ...]] = {}

    def __getitem__(self, name: str) -> tuple[str, ...]:
        """The words of a list."""
        return self._lists[name]

    def __iter__(self) -> Iterator[str]:
        """The names of the lists."""
        return iter(self._lists)

    def __len__(self) -> int:
        """How many lists there are."""
        return len(self._lists)


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern.

    Attributes:
        source: as the pack has it.
        expression: as a regular expression.
        fields: the metadata names that it mentions.
        heard: whether it is one of sounds (:mod:`pipeline.detect.heard`).
    """

    source: str
    expression: str
    fields: tuple[str, ...]
    heard: bool = False

    @property
    def shape(self) -> str:
        """The expression with anything in the place of metadata."""
        return _FIELD.sub("(?:.*)", self.expression)

    def spans(self, folded: str, fields: Mapping[str, Any]) -> frozenset[tuple[int, int]]:
        """Matches in folded text, empty ones left out."""
        regex = self._fixed or self.regex(fields)
        if regex.search(folded) is None:
            return _NO_SPANS
        return frozenset([match.span() for match in regex.finditer(folded) if match.end() > match.start()])

    def filled(self, fields: Mapping[str, Any]) -> str:
        """The written expression with the call's own values put in."""
        values = tuple(_value(str(fields.get(name) or ""), False) for name in self.fields)
        return _filled(self.expression, self.fields, values)

    def regex(self, fields: Mapping[str, Any]) -> re.Pattern[str]:
        """The expression with the call's own values put in."""
        if self._fixed:
            return self._fixed
        values = tuple(_value(str(fields.get(name) or ""), self.heard) for name in self.fields)
        return _with_values(self.expression, self.fields, values)

    @cached_property
    def _fixed(self) -> re.Pattern[str] | None:
        """The expression where it mentions no metadata; compiled when it is first searched."""
        return None if self.fields else _compiled(self.expression)


@lru_cache(maxsize=1_024)
def _value(value: str, heard: bool) -> str:
    """A value of the metadata as patterns see it."""
    return by_sound(fold(value)) if heard else fold(value)


@lru_cache(maxsize=4_096)
def _with_values(expression: str, names: tuple[str, ...], values: tuple[str, ...]) -> re.Pattern[str]:
    return _compiled(_filled(expression, names, values))


def _filled(expression: str, names: tuple[str, ...], values: tuple[str, ...]) -> str:
    for name, value in zip(names, values, strict=True):
        expression = expression.replace("{" + name + "}", re.escape(value) if value else _NOTHING)
    return expression


class Patterns(tuple[Pattern, ...]):
    """Patterns that are looked for together."""

    @cached_property
    def expressions(self) -> frozenset[str]:
        """What is written in them."""
        return frozenset(pattern.expression for pattern in self)

    @cached_property
    def heard(self) -> Patterns:
        """The same patterns by their sound."""
        return Patterns(replace(p, expression=expression_by_sound(p.expression), heard=True) for p in self)

    @cached_property
    def numbers(self) -> dict[object, frozenset[int] | None]:
        """What scanners know of them (:meth:`pipeline.detect.scan.Scanner.numbers_of`), by scanner."""
        return {}


@lru_cache(maxsize=32_768)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


def compile_pattern(source: str, words: Mapping[str, tuple[str, ...]]) -> Pattern:
    r"""Compile one pattern.

    Raises:
        RulePackError: the pattern is no regular expression or uses ``\b`` or ``\w``.
        UnknownNameError: it names a word list that is not there.
    """
    lists = words if isinstance(words, WordLists) else WordLists(words)
    expression = _expand(source, lists, ())
    fields = tuple(dict.fromkeys(_FIELD.findall(expression)))
    if not lists.checked:
        try:
            check(_FIELD.sub(_NOTHING, expression))
        except re.error as error:
            raise RulePackError(f"pattern {source!r}: {error}") from error
    return Pattern(source=source, expression=expression, fields=fields)


def _expand(source: str, words: WordLists, within: tuple[str, ...]) -> str:
    if _REFUSED.search(source):
        raise RulePackError(f"pattern {source!r}: \\b, \\w and capitals such as \\D mean nothing here")

    def word_list(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in words.expanded:
            if name not in words:
                raise UnknownNameError("word list", name, words)
            if name in within:
                raise RulePackError(f"pattern {source!r}: word lists name each other in a circle")
            entries = sorted(words[name], key=len, reverse=True)
            either = "|".join(_expand(entry, words, (*within, name)) for entry in entries)
            words.expanded[name] = f"(?:{either})"
        return words.expanded[name]

    text = fold(source.replace(" ", ""))
    if ".." in text:
        text = _GAP.sub(lambda m: f"[^。！？!?；;]{{0,{m.group(1) or _DEFAULT_GAP}}}?", text)
    return _WORDS.sub(word_list, text) if "<" in text else text


def compile_all(sources: tuple[str, ...], words: Mapping[str, tuple[str, ...]]) -> Patterns:
    """Compile several patterns; alternatives at the top of one become patterns of their own.

    A short pattern says more clearly which strings it needs (:mod:`pipeline.detect.scan`).
    """
    lists = words if isinstance(words, WordLists) else WordLists(words)
    return Patterns(pattern for source in sources for pattern in _compile_parts(source, lists))


def _compile_parts(source: str, words: WordLists) -> tuple[Pattern, ...]:
    parts = words.compiled.get(source)
    if parts is None:
        pattern = compile_pattern(source, words)
        parts = words.compiled[source] = tuple(
            replace(pattern, expression=part, fields=tuple(dict.fromkeys(_FIELD.findall(part))))
            for part in _alternatives(pattern.expression)
        )
    return parts


def _alternatives(expression: str) -> list[str]:
    """The alternatives at the top of an expression; one that refers to its groups stays whole."""
    if "|" not in expression:
        return [expression] if expression else []
    if _REFERENCE.search(expression):
        return [expression]
    parts, start, depth = [], 0, 0
    for match in _TOKENS.finditer(expression):
        mark = expression[match.start()]
        if mark == "|":
            if depth == 0:
                parts.append(expression[start : match.start()])
                start = match.end()
        elif mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
    return [part for part in (*parts, expression[start:]) if part]
