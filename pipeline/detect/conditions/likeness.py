"""Operators for words that are nearly the same: ``similar`` sentences, ``sounds_like`` phrases."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import Outcome, Place, no, yes
from pipeline.detect.conditions.text import Guard
from pipeline.detect.heard import by_sound
from pipeline.detect.patterns import fold
from pipeline.errors import RulePackError
from pipeline.phonetics.alignment import Phrase, align
from pipeline.types import words_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.detect.conditions.operators import Toolbox, TurnBuilder, TurnOperator
    from pipeline.detect.schema.conditions import Condition, Similar, SoundsLike
    from pipeline.detect.view import CallView

_SENTENCE = re.compile(r"[^。！？!?；;]+")
_CLAUSE = re.compile(r"[^。！？!?；;，,、]+")
_MARKS = re.compile(r"[。！？!?；;，,、：:\s]")
_POLITE = str.maketrans({"您": "你"})
_SHARE_OF_SOUND = 0.4
"""What sounds count for beside characters: enough to forgive one misheard word in a sentence."""

USUAL_LENGTH = 4
"""Syllables of a phrase to which ``score`` applies as it stands."""
PER_SYLLABLE = 0.03
"""How much likeness a syllable more saves, and one less costs."""
MOST_BONUS = 0.12
"""What length can save at most, and what words that the engine only guessed can."""
_NO_LOWER = 0.5


@dataclass(frozen=True, slots=True)
class SimilarTo:
    """``similar``: a sentence or clause of the turn that is nearly one of the given sentences."""

    sentences: tuple[dict[str, float], ...]
    score: float
    guard: Guard

    def at(self, view: CallView, position: int) -> Outcome:
        """Every sentence that is alike; where none is, every clause."""
        if not self.guard.passes_turn(view, position):
            return no()
        best = 0.0
        for unit in (_SENTENCE, _CLAUSE):
            places = []
            for match in unit.finditer(view.folded[position]):
                likeness = self._likeness(match.group())
                best = max(best, likeness)
                if likeness >= self.score and self.guard.passes(view, position, *match.span()):
                    places.append(Place(position, *match.span()))
            if places:
                return yes(*places, note=f"likeness {best:.2f}")
        return no(f"likeness {best:.2f}")

    def _likeness(self, said: str) -> float:
        grams = _grams(said)
        return max((_dot(grams, other) for other in self.sentences), default=0.0)


@dataclass(frozen=True, slots=True)
class Sounding:
    """``sounds_like``: a stretch of the turn that sounds like one of the phrases."""

    phrases: tuple[Phrase, ...]
    score: float
    guard: Guard

    def at(self, view: CallView, position: int) -> Outcome:
        """Every stretch that sounds alike enough for its length and for how sure its words are."""
        if not self.guard.passes_turn(view, position):
            return no()
        found = sorted(self._found(view, position), key=lambda f: f[0])
        if not found:
            return no()
        return yes(*(place for place, _ in found), note=f"likeness {max(x for _, x in found):.2f}")

    def _found(self, view: CallView, position: int) -> Iterator[tuple[Place, float]]:
        for phrase in self.phrases:
            lowest = max(needed(self.score, len(phrase), 0.0), _NO_LOWER)
            for stretch in align(view.folded[position], phrase, least=lowest):
                sure = _certainty(view, position, stretch.start, stretch.end)
                enough = stretch.likeness >= needed(self.score, len(phrase), sure)
                if enough and self.guard.passes(view, position, stretch.start, stretch.end):
                    yield Place(position, stretch.start, stretch.end), stretch.likeness


def needed(score: float, syllables: int, certainty: float) -> float:
    """Likeness that a stretch needs: less for a long phrase and for words that were only guessed.

    Args:
        score: for a phrase of :data:`USUAL_LENGTH` syllables heard with certainty.
        syllables: length of the phrase.
        certainty: the engine's mean probability of the words, 0..1.
    """
    length = max(-MOST_BONUS, min(MOST_BONUS, PER_SYLLABLE * (syllables - USUAL_LENGTH)))
    return min(1.0, score - length - MOST_BONUS * (1 - certainty))


def _certainty(view: CallView, position: int, start: int, end: int) -> float:
    """Mean probability of the words there; 1 for a transcript given as text."""
    turn = view.turns[position]
    words = words_at(turn, start, end)
    if words:
        return sum(word.probability for word in words) / len(words)
    return 1.0 if turn.asr_confidence is None else turn.asr_confidence


def _grams(text: str) -> dict[str, float]:
    """N-grams (1 and 2) of characters and of sounds, of unit length together."""
    words = _MARKS.sub("", fold(text).translate(_POLITE))
    counts: dict[str, float] = {}
    for kind, units, share in (("c", words, 1 - _SHARE_OF_SOUND), ("s", by_sound(words), _SHARE_OF_SOUND)):
        found = Counter(units[i : i + n] for n in (1, 2) for i in range(len(units) - n + 1))
        norm = math.sqrt(sum(count * count for count in found.values())) or 1.0
        counts.update({kind + gram: math.sqrt(share) * count / norm for gram, count in found.items()})
    return counts


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    few, many = sorted((one, other), key=len)
    return sum(weight * many.get(gram, 0.0) for gram, weight in few.items())


def _similar(value: Similar, condition: Condition, tools: Toolbox) -> TurnOperator:
    return SimilarTo(tuple(map(_grams, value.sentences)), value.score, Guard.of(condition, tools))


def _sounds_like(value: SoundsLike, condition: Condition, tools: Toolbox) -> TurnOperator:
    try:
        phrases = tuple(map(Phrase.of, value.phrases))
    except ValueError as error:
        raise RulePackError(f"sounds_like: {error}") from error
    return Sounding(phrases, value.score, Guard.of(condition, tools))


TURN_OPERATORS: Mapping[str, TurnBuilder] = {"similar": _similar, "sounds_like": _sounds_like}
