"""Reading back from the store what later calls must know of earlier ones."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipeline.contacts import Payment, number_key
from pipeline.history import Remembered
from pipeline.store.tables import calls, contacts, events, promises
from pipeline.types import Contact, PastPromise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.types import Call

_AT_ONCE: Final = 500
"""Values in one query: databases bound the number of parameters."""


def read_remembered(connection: sa.Connection, of: Sequence[Call]) -> Remembered:
    """Contacts, promises and payments of the debtors and numbers of ``of``, each call once."""
    debtors = {c.metadata.customer_id for c in of if c.metadata.customer_id}
    numbers = {number_key(c.metadata.called_number) for c in of if c.metadata.called_number}
    found: dict[str, Any] = {}
    for column, values in ((calls.c.customer_id, debtors), (contacts.c.number, numbers)):
        for row in _rows(connection, column, values):
            found[row.call_id] = row
    for call in of:
        found.pop(call.call_id, None)
    happened: defaultdict[str, set[str]] = defaultdict(set)
    for some in _portions(sorted(found)):
        for row in connection.execute(
            sa.select(events.c.call_id, events.c.event).where(_is_of(events, some))
        ):
            happened[row.call_id].add(row.event)
    promised: list[PastPromise] = []
    for some in _portions(sorted(found)):
        made = connection.execute(sa.select(promises).where(_is_of(promises, some)))
        for row in sorted(made, key=lambda row: row.call_id):  # databases order text in their own ways
            promised.extend(_promise(found[row.call_id], row))
    return Remembered(
        contacts=tuple(_contact(row, happened[call_id]) for call_id, row in sorted(found.items())),
        promises=tuple(promised),
        payments=tuple(payment for _, row in sorted(found.items()) for payment in _payment(row)),
    )


def _rows(connection: sa.Connection, column: sa.Column[Any], values: Iterable[str]) -> Iterator[Any]:
    wanted = (
        calls.c.call_id,
        calls.c.customer_id,
        calls.c.lender,
        calls.c.agency,
        calls.c.agent_id,
        calls.c.callee_role,
        calls.c.started_at,
        *(c for c in contacts.c if c.name != "call_id"),
    )
    query = sa.select(*wanted).join(contacts, contacts.c.call_id == calls.c.call_id)
    for some in _portions(sorted(values)):
        yield from connection.execute(query.where(column.in_(some)))


def _is_of(table: sa.Table, call_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return table.c.call_id.in_(call_ids)


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))


def _contact(row: Any, happened: Iterable[str]) -> Contact:
    return Contact(
        at=datetime.fromisoformat(row.started_at),
        call_id=row.call_id,
        debtor=row.customer_id,
        number=row.number,
        lender=row.lender,
        agency=row.agency,
        agent=row.agent_id,
        callee_role=row.callee_role,
        direction=row.direction,
        connected=row.connected,
        talk_ms=row.talk_ms,
        asked_for=row.asked_for,
        events=frozenset(happened),
    )


def _promise(call: Any, row: Any) -> Iterator[PastPromise]:
    if call.customer_id is not None:
        yield PastPromise(
            debtor=call.customer_id,
            lender=call.lender,
            made_at=datetime.fromisoformat(call.started_at),
            amount=_yuan(row.amount_fen),
            due=row.date,
        )


def _payment(row: Any) -> Iterator[Payment]:
    told = row.paid_fen is not None or row.paid_at is not None
    if told and row.customer_id is not None:
        yield Payment(
            debtor=row.customer_id,
            lender=row.lender,
            told_at=datetime.fromisoformat(row.started_at),
            paid_at=row.paid_at,
            amount=_yuan(row.paid_fen),
        )


def _yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else Decimal(fen) / 100
