"""The records that flow through the pipeline.

Conventions, the same in every record:

* times are integer milliseconds from the start of the recording, half-open
  (``start_ms`` inside, ``end_ms`` outside); ``None`` where a transcript came without times;
* text positions are code-point offsets into ``Turn.text``, half-open;
* money is ``Decimal`` yuan; confidences and probabilities are 0..1; scores are 0..100;
* records are frozen, sequences are tuples.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.metadata import CallMetadata

Samples = NDArray[np.float32]
"""Mono sound, shape ``(num_samples,)``, float32 in -1..1."""


class Role(StrEnum):
    """Who speaks. ``system`` is ringback, hold music, IVR prompts: never a party."""

    AGENT = "agent"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"
    SYSTEM = "system"

    @property
    def other(self) -> Role:
        """The other party; ``unknown`` and ``system`` have none and stay themselves."""
        return {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}.get(self, self)


class Tone(StrEnum):
    """How a turn sounds."""

    WARM = "warm"
    NEUTRAL = "neutral"
    PRESSING = "pressing"
    HOSTILE = "hostile"
    DISTRESSED = "distressed"


class FindingState(StrEnum):
    """How sure a finding is; ``cannot_decide`` lacks something and is neither a pass nor a fail."""

    VIOLATION = "violation"
    NEEDS_REVIEW = "needs_review"
    CANNOT_DECIDE = "cannot_decide"


class Severity(StrEnum):
    """``critical`` is a red line."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


class CallStatus(StrEnum):
    """What became of a call."""

    SCORED = "scored"
    NOT_SCORED = "not_scored"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording as the manifest names it. ``channel_roles`` is empty when not known."""

    path: Path
    channel_roles: tuple[Role, ...] = ()
    raw_format: str | None = None
    """``alaw`` or ``mulaw`` with optional ``:rate:channels`` for headerless G.711."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call before anything is known of its content."""

    call_id: str
    metadata: CallMetadata
    recording: Recording | None = None
    line: int | None = None
    """1-based line of the manifest, for messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch of time."""

    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds; 0 when empty."""
        return max(0, self.end_ms - self.start_ms)

    def overlap_ms(self, other: Interval) -> int:
        """Milliseconds that both intervals cover."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of a decoded recording."""

    index: int
    samples: Samples
    level_dbfs: float
    """Active level: the 95th percentile of 20 ms frame levels."""
    dead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedAudio:
    """A decoded recording: mono channels at one rate. ``source_*`` describe the file."""

    channels: tuple[Channel, ...]
    sample_rate: int
    duration_ms: int
    sha256: str
    container: str
    codec: str
    source_rate: int
    source_channels: int
    dual_mono: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word or character of a transcript. ``probability`` is the engine's own."""

    text: str
    start_ms: int
    end_ms: int
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What a transcriber returns for a stretch of sound; times count from the samples' start."""

    text: str
    start_ms: int
    end_ms: int
    words: tuple[Word, ...]
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerSpan:
    """A diarizer's claim: this anonymous speaker talks from here to there."""

    speaker: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one party says until the other takes over.

    Attributes:
        index: 0-based position in the call.
        role_confidence: how sure it is that ``role`` said this.
        text: simplified Chinese with punctuation.
        channel: 0-based channel, ``None`` for mono and text.
        overlap: whether the other party speaks at the same time for part of the turn.
        asr_confidence: mean probability of the words, ``None`` for transcripts given as text.
    """

    index: int
    role: Role
    role_confidence: float
    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    words: tuple[Word, ...] = ()
    channel: int | None = None
    overlap: bool = False
    asr_confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Words that an engine gave and that we took out, with the reason (kept for audits)."""

    start_ms: int
    end_ms: int
    reason: str
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """All turns of a call in time order."""

    turns: tuple[Turn, ...]
    removals: tuple[Removal, ...] = ()
    speech_ms: int | None = None
    """Milliseconds in which anybody speaks; ``None`` for text."""
    unreachable: str | None = None
    """Why nobody was reached (``voicemail``, ``ivr_only`` …), when that is what was heard."""

    def by_role(self, role: Role) -> tuple[Turn, ...]:
        """The turns of one party, in time order."""
        return tuple(t for t in self.turns if t.role is role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A literal stretch of one turn. Build it with :meth:`of`, which cannot quote wrongly."""

    turn: int
    start: int
    end: int
    quote: str
    start_ms: int | None = None
    end_ms: int | None = None

    @classmethod
    def of(cls, turn: Turn, start: int, end: int) -> Evidence:
        """Quote ``turn.text[start:end]`` with the times of its words.

        Raises:
            ValueError: the offsets are outside the text or empty.
        """
        if not 0 <= start < end <= len(turn.text):
            raise ValueError(f"evidence offsets {start}:{end} outside turn {turn.index}")
        words = words_at(turn, start, end)
        return cls(
            turn=turn.index,
            start=start,
            end=end,
            quote=turn.text[start:end],
            start_ms=words[0].start_ms if words else turn.start_ms,
            end_ms=words[-1].end_ms if words else turn.end_ms,
        )

    @classmethod
    def whole(cls, turn: Turn) -> Evidence:
        """Quote a whole turn."""
        return cls.of(turn, 0, len(turn.text))


def words_at(turn: Turn, start: int, end: int) -> tuple[Word, ...]:
    """The words that spell ``turn.text[start:end]``.

    Words are found in order in the turn's text, so that punctuation that no word carries does no harm.
    """
    position, touched = 0, []
    for word in turn.words:
        at = turn.text.find(word.text, position)
        if at < 0:
            continue
        position = at + len(word.text)
        if at < end and position > start:
            touched.append(word)
    return tuple(touched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a call breaks, may break, or that could not be decided.

    Attributes:
        evidence: ``None`` when the finding is about the call as a whole.
        norms: ids of the clauses in ``configs/norms.yaml``.
        reason: one Chinese sentence that a reviewer can follow.
        missing: the metadata field that a ``cannot_decide`` needs.
    """

    rule: str
    state: FindingState
    severity: Severity
    confidence: float
    norms: tuple[str, ...]
    reason: str
    evidence: Evidence | None = None
    missing: str | None = None

    @property
    def finding_id(self) -> str:
        """Stable id within a call: the same rule on the same words has the same id."""
        at = (self.evidence.turn, self.evidence.start, self.evidence.end) if self.evidence else ()
        return hashlib.sha256(repr((self.rule, at)).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """A check that could not run at all: it blocks a clean verdict."""

    check: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that a party does with words: greets, asks, offers, promises."""

    act: str
    role: Role
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvent:
    """Something about the customer that a reader must know, with where it was said."""

    event: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The promise to pay at the end of the call; ``date`` is the last day promised, in the call's zone."""

    amount: Decimal | None
    date: date | None
    confirmed: bool
    coerced: bool
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneFrame:
    """Tone of one turn with the probabilities behind it."""

    turn: int
    tone: Tone
    probabilities: Mapping[Tone, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreItem:
    """One line of a score: a deduction (negative points) or an effectiveness item.

    Attributes:
        name: rule or item name.
        points: what was got (effectiveness) or taken (compliance, negative or 0).
        possible: the most that could be got; 0 for deductions.
        applicable: an item that does not apply counts neither way.
        reason: one Chinese sentence.
        turns: where to look.
    """

    name: str
    points: float
    possible: float = 0.0
    applicable: bool = True
    reason: str = ""
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The two scores and their items; ``compliance_if_confirmed`` counts ``needs_review`` findings too."""

    compliance: float | None
    compliance_if_confirmed: float | None
    effectiveness: float | None
    red_line: bool
    compliance_items: tuple[ScoreItem, ...] = ()
    effectiveness_items: tuple[ScoreItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made a report: enough to make the same report again."""

    program: str
    recording_sha256: str | None
    transcript_sha256: str
    models: Mapping[str, str]
    rules_sha256: str
    config_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """Everything that Tinghe says of one call."""

    call: Call
    status: CallStatus
    provenance: Provenance
    status_reason: str | None = None
    duration_ms: int | None = None
    transcript: Transcript = field(default_factory=lambda: Transcript(turns=()))
    tones: tuple[ToneFrame, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    acts: tuple[Act, ...] = ()
    customer_events: tuple[CustomerEvent, ...] = ()
    promise: Promise | None = None
    scores: Scores | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A call that could not be judged, with its reason; one line of ``quarantine.jsonl``."""

    call_id: str
    reason: str
    message: str
    file: str | None = None
    line: int | None = None
    field: str | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """The account of a batch. ``planned`` must equal the sum of the others."""

    planned: int
    scored: int
    not_scored: int
    quarantined: int
    skipped: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every planned call is accounted for exactly once."""
        return self.planned == self.scored + self.not_scored + self.quarantined + self.skipped
