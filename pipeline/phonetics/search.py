"""Terms that sound like a stretch of a text."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.phonetics.likeness import nearest, neighbours
from pipeline.phonetics.syllables import readings, spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class NearSound:
    """A stretch of a text that sounds like a term of as many characters.

    Attributes:
        term: position of the term in the index.
        start: first character.
        end: after the last character.
        costs: distance of each syllable, 0..1; 0 for the same character.
    """

    term: int
    start: int
    end: int
    costs: tuple[float, ...]

    @property
    def distance(self) -> float:
        """Mean distance of a syllable."""
        return sum(self.costs) / len(self.costs)


class SoundIndex:
    """Terms by their syllables.

    Every syllable of a term stands under each sound that is mixed up with it, so that one look-up of a
    character names the terms, and the place in them, that it may belong to. A stretch is measured when
    enough of its characters name the same term at the same place.

    Args:
        terms: hanzi and letters; one character each is one syllable.
        fixed: readings by character, see :func:`pipeline.phonetics.syllables.spell`.

    Raises:
        ValueError: a fixed reading is no pinyin.
    """

    def __init__(self, terms: Sequence[str], fixed: Mapping[str, str] | None = None) -> None:
        self._terms = tuple(terms)
        self._spelled = tuple(spell(term, fixed) for term in terms)
        places: dict[tuple[str, str], dict[tuple[int, int], None]] = defaultdict(dict)
        for number, spelled in enumerate(self._spelled):
            for at, syllables in enumerate(spelled):
                for syllable in syllables:
                    for sound in neighbours(syllable.initial, syllable.final):
                        places[sound][number, at] = None
        self._places = {sound: tuple(found) for sound, found in places.items()}
        self._needed = tuple(max(min(2, len(term)), (len(term) + 1) // 2) for term in self._terms)
        self._longest = max(map(len, self._terms), default=0)
        self._known: dict[str, tuple[tuple[int, int], ...]] = {}

    def find(self, text: str, *, most: float) -> Iterator[NearSound]:
        """Stretches of ``text`` no further than ``most`` a syllable from a term, the term itself included.

        Half the syllables of a stretch must be like the term's; of two syllables, both.
        """
        # A term and a start in one integer: counting integers is the inner loop of all this.
        wide = len(text) + self._longest
        votes = Counter(
            [
                number * wide + self._longest + at - place
                for at, character in enumerate(text)
                for number, place in self._places_of(character)
            ]
        )
        for vote in sorted(vote for vote, count in votes.items() if count >= self._needed[vote // wide]):
            number, start = vote // wide, vote % wide - self._longest
            end = start + len(self._terms[number])
            if start >= 0 and end <= len(text):
                costs = self._costs(number, text[start:end])
                if sum(costs) <= most * len(costs):
                    yield NearSound(term=number, start=start, end=end, costs=costs)

    def _places_of(self, character: str) -> tuple[tuple[int, int], ...]:
        """Terms, and places in them, that a character may belong to, each once."""
        if character not in self._known:
            sounds = {(s.initial, s.final) for s in readings(character)}
            found = {place for sound in sounds for place in self._places.get(sound, ())}
            self._known[character] = tuple(sorted(found))
        return self._known[character]

    def _costs(self, number: int, stretch: str) -> tuple[float, ...]:
        pairs = zip(stretch, self._terms[number], self._spelled[number], strict=True)
        return tuple(0.0 if heard == meant else nearest(readings(heard), s) for heard, meant, s in pairs)
