"""What a text must hold for a pattern to match: literal strings read off its expression.

The answer is a conjunction of alternatives: some string of every group must stand in the text. It is
necessary, never sufficient, so that a search for strings can spare most searches with expressions
(the idea is that of RE2's prefilter). What cannot be told asks for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Group = frozenset[str]
"""Strings, one of which must stand in the text."""

LONGEST = 4
"""Longer strings are cut: their beginnings are rare enough."""
MOST_STRINGS = 800
"""A larger group is not worth looking for."""
MOST_JOINED = 64
"""Alternatives that follow each other are joined to longer strings up to so many."""

# The parse tree of the standard library's own expressions: what it accepts is what re compiles.
_sre: Any = import_module("re._parser")
_op: Any = import_module("re._constants")
_EMPTY: Group = frozenset({""})
_REPEATS = (_op.MAX_REPEAT, _op.MIN_REPEAT, _op.POSSESSIVE_REPEAT)
_NOTHING_READ = (_op.AT, _op.ASSERT, _op.ASSERT_NOT)


@dataclass(frozen=True, slots=True)
class _Read:
    """What is known of a part: all that it can match (``exact``), or what it must hold (``groups``)."""

    exact: Group | None
    groups: tuple[Group, ...] = ()


_ANYTHING = _Read(None)


def check(expression: str) -> None:
    """Refuse what is no regular expression.

    Parsing tells all but one mistake at a fraction of what compiling costs: a look-behind without a fixed
    length.

    Raises:
        re.error: it is none.
    """
    if "(?<" in expression:
        re.compile(expression)
    else:
        _sre.parse(expression)


def needles(expression: str) -> tuple[Group, ...]:
    """The groups of an expression, the rarest first; empty where nothing can be told."""
    read = _sequence(_sre.parse(expression))
    found = {_cut(group) for group in _groups(read)}
    return tuple(sorted(found, key=lambda group: (commonness(group), sorted(group))))


def commonness(group: Group) -> float:
    """How often one of the strings may stand in a text, by their number and lengths alone."""
    return sum(20.0 ** -len(needle) for needle in group)


def _groups(read: _Read) -> tuple[Group, ...]:
    if read.exact is None:
        return read.groups
    useful = "" not in read.exact and len(read.exact) <= MOST_STRINGS
    return (*read.groups, read.exact) if useful else read.groups


def _cut(group: Group) -> Group:
    """Shortened strings without those that hold another of them."""
    short = {needle[:LONGEST] for needle in group}
    return frozenset(needle for needle in short if short.isdisjoint(_inner(needle)))


def _inner(needle: str) -> set[str]:
    """Everything that stands in a string and is not all of it."""
    size = len(needle)
    return {needle[a:b] for a in range(size) for b in range(a + 1, size + 1) if b - a < size}


def _sequence(parts: Iterable[Any]) -> _Read:
    groups: list[Group] = []
    run = _EMPTY
    open_run = True
    for part in parts:
        read = _part(part)
        if read.exact is None:
            groups += [*_groups(_Read(run)), *read.groups]
            run, open_run = _EMPTY, False
        elif len(run) * len(read.exact) <= MOST_JOINED or _EMPTY in (run, read.exact):
            run = frozenset(a + b for a, b in product(run, read.exact))
        else:
            groups += _groups(_Read(run))
            run, open_run = read.exact, False
    if open_run:
        return _Read(run)
    return _Read(None, (*groups, *_groups(_Read(run))))


def _part(part: tuple[Any, Any]) -> _Read:
    kind, value = part
    if kind is _op.LITERAL:
        return _Read(frozenset({chr(value)}))
    if kind is _op.IN:
        return _characters(value)
    if kind in _NOTHING_READ:
        return _Read(_EMPTY)
    if kind is _op.SUBPATTERN:
        return _sequence(value[-1])
    if kind is _op.BRANCH:
        return _branch([_sequence(option) for option in value[1]])
    if kind in _REPEATS:
        return _repeat(*value)
    return _ANYTHING


def _characters(items: list[tuple[Any, Any]]) -> _Read:
    found: set[str] = set()
    for kind, value in items:
        if kind is _op.LITERAL:
            found.add(chr(value))
        elif kind is _op.RANGE and value[1] - value[0] < MOST_JOINED:
            found |= {chr(code) for code in range(value[0], value[1] + 1)}
        else:
            return _ANYTHING
    return _Read(frozenset(found))


def _branch(options: list[_Read]) -> _Read:
    exact = [option.exact for option in options if option.exact is not None]
    joined = frozenset[str]().union(*exact)
    if len(exact) == len(options) and len(joined) <= MOST_STRINGS:
        return _Read(joined)
    best = [min(_groups(option), key=commonness, default=None) for option in options]
    if any(group is None for group in best):
        return _ANYTHING
    either = frozenset[str]().union(*(group for group in best if group))
    return _Read(None, (either,)) if len(either) <= MOST_STRINGS else _ANYTHING


def _repeat(least: int, most: int, inner: Iterable[Any]) -> _Read:
    read = _sequence(inner)
    if (least, most) == (0, 1) and read.exact is not None:
        return _Read(read.exact | _EMPTY)
    if (least, most) == (1, 1):
        return read
    return _Read(None, _groups(read)) if least else _ANYTHING
