"""The words of a mono recording, cut into clauses and given to the two parties."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.speech.attribution import Clause, attribute
from pipeline.speech.clean import spoken
from pipeline.speech.cues import agent_log_odds
from pipeline.speech.leakage import overlaps
from pipeline.speech.text import asks
from pipeline.speech.turns import Utterance
from pipeline.speech.voices import describe
from pipeline.speech.windows import FRAME_MS, frame_power
from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pipeline.ports import Diarization
    from pipeline.speech.cues import Cue
    from pipeline.speech.text import Token
    from pipeline.types import Samples, SpeakerSpan, Word

CLAUSE_PAUSE_MS = 400
"""A shorter pause inside a clause is no place for the speaker to change, unless a mark says so."""
QUIET_SHARE = 0.3
"""Quiet is this far up, in dB, from the noise floor to the active level."""
NEAR_MS = 500
"""A word outside all of the diarizer's spans goes to one this near."""
APART = 0.78
"""Cosine of voice prints from which two voices may be one person's: three people's were at most 0.70 on mixes
of real speech, one person's split in two at least 0.88."""
ONE_VOICE = 0.88
"""Below, two prints are not one person's: the least that halves of one voice had, see ``APART``."""
TEXT_SCALE = 0.5
"""Cues within one clause are taken for so much of their weight."""


def give_to_parties(
    tokens: Sequence[Token], samples: Samples, diarization: Diarization, cues: Sequence[Cue]
) -> tuple[Utterance, ...]:
    """Clauses of two parties, or three; ``speaker`` is ``voice 1`` …, numbered by who speaks first.

    Args:
        tokens: all words of the parties, in time order.
        samples: the recording.
        diarization: who the diarizer heard where.
        cues: what tells the collector from the other party.
    """
    if not tokens:
        return ()
    quiet = quiet_frames(samples)
    heard = [_heard(token.word, diarization.exclusive) for token in tokens]
    labels = [None if at is None else diarization.exclusive[at].speaker for at in heard]
    pauses = [0, *(_pause(a.word, b.word, quiet) for a, b in pairwise(tokens))]
    starts = [
        i for i in range(len(tokens)) if i == 0 or _begins(tokens[i - 1], pauses[i], labels[i - 1 : i + 1])
    ]
    bounds = list(zip(starts, (*starts[1:], len(tokens)), strict=True))
    groups = [tuple(tokens[a:b]) for a, b in bounds]
    clauses = [
        _clause(
            group,
            heard[a:b],
            diarization.exclusive,
            pauses[a],
            cues,
            after_question=a > 0 and asks(groups[k - 1]),
        )
        for k, ((a, b), group) in enumerate(zip(bounds, groups, strict=True))
    ]
    sounds = describe(samples, [_interval(group) for group in groups])
    likeness = _likeness(diarization.prints)
    parties = attribute(
        clauses,
        sounds,
        apart=max(likeness) < APART if likeness else None,
        several=bool(likeness) and min(likeness) < ONE_VOICE,
    )
    speaks = parties.argmax(axis=1).tolist()
    voices = {party: f"voice {number}" for number, party in enumerate(dict.fromkeys(speaks), start=1)}
    return tuple(
        Utterance(speaker=voices[party], tokens=group, certainty=float(row[party]))
        for group, party, row in zip(groups, speaks, parties, strict=True)
    )


def _interval(group: Sequence[Token]) -> Interval:
    end = max(token.word.end_ms for token in group)
    return Interval(start_ms=group[0].word.start_ms, end_ms=max(end, group[0].word.start_ms))


def _begins(before: Token, pause_ms: int, labels: Sequence[str | None]) -> bool:
    """Whether a clause begins: after a mark, after a pause, where the diarizer hears another voice."""
    heard = [label for label in labels if label is not None]
    return bool(before.mark) or pause_ms >= CLAUSE_PAUSE_MS or len(set(heard)) > 1


def _clause(
    group: Sequence[Token],
    heard: Sequence[int | None],
    spans: Sequence[SpeakerSpan],
    pause_ms: int,
    cues: Sequence[Cue],
    *,
    after_question: bool,
) -> Clause:
    text = spoken("".join(token.word.text for token in group))
    votes = [at for at in heard if at is not None]
    by_label = [spans[at].speaker for at in votes]
    label = max(sorted(by_label), key=by_label.count) if votes else None
    own = [at for at in votes if spans[at].speaker == label]
    stretch = max(own, key=own.count) if own else None
    return Clause(
        agent_log_odds=TEXT_SCALE * agent_log_odds([text], cues),
        label=label,
        margin=None if stretch is None else spans[stretch].margin,
        stretch=stretch,
        duration_ms=_interval(group).duration_ms,
        pause_ms=pause_ms,
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
