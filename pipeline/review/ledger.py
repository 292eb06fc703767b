"""Samples, tasks and decisions in the database of results: added, never changed.

There is no function that changes or deletes a decision: a correction is one more of them. Only retention
deletes, with the whole call.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipeline.review.records import Decision, Draw, Kind, Step, Task, Verdict
from pipeline.review.tables import decisions, draws, samples, tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from pipeline.review.samples import Sample
    from pipeline.store import Store

_LOCK: Final = 0x72657669
"""Number of PostgreSQL's advisory lock: ``revi``."""
_AT_ONCE: Final = 500
"""Values in one query: databases bound the number of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A decision that somebody wants to add, before it has a number."""

    task: Task
    step: Step
    person: str
    verdict: Verdict
    reason: str = field(repr=False)
    blind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What the database knows of the review of some calls.

    Attributes:
        samples: by id, how calls were drawn.
        draws: by call id.
        tasks: by call id, in the order of asking.
        decisions: by task id, in the order of saying.
    """

    samples: Mapping[str, Mapping[str, Any]]
    draws: Mapping[str, Sequence[Draw]]
    tasks: Mapping[str, Sequence[Task]]
    decisions: Mapping[str, Sequence[Decision]]

    def history(self, task_id: str) -> Sequence[Decision]:
        """What was said of a task."""
        return self.decisions.get(task_id, ())


@contextmanager
def alone(store: Store, what: str) -> Iterator[sa.Connection]:
    """A transaction that nobody else adds decisions beside.

    Raises:
        StoreError: nothing was written.
    """
    with store.transaction(what) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        else:  # any write takes SQLite's one lock; reading first would see the state before it
            connection.execute(sa.update(samples).where(sa.false()).values(plan=samples.c.plan))
        yield connection


def save_sample(connection: sa.Connection, sample: Sample, *, at: datetime) -> None:
    """Keep a sample and its draws; one that is there already stays as it is."""
    if connection.execute(
        sa.select(samples.c.sample_id).where(samples.c.sample_id == sample.sample_id)
    ).first():
        return
    connection.execute(
        sa.insert(samples),
        {
            "sample_id": sample.sample_id,
            "plan": sample.plan,
            "content": sample.summary(),
            "saved_at": _moment(at),
        },
    )
    rows = [
        {
            "sample_id": sample.sample_id,
            "call_id": call.call_id,
            "stratum": call.stratum,
            "inclusion": call.inclusion,
        }
        for call in sample.drawing.calls
    ]
    if rows:
        connection.execute(sa.insert(draws), rows)


def save_tasks(connection: sa.Connection, made: Iterable[Task], *, at: datetime) -> int:
    """Keep tasks; those that are there already stay as they are.

    Returns:
        How many were new.
    """
    wanted = {task.task_id: task for task in made}
    known = {row.task_id for row in _where(connection, tasks, tasks.c.task_id, list(wanted))}
    rows = [
        asdict(task) | {"kind": task.kind.value, "made_at": _moment(at)}
        for task_id, task in wanted.items()
        if task_id not in known
    ]
    if rows:
        connection.execute(sa.insert(tasks), rows)
    return len(rows)


def append(
    connection: sa.Connection, said: Iterable[tuple[Said, Decision | None]], *, at: datetime
) -> tuple[Decision, ...]:
    """Add decisions, each after those that its task has.

    Args:
        connection: of :func:`alone`.
        said: each with the decision that it corrects, if any.
        at: when.

    Returns:
        The decisions, as they are on record.
    """
    said = list(said)
    rows = _where(connection, decisions, decisions.c.task_id, [one.task.task_id for one, _ in said])
    numbers: dict[str, int] = defaultdict(int)
    for row in rows:
        numbers[row.task_id] = max(numbers[row.task_id], row.number)
    made = []
    for one, before in said:
        task_id = one.task.task_id
        numbers[task_id] += 1
        made.append(
            Decision(
                decision_id=_decision_id(one, before, numbers[task_id]),
                task_id=task_id,
                call_id=one.task.call_id,
                number=numbers[task_id],
                step=one.step,
                person=one.person,
                verdict=one.verdict,
                reason=one.reason,
                supersedes=before.decision_id if before else None,
                blind=one.blind,
                decided_at=_moment(at),
            )
        )
    if made:
        connection.execute(
            sa.insert(decisions),
            [asdict(one) | {"step": one.step.value, "verdict": one.verdict.value} for one in made],
        )
    return tuple(made)


def read_reviewed(connection: sa.Connection, call_ids: Iterable[str]) -> Reviewed:
    """Everything about the review of some calls."""
    ids = sorted(set(call_ids))
    drawn, asked = defaultdict(list), defaultdict(list)
    for row in _where(connection, draws, draws.c.call_id, ids):
        drawn[row.call_id].append(Draw(**row._asdict()))
    for row in sorted(
        _where(connection, tasks, tasks.c.call_id, ids), key=lambda row: (row.made_at, row.task_id)
    ):
        asked[row.call_id].append(_task(row._asdict()))
    told = defaultdict(list)
    for row in sorted(_where(connection, decisions, decisions.c.call_id, ids), key=lambda row: row.number):
        told[row.task_id].append(_decision(row._asdict()))
    named = {one.sample_id for calls in drawn.values() for one in calls}
    found = {
        row.sample_id: row.content for row in _where(connection, samples, samples.c.sample_id, sorted(named))
    }
    return Reviewed(samples=found, draws=dict(drawn), tasks=dict(asked), decisions=dict(told))


def read_tasks(connection: sa.Connection, task_ids: Iterable[str]) -> dict[str, Task]:
    """Tasks by their ids; those that are not known are left out."""
    found = _where(connection, tasks, tasks.c.task_id, sorted(set(task_ids)))
    return {row.task_id: _task(row._asdict()) for row in found}


def read_histories(connection: sa.Connection, task_ids: Iterable[str]) -> dict[str, list[Decision]]:
    """By task id, what was said of it, in order."""
    told = defaultdict(list)
    rows = _where(connection, decisions, decisions.c.task_id, sorted(set(task_ids)))
    for row in sorted(rows, key=lambda row: row.number):
        told[row.task_id].append(_decision(row._asdict()))
    return dict(told)


def _where(
    connection: sa.Connection, table: sa.Table, column: sa.Column[Any], values: Sequence[str]
) -> list[sa.Row[Any]]:
    rows: list[sa.Row[Any]] = []
    for at in range(0, len(values), _AT_ONCE):
        rows += connection.execute(sa.select(table).where(column.in_(values[at : at + _AT_ONCE])))
    return rows


def _task(values: dict[str, Any]) -> Task:
    values.pop("made_at")
    return Task(**{**values, "kind": Kind(values["kind"])})


def _decision(values: dict[str, Any]) -> Decision:
    return Decision(**{**values, "step": Step(values["step"]), "verdict": Verdict(values["verdict"])})


def _decision_id(said: Said, before: Decision | None, number: int) -> str:
    parts = (said.task.task_id, number, said.step, said.person, said.verdict, said.reason)
    text = repr((*parts, before.decision_id if before else "")).encode(errors="surrogatepass")
    return hashlib.sha256(text).hexdigest()[:24]


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
