"""Finding the n-grams of all turns of a call at once: the quick twin of :class:`Vocabulary`.

:mod:`models.opinion_features` says what the features are; this looks them up by the array. An n-gram is
packed into one integer, 16 bits a unit, so that equal integers are equal n-grams. The units of each kind have
numbers of their own, so that one sorted table holds the n-grams of every kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.opinion_features import BEFORE, BLOCKS, CHARACTERS, FACTS, SOUNDS, units_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.opinion_features import Block
    from pipeline.ports import Said

_BITS = 16
_LONGEST = max(block.longest for block in BLOCKS)
_SYLLABLE = re.compile(r"( |[^ ]+)(?: |$)")
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ROOM = 8
"""Places a key in the table that tells which keys there may be."""
_ORDER = (CHARACTERS, SOUNDS, BEFORE, FACTS)
"""The kinds of n-grams as they are looked up; those of the text come first."""
_OF_TEXT = 2

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Ids = np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The features of some turns, in order of turn and index, and the n-grams of their texts.

    Attributes:
        turn, index, value, times: of each feature; ``times`` is how often it stands in its turn.
        starts: where the features of each turn begin, and the end: one more than there are turns.
        gram_turn: of each n-gram of a text, in order of turn.
        gram_feature: its feature's place in the arrays above.
        gram_start, gram_end: the characters that it covers.
    """

    turn: Ints
    index: Ints
    value: Floats
    times: Ints
    starts: Ints
    gram_turn: Ints
    gram_feature: Ints
    gram_start: Ints
    gram_end: Ints


class _Table:
    """The known n-grams, each by the numbers of its units, packed into an integer."""

    def __init__(self, keys: Ids) -> None:
        self._indices = np.argsort(keys, kind="stable")
        self._keys = keys[self._indices]
        self._shift = np.uint64(64 - max(len(keys) * _ROOM, 2).bit_length())
        self._seen = np.zeros(1 << (64 - int(self._shift)), dtype=np.bool_)
        self._seen[self._mixed(self._keys)] = True

    def _mixed(self, keys: Ids) -> Ids:
        """Places in the table of keys that there may be, most of others' elsewhere (Fibonacci hashing)."""
        return (keys * _GOLDEN) >> self._shift

    def find(self, ids: Ids) -> tuple[Ints, Ints, Ints]:
        """Index, first unit and number of units of the known n-grams; an id of 0 is in none."""
        wanted, places, sizes = [], [], []
        keys, at = ids, np.flatnonzero(ids)
        for size in range(1, _LONGEST + 1):
            if size > 1:
                at = at[(at < len(ids) - size + 1)]
                at = at[ids[at + size - 1] > 0]
                keys = (keys[: len(ids) - size + 1] << np.uint64(_BITS)) | ids[size - 1 :]
            wanted.append(keys[at])
            places.append(at)
            sizes.append(len(at))
        asked, first = np.concatenate(wanted), np.concatenate(places)
        size_of = np.repeat(np.arange(1, _LONGEST + 1), sizes)
        # most are not known: that is seen in one look, where to search takes many
        maybe = np.flatnonzero(self._seen[self._mixed(asked)])
        asked, first, size_of = asked[maybe], first[maybe], size_of[maybe]
        place = np.searchsorted(self._keys, asked)
        hit = self._keys[np.minimum(place, len(self._keys) - 1)] == asked
        return self._indices[place[hit]], first[hit], size_of[hit]


class Lookup:
    """The n-grams that a model knows, ready to be found by the array.

    Args:
        names: as :class:`models.opinion_features.Vocabulary` has them.
        idf: the weight of each.

    Raises:
        ValueError: they are made of more units than can be numbered.
    """

    def __init__(self, names: Sequence[str], idf: Sequence[float]) -> None:
        self._size = len(names)
        self._idf = np.array(idf, dtype=np.float64)
        kinds = {block.prefix: number for number, block in enumerate(_ORDER)}
        self._kind = np.array([kinds[name[0]] for name in names], dtype=np.int64)
        self._weight = np.array([block.weight for block in _ORDER])
        self._ids: dict[Block, dict[str, int]] = {}
        keys = np.zeros(len(names), dtype=np.uint64)
        known = 0
        for number, block in enumerate(_ORDER):
            own = np.flatnonzero(self._kind == number)
            units, flat, sizes = _numbered(block, [names[index][3:] for index in own.tolist()], known + 1)
            self._ids[block] = units
            keys[own] = _packed(flat, sizes)
            known += len(units)
        if known >> _BITS:
            raise ValueError(f"{known} units do not fit in {_BITS} bits")
        self._table = _Table(keys)
        self._codes = {block: _by_code(self._ids[block]) for block in (CHARACTERS, BEFORE)}

    def features(self, turns: Sequence[Said]) -> Features:
        """The features of turns."""
        ids, begins = self._all_ids([units_of(said) for said in turns])
        index, at, size = self._table.find(ids)
        place = np.searchsorted(begins, at, side="right") - 1
        kind, turn = np.divmod(place, max(len(turns), 1))
        key, feature, times = np.unique(turn * self._size + index, return_inverse=True, return_counts=True)
        of_turn, of_index = np.divmod(key, self._size)
        raw = (1 + np.log(times)) * self._idf[of_index]
        of_kind = self._kind[of_index]
        group = of_turn * len(_ORDER) + of_kind
        norm = np.sqrt(np.bincount(group, weights=raw * raw, minlength=len(turns) * len(_ORDER)))
        of_text = np.flatnonzero(kind < _OF_TEXT)
        of_text = of_text[np.argsort(turn[of_text] * _OF_TEXT + kind[of_text], kind="stable")]
        gram_turn = turn[of_text]
        first = (at - begins[place])[of_text] - (kind[of_text] == 0)  # an edge mark stands before characters
        lengths = np.array([len(said.text) for said in turns], dtype=np.int64)
        return Features(
            turn=of_turn,
            index=of_index,
            value=self._weight[of_kind] * raw / norm[group],
            times=times,
            starts=np.searchsorted(of_turn, np.arange(len(turns) + 1)),
            gram_turn=gram_turn,
            gram_feature=feature[of_text],
            gram_start=np.maximum(first, 0),
            gram_end=np.minimum(first + size[of_text], lengths[gram_turn]),
        )

    def _all_ids(self, turns: Sequence[Mapping[Block, Sequence[str]]]) -> tuple[Ids, Ints]:
        """The numbers of all units by kind and turn, with a 0 behind each turn, and where each begins."""
        ids = [self._ids_of(block, [units[block] for units in turns]) for block in _ORDER]
        sizes = np.array([len(units[block]) + 1 for block in _ORDER for units in turns], dtype=np.int64)
        ends = np.cumsum(sizes)
        joined = np.concatenate(ids)
        joined[ends - 1] = 0
        return joined, ends - sizes

    def _ids_of(self, block: Block, turns: Sequence[Sequence[str]]) -> Ids:
        """The numbers of the units of one kind, 0 for unknown ones, with one more behind each turn."""
        if block in self._codes:
            codes = self._codes[block]
            joined = "\0".join([*turns, ""])  # type: ignore[list-item]
            points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
            return codes[np.minimum(points, len(codes) - 1)]
        known = self._ids[block]
        return np.array(
            [number for units in turns for number in (*[known.get(unit, 0) for unit in units], 0)], np.uint64
        )


def _numbered(block: Block, texts: Sequence[str], first: int) -> tuple[dict[str, int], Ids, Ints]:
    """The units of n-grams of a kind, numbered.

    Args:
        block: the kind.
        texts: the n-grams.
        first: the number of the first unit.

    Returns:
        The number of each unit; the numbers of the units of all n-grams, one behind the other; and of how
        many units each is.
    """
    if block in (CHARACTERS, BEFORE):
        joined = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        points, number = np.unique(joined, return_inverse=True)
        known = {chr(point): first + at for at, point in enumerate(points.tolist())}
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        return known, number.astype(np.uint64) + np.uint64(first), sizes
    known = {}
    split = [_SYLLABLE.findall(text) if block == SOUNDS else [text] for text in texts]
    flat = [known.setdefault(unit, first + len(known)) for units in split for unit in units]
    return known, np.array(flat, dtype=np.uint64), np.fromiter(map(len, split), np.int64, len(split))


def _packed(flat: Ids, sizes: Ints) -> Ids:
    """Numbers one behind the other, so many of them at a time in one integer, the first the highest."""
    begins = np.cumsum(sizes) - sizes
    keys = np.zeros(len(sizes), dtype=np.uint64)
    for at in range(int(sizes.max(initial=0))):
        longer = np.flatnonzero(sizes > at)
        keys[longer] = (keys[longer] << np.uint64(_BITS)) | flat[begins[longer] + at]
    return keys


def _by_code(ids: Mapping[str, int]) -> Ids:
    """The number of every code point, 0 for unknown ones; the last stands for all above."""
    codes = np.zeros(max(map(ord, ids), default=0) + 2, dtype=np.uint64)
    for unit, number in ids.items():
        codes[ord(unit)] = number
    return codes
