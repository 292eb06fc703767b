"""Legal holds: what somebody said must not be deleted, who, when and why.

A hold is on a call or on all calls of a debtor, alone or under the name of a case that joins several. It is
set and released at any time, also while a batch runs; deleting a call and setting a hold exclude each other.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipeline.errors import ConfigError
from pipeline.retention.tables import holds, intents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pipeline.store import Store

_LOCK: Final = 0x686F6C64
"""Number of PostgreSQL's advisory lock: ``hold``."""


class HoldKind(StrEnum):
    """What a hold is on."""

    CALL = "call"
    DEBTOR = "debtor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold.

    Attributes:
        subject: a call id, or a ``customer_id`` of the manifest.
        case: what joins it with others, if anything.
        set_at: when, ISO 8601; so ``released_at``, which is ``None`` while it holds.
    """

    hold_id: str
    kind: HoldKind
    subject: str = field(repr=False)
    case: str | None
    set_by: str
    set_why: str = field(repr=False)
    set_at: str
    released_by: str | None = None
    released_why: str | None = field(default=None, repr=False)
    released_at: str | None = None

    @property
    def active(self) -> bool:
        """Whether it holds."""
        return self.released_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is under hold now.

    Attributes:
        calls: ids of calls.
        debtors: ids of debtors.
    """

    calls: frozenset[str] = frozenset()
    debtors: frozenset[str] = frozenset()

    def covers(self, call_id: str, debtor: str | None) -> bool:
        """Whether a call may be under hold: one whose debtor is not known may be anybody's."""
        if call_id in self.calls:
            return True
        return bool(self.debtors) if debtor is None else debtor in self.debtors


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """What a command names."""

    calls: Sequence[str] = ()
    debtors: Sequence[str] = ()
    case: str | None = None

    @property
    def named(self) -> tuple[tuple[HoldKind, str], ...]:
        """Calls and debtors, each once."""
        both = ((HoldKind.CALL, self.calls), (HoldKind.DEBTOR, self.debtors))
        return tuple(dict.fromkeys((kind, name.strip()) for kind, names in both for name in names))


class TooLate(ConfigError):
    """What was to be held is being deleted, or was."""

    code = "too_late"


def set_holds(store: Store, subjects: Subjects, *, by: str, why: str, at: datetime) -> tuple[Hold, ...]:
    """Set holds; those that are set already under the same case stay as they are.

    Args:
        store: where.
        subjects: calls and debtors, and the case that joins them.
        by: who.
        why: the reason; it is kept.
        at: when.

    Raises:
        ConfigError: nobody or no reason is named, or nothing to hold.
        TooLate: a call that is to be held is being deleted at this moment. The holds are set all the same.
        StoreError: the database cannot be written; nothing was set.
    """
    _require(by, why)
    if not subjects.named or any(not name for _, name in subjects.named):
        raise ConfigError("name a call or a debtor to hold, with --case what joins several")
    made = []
    with store.transaction("cannot set a hold") as connection:
        alone(connection)
        active = {(h.kind, h.subject, h.case) for h in _read(connection, active=True)}
        for kind, name in subjects.named:
            if (kind, name, subjects.case) in active:
                continue
            hold = Hold(
                hold_id=uuid.uuid4().hex,
                kind=kind,
                subject=name,
                case=subjects.case,
                set_by=by.strip(),
                set_why=why.strip(),
                set_at=at.isoformat(timespec="seconds"),
            )
            connection.execute(sa.insert(holds), _row(hold))
            made.append(hold)
        under_way = [
            row.subject
            for row in connection.execute(sa.select(intents.c.subject, intents.c.content))
            if (HoldKind.CALL, row.subject) in subjects.named
            or (HoldKind.DEBTOR, row.content.get("debtor")) in subjects.named
        ]
    if under_way:
        raise TooLate(f"the hold is set, but {len(under_way)} of its calls were being deleted already")
    return tuple(made)


def release_holds(store: Store, subjects: Subjects, *, by: str, why: str, at: datetime) -> tuple[Hold, ...]:
    """Release holds: those of the named calls and debtors, of a case as a whole where only it is named.

    Raises:
        ConfigError: nobody or no reason is named, or there is no such hold.
        StoreError: the database cannot be written; nothing was released.
    """
    _require(by, why)
    if not subjects.named and subjects.case is None:
        raise ConfigError("name a call, a debtor or a case to release")
    with store.transaction("cannot release a hold") as connection:
        alone(connection)
        found = [
            hold
            for hold in _read(connection, active=True)
            if (not subjects.named or (hold.kind, hold.subject) in subjects.named)
            and (subjects.case is None or hold.case == subjects.case)
        ]
        if not found:
            raise ConfigError("nothing of what is named is under hold")
        connection.execute(
            sa.update(holds)
            .where(holds.c.hold_id.in_([hold.hold_id for hold in found]))
            .values(
                released_by=by.strip(), released_why=why.strip(), released_at=at.isoformat(timespec="seconds")
            )
        )
    return tuple(found)


def read_holds(store: Store, *, active: bool = False) -> tuple[Hold, ...]:
    """All holds, the oldest first; with ``active`` those that were not released.

    Raises:
        StoreError: the database cannot be read.
    """
    with store.transaction("cannot read the holds") as connection:
        return tuple(_read(connection, active=active))


def held(connection: sa.Connection) -> Held:
    """What is under hold, as a transaction sees it."""
    found = _read(connection, active=True)
    return Held(
        calls=frozenset(hold.subject for hold in found if hold.kind is HoldKind.CALL),
        debtors=frozenset(hold.subject for hold in found if hold.kind is HoldKind.DEBTOR),
    )


def alone(connection: sa.Connection) -> None:
    """Let no other transaction set a hold or begin a deletion before this one ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    else:  # any write takes SQLite's one lock; reading first would see the state before it
        connection.execute(sa.delete(holds).where(sa.false()))


def _require(by: str, why: str) -> None:
    if not by.strip() or not why.strip():
        raise ConfigError("say who (--by) and why (--why); it is kept")


def _read(connection: sa.Connection, *, active: bool) -> list[Hold]:
    query = sa.select(holds).order_by(holds.c.set_at, holds.c.hold_id)
    if active:
        query = query.where(holds.c.released_at.is_(None))
    return [_hold(row._asdict()) for row in connection.execute(query)]


def _hold(values: dict[str, Any]) -> Hold:
    case = values.pop("case_name")
    return Hold(**{**values, "kind": HoldKind(values["kind"])}, case=case)


def _row(hold: Hold) -> dict[str, Any]:
    return {
        "hold_id": hold.hold_id,
        "kind": hold.kind.value,
        "subject": hold.subject,
        "case_name": hold.case,
        "set_by": hold.set_by,
        "set_why": hold.set_why,
        "set_at": hold.set_at,
    }
