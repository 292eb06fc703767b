"""Takes out what Whisper invents, and only that: every removal needs evidence and is logged.

«谢谢», «嗯» and «再见» are real in calls and also what the model writes on noise, so a word list alone
cannot decide. The method is a bag of known hallucinations with de-looping after speech detection
(Barański et al., ICASSP 2025, arXiv 2501.11378), gated by the engine's own scores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from pipeline.settings import CONFIGS
from pipeline.speech.intervals import covered_ms
from pipeline.speech.lexicon import read_classes
from pipeline.speech.text import plain, simplify
from pipeline.types import Interval, Removal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pipeline.types import Segment, Word

HALLUCINATIONS = CONFIGS / "lexicons" / "asr_hallucinations.txt"
CLASSES = frozenset({"credit", "echo", "filler"})

CREDIT_SHARE = 0.5
FILLER_SPEECH_MS = 300
FILLER_REACH_MS = 200
"""A short word is timed loosely: speech this near to it counts as its own."""
SILENT_NO_SPEECH, SILENT_LOGPROB = 0.6, -1.0
FILLER_LOGPROB = -0.8
FILLER_RATE = 0.8
FASTEST_RATE = 15.0
"""Characters a second that nobody speaks; brisk Mandarin is 6 to 8."""
LOOP_BREAK_MS = 1500
_NOT_SPOKEN = re.compile(r"[^㐀-鿿0-9A-Za-z%]")
_HANZI = re.compile(r"[㐀-鿿]")
_FOREIGN = re.compile(r"[぀-ヿ가-힯Ѐ-ӿ؀-ۿ฀-๿]")
_LOOPS = ((re.compile(r"(.{2,12}?)\1{3,}"), 1), (re.compile(r"(.)\1{5,}"), 3))
"""A unit said four times over keeps its first; a single character six times over keeps three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hallucinations:
    """Phrases that Whisper invents, without punctuation, in simplified characters.

    Attributes:
        credit: long, unmistakable ones: subtitles, channels, sign-offs of videos.
        echo: prompts that the model gives back.
        filler: short ones that people also say.
    """

    credit: tuple[str, ...]
    echo: tuple[str, ...]
    filler: frozenset[str]


@cache
def load_hallucinations(path: Path = HALLUCINATIONS) -> Hallucinations:
    """Read the word list.

    Raises:
        ConfigError: the file cannot be read or a line is malformed.
    """
    classes = {name: tuple(map(spoken, found)) for name, found in read_classes(path, CLASSES).items()}
    longest_first = {name: tuple(sorted(found, key=len, reverse=True)) for name, found in classes.items()}
    return Hallucinations(
        credit=longest_first["credit"], echo=longest_first["echo"], filler=frozenset(classes["filler"])
    )


def spoken(text: str) -> str:
    """Hanzi, letters (lower case) and digits of a text, simplified: what can be compared."""
    return _NOT_SPOKEN.sub("", simplify([plain(text)])[0]).lower()


def clean(
    segments: Sequence[Segment], speech: Sequence[Interval], lexicon: Hallucinations
) -> tuple[tuple[Segment, ...], tuple[Removal, ...]]:
    """What of a channel's segments was said, and what was taken out.

    Args:
        segments: in time order, times within the recording.
        speech: detected speech of the channel, in time order, not overlapping.
        lexicon: known inventions.
    """
    kept: list[Segment] = []
    removals: list[Removal] = []
    for segment in segments:
        reason = _whole(segment, speech, lexicon)
        if reason is not None:
            removals.append(_removal(segment.words, segment, reason))
            continue
        stripped, removal = _strip_phrases(segment, lexicon)
        if removal is not None:
            removals.append(removal)
        if stripped is not None:
            kept.append(stripped)
    straight, loops = _unloop(kept)
    return straight, tuple(sorted((*removals, *loops), key=lambda r: (r.start_ms, r.end_ms)))


def _whole(segment: Segment, speech: Sequence[Interval], lexicon: Hallucinations) -> str | None:
    """Why the whole segment goes, or ``None``."""
    text = spoken(segment.text)
    if not text:
        return "foreign_script" if _FOREIGN.search(segment.text) else "no_words"
    if len(_FOREIGN.findall(segment.text)) > len(_HANZI.findall(segment.text)):
        return "foreign_script"
    if segment.avg_logprob < SILENT_LOGPROB and segment.no_speech_prob > SILENT_NO_SPEECH:
        return "no_speech"
    for name, phrases in (("credit", lexicon.credit), ("prompt_echo", lexicon.echo)):
        covered = sum(end - start for start, end in _found(text, phrases))
        if covered >= CREDIT_SHARE * len(text):
            return name
    seconds = _speech_ms(segment, speech, FILLER_REACH_MS) / 1000
    if text in lexicon.filler and _unproven(segment, len(text), seconds):
        return "filler_without_speech"
    if len(text) >= 8 and len(text) > FASTEST_RATE * _speech_ms(segment, speech, 0) / 1000:
        return "too_fast"
    return None


def _speech_ms(segment: Segment, speech: Sequence[Interval], reach_ms: int) -> int:
    """Detected speech within the segment and so many milliseconds around it."""
    around = Interval(start_ms=segment.start_ms - reach_ms, end_ms=segment.end_ms + reach_ms)
    return covered_ms(around, speech)


def _unproven(segment: Segment, characters: int, seconds: float) -> bool:
    if seconds * 1000 < FILLER_SPEECH_MS:
        return True
    doubtful = segment.no_speech_prob > SILENT_NO_SPEECH and segment.avg_logprob < FILLER_LOGPROB
    return doubtful or (characters < FILLER_RATE * seconds and segment.avg_logprob < FILLER_LOGPROB)


def _found(text: str, phrases: Iterable[str]) -> list[tuple[int, int]]:
    """Where phrases stand in ``text``; a stretch is found once, by the first phrase that has it."""
    found: list[tuple[int, int]] = []
    for phrase in phrases:
        at = text.find(phrase)
        while at >= 0:
            if all(at + len(phrase) <= start or at >= end for start, end in found):
                found.append((at, at + len(phrase)))
            at = text.find(phrase, at + 1)
    return found


def _strip_phrases(segment: Segment, lexicon: Hallucinations) -> tuple[Segment | None, Removal | None]:
    """A credit or prompt that hangs on real words goes, the words stay."""
    texts = [spoken(word.text) for word in segment.words]
    spans = _found("".join(texts), (*lexicon.credit, *lexicon.echo))
    if not spans:
        return segment, None
    gone = _touched(texts, spans)
    removal = _removal([word for i, word in enumerate(segment.words) if i in gone], segment, "credit")
    return without_words(segment, gone), removal


def _touched(texts: Sequence[str], spans: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Indexes of the texts that the spans of their concatenation touch."""
    touched, at = set(), 0
    for index, text in enumerate(texts):
        if any(at < end and at + len(text) > start for start, end in spans):
            touched.add(index)
        at += len(text)
    return frozenset(touched)


def without_words(segment: Segment, gone: frozenset[int]) -> Segment | None:
    """The segment without some of its words, its text and times made again from the others."""
    words = tuple(word for index, word in enumerate(segment.words) if index not in gone)
    if not words:
        return None
    text = "".join(word.text for word in words)
    return replace(segment, words=words, text=text, start_ms=words[0].start_ms, end_ms=words[-1].end_ms)


def _unloop(segments: Sequence[Segment]) -> tuple[tuple[Segment, ...], tuple[Removal, ...]]:
    """Shorten loops, also those that run over several segments with no pause between."""
    kept: list[Segment] = []
    removals: list[Removal] = []
    for run in _runs(segments):
        texts = [spoken(word.text) for segment in run for word in segment.words]
        gone = _touched(texts, loop_tails("".join(texts)))
        at = 0
        for segment in run:
            local = frozenset(i - at for i in gone if at <= i < at + len(segment.words))
            at += len(segment.words)
            if local:
                words = [word for i, word in enumerate(segment.words) if i in local]
                removals.append(_removal(words, segment, "loop"))
            shorter = without_words(segment, local) if local else segment
            if shorter is not None:
                kept.append(shorter)
    return tuple(kept), tuple(removals)


def _runs(segments: Sequence[Segment]) -> list[list[Segment]]:
    runs: list[list[Segment]] = []
    for segment in segments:
        if runs and segment.start_ms - runs[-1][-1].end_ms <= LOOP_BREAK_MS:
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return runs


def loop_tails(text: str) -> list[tuple[int, int]]:
    """What of each loop in a text without punctuation is too much, as half-open ranges."""
    return [
        (match.start() + keep * len(match.group(1)), match.end())
        for pattern, keep in _LOOPS
        for match in pattern.finditer(text)
        if keep == 3 or len(set(match.group(1))) > 1
    ]


def _removal(words: Sequence[Word], segment: Segment, reason: str) -> Removal:
    return Removal(
        start_ms=words[0].start_ms if words else segment.start_ms,
        end_ms=words[-1].end_ms if words else segment.end_ms,
        reason=reason,
        characters=sum(len(spoken(word.text)) for word in words) if words else len(spoken(segment.text)),
    )
