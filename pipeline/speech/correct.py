"""Homophones of the words that matter, put right after decoding, with a record of every change.

Whisper writes Mandarin by its sound: «露音» for 录音, and any characters for a name. A stretch is changed
when it sounds like a term of the trade or a name of the call's metadata and the evidence says that it is
one: it is no word, or the context asks for the term; the engine was unsure; and the longer the term, the
more of its sound may differ. Syllables are neither added nor dropped, and numbers are left alone, so word
times and probabilities stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

from pipeline.phonetics.syllables import is_hanzi
from pipeline.speech.nearsound import CUSTOMER, NEAR_CHARACTERS, load_terms, terms_of_call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.metadata import CallMetadata
    from pipeline.phonetics.search import NearSound
    from pipeline.speech.nearsound import Term, Terms
    from pipeline.speech.text import Token

SAME_SOUND = 0.05
"""Distance of a syllable that differs in its tone at most."""
FURTHEST = {2: 0.15, 3: 0.15}
FURTHEST_LONG = 0.25
"""Most distance a syllable, by the term's length; longer terms leave room for more."""
FURTHEST_SYLLABLE = 0.5
"""No single syllable may be further than this."""
COMMON = 30
"""From this frequency in the tokenizer's dictionary (60 million words) a word is a word of its own."""
LONGEST_WORD = 4
SURE = 0.9
UNSURE = 0.6
"""Mean probability of the changed words: above the first the engine was sure, below the second it was not."""
FREE_CHARACTER = 20_000
"""A character this frequent is often a word alone: two of them side by side are no missed term."""
CLAUSE_PAUSE_MS = 400
PARTICLES = frozenset("吗呢吧呀嘛")
NUMERALS = frozenset("零〇一二两三四五六七八九十百千万亿幺半几0123456789")


class Vocabulary(Protocol):
    """Knows how common words are."""

    def frequency(self, word: str) -> int:
        """Occurrences of ``word`` in the dictionary's corpus; 0 for what is no word."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A stretch that was replaced by a term that sounds like it.

    Attributes:
        original: what the engine wrote.
        corrected: the term, of as many characters.
        kind: ``trade``, or the metadata field that has the name.
        reason: the evidence: ``no_word`` or ``context``.
        distance: mean distance of a syllable, 0 for the same sound in another tone at most.
        probability: the engine's mean probability of the changed characters.
    """

    start_ms: int
    end_ms: int
    original: str
    corrected: str
    kind: str
    reason: str
    distance: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Tokens as many as went in, and what was changed in them."""

    tokens: tuple[Token, ...]
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    term: Term
    found: NearSound
    reason: str
    probability: float


def correct(tokens: Sequence[Token], metadata: CallMetadata, words: Vocabulary) -> Corrected:
    """Put right what sounds like a term, until nothing more is found.

    Args:
        tokens: words of one channel in time order, simplified and without marks.
        metadata: of the call, for the names.
        words: knows which stretches are words.

    Raises:
        ConfigError: the lexicon is not usable.
    """
    trade = load_terms()
    sources = (trade, terms_of_call(metadata, trade.readings))
    tokens, corrections = tuple(tokens), []
    # Every round turns characters into a term's, which no later round may change: it ends.
    while True:
        line = _Line(tokens, words, trade.words)
        chosen = _choose(line, sources)
        if not chosen:
            break
        corrections += [line.correction(candidate) for candidate in chosen]
        tokens = line.written(chosen)
    return Corrected(
        tokens=tokens, corrections=tuple(sorted(corrections, key=lambda c: (c.start_ms, c.end_ms)))
    )


class _Line:
    """The characters of a sequence of tokens, each with its token."""

    def __init__(self, tokens: tuple[Token, ...], words: Vocabulary, more_words: frozenset[str]) -> None:
        self.tokens = tokens
        self.text = "".join(token.word.text for token in tokens)
        self.token_of = [i for i, token in enumerate(tokens) for _ in token.word.text]
        breaks = [
            bool(a.mark) or b.word.start_ms - a.word.end_ms >= CLAUSE_PAUSE_MS for a, b in _pairs(tokens)
        ]
        clauses = [0, *accumulate(breaks)]
        self.clause_of = [clauses[i] for i in self.token_of]
        self._words = words
        self._more_words = more_words

    def word_over(self, start: int, end: int, changed: Sequence[int]) -> bool:
        """Whether a common word holds a changed character of ``text[start:end]`` and lies within it."""
        return any(
            self._is_common(self.text[a:b])
            for a in range(start, end)
            for b in range(a + 2, min(a + LONGEST_WORD, end) + 1)
            if any(a <= at < b for at in changed)
        )

    def word_across(self, start: int, end: int, changed: Sequence[int]) -> bool:
        """Whether a common word reaches over an edge of ``text[start:end]`` that is changed or one of two."""
        short = end - start == 2
        edges = [edge for edge, inside in ((start, start), (end, end - 1)) if short or inside in changed]
        return any(
            self._is_common(self.text[a:b])
            for edge in edges
            for a in range(max(edge - LONGEST_WORD + 1, 0), edge)
            for b in range(edge + 1, min(a + LONGEST_WORD, len(self.text)) + 1)
            if self.clause_of[a] == self.clause_of[b - 1] and not (a >= start and b <= end)
        )

    def has_free(self, positions: Sequence[int]) -> bool:
        """Whether one of the characters is often a word alone."""
        return any(self._words.frequency(self.text[at]) >= FREE_CHARACTER for at in positions)

    def _is_common(self, word: str) -> bool:
        return word in self._more_words or self._words.frequency(word) >= COMMON

    def probability(self, changed: Sequence[int]) -> float:
        """Mean probability of the words of the changed characters."""
        return sum(self.tokens[self.token_of[at]].word.probability for at in changed) / len(changed)

    def correction(self, candidate: _Candidate) -> Correction:
        """The record of a change."""
        found = candidate.found
        first = self.tokens[self.token_of[found.start]].word
        last = self.tokens[self.token_of[found.end - 1]].word
        return Correction(
            start_ms=first.start_ms,
            end_ms=max(last.end_ms, first.start_ms),
            original=self.text[found.start : found.end],
            corrected=candidate.term.text,
            kind=candidate.term.kind,
            reason=candidate.reason,
            distance=round(found.distance, 4),
            probability=round(candidate.probability, 4),
        )

    def written(self, candidates: Sequence[_Candidate]) -> tuple[Token, ...]:
        """The tokens with the terms written over their characters."""
        characters = list(self.text)
        for candidate in candidates:
            characters[candidate.found.start : candidate.found.end] = candidate.term.text
        written, at = [], 0
        for token in self.tokens:
            text = "".join(characters[at : at + len(token.word.text)])
            at += len(text)
            changed = text != token.word.text
            written.append(replace(token, word=replace(token.word, text=text)) if changed else token)
        return tuple(written)


def _pairs(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    return zip(tokens, tokens[1:], strict=False)


def _choose(line: _Line, sources: Sequence[Terms]) -> list[_Candidate]:
    """Accepted candidates that do not overlap: longer terms first, then nearer ones."""
    exact, near = _search(line, sources)
    accepted = [
        candidate for term, found in near if (candidate := _judge(line, term, found, exact)) is not None
    ]
    accepted.sort(key=lambda c: (c.found.start - c.found.end, c.found.distance, c.found.start, c.term.text))
    chosen: list[_Candidate] = []
    for candidate in accepted:
        at = candidate.found
        if all(at.end <= other.found.start or at.start >= other.found.end for other in chosen):
            chosen.append(candidate)
    return chosen


def _search(line: _Line, sources: Sequence[Terms]) -> tuple[set[int], list[tuple[Term, NearSound]]]:
    """Positions that belong to a term as it is written, and stretches that sound like one."""
    exact: set[int] = set()
    near: list[tuple[Term, NearSound]] = []
    for source in sources:
        for found in source.index.find(line.text, most=FURTHEST_LONG):
            term = source.terms[found.term]
            if line.text[found.start : found.end].upper() == term.text:
                exact.update(range(found.start, found.end))
            elif line.clause_of[found.start] == line.clause_of[found.end - 1]:
                near.append((term, found))
    return exact, near


def _judge(line: _Line, term: Term, found: NearSound, exact: set[int]) -> _Candidate | None:
    """The candidate, when the evidence is for the term."""
    heard = line.text[found.start : found.end]
    changed = tuple(found.start + i for i, (a, b) in enumerate(zip(heard, term.text, strict=True)) if a != b)
    if not _may_change(line, term, found, changed, exact):
        return None
    expected = term.context.fits(line.text, found.start, found.end)
    probability = line.probability(changed)
    is_word = line.word_over(found.start, found.end, changed)
    if is_word:
        accepted = expected or (len(heard) > 3 and probability < UNSURE)
    elif len(heard) == 2 and not expected:
        doubtful = probability < (SURE if _term_near(found, exact) else UNSURE)
        accepted = doubtful and found.distance <= SAME_SOUND and not line.has_free(changed)
    else:
        accepted = expected or probability < SURE or _term_near(found, exact)
    if not accepted or not _near_enough(term, found):
        return None
    reason = "context" if is_word else "no_word"
    return _Candidate(term=term, found=found, reason=reason, probability=probability)


def _may_change(line: _Line, term: Term, found: NearSound, changed: Sequence[int], exact: set[int]) -> bool:
    """Whether nothing forbids the change: numbers, particles, terms, words over an edge, other surnames."""
    pairs = [(line.text[at], term.text[at - found.start]) for at in changed]
    if any(at in exact for at in changed) or max(found.costs) > FURTHEST_SYLLABLE:
        return False
    if any({old, new} & NUMERALS or old in PARTICLES for old, new in pairs):
        return False
    if any(is_hanzi(new) and not is_hanzi(old) for old, new in pairs) or not _keeps_a_letter(found, term):
        return False
    is_titled = term.kind == CUSTOMER and term.core < len(term.text)
    if is_titled and any(cost > SAME_SOUND for cost in found.costs[: term.core]):
        return False
    return not line.word_across(found.start, found.end, changed)


def _keeps_a_letter(found: NearSound, term: Term) -> bool:
    """Spelled letters are hard to hear: one of them must be right as it is written."""
    letters = [cost for cost, new in zip(found.costs, term.text, strict=True) if not is_hanzi(new)]
    return not letters or 0.0 in letters


def _near_enough(term: Term, found: NearSound) -> bool:
    """Whether the whole term, and the part of it that is its own, are within the bar."""
    furthest = FURTHEST.get(len(term.text), FURTHEST_LONG)
    core = found.costs[: term.core]
    return found.distance <= furthest and sum(core) <= furthest * len(core)


def _term_near(found: NearSound, exact: set[int]) -> bool:
    """Whether a term stands as it is written close by."""
    around = (
        *range(found.start - NEAR_CHARACTERS, found.start),
        *range(found.end, found.end + NEAR_CHARACTERS),
    )
    return any(at in exact for at in around)
