"""Whether a stretch of a transcript that sounds like a term is that term.

The evidence, from strong to weak: the sound alone, when a long term fits it almost to the syllable; a
context that asks for the term; that the stretch is no word; that the engine was unsure; that the talk is
of the trade. Against it: numbers, words that reach over the edge of the stretch, characters that are often
words alone, other people's surnames.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from pipeline.phonetics.syllables import is_hanzi
from pipeline.speech.nearsound import CUSTOMER, TRADE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.phonetics.search import NearSound
    from pipeline.ports import WordFrequencies
    from pipeline.speech.nearsound import Term
    from pipeline.speech.text import Token

SAME_SOUND = 0.05
"""Distance of a syllable that differs in its tone at most."""
LONG = 4
"""Terms of so many syllables are seldom met by chance."""
FURTHEST, FURTHEST_URGENT, FURTHEST_LONG = 0.15, 0.2, 0.25
"""Most distance a syllable: of short terms, of short terms that the context asks for where the engine was
unsure, of long ones."""
FURTHEST_SYLLABLE = 0.5
COMMON, VERY_COMMON = 30, 1_000
"""From these frequencies in a dictionary of 60 million words a word stands for itself."""
LONGEST_WORD = 4
SURE, UNSURE = 0.9, 0.6
"""Mean probability of the changed words: above the first the engine was sure, below the second it was not."""
FREE_CHARACTER = 20_000
"""A character this frequent is often a word alone: two side by side that are no word are no missed term."""
TALK_CHARACTERS = 60
"""A term as written within so many characters shows that the talk is of the trade."""
CLAUSE_PAUSE_MS = 400
PARTICLES = frozenset("吗呢吧呀嘛")
NUMERALS = frozenset("零〇一二两三四五六七八九十百千万亿幺半几0123456789")
NO_WORD, CONTEXT, SOUND = "no_word", "context", "sound"


class Line:
    """The characters of one speaker's tokens.

    Args:
        tokens: words without marks, in time order.
        words: knows how common words are.
        more_words: words that it does not know.
    """

    def __init__(self, tokens: Sequence[Token], words: WordFrequencies, more_words: frozenset[str]) -> None:
        self.text = "".join(token.word.text for token in tokens)
        self.token_of = [i for i, token in enumerate(tokens) for _ in token.word.text]
        breaks = (
            bool(a.mark) or b.word.start_ms - a.word.end_ms >= CLAUSE_PAUSE_MS for a, b in pairwise(tokens)
        )
        clauses = [0, *accumulate(breaks)]
        self.clause_of = [clauses[i] for i in self.token_of]
        self._probabilities = [tokens[i].word.probability for i in self.token_of]
        self._words = words
        self._more_words = more_words

    def frequency_within(self, start: int, end: int, changed: Sequence[int]) -> int:
        """Frequency of the commonest word within ``text[start:end]`` that holds a changed character."""
        return max(
            self._frequency(self.text[a:b])
            for a in range(start, end)
            for b in range(a + 2, min(a + LONGEST_WORD, end) + 1)
            if any(a <= at < b for at in changed)
        )

    def word_across(self, start: int, end: int, changed: Sequence[int]) -> bool:
        """Whether a common word reaches over an edge of ``text[start:end]`` that is changed or one of two."""
        both = end - start == 2
        edges = [edge for edge, inside in ((start, start), (end, end - 1)) if both or inside in changed]
        return any(
            self._frequency(self.text[a:b]) >= COMMON
            for edge in edges
            for a in range(max(edge - LONGEST_WORD + 1, 0), edge)
            for b in range(edge + 1, min(a + LONGEST_WORD, len(self.text)) + 1)
            if self.clause_of[a] == self.clause_of[b - 1]
        )

    def has_free(self, positions: Iterable[int]) -> bool:
        """Whether one of the characters is often a word alone."""
        return any(self._words.frequency(self.text[at]) >= FREE_CHARACTER for at in positions)

    def is_number(self, at: int) -> bool:
        """Whether a character is a digit or part of a written number; a lone «一» is often none."""
        if self.text[at] != "一":
            return self.text[at] in NUMERALS
        return any(c in NUMERALS for c in self.text[max(at - 1, 0) : at] + self.text[at + 1 : at + 2])

    def probability(self, positions: Sequence[int]) -> float:
        """Mean probability of the words of these characters."""
        return sum(self._probabilities[at] for at in positions) / len(positions)

    def _frequency(self, word: str) -> int:
        known = VERY_COMMON if word in self._more_words else 0
        return max(known, self._words.frequency(word))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A stretch of a line and the term that it sounds like.

    Attributes:
        line: what the engine wrote.
        term: what it may have missed.
        found: where, and how near.
        exact: positions of the line that belong to a term as it is written.
    """

    line: Line
    term: Term
    found: NearSound
    exact: frozenset[int]

    @property
    def heard(self) -> str:
        """What the engine wrote."""
        return self.line.text[self.found.start : self.found.end]

    @cached_property
    def changed(self) -> tuple[int, ...]:
        """Positions in the line whose characters are not the term's."""
        pairs = enumerate(zip(self.heard, self.term.text, strict=True), start=self.found.start)
        return tuple(at for at, (old, new) in pairs if old != new)

    @cached_property
    def probability(self) -> float:
        """The engine's mean probability of what would be changed."""
        return self.line.probability(self.changed)

    @cached_property
    def expected(self) -> bool:
        """Whether the context asks for the term."""
        return self.term.context.fits(self.line.text, self.found.start, self.found.end)

    @cached_property
    def on_topic(self) -> bool:
        """Whether a term as it is written stands close by."""
        start, end = self.found.start, self.found.end
        around = (*range(start - TALK_CHARACTERS, start), *range(end, end + TALK_CHARACTERS))
        return any(at in self.exact for at in around)

    @cached_property
    def frequency(self) -> int:
        """Frequency of the commonest word that would be lost."""
        return self.line.frequency_within(self.found.start, self.found.end, self.changed)

    @property
    def is_long(self) -> bool:
        """Whether the term is seldom met by chance."""
        return len(self.term.text) >= LONG

    @property
    def is_same_sound(self) -> bool:
        """Whether tones are all that differs."""
        return self.found.distance <= SAME_SOUND


def judge(case: Case) -> str | None:
    """The reason for which the stretch is the term; ``None`` when the evidence does not say so."""
    if _is_barred(case):
        return None
    if case.is_long and case.is_same_sound:
        return SOUND
    if not _number_may_go(case) or not _is_near_enough(case):
        return None
    if case.line.word_across(case.found.start, case.found.end, case.changed):
        return CONTEXT if case.expected and case.probability < UNSURE and case.is_same_sound else None
    if case.expected:
        return CONTEXT
    if case.frequency >= COMMON:
        return SOUND if case.is_long and case.probability < UNSURE else None
    return NO_WORD if _is_likely(case) else None


def _is_barred(case: Case) -> bool:
    """Whether the change is out of the question: terms as written, numbers, particles, other surnames."""
    line, term, costs = case.line, case.term, case.found.costs
    if any(at in case.exact or line.is_number(at) or line.text[at] in PARTICLES for at in case.changed):
        return True
    is_titled = term.kind == CUSTOMER and term.core < len(term.text)
    if is_titled and any(cost > SAME_SOUND for cost in costs[: term.core]):
        return True
    return max(costs) > FURTHEST_SYLLABLE or _mixes_scripts(case)


def _mixes_scripts(case: Case) -> bool:
    """Whether letters would become hanzi, or a spelled term has no letter as it is written."""
    pairs = tuple(zip(case.heard, case.term.text, strict=True))
    letters = [old == new for old, new in pairs if not is_hanzi(new)]
    return any(is_hanzi(new) and not is_hanzi(old) for old, new in pairs) or (
        bool(letters) and not any(letters)
    )


def _number_may_go(case: Case) -> bool:
    """Whether no «一» is changed, or the stretch is a number that the lexicon gives up where it stands."""
    if not any(case.line.text[at] in NUMERALS for at in case.changed):
        return True
    follows = case.term.context.numbers.get(case.heard)
    return (
        follows is not None
        and case.probability < UNSURE
        and follows.match(case.line.text, case.found.end) is not None
    )


def _is_near_enough(case: Case) -> bool:
    """Whether the whole term, and the part of it that is its own, are within the bar."""
    is_urgent = case.expected and case.probability < UNSURE and case.frequency < VERY_COMMON
    furthest = FURTHEST_LONG if case.is_long else FURTHEST_URGENT if is_urgent else FURTHEST
    core = case.found.costs[: case.term.core]
    return case.found.distance <= furthest and sum(core) <= furthest * len(core)


def _is_likely(case: Case) -> bool:
    """Whether a stretch that is no word is a term, without a context that asks for it."""
    size = len(case.term.text)
    if size == 2 and (not case.is_same_sound or case.line.has_free(case.changed)):
        return False
    if case.term.kind == TRADE and not case.is_long and not case.on_topic:
        return size > 2 and case.probability < UNSURE
    return case.probability < SURE or (case.on_topic and size > 2)
