"""What the second opinion sees of a turn: n-grams of characters and of sounds, and a few facts.

Toneless pinyin stands beside the characters because recognition mixes up characters that sound
alike: what characters lose, sounds keep.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.ports import Said

FEATURES_VERSION = "4"
_POLITE = str.maketrans({"您": "你", "妳": "你"})


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of n-gram: its prefix in the vocabulary, lengths and weight."""

    prefix: str
    shortest: int
    longest: int
    weight: float


CHARACTERS = Block("c", 1, 4, 1.0)
SOUNDS = Block("s", 1, 3, 0.7)
BEFORE = Block("b", 1, 3, 0.4)
FACTS = Block("f", 1, 1, 0.5)
BLOCKS = (CHARACTERS, SOUNDS, BEFORE, FACTS)


@dataclass(frozen=True, slots=True)
class Gram:
    """An n-gram with the characters of the text that it covers (empty where it is not of the text)."""

    name: str
    start: int = 0
    end: int = 0


def grams(said: Said) -> dict[Block, list[Gram]]:
    """All n-grams of a turn, by kind. Offsets are those of ``said.text``."""
    text = said.text.translate(_POLITE)
    edged = ["^", *text, "$"]
    facts = [f"{name}={value}" for name, value in said.facts.items()] + [f"role={said.role}"]
    return {
        CHARACTERS: list(_ngrams(CHARACTERS, edged, offset=-1, length=len(text))),
        SOUNDS: list(_ngrams(SOUNDS, _sounds(text), offset=0, length=len(text))),
        BEFORE: list(_ngrams(BEFORE, list(said.before.translate(_POLITE)))),
        FACTS: list(_ngrams(FACTS, facts)),
    }


def _sounds(text: str) -> list[str]:
    """One syllable a character; characters without sound stand for themselves."""
    from pypinyin import lazy_pinyin

    return [str(s) for s in lazy_pinyin(text, errors=list)]  # type: ignore[arg-type]


def _ngrams(block: Block, units: list[str], *, offset: int | None = None, length: int = 0) -> Iterator[Gram]:
    joint = " " if block is SOUNDS else ""
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

    def vector(self, said: Said) -> tuple[dict[int, float], dict[int, list[Gram]]]:
        """Feature values by index, each block of unit length, and the n-grams behind the text's features."""
        values: dict[int, float] = {}
        places: dict[int, list[Gram]] = {}
        for block, found in grams(said).items():
            known: dict[int, list[Gram]] = {}
            for gram in found:
                index = self._index.get(gram.name)
                if index is not None:
                    known.setdefault(index, []).append(gram)
            raw = {index: (1 + math.log(len(some))) * self.idf[index] for index, some in known.items()}
            norm = math.sqrt(sum(v * v for v in raw.values())) or 1.0
            values.update({index: block.weight * v / norm for index, v in raw.items()})
            if block in (CHARACTERS, SOUNDS):
                places.update(known)
        return values, places
