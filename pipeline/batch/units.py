"""The units of work of a batch, as the journal holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """What is done with a call: ``hear`` is dear, ``judge`` starts from what was heard."""

    HEAR = "hear"
    JUDGE = "judge"


class UnitState(StrEnum):
    """What became of a unit so far."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One stage of one call.

    Attributes:
        key: digest of all that it is made from; ``None`` before it was tried.
        attempts: how often it was tried with this key, without the lost ones.
        lost: how often the whole batch died while it was in hand.
        reason: why it is in quarantine, ``message`` says it in words.
        output: of ``hear`` the SHA-256 of what was kept, of ``judge`` the status of the call.
        first_key: of ``judge``, the key of the first look, when nothing was known of the night's other calls.
        after: of ``judge``, what the call is to others by its first look.
        finished_at: seconds since 1970 at which it was last done or set aside.
        cpu_s, wall_s: what it took when it was last done.
    """

    call_id: str
    stage: Stage
    state: UnitState
    key: str | None = None
    attempts: int = 0
    lost: int = 0
    reason: str | None = None
    message: str | None = None
    output: str | None = None
    first_key: str | None = None
    after: Mapping[str, Any] | None = None
    finished_at: float | None = None
    cpu_s: float | None = None
    wall_s: float | None = None

    @property
    def whole(self) -> bool:
        """Whether it is a judgement that stands, with its first look."""
        return self.state is UnitState.DONE and self.first_key is not None and self.after is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a stage cost: seconds of computing and of the clock."""

    cpu_s: float = 0.0
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A unit that is to be done; ``weight`` says how much work it is, compared with others."""

    call_id: str
    stage: Stage
    weight: int
