"""A look at a call and what came of it: what goes to whoever works on the call, and what comes back.

Both are small, and whole: the worker needs nothing else of the batch, and the batch nothing else of the
worker, so that it is the same whether they share a process or are on two machines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.batch.plan import Job, Standing
from pipeline.batch.seen import After
from pipeline.batch.units import Cost, Unit
from pipeline.types import History, Quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is to be done with a call.

    Attributes:
        first: hear it, where that is needed, and judge it with what was known before the night; else judge
            it with all that happened in the night.
        now: how far the call is; whoever works on it writes there.
        seen: what the call sees of others in this look.
        hearing: its unit of hearing as it was before this run; ``None`` where there was none.
        judging: its unit of judging before this run.
        earlier: what its first look cost.
    """

    job: Job
    first: bool
    now: Standing
    seen: History
    hearing: Unit | None = None
    judging: Unit | None = None
    earlier: Cost = field(default_factory=Cost)


class OutcomeKind(StrEnum):
    """What became of a call in one look."""

    DONE = "done"
    STANDS = "stands"
    """Its report of an earlier run is what it would be made to now."""
    ASIDE = "aside"
    PUT_OFF = "put_off"
    """It is to be tried again when no other can be harmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a look.

    Attributes:
        call_id: of the call.
        now: how far the call is.
        after: what it is to other calls, by its first look.
        cost: of judging, the first look included.
        record: why it is in quarantine.
        blameless: whether the machine may be to blame for that as well as the call.
    """

    call_id: str
    kind: OutcomeKind
    now: Standing
    after: After | None = None
    cost: Cost = field(default_factory=Cost)
    record: Quarantined | None = None
    blameless: bool = False
