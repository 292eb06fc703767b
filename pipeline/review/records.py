"""The records of review: task, decision, and what becomes of a task.

A person is a name or staff number in free text; two that differ only in case, width or spaces are one.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(StrEnum):
    """What a person is asked about."""

    FINDING = "finding"
    CALL = "call"
    """The call as a whole: what was missed?"""
    ADDED = "added"
    """A violation that a person found and the machine did not."""


class Step(StrEnum):
    """In which capacity somebody speaks."""

    REVIEW = "review"
    APPEAL = "appeal"
    FINAL = "final"


class Verdict(StrEnum):
    """What somebody says."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNSURE = "unsure"
    """It cannot be told, such as from what can be heard."""
    CLEAN = "clean"
    """Of a call: nothing was missed."""
    MISSED = "missed"
    """Of a call: something was; what it was stands in tasks of kind ``added``."""
    APPEALED = "appealed"


class Standing(StrEnum):
    """What became of a task."""

    OPEN = "open"
    DISPUTED = "disputed"
    """Reviewers differ, and nobody has decided."""
    APPEALED = "appealed"
    """An appeal waits for a decision."""
    UNSURE = "unsure"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CLEAN = "clean"
    MISSED = "missed"


ANSWERS: dict[tuple[Kind, Step], tuple[Verdict, ...]] = {
    **{
        (kind, step): (Verdict.CONFIRMED, Verdict.REJECTED, Verdict.UNSURE)
        for kind in (Kind.FINDING, Kind.ADDED)
        for step in (Step.REVIEW, Step.FINAL)
    },
    (Kind.FINDING, Step.APPEAL): (Verdict.APPEALED,),
    (Kind.ADDED, Step.APPEAL): (Verdict.APPEALED,),
    (Kind.CALL, Step.REVIEW): (Verdict.CLEAN, Verdict.MISSED, Verdict.UNSURE),
}
"""What may be said of what, in which step; a call as a whole has neither appeal nor final decision."""


class ReviewError(ConfigError):
    """A plan, sample or review file cannot be used; nothing was changed. Names each place at fault."""

    code = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked, with what the machine had said when it was first asked.

    Attributes:
        finding_id: of the finding in the call's JSON; ``None`` for other kinds, so ``state`` to
            ``confidence``.
        rule: ``None`` for a call as a whole.
        turn: index of the turn of the evidence; offsets are code points; ``None`` for the whole call.
        evidence_sha256: of what a decision is about, see :mod:`pipeline.review.identity`.
    """

    task_id: str
    call_id: str
    kind: Kind
    evidence_sha256: str
    transcript_sha256: str
    rules_sha256: str
    finding_id: str | None = None
    rule: str | None = None
    state: str | None = None
    severity: str | None = None
    confidence: float | None = None
    turn: int | None = None
    text_start: int | None = None
    text_end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person said.

    Attributes:
        number: 1, 2, … within the task, in the order of saying.
        supersedes: the decision of the same person in the same step that this one corrects.
        blind: whether the person could not see what the machine had said.
        decided_at: when it was recorded, ISO 8601.
    """

    decision_id: str
    task_id: str
    call_id: str
    number: int
    step: Step
    person: str
    verdict: Verdict
    reason: str = field(repr=False)
    supersedes: str | None
    blind: bool
    decided_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A call of a sample.

    Attributes:
        inclusion: probability with which it was drawn, above 0 to 1.
    """

    sample_id: str
    call_id: str
    stratum: str
    inclusion: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task.

    Attributes:
        by: who said so last; empty while it is open.
        reviews: what each reviewer said last, in the order of their first word.
        carried: whether the call was heard or judged anew since, and the decision still fits.
    """

    standing: Standing
    by: str = ""
    reviews: Sequence[tuple[str, Verdict]] = ()
    carried: bool = False

    @property
    def decided(self) -> bool:
        """Whether it is confirmed or rejected."""
        return self.standing in (Standing.CONFIRMED, Standing.REJECTED)


def same_person(name: str) -> str:
    """A name as it is compared: width, case and spaces aside."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
