"""What a rule raises, before it is a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.types import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A rule is raised: where, how sure, and what is missing to decide.

    Attributes:
        position: position of the turn in the view; ``None`` for the whole call.
        start, end: the evidence in that turn's text; empty for the whole turn.
        missing: the metadata field without which nothing can be decided.
        review: whether the rule itself asks for a person's eye.
        unclear: whether the recording is too unclear there to hold the words against anybody.
        by_sound: whether the words only sound like what the rule looks for.
    """

    position: int | None
    start: int = 0
    end: int = 0
    confidence: float
    severity: Severity | None = None
    reason: str | None = None
    missing: str | None = None
    review: bool = False
    unclear: bool = False
    by_sound: bool = False
