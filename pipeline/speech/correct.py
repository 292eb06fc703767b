"""Homophones of the words that matter, put right after decoding, with a record of every change.

Whisper writes Mandarin by its sound: «露音» for 录音, and any characters for a name. What sounds like a
term of the trade or a name of the call's metadata is replaced by it when the evidence says so
(:mod:`pipeline.speech.evidence`). Syllables are neither added nor dropped and numbers are left alone, so
word times and probabilities stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.speech.evidence import Case, Line, judge
from pipeline.speech.nearsound import load_terms, terms_of_call
from pipeline.types import Correction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.metadata import CallMetadata
    from pipeline.ports import WordFrequencies
    from pipeline.speech.nearsound import Terms
    from pipeline.speech.text import Token
    from pipeline.speech.turns import Utterance

FURTHEST = 0.25
"""Nothing further than this, a syllable, is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Tokens as many as went in, and what was changed in them."""

    tokens: tuple[Token, ...]
    corrections: tuple[Correction, ...]


def correct_speakers(
    said: Sequence[Utterance], metadata: CallMetadata, words: WordFrequencies
) -> tuple[tuple[Utterance, ...], tuple[Correction, ...]]:
    """The utterances of all speakers, each speaker's words put right on their own, and what was changed.

    Raises:
        ConfigError: the lexicon is not usable.
    """
    written = list(said)
    corrections: list[Correction] = []
    for speaker in dict.fromkeys(utterance.speaker for utterance in said):
        own = [i for i, utterance in enumerate(said) if utterance.speaker == speaker]
        result = correct([token for i in own for token in said[i].tokens], metadata, words)
        tokens = iter(result.tokens)
        for i in own:
            written[i] = replace(said[i], tokens=tuple(islice(tokens, len(said[i].tokens))))
        corrections += result.corrections
    return tuple(written), tuple(sorted(corrections, key=_time_order))


def correct(tokens: Sequence[Token], metadata: CallMetadata, words: WordFrequencies) -> Corrected:
    """Put right what sounds like a term, until nothing more is found.

    Args:
        tokens: words of one speaker in time order, simplified and without marks.
        metadata: of the call, for the names.
        words: knows which stretches are words.

    Raises:
        ConfigError: the lexicon is not usable.
    """
    trade = load_terms()
    sources = (trade, terms_of_call(metadata, trade.readings))
    written, corrections = tuple(tokens), list[Correction]()
    # A round turns characters into a term's, and no later round may change those: it ends.
    while True:
        chosen = _choose(Line(written, words, trade.words), sources)
        if not chosen:
            break
        corrections += [_record(case, reason, written) for case, reason in chosen]
        written = _write([case for case, _ in chosen], written)
    return Corrected(tokens=written, corrections=tuple(sorted(corrections, key=_time_order)))


def _time_order(correction: Correction) -> tuple[int, int]:
    return correction.start_ms, correction.end_ms


def _choose(line: Line, sources: Sequence[Terms]) -> list[tuple[Case, str]]:
    """Accepted cases that do not overlap, with their reasons: longer terms first, then nearer ones."""
    accepted = [(case, reason) for case in _cases(line, sources) if (reason := judge(case)) is not None]
    accepted.sort(key=lambda item: _rank(item[0]))
    chosen: list[tuple[Case, str]] = []
    for case, reason in accepted:
        at = case.found
        if all(at.end <= other.found.start or at.start >= other.found.end for other, _ in chosen):
            chosen.append((case, reason))
    return chosen


def _rank(case: Case) -> tuple[int, float, int, str]:
    return -len(case.term.text), case.found.distance, case.found.start, case.term.text


def _cases(line: Line, sources: Sequence[Terms]) -> list[Case]:
    """Stretches within a clause that sound like a term and are not written like it."""
    found = [
        (source.terms[near.term], near)
        for source in sources
        for near in source.index.find(line.text, most=FURTHEST)
    ]
    is_exact = [line.text[near.start : near.end].upper() == term.text.upper() for term, near in found]
    exact = frozenset(
        at
        for (_, near), same in zip(found, is_exact, strict=True)
        if same
        for at in range(near.start, near.end)
    )
    return [
        Case(line=line, term=term, found=near, exact=exact)
        for (term, near), same in zip(found, is_exact, strict=True)
        if not same and line.clause_of[near.start] == line.clause_of[near.end - 1]
    ]


def _record(case: Case, reason: str, tokens: Sequence[Token]) -> Correction:
    first = tokens[case.line.token_of[case.found.start]].word
    last = tokens[case.line.token_of[case.found.end - 1]].word
    return Correction(
        start_ms=first.start_ms,
        end_ms=max(last.end_ms, first.start_ms),
        original=case.heard,
        corrected=case.term.text,
        kind=case.term.kind,
        reason=reason,
        distance=round(case.found.distance, 4),
        probability=round(case.probability, 4),
    )


def _write(cases: Sequence[Case], tokens: Sequence[Token]) -> tuple[Token, ...]:
    """The tokens with the terms written over their characters."""
    characters = [c for token in tokens for c in token.word.text]
    for case in cases:
        characters[case.found.start : case.found.end] = case.term.text
    written, at = [], 0
    for token in tokens:
        text = "".join(characters[at : at + len(token.word.text)])
        at += len(text)
        changed = text != token.word.text
        written.append(replace(token, word=replace(token.word, text=text)) if changed else token)
    return tuple(written)
