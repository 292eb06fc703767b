"""The words of a mono recording, cut into clauses and given to the two parties."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.speech.attribution import Clause, attribute
from pipeline.speech.changes import changes
from pipeline.speech.clean import spoken
from pipeline.speech.cues import placed_log_odds
from pipeline.speech.leakage import overlaps
from pipeline.speech.prints import VoicePrints, noise_within, without_nuisance
from pipeline.speech.text import asks
from pipeline.speech.turns import Utterance
from pipeline.speech.voices import describe
from pipeline.speech.windows import FRAME_MS, frame_power
from pipeline.speech.wording import load_wording
from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pipeline.ports import Diarization
    from pipeline.speech.cues import Cue
    from pipeline.speech.text import Token
    from pipeline.types import Samples, SpeakerSpan, Word

CLAUSE_PAUSE_MS = 400
"""A shorter pause inside a clause is no place for the speaker to change, unless a mark says so."""
BREATH_MS = 120
"""After such a pause a clause begins too where words have voice traces; who speaks seldom changes there."""
QUIET_SHARE = 0.3
"""Quiet is this far up, in dB, from the noise floor to the active level."""
NEAR_MS = 500
"""A word outside all of the diarizer's spans goes to one this near."""
APART = 0.78
"""Cosine of voice prints from which two voices may be one person's: three people's were at most 0.70 on mixes
of real speech, one person's split in two at least 0.88."""
ONE_VOICE = 0.88
"""Below, two prints are not one person's: the least that halves of one voice had, see ``APART``."""
CUE_SCALE, WORDING_SCALE = 0.8, 0.6
"""Cues and wording of one clause are taken for so much of their weight: they are misheard, and overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Talk:
    """What is known of a recording's words.

    Attributes:
        tokens: in time order.
        spans: the diarizer's exclusive ones.
        heard: the span of each word, if any.
        pauses: before each word, in ms; 0 for the first.
        traces: of the words, ``(words, dimension)``; ``None`` where the diarizer gave none.
        sentences: the words that begin one: after a mark or a pause, or where another voice is heard.
        changed: the words before which the sound changes to another party's.
    """

    tokens: tuple[Token, ...]
    spans: tuple[SpeakerSpan, ...]
    heard: tuple[int | None, ...]
    pauses: tuple[int, ...]
    traces: NDArray[np.float64] | None
    sentences: tuple[int, ...]
    changed: frozenset[int] = frozenset()

    @classmethod
    def of(cls, tokens: Sequence[Token], samples: Samples, diarization: Diarization) -> _Talk:
        quiet = quiet_frames(samples)
        spans, traces = diarization.exclusive, diarization.traces
        heard = [_heard(token.word, spans) for token in tokens]
        labels = [None if at is None else spans[at].speaker for at in heard]
        pauses = [0, *(_pause(a.word, b.word, quiet) for a, b in pairwise(tokens))]
        talk = cls(
            tokens=tuple(tokens),
            spans=spans,
            heard=tuple(heard),
            pauses=tuple(pauses),
            traces=None if traces is None or len(traces) != len(tokens) else traces.astype(np.float64),
            sentences=tuple(
                i
                for i in range(len(tokens))
                if i == 0 or _begins(tokens[i - 1], pauses[i], labels[i - 1 : i + 1])
            ),
        )
        if talk.traces is None:
            return talk
        lengths = talk.lengths_ms(0, len(tokens))
        return replace(talk, traces=without_nuisance(talk.traces, lengths, talk.bounds(talk.starts())))

    def starts(self) -> tuple[int, ...]:
        """The words that begin a clause: a sentence, and after a breath where the words have traces."""
        if self.traces is None:
            return self.sentences
        breaths = (i for i, pause in enumerate(self.pauses) if pause >= BREATH_MS)
        return tuple(sorted({*self.sentences, *breaths}))

    def bounds(self, starts: Sequence[int]) -> list[tuple[int, int]]:
        """First word and end of each clause."""
        return list(zip(starts, (*starts[1:], len(self.tokens)), strict=True))

    def prints(self, starts: Sequence[int]) -> VoicePrints | None:
        """The print of each clause."""
        if self.traces is None:
            return None
        traces = np.array([_mean_trace(*self.voiced(a, b)) for a, b in self.bounds(starts)])
        lengths = [_interval(self.tokens[a:b]).duration_ms for a, b in self.bounds(starts)]
        noise = noise_within(self.traces, self.lengths_ms(0, len(self.tokens)), self.bounds(self.starts()))
        return VoicePrints(traces, np.array(lengths, dtype=np.float64), noise)

    def voiced(self, first: int, end: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The traces of some words, and how long each is; empty without traces."""
        if self.traces is None:
            return np.zeros((0, 0)), np.zeros(0)
        return self.traces[first:end], self.lengths_ms(first, end)

    def lengths_ms(self, first: int, end: int) -> NDArray[np.float64]:
        """How long each of some words is."""
        lengths = [max(token.word.end_ms - token.word.start_ms, 1) for token in self.tokens[first:end]]
        return np.array(lengths, dtype=np.float64)


def places(tokens: Sequence[Token]) -> tuple[Interval, ...]:
    """Where each word is, for the diarizer to say what it sounds like."""
    return tuple(_interval([token]) for token in tokens)


def give_to_parties(
    tokens: Sequence[Token], samples: Samples, diarization: Diarization, cues: Sequence[Cue]
) -> tuple[Utterance, ...]:
    """Clauses of two parties, or three; ``speaker`` is ``voice 1`` …, numbered by who speaks first.

    A clause that the prints of its beginning and its end give to two parties is parted between them, and all
    are given anew.

    Args:
        tokens: all words of the parties, in time order.
        samples: the recording.
        diarization: who the diarizer heard where; with :func:`places` for its pieces.
        cues: what tells the collector from the other party.
    """
    if not tokens:
        return ()
    talk = _Talk.of(tokens, samples, diarization)
    likeness = _likeness(diarization.prints)
    sounds = _Sounds(samples)

    def given(starts: Sequence[int], before: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        return attribute(
            _clauses(talk, starts, cues),
            sounds.describe([_interval(talk.tokens[a:b]) for a, b in talk.bounds(starts)]),
            talk.prints(starts),
            apart=max(likeness) < APART if likeness else None,
            several=bool(likeness) and min(likeness) < ONE_VOICE,
            before=before,
        )

    starts = talk.starts()
    parties = given(starts)
    if talk.traces is not None:
        lengths = talk.lengths_ms(0, len(tokens))
        if changed := changes(talk.traces, lengths, talk.bounds(starts), parties):
            talk = replace(talk, changed=frozenset(changed))
            first = starts
            starts = tuple(sorted({*first, *changed}))
            parties = given(starts, parties[np.searchsorted(first, starts, side="right") - 1])
    speaks = parties.argmax(axis=1).tolist()
    voices = {party: f"voice {number}" for number, party in enumerate(dict.fromkeys(speaks), start=1)}
    return tuple(
        Utterance(speaker=voices[party], tokens=talk.tokens[a:b], certainty=float(row[party]))
        for (a, b), party, row in zip(talk.bounds(starts), speaks, parties, strict=True)
    )


class _Sounds:
    """Voice numbers of stretches, each described once."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._rows: dict[Interval, NDArray[np.float64]] = {}

    def describe(self, intervals: Sequence[Interval]) -> NDArray[np.float64]:
        new = [interval for interval in dict.fromkeys(intervals) if interval not in self._rows]
        self._rows.update(zip(new, describe(self._samples, new), strict=True))
        return np.array([self._rows[interval] for interval in intervals])


def _mean_trace(traces: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """The trace of words together; NaN where none is known."""
    known = ~np.isnan(traces).any(axis=1)
    if not known.any():
        return np.full(traces.shape[1], np.nan)
    return np.average(traces[known], axis=0, weights=lengths[known])


def _clauses(talk: _Talk, starts: Sequence[int], cues: Sequence[Cue]) -> list[Clause]:
    bounds = talk.bounds(starts)
    odds = dict(zip(starts, _odds(talk, starts, cues), strict=True))
    return [
        _clause(
            talk,
            a,
            b,
            odds[a],
            is_inside=a not in talk.sentences,
            is_changed=a in talk.changed,
            after_question=a in talk.sentences and i > 0 and asks(talk.tokens[bounds[i - 1][0] : a]),
        )
        for i, (a, b) in enumerate(bounds)
    ]


def _odds(talk: _Talk, starts: Sequence[int], cues: Sequence[Cue]) -> Iterator[float]:
    """What the words of each clause say, found on whole sentences: of cues and of all its wording."""
    bare = {a: spoken("".join(t.word.text for t in talk.tokens[a:b])) for a, b in talk.bounds(starts)}
    for first, end in talk.bounds(talk.sentences):
        pieces = [bare[a] for a in starts if first <= a < end]
        wording = load_wording().placed_log_odds(pieces)
        for cue, all_words in zip(placed_log_odds(pieces, cues), wording, strict=True):
            yield CUE_SCALE * cue + WORDING_SCALE * all_words


def _interval(group: Sequence[Token]) -> Interval:
    end = max(token.word.end_ms for token in group)
    return Interval(start_ms=group[0].word.start_ms, end_ms=max(end, group[0].word.start_ms))


def _begins(before: Token, pause_ms: int, labels: Sequence[str | None]) -> bool:
    """Whether a clause begins: after a mark, after a pause, where the diarizer hears another voice."""
    heard = [label for label in labels if label is not None]
    return bool(before.mark) or pause_ms >= CLAUSE_PAUSE_MS or len(set(heard)) > 1


def _clause(
    talk: _Talk, first: int, end: int, odds: float, *, is_inside: bool, is_changed: bool, after_question: bool
) -> Clause:
    votes = [at for at in talk.heard[first:end] if at is not None]
    by_label = [talk.spans[at].speaker for at in votes]
    label = max(sorted(by_label), key=by_label.count) if votes else None
    own = [at for at in votes if talk.spans[at].speaker == label]
    stretch = max(own, key=own.count) if own else None
    return Clause(
        agent_log_odds=odds,
        label=label,
        margin=None if stretch is None else talk.spans[stretch].margin,
        stretch=stretch,
        duration_ms=_interval(talk.tokens[first:end]).duration_ms,
        pause_ms=talk.pauses[first],
        is_inside=is_inside,
        is_changed=is_changed,
        after_question=after_question,
    )


def _heard(word: Word, spans: Sequence[SpeakerSpan]) -> int | None:
    """The span that has most of the word, else the nearest one within half a second."""
    best: tuple[int, int] | None = None
    for at, span in enumerate(spans):
        shared = min(span.end_ms, word.end_ms) - max(span.start_ms, word.start_ms)
        if shared > -NEAR_MS and (best is None or shared > best[0]):
            best = (shared, at)
    return None if best is None else best[1]


def _likeness(prints: Mapping[str, tuple[float, ...]]) -> list[float]:
    """The cosine of each two voices."""
    return [float(np.dot(one, other)) for one, other in combinations(prints.values(), 2)]


def simultaneous_speech(spans: Sequence[SpeakerSpan]) -> tuple[Interval, ...]:
    """Where a regular diarization has two or more speakers at once."""
    by_speaker: dict[str, list[Interval]] = defaultdict(list)
    for span in spans:
        by_speaker[span.speaker].append(Interval(start_ms=span.start_ms, end_ms=span.end_ms))
    return overlaps([tuple(found) for found in by_speaker.values()])


def quiet_frames(samples: Samples) -> NDArray[np.bool_]:
    """Which 20 ms frames are pauses, measured against the recording's own floor and level."""
    level = 10 * np.log10(frame_power(samples) + 1e-10)
    if not len(level):
        return np.zeros(0, dtype=bool)
    floor, active = np.percentile(level, [10, 95])
    return np.asarray(level < floor + QUIET_SHARE * (active - floor))


def _pause(before: Word, after: Word, quiet: NDArray[np.bool_]) -> int:
    """The longest quiet between the middles of two words, or the gap between them if that is longer.

    Word times stretch over short pauses, so the gap alone misses most of them.
    """
    first = (before.start_ms + before.end_ms) // 2 // FRAME_MS
    last = (after.start_ms + after.end_ms) // 2 // FRAME_MS
    longest = run = 0
    for is_quiet in quiet[first:last].tolist():
        run = run + 1 if is_quiet else 0
        longest = max(longest, run)
    return max(after.start_ms - before.end_ms, longest * FRAME_MS, 0)
