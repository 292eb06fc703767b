"""One search for all patterns: which of them can match a turn at all.

Regular expressions in a loop cost what their number costs. Here the strings that they cannot do
without (:mod:`pipeline.detect.needles`) are looked up once a call, all stretches of up to four
characters in one table, and only patterns whose every group was found are searched.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.detect.needles import LONGEST, needles
from pipeline.kept import NOTHING_KEPT, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.detect.needles import Group
    from pipeline.detect.patterns import Pattern, Patterns
    from pipeline.kept import Kept


MOST_GROUPS = 4
"""What stands in more groups than this spares no more searches than it costs."""
_BITS = np.uint64(16)
"""Of a character in a packed string, of which :data:`LONGEST` have to fit in 64."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SEEN_BITS = 18
_KIND = "scanner"
"""Of what is kept."""

Ints = np.ndarray[Any, np.dtype[np.int64]]
Keys = np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Patterns that may match, by number.

    Attributes:
        of_text: those of each text, by its position.
        numbers: those of any text.
    """

    of_text: Mapping[int, frozenset[int]]
    numbers: frozenset[int]
    _stretches: Mapping[int, int]
    _bounds: Sequence[int]
    _positions: Sequence[int]

    @classmethod
    def of(cls, positions: Sequence[int], possible: np.ndarray[Any, np.dtype[np.bool_]]) -> Candidates:
        """Sort a table of patterns and texts both ways.

        Args:
            positions: of the texts, which rise.
            possible: whether a pattern may match a text, shape ``(patterns, texts)``.
        """
        number, text = np.divmod(np.flatnonzero(possible), len(positions) or 1)
        begins = np.flatnonzero(np.diff(number, prepend=-1))
        numbers = number[begins].tolist()
        narrow = text.astype(np.min_scalar_type(len(positions)))  # numpy sorts short numbers by their digits
        by_text = number[np.argsort(narrow, kind="stable")].tolist()
        edges = np.cumsum([0, *np.bincount(text, minlength=len(positions))]).tolist()
        return cls(
            of_text={
                at: frozenset(by_text[a:b]) for at, (a, b) in zip(positions, pairwise(edges), strict=True)
            },
            numbers=frozenset(numbers),
            _stretches=dict(zip(numbers, range(len(numbers)), strict=True)),
            _bounds=[*begins.tolist(), len(number)],
            _positions=np.array(positions, dtype=np.int64)[text].tolist(),
        )

    def where(self, number: int) -> Sequence[int]:
        """The positions of the texts that a pattern may match, in order."""
        stretch = self._stretches[number]
        return self._positions[self._bounds[stretch] : self._bounds[stretch + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Scanner:
    """Patterns by the strings that they need; each has a number, for expressions are long.

    Attributes:
        patterns: by number, each expression once.
        numbers: of each expression.
        always: patterns that need nothing in particular.
        strings: what stands in texts.
        groups: of each string, the groups that it satisfies.
        waiting: of each string, the patterns whose rarest group it is in, each with its other groups.
        satisfied: a group that every text satisfies, behind all others.
    """

    patterns: tuple[Pattern, ...]
    numbers: Mapping[str, int]
    always: Ints
    strings: _Strings
    groups: _Lists
    waiting: _Lists
    satisfied: int
    _known: dict[frozenset[int], frozenset[int]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, patterns: Iterable[Pattern], kept: Kept = NOTHING_KEPT) -> Scanner:
        """Prepare a search for patterns; those of sounds for texts of sounds.

        Args:
            patterns: all of them.
            kept: where what the same patterns need was kept before.
        """
        every = tuple({pattern.expression: pattern for pattern in patterns}.values())
        shapes = [pattern.shape for pattern in every]
        key = key_of(*shapes)
        known = kept.arrays(_KIND, key)
        if known is None:
            known = _worked_out(shapes)
            kept.write_arrays(_KIND, key, known)
        return cls(
            patterns=every,
            numbers={pattern.expression: number for number, pattern in enumerate(every)},
            always=known["always"],
            strings=_Strings.of(known["characters"], known["keys"]),
            groups=_Lists((known["groups"],), known["group_begins"]),
            waiting=_Lists(tuple(known["waiting"]), known["waiting_begins"]),
            satisfied=int(known["satisfied"]),
        )

    def numbers_of(self, patterns: Patterns) -> frozenset[int] | None:
        """The numbers of patterns; ``None`` where one of them is not looked for.

        Patterns that are written alike get the very same set, which is quicker to compare.
        """
        try:
            return patterns.numbers[self]
        except KeyError:
            expressions = patterns.expressions
            known = None
            if all(expression in self.numbers for expression in expressions):
                known = frozenset(map(self.numbers.__getitem__, expressions))
                known = self._known.setdefault(known, known)
            patterns.numbers[self] = known
            return known

    def candidates(self, texts: Mapping[int, str]) -> Candidates:
        """The patterns that may match some texts, given by position, in order."""
        text, string = self.strings.find([*texts.values()])
        # a table of texts and groups, and one of texts and patterns, each as one long row
        wide = self.satisfied + 1
        present = np.zeros(len(texts) * wide, dtype=np.bool_)
        present[self.satisfied :: wide] = True
        of, at = self.groups.behind(text * wide, string)
        present[of + self.groups.values[0][at]] = True
        of, at = self.waiting.behind(text, string)
        for groups in self.waiting.values[1:]:
            there = present[of * wide + groups[at]]
            of, at = of[there], at[there]
        possible = np.zeros((len(self.patterns), len(texts)), dtype=np.bool_)
        possible[self.always] = True
        possible[self.waiting.values[0][at], of] = True
        return Candidates.of(tuple(texts), possible)


def _worked_out(shapes: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    """What a scanner knows of expressions, as arrays by name.

    ``characters`` are the code points that stand in the strings, ``keys`` the packed strings; rows of
    ``groups`` and ``waiting`` are in the order of the keys.
    """
    needed = [needles(shape)[:MOST_GROUPS] for shape in shapes]
    places: dict[Group, int] = {}
    groups: defaultdict[str, list[tuple[int, ...]]] = defaultdict(list)
    waiting: defaultdict[str, list[tuple[int, ...]]] = defaultdict(list)
    for group in (group for wanted in needed for group in wanted[1:]):
        if group not in places:
            places[group] = len(places)
            for needle in group:
                groups[needle].append((places[group],))
    for number, wanted in enumerate(needed):
        rest = [places[group] for group in wanted[1:]]
        rest += [len(places)] * (MOST_GROUPS - 1 - len(rest))
        for needle in wanted[0] if wanted else ():
            waiting[needle].append((number, *rest))
    characters = sorted({character for strings in (groups, waiting) for s in strings for character in s})
    packed = _packed({*groups, *waiting}, characters)
    names = [packed[key] for key in sorted(packed)]
    satisfies = _Lists.of([groups.get(name, []) for name in names], 1)
    waits = _Lists.of([waiting.get(name, []) for name in names], MOST_GROUPS)
    return {
        "always": np.array([n for n, wanted in enumerate(needed) if not wanted], dtype=np.int64),
        "characters": np.array([ord(character) for character in characters], dtype=np.int64),
        "keys": np.array(sorted(packed), dtype=np.uint64),
        "groups": satisfies.values[0],
        "group_begins": satisfies.begins,
        "waiting": np.stack(waits.values),
        "waiting_begins": waits.begins,
        "satisfied": np.array(len(places), dtype=np.int64),
    }


def _packed(strings: Iterable[str], characters: Sequence[str]) -> dict[int, str]:
    """Strings by an integer each, made of the numbers of their characters, which begin at 1."""
    numbers = {character: number for number, character in enumerate(characters, start=1)}
    packed = {}
    for string in strings:
        key = 0
        for character in string:
            key = key << int(_BITS) | numbers[character]
        packed[key] = string
    return packed


@dataclass(frozen=True, slots=True, eq=False)
class _Strings:
    """Strings of up to :data:`LONGEST` characters, found in many texts at once.

    Attributes:
        keys: each packed into an integer; they rise.
        ids: of each code point, 0 for those in no string; the last stands for all above.
        seen: which keys there may be, by their :func:`_mixed` places.
    """

    keys: Keys
    ids: Keys
    seen: np.ndarray[Any, np.dtype[np.bool_]]

    @classmethod
    def of(cls, characters: Ints, keys: Keys) -> _Strings:
        """Make ready to find strings: the code points in them, in order of number, and the packed strings."""
        ids = np.zeros(int(characters.max(initial=0)) + 2, dtype=np.uint64)
        ids[characters] = np.arange(1, len(characters) + 1, dtype=np.uint64)
        seen = np.zeros(1 << _SEEN_BITS, dtype=np.bool_)
        seen[_mixed(keys)] = True
        return cls(keys, ids, seen)

    def find(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """The strings that stand in texts: numbers of texts and of strings."""
        sizes = np.array([len(text) + 1 for text in texts], dtype=np.int64)
        joined = "\0".join([*texts, ""]).encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(joined, dtype=np.uint32)
        ids = self.ids[np.minimum(points, len(self.ids) - 1)]
        ids[np.cumsum(sizes) - 1] = 0
        text = np.repeat(np.arange(len(texts)), sizes)
        keys, at = ids, np.flatnonzero(ids)
        wanted, of = [], []
        for size in range(1, LONGEST + 1):
            if size > 1:
                keys = (keys[:-1] << _BITS) | ids[size - 1 :]
                at = at[at < len(keys)]
                at = at[ids[at + size - 1] > 0]
            wanted.append(keys[at])
            of.append(text[at])
        asked, texts_of = np.concatenate(wanted), np.concatenate(of)
        # most are not known: that is seen in one look, where to search takes many
        maybe = np.flatnonzero(self.seen[_mixed(asked)])
        asked, texts_of = asked[maybe], texts_of[maybe]
        place = np.searchsorted(self.keys, asked)
        hit = self.keys[np.minimum(place, len(self.keys) - 1)] == asked
        return texts_of[hit], place[hit]


def _mixed(keys: Keys) -> Keys:
    """Places in the table of keys that there may be, most of others' elsewhere (Fibonacci hashing)."""
    return (keys * _GOLDEN) >> np.uint64(64 - _SEEN_BITS)


@dataclass(frozen=True, slots=True, eq=False)
class _Lists:
    """A list of rows for each string, one behind the other.

    Attributes:
        values: all rows, one array a column.
        begins: where each list begins, and the end.
    """

    values: tuple[Ints, ...]
    begins: Ints

    @classmethod
    def of(cls, lists: Sequence[Sequence[tuple[int, ...]]], width: int) -> _Lists:
        """Put lists one behind the other."""
        values = np.array([row for rows in lists for row in rows], dtype=np.int64).reshape(-1, width)
        columns = tuple(np.ascontiguousarray(column) for column in values.T)
        return cls(columns, np.cumsum([0, *map(len, lists)]))

    def behind(self, text: Ints, string: Ints) -> tuple[Ints, Ints]:
        """The lists of strings: for each row the text that the string stands in, and which row it is."""
        begins = self.begins[string]
        sizes = self.begins[string + 1] - begins
        ends = np.cumsum(sizes)
        at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(begins - ends + sizes, sizes)
        return np.repeat(text, sizes), at
