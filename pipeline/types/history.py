"""What came before a call: dials, what was said in them, what was promised."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One dial, answered or not.

    Attributes:
        at: when it was dialled, with its time zone.
        call_id: the recording of it, where there is one.
        debtor: ``customer_id`` of the file.
        number: a hash of the number dialled (:func:`pipeline.contacts.number_key`).
        lender, agency, agent: who it was dialled for, and by whom.
        callee_role: who was called, as in the metadata.
        direction: ``outbound`` or ``inbound``.
        connected: whether a person answered; ``None`` when that is not known.
        talk_ms: how long was spoken; ``None`` when that is not known.
        asked_for: whether the debtor had asked to be called at that time.
        events: what happened in it: customer events and notes such as ``contact_refused``.
    """

    at: datetime
    call_id: str | None = None
    debtor: str | None = None
    number: str | None = None
    lender: str | None = None
    agency: str | None = None
    agent: str | None = None
    callee_role: str | None = None
    direction: str | None = None
    connected: bool | None = None
    talk_ms: int | None = None
    asked_for: bool = False
    events: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPromise:
    """A promise of an earlier call.

    Attributes:
        made_at: when.
        amount: yuan, ``None`` when open.
        due: the day, ``None`` when open.
        kept: whether it was paid in time; ``None`` when that is not known or it is not due yet.
    """

    debtor: str
    lender: str | None
    made_at: datetime
    amount: Decimal | None
    due: date | None
    kept: bool | None = None


@dataclass(frozen=True, kw_only=True)
class History:
    """Contacts and promises in order of time, found by what they have in common.

    Attributes:
        from_dial_log: whether a dial log was given: without one, dials that nobody answered are not
            known, and no count can prove that a limit was kept.
        supplied: the kinds of data that the operator gives at all: metadata fields that some call
            has, ``dial_log``, ``duration`` …
    """

    contacts: tuple[Contact, ...] = ()
    promises: tuple[PastPromise, ...] = ()
    from_dial_log: bool = False
    supplied: frozenset[str] = frozenset()

    def contacts_with(self, attribute: str, value: str) -> tuple[Contact, ...]:
        """The contacts whose ``call_id``, ``debtor``, ``number``, ``lender`` or ``agent`` is ``value``."""
        groups = self._groups.get(attribute)
        if groups is None:
            groups = self._groups[attribute] = _grouped(self.contacts, attribute)
        return groups.get(value, ())

    def promises_of(self, debtor: str) -> tuple[PastPromise, ...]:
        """The promises of a debtor."""
        return self._promises.get(debtor, ())

    @cached_property
    def _groups(self) -> dict[str, dict[str, tuple[Contact, ...]]]:
        return {}

    @cached_property
    def _promises(self) -> dict[str, tuple[PastPromise, ...]]:
        return _grouped(self.promises, "debtor")


def _grouped(records: tuple[_Record, ...], attribute: str) -> dict[str, tuple[_Record, ...]]:
    groups: defaultdict[str, list[_Record]] = defaultdict(list)
    for record in records:
        value = getattr(record, attribute)
        if value is not None:
            groups[value].append(record)
    return {value: tuple(group) for value, group in groups.items()}
