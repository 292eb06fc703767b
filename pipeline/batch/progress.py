"""How far a batch is, read from its journal while it runs or afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipeline.batch.journal_tables import work, work_owners, work_runs
from pipeline.batch.units import Stage, UnitState
from pipeline.store.tables import quarantine
from pipeline.types import Quarantined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.store import Store

_RECENT_S: Final = 1800.0
"""The rate is that of the last half hour, or of the run where that is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the last run of a batch is.

    Attributes:
        state: ``running``, ``done``, ``stopped`` (by itself, see ``reason``) or ``died``.
        planned: calls in all, rows that are none included.
        skipped: calls with nothing to do.
        done: calls done in this run.
        running: calls in hand.
        pending: calls that wait.
        quarantined: calls and rows in quarantine, those of earlier runs included.
        failures: calls of this batch in quarantine, by reason.
        started_at, finished_at: seconds since 1970.
        calls_per_hour: of late; ``None`` before the first.
        left_s: seconds that the rest will take, by the size of recordings; ``None`` when unknown.
        cpu_s: seconds of computing by stage, of this run's calls.
    """

    run: int
    state: str
    reason: str | None
    planned: int
    skipped: int
    done: int
    running: int
    pending: int
    quarantined: int
    failures: Mapping[str, int]
    started_at: float
    finished_at: float | None
    calls_per_hour: float | None
    left_s: float | None
    cpu_s: Mapping[str, float] = field(default_factory=dict)


def read_progress(
    store: Store, batch_id: str, now: float, *, dead_here: str | None = None
) -> Progress | None:
    """The progress of the last run of a batch; ``None`` when there was none.

    Args:
        store: the database.
        batch_id: the batch.
        now: seconds since 1970.
        dead_here: name of this host, where it is known that nobody here works on the batch.

    Raises:
        StoreError: the database cannot be read.
    """
    with store.transaction("cannot read the journal") as connection:
        of_batch = work_runs.c.batch_id == batch_id
        last = connection.execute(
            sa.select(work_runs).where(of_batch).order_by(work_runs.c.run.desc()).limit(1)
        ).one_or_none()
        if last is None:
            return None
        lease = connection.execute(
            sa.select(work_owners).where(work_owners.c.batch_id == batch_id)
        ).one_or_none()
        columns = ("call_id", "stage", "state", "reason", "weight", "finished_at", "cpu_s")
        units = connection.execute(
            sa.select(*(work.c[name] for name in columns)).where(
                work.c.batch_id == batch_id, work.c.run == last.run
            )
        ).all()
        aside = connection.execute(
            sa.select(work.c.reason, sa.func.count(work.c.call_id.distinct()))
            .where(work.c.batch_id == batch_id, work.c.state == UnitState.QUARANTINED.value)
            .group_by(work.c.reason)
        ).tuples()
        failures = {reason or "": count for reason, count in sorted(aside)}
    state = last.state
    gone = lease is None or lease.lease_until < now or lease.host == dead_here
    if state == UnitState.RUNNING.value and gone:
        state = "died"
    calls = _by_call(units)
    counts = Counter(calls.values())
    recent, left = _rate(units, calls, last.started_at, last.finished_at or now)
    return Progress(
        run=last.run,
        state=state,
        reason=last.reason,
        planned=last.planned,
        skipped=last.skipped,
        done=counts[UnitState.DONE.value],
        running=counts[UnitState.RUNNING.value],
        pending=counts[UnitState.PENDING.value],
        quarantined=last.quarantined + counts[UnitState.QUARANTINED.value],
        failures=failures,
        started_at=last.started_at,
        finished_at=last.finished_at,
        calls_per_hour=recent,
        left_s=left if last.finished_at is None else None,
        cpu_s={
            stage.value: round(sum(u.cpu_s or 0.0 for u in units if u.stage == stage.value), 3)
            for stage in Stage
        },
    )


def read_set_aside(store: Store) -> tuple[Quarantined, ...]:
    """What is in quarantine, calls and rows, in order.

    Raises:
        StoreError: the database cannot be read.
    """
    with store.transaction("cannot read the quarantine") as connection:
        rows = connection.execute(sa.select(quarantine).order_by(quarantine.c.call_id)).all()
    return tuple(Quarantined(**row._asdict()) for row in rows)


_ORDER: Final = (
    UnitState.QUARANTINED.value,
    UnitState.RUNNING.value,
    UnitState.PENDING.value,
    UnitState.DONE.value,
)


def _by_call(units: Any) -> dict[str, str]:
    """The state of a call from those of its stages: what is worst of them."""
    calls: dict[str, str] = {}
    for unit in units:
        states = (unit.state, calls.get(unit.call_id, unit.state))
        calls[unit.call_id] = min(states, key=_ORDER.index)
    return calls


def _rate(
    units: Any, calls: Mapping[str, str], started_at: float, now: float
) -> tuple[float | None, float | None]:
    """Calls an hour of late, and seconds that the rest takes, by weight over the whole run."""
    ended = {u.call_id: u.finished_at for u in units if u.stage == Stage.JUDGE.value and u.finished_at}
    over = (UnitState.DONE.value, UnitState.QUARANTINED.value)
    done = [call_id for call_id, state in calls.items() if state in over]
    since = max(started_at, now - _RECENT_S)
    late = sum(1 for call_id in done if ended.get(call_id, 0.0) >= since)
    if not done or now <= since:
        return None, None
    weights = {u.call_id: u.weight for u in units}
    finished = sum(weights[call_id] + 1 for call_id in done)
    rest = sum(weights[call_id] + 1 for call_id in calls) - finished
    return late / (now - since) * 3600, rest * (now - started_at) / finished
