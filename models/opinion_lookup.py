"""Finding the n-grams of all turns of a call at once: the quick twin of :class:`Vocabulary`.

:mod:`models.opinion_features` says what the features are; this looks them up by the array. An n-gram is
packed into one integer, 16 bits a unit, so that equal integers are equal n-grams; a sorted table holds all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.opinion_features import BEFORE, BLOCKS, CHARACTERS, FACTS, SOUNDS, units_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.opinion_features import Block
    from pipeline.ports import Said

_BITS = 16
_SYLLABLE = re.compile(r"( |[^ ]+)(?: |$)")
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ROOM = 8
"""Places a key in the table that tells which keys there may be."""
_CODES = 0x110000
"""Code points that there are."""

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]


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
    """The known n-grams of one kind."""

    def __init__(self, names: Iterable[tuple[Sequence[str], int]]) -> None:
        self.ids: dict[str, int] = {}
        packed, indices = [], []
        for units, index in names:
            key = 0
            for unit in units:
                key = key << _BITS | self.ids.setdefault(unit, len(self.ids) + 1)
            packed.append(key)
            indices.append(index)
        order = np.argsort(np.array(packed, dtype=np.uint64), kind="stable")
        self._keys = np.array(packed, dtype=np.uint64)[order]
        self._indices = np.array(indices, dtype=np.int64)[order]
        self._shift = np.uint64(64 - max(len(packed) * _ROOM, 2).bit_length())
        self._seen = np.zeros(1 << (64 - int(self._shift)), dtype=np.bool_)
        self._seen[self._mixed(self._keys)] = True

    def by_code(self) -> np.ndarray[Any, np.dtype[np.uint64]]:
        """The id of every code point, 0 for unknown ones."""
        ids = np.zeros(_CODES, dtype=np.uint64)
        for unit, number in self.ids.items():
            ids[ord(unit)] = number
        return ids

    def _mixed(self, keys: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
        """Places in the table of keys that there may be, most of others' elsewhere (Fibonacci hashing)."""
        return (keys * _GOLDEN) >> self._shift

    def find(self, ids: np.ndarray[Any, np.dtype[np.uint64]], block: Block) -> tuple[Ints, Ints, Ints]:
        """Index, first unit and number of units of the known n-grams; an id of 0 is in none."""
        wanted, places, sizes = [], [], []
        keys, at = ids, np.flatnonzero(ids)
        for size in range(1, block.longest + 1):
            if size > 1:
                at = at[(at < len(ids) - size + 1)]
                at = at[ids[at + size - 1] > 0]
                keys = (keys[: len(ids) - size + 1] << np.uint64(_BITS)) | ids[size - 1 :]
            wanted.append(keys[at])
            places.append(at)
            sizes.append(len(at))
        asked, first = np.concatenate(wanted), np.concatenate(places)
        size_of = np.repeat(np.arange(1, block.longest + 1), sizes)
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
    """

    def __init__(self, names: Sequence[str], idf: Sequence[float]) -> None:
        self._size = len(names)
        self._idf = np.array(idf, dtype=np.float64)
        kinds = {block.prefix: number for number, block in enumerate(BLOCKS)}
        self._block = np.array([kinds[name[0]] for name in names], dtype=np.int64)
        self._weight = np.array([block.weight for block in BLOCKS])
        grams: dict[str, list[tuple[Sequence[str], int]]] = {block.prefix: [] for block in BLOCKS}
        for index, name in enumerate(names):
            kind, text = name[0], name[3:]
            units = _SYLLABLE.findall(text) if kind == SOUNDS.prefix else text
            grams[kind].append(((text,) if kind == FACTS.prefix else units, index))
        self._tables = {block: _Table(grams[block.prefix]) for block in BLOCKS}
        self._codes = {block: self._tables[block].by_code() for block in (CHARACTERS, BEFORE)}

    def features(self, turns: Sequence[Said]) -> Features:
        """The features of turns."""
        units = [units_of(said) for said in turns]
        lengths = np.array([len(said.text) for said in turns], dtype=np.int64)
        hits = [self._hits(block, [one[block] for one in units]) for block in BLOCKS]
        turn = np.concatenate([hit[0] for hit in hits])
        index = np.concatenate([hit[1] for hit in hits])
        key, feature, times = np.unique(turn * self._size + index, return_inverse=True, return_counts=True)
        of_turn, of_index = key // self._size, key % self._size
        raw = (1 + np.log(times)) * self._idf[of_index]
        kind = self._block[of_index]
        group = of_turn * len(BLOCKS) + kind
        norm = np.sqrt(np.bincount(group, weights=raw * raw, minlength=len(turns) * len(BLOCKS)))
        in_text = len(hits[0][0]) + len(hits[1][0])  # characters and sounds come first
        order = np.argsort(turn[:in_text], kind="stable")
        first = np.concatenate([hits[0][2] - 1, hits[1][2]])[order]  # an edge mark stands before the text
        gram_turn = turn[:in_text][order]
        end = first + np.concatenate([hits[0][3], hits[1][3]])[order]
        return Features(
            turn=of_turn,
            index=of_index,
            value=self._weight[kind] * raw / norm[group],
            times=times,
            starts=np.searchsorted(of_turn, np.arange(len(turns) + 1)),
            gram_turn=gram_turn,
            gram_feature=feature[:in_text][order],
            gram_start=np.maximum(first, 0),
            gram_end=np.minimum(end, lengths[gram_turn]),
        )

    def _hits(self, block: Block, units: Sequence[Sequence[str]]) -> tuple[Ints, Ints, Ints, Ints]:
        """Turn, index, first unit and number of units of the known n-grams of all turns."""
        sizes = np.array([len(one) + 1 for one in units], dtype=np.int64)
        begins = np.cumsum(sizes) - sizes
        if block in self._codes:
            joined = "\0".join([*units, ""])  # type: ignore[list-item]
            points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
            ids = self._codes[block][points]
        else:
            known = self._tables[block].ids
            ids = np.array(
                [number for one in units for number in (*(known.get(u, 0) for u in one), 0)], np.uint64
            )
        ids[begins + sizes - 1] = 0
        index, at, size = self._tables[block].find(ids, block)
        turn = np.searchsorted(begins, at, side="right") - 1
        return turn, index, at - begins[turn], size
