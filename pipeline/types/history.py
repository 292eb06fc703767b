"""What came before a call: dials, what was said in them, what was promised."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One dial, answered or not.

    Attributes:
        at: when it was dialled, with its time zone.
        call_id: the recording of it, where there is one.
        debtor: ``customer_id`` of the file.
        number: the number dialled, as it was given (or a hash of it).
        lender, agency, agent: who it was dialled for, and by whom.
        callee_role: who was called, as in the metadata.
        direction: ``outbound`` or ``inbound``.
        connected: whether a person answered; ``None`` when that is not known.
        talk_ms: how long was spoken; ``None`` when that is not known.
        asked_for: whether the debtor had asked to be called at that time.
        events: what happened in it: customer events, ``contact_refused``.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Contacts and promises in order of time.

    Attributes:
        from_dial_log: whether a dial log was given: without one, dials that nobody answered are not
            known, and no count can prove that a limit was kept.
    """

    contacts: tuple[Contact, ...] = ()
    promises: tuple[PastPromise, ...] = ()
    from_dial_log: bool = False
