"""What the second opinion sees of a turn: n-grams of characters and of sounds, and a few facts.

Toneless pinyin stands beside the characters because recognition mixes up characters that sound
alike: what characters lose, sounds keep.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from models.cut_pinyin import PinyinCutter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.ports import Said

FEATURES_VERSION = "4"
_POLITE = str.maketrans({"您": "你", "妳": "你"})


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One kind of n-gram: its prefix in the vocabulary, lengths and weight. There is one of each."""

    prefix: str
    shortest: int
    longest: int
    weight: float


CHARACTERS = Block("c", 1, 4, 1.0)
SOUNDS = Block("s", 1, 3, 0.7)
BEFORE = Block("b", 1, 3, 0.4)
FACTS = Block("f", 1, 1, 0.5)
BLOCKS = (CHARACTERS, SOUNDS, BEFORE, FACTS)
_JOINTS = {SOUNDS: " "}
"""What stands between the units of an n-gram."""


@dataclass(frozen=True, slots=True)
class Gram:
    """An n-gram with the characters of the text that it covers (empty where it is not of the text)."""

    name: str
    start: int = 0
    end: int = 0


def grams(said: Said) -> dict[Block, list[Gram]]:
    """All n-grams of a turn, by kind. Offsets are those of ``said.text``."""
    units, length = units_of(said), len(said.text)
    return {
        CHARACTERS: list(_ngrams(CHARACTERS, units[CHARACTERS], offset=-1, length=length)),
        SOUNDS: list(_ngrams(SOUNDS, units[SOUNDS], offset=0, length=length)),
        BEFORE: list(_ngrams(BEFORE, units[BEFORE])),
        FACTS: list(_ngrams(FACTS, units[FACTS])),
    }


def units_of(said: Said) -> dict[Block, Sequence[str]]:
    """What the n-grams of each kind are made of."""
    text = said.text.translate(_POLITE)
    return {
        CHARACTERS: f"^{text}$",
        SOUNDS: _sounds(text),
        BEFORE: said.before.translate(_POLITE),
        FACTS: [f"{name}={value}" for name, value in said.facts.items()] + [f"role={said.role}"],
    }


def _sounds(text: str) -> list[str]:
    """One syllable a character; characters without sound stand for themselves."""
    return [syllable for word in _cutter().cut(text) for syllable in _sounds_of(word)]


@cache
def _cutter() -> PinyinCutter:
    return PinyinCutter()


@lru_cache(maxsize=1 << 14)
def _sounds_of(word: str) -> tuple[str, ...]:
    """The syllables of a word of pypinyin's own segmentation, which reads each by itself."""
    from pypinyin import lazy_pinyin

    return tuple(str(s) for s in lazy_pinyin(word, errors=list))  # type: ignore[arg-type]


def _ngrams(
    block: Block, units: Sequence[str], *, offset: int | None = None, length: int = 0
) -> Iterator[Gram]:
    joint = _JOINTS.get(block, "")
    for size in range(block.shortest, block.longest + 1):
        for at in range(len(units) - size + 1):
            name = f"{block.prefix}{size}:{joint.join(units[at : at + size])}"
            if offset is None:
                yield Gram(name)
            else:
                yield Gram(name, max(0, at + offset), min(length, at + offset + size))


class Vocabulary:
    """The n-grams that a model knows, with the weight of each (inverse document frequency)."""

    def __init__(self, names: Iterable[str], idf: Iterable[float]) -> None:
        self.names = tuple(names)
        self.idf = tuple(idf)
        self._index = {name: i for i, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, lines: Iterable[Said], *, at_least: int) -> Vocabulary:
        """The n-grams that at least so many lines hold, in order of name."""
        documents: Counter[str] = Counter()
        size = 0
        for said in lines:
            size += 1
            documents.update({gram.name for block in grams(said).values() for gram in block})
        kept = sorted(name for name, count in documents.items() if count >= at_least)
        return cls(kept, (1 + math.log((1 + size) / (1 + documents[name])) for name in kept))

    def vector(self, said: Said) -> dict[int, float]:
        """Feature values by index, each block of unit length.

        The plain way, for training; :class:`models.opinion_lookup.Lookup` does the same for whole calls.
        """
        values: dict[int, float] = {}
        for block, found in grams(said).items():
            times = Counter(index for gram in found if (index := self._index.get(gram.name)) is not None)
            raw = {index: (1 + math.log(n)) * self.idf[index] for index, n in times.items()}
            norm = math.sqrt(sum(v * v for v in raw.values())) or 1.0
            values.update({index: block.weight * v / norm for index, v in raw.items()})
        return values
