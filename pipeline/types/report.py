"""A call when all is said, and the account of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.types.basics import CallStatus
from pipeline.types.conduct import CallConduct
from pipeline.types.sound import Call
from pipeline.types.transcript import Transcript
from pipeline.types.verdict import Act, CustomerEvent, Finding, NotChecked, Promise, Scores, ToneFrame

if TYPE_CHECKING:
    from collections.abc import Mapping


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
class Swapped:
    """The verdict on a call if agent and customer are the other way round.

    Attributes:
        findings: those that there are only then; they count nowhere.
        scores: what the call would get.
    """

    findings: tuple[Finding, ...]
    scores: Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """Everything that Tinghe says of one call.

    Attributes:
        notes: kept for later calls and not shown.
        roles_confidence: how sure it is who is the agent; ``None`` when neither party speaks.
        if_swapped: the other verdict, where that is not sure enough.
        conduct: how the call was held; ``None`` when it was not judged. It takes nothing from a score.
    """

    call: Call
    status: CallStatus
    provenance: Provenance
    status_reason: str | None = None
    duration_ms: int | None = None
    transcript: Transcript = field(default_factory=lambda: Transcript(turns=()))
    tones: tuple[ToneFrame, ...] = ()
    findings: tuple[Finding, ...] = ()
    overruled: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    acts: tuple[Act, ...] = ()
    customer_events: tuple[CustomerEvent, ...] = ()
    notes: tuple[CustomerEvent, ...] = ()
    promise: Promise | None = None
    scores: Scores | None = None
    roles_confidence: float | None = None
    if_swapped: Swapped | None = None
    conduct: CallConduct | None = None


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
