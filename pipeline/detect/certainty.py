"""How sure the evidence of a finding is: its own words, their speaker, what else sounds there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.types import Certainty, Interval, words_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.settings import DetectSettings, RoleSettings
    from pipeline.types import Evidence, Transcript, Turn, Word

OVERLAP_MS = 120
"""Simultaneous speech shorter than this is word-time jitter."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """Says how sure places in a call are."""

    transcript: Transcript
    detect: DetectSettings
    roles: RoleSettings

    def certainty(self, turn: Turn, at: Evidence) -> Certainty:
        """How sure ``at``, which stands in ``turn``, is."""
        words = words_at(turn, at.start, at.end)
        sizes = [len(word.text) for word in words]
        mean = turn.asr_confidence
        if sum(sizes):
            mean = sum(w.probability * size for w, size in zip(words, sizes, strict=True)) / sum(sizes)
        return Certainty(
            words=None if mean is None else round(mean, 4),
            lowest_word=min((round(word.probability, 4) for word in words), default=None),
            speaker=turn.role_confidence,
            overlap=turn.overlap and self._spoken_into(turn, at),
            faults=next((q.faults for q in self.transcript.quality if turn.channel in (None, q.channel)), ()),
        )

    def in_doubt(self, turn: Turn, at: Evidence) -> bool:
        """Whether words or speaker are too unsure to hold ``at`` against anybody."""
        sure = self.certainty(turn, at)
        unsure_words = sure.words is not None and sure.words < self.detect.asr_review_below
        return unsure_words or sure.speaker < self.roles.review_below

    def _spoken_into(self, turn: Turn, at: Evidence) -> bool:
        """Whether a turn is overlapped at its evidence, as far as the words of others tell."""
        own = _interval(turn)
        others = [
            other
            for other in self.transcript.turns
            if other.role is not turn.role and _overlap(own, (_interval(other),))
        ]
        spoken = [_interval(piece) for other in others for piece in other.words or (other,)]
        return not others or _overlap(_interval(at), spoken)


def _interval(of: Turn | Evidence | Word) -> Interval:
    return Interval(start_ms=of.start_ms or 0, end_ms=of.end_ms or 0)


def _overlap(interval: Interval, others: Sequence[Interval]) -> bool:
    return sum(interval.overlap_ms(other) for other in others) >= OVERLAP_MS
