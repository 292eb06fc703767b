"""What each stage of each call cost, read from the journal: the ledger of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipeline.batch.journal_tables import work
from pipeline.batch.units import Stage, UnitState

if TYPE_CHECKING:
    from pipeline.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCost:
    """One stage of one call.

    Attributes:
        reason: why it is in quarantine, a code.
        attempts: how often it was tried.
        started_at, finished_at: of the last attempt, in seconds since 1970.
        cpu_s: seconds of computing; so ``wall_s`` of the clock. ``None`` where it did not end well.
    """

    call_id: str
    stage: Stage
    state: UnitState
    reason: str | None
    attempts: int
    started_at: float | None
    finished_at: float | None
    cpu_s: float | None
    wall_s: float | None


def read_costs(store: Store, batch_id: str, run: int) -> tuple[UnitCost, ...]:
    """The stages that a run worked on, in the order of calls.

    Raises:
        StoreError: the database cannot be read.
    """
    columns = [work.c[name] for name in UnitCost.__slots__]
    query = (
        sa.select(*columns)
        .where(work.c.batch_id == batch_id, work.c.run == run)
        .order_by(work.c.call_id, work.c.stage)
    )
    with store.transaction("cannot read the journal") as connection:
        rows = [row._asdict() for row in connection.execute(query)]
    return tuple(
        UnitCost(**{**row, "stage": Stage(row["stage"]), "state": UnitState(row["state"])}) for row in rows
    )
