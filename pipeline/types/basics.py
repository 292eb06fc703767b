"""Small words that every record uses: who, how, how sure, when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


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


class Witness(StrEnum):
    """Who speaks for a finding."""

    RULE = "rule"
    """The words are those of a rule."""
    SOUND = "sound"
    """The words sound like those of a rule."""
    MODEL = "model"
    """The second opinion sees it."""


class Stability(StrEnum):
    """What becomes of a verdict if something was heard otherwise; see :mod:`pipeline.score.robustness`."""

    STANDS = "stands"
    ONE_WORD = "depends_on_one_word"
    FLIPS = "flips"
    """It does not stand with the speakers exchanged."""


class Outcome(StrEnum):
    """What compliance comes to."""

    PASSED = "passed"
    FAILED = "failed"
    RED_LINE = "red_line"


class CallStatus(StrEnum):
    """What became of a call."""

    SCORED = "scored"
    NOT_SCORED = "not_scored"
    QUARANTINED = "quarantined"


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
