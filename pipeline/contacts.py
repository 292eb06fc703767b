"""What one call is to later calls: a contact with somebody, perhaps a promise, perhaps word of a payment."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pipeline.types import CallStatus, Contact, PastPromise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from pipeline.metadata import CallMetadata
    from pipeline.types import CallReport

DEBTOR: Final = "debtor"
REACHED: Final = "reached"
CONTACT_REFUSED: Final = "contact_refused"
NOBODY: Final = frozenset({"wrong_number", "third_party"})
"""Customer events that say that whoever answered is not the debtor."""

SAME_DIAL: Final = timedelta(seconds=5)

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TELEPHONE: Final = re.compile(r"[+(]?[0-9][0-9 ()\-]{2,}")
_COUNTRY: Final = re.compile(r"(?:00)?86(?=1[3-9][0-9]{9}$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What a call or a line of a log tells of the debtor's last payment.

    Attributes:
        told_at: when that was known.
        paid_at: the day of the payment, ``None`` when not told.
        amount: yuan, 0 for none, ``None`` when not told.
    """

    debtor: str
    lender: str | None
    told_at: datetime
    paid_at: date | None
    amount: Decimal | None


def payment_told(metadata: CallMetadata) -> Payment | None:
    """What metadata tell of a payment; ``None`` where they tell nothing."""
    nothing = metadata.paid_at is None and metadata.paid_amount is None
    if nothing or metadata.started_at is None or metadata.customer_id is None:
        return None
    return Payment(
        debtor=metadata.customer_id,
        lender=metadata.lender,
        told_at=metadata.started_at,
        paid_at=metadata.paid_at,
        amount=metadata.paid_amount,
    )


def number_key(number: str) -> str:
    """A number by which calls are joined: a SHA-256, so that no history holds a telephone number.

    Spaces, hyphens and the country code make no difference. A SHA-256 (64 hexadecimal digits) stays
    as it is and anything that is no telephone number, such as a token, is taken literally.
    """
    text = number.strip().lower()
    if _HASH.fullmatch(text):
        return text
    if _TELEPHONE.fullmatch(text):
        text = _COUNTRY.sub("", re.sub(r"[^0-9]", "", text), count=1)
    return hashlib.sha256(text.encode()).hexdigest()


def contact_of(call_id: str, metadata: CallMetadata) -> Contact | None:
    """The contact that a call was by its metadata alone; ``None`` where nobody knows when it was."""
    if metadata.started_at is None:
        return None
    return contact_from(metadata.model_dump(), metadata.started_at, call_id=call_id)


def contact_from(
    fields: Mapping[str, Any],
    at: datetime,
    *,
    call_id: str | None = None,
    events: Iterable[str] = (),
) -> Contact:
    """A contact from metadata fields by their names in :class:`~pipeline.metadata.CallMetadata`."""
    talk = fields.get("talk_seconds")
    connected = fields.get("connected")
    number = fields.get("called_number")
    return Contact(
        at=at,
        call_id=call_id,
        debtor=fields.get("customer_id"),
        number=number_key(number) if number else None,
        lender=fields.get("lender"),
        agency=fields.get("agency"),
        agent=fields.get("agent_id"),
        callee_role=fields.get("callee_role"),
        direction=fields.get("direction"),
        connected=talk > 0 if connected is None and talk is not None else connected,
        talk_ms=None if talk is None else round(talk * 1000),
        asked_for=bool(fields.get("asked_for")),
        events=frozenset(events),
    )


def contact_after(report: CallReport) -> Contact | None:
    """The contact that a call turned out to be: whether anybody answered, how long, what happened.

    ``None`` where nobody knows when it was.
    """
    contact = contact_of(report.call.call_id, report.call.metadata)
    if contact is None:
        return None
    connected, talk_ms = contact.connected, contact.talk_ms
    if report.status is CallStatus.SCORED:
        connected = True
    elif report.status is CallStatus.NOT_SCORED and report.transcript.unreachable:
        connected = False
    if talk_ms is None and connected:
        talk_ms = _talk_ms(report)
    happened = {event.event for event in (*report.customer_events, *report.notes)}
    return replace(contact, connected=connected, talk_ms=talk_ms, events=frozenset(happened))


def promise_after(report: CallReport) -> PastPromise | None:
    """The promise that a call left behind; ``None`` without one, or without a debtor and a time."""
    metadata, promise = report.call.metadata, report.promise
    if promise is None or metadata.started_at is None or metadata.customer_id is None:
        return None
    return PastPromise(
        debtor=metadata.customer_id,
        lender=metadata.lender,
        made_at=metadata.started_at,
        amount=promise.amount,
        due=promise.date,
    )


def same_dial(one: Contact, other: Contact) -> bool:
    """Whether two records are of the same dial: one id, or one party within :data:`SAME_DIAL`.

    The log of a dialler and a recording of the same call come from two clocks.
    """
    if one.call_id is not None and other.call_id is not None:
        return one.call_id == other.call_id
    if one.number is not None and other.number is not None:
        return one.number == other.number and abs(one.at - other.at) <= SAME_DIAL
    return one.debtor is not None and one.debtor == other.debtor and abs(one.at - other.at) <= SAME_DIAL


def completed(call: Contact, dial: Contact) -> Contact:
    """A call with what only another record of the same dial knows of it."""
    return replace(
        call,
        number=call.number or dial.number,
        debtor=call.debtor or dial.debtor,
        lender=call.lender or dial.lender,
        agency=call.agency or dial.agency,
        agent=call.agent or dial.agent,
        callee_role=call.callee_role or dial.callee_role,
        direction=call.direction or dial.direction,
        connected=dial.connected if call.connected is None else call.connected,
        talk_ms=dial.talk_ms if call.talk_ms is None else call.talk_ms,
        asked_for=call.asked_for or dial.asked_for,
        events=call.events | dial.events,
    )


def was_reached(contact: Contact) -> bool | None:
    """Whether the debtor was spoken to; ``None`` when that is not known."""
    if contact.connected is False or contact.callee_role not in (DEBTOR, None) or contact.events & NOBODY:
        return False
    return None if contact.connected is None or contact.callee_role is None else True


def _talk_ms(report: CallReport) -> int | None:
    if report.transcript.speech_ms is not None:
        return report.transcript.speech_ms
    ends = [turn.end_ms for turn in report.transcript.turns if turn.end_ms is not None]
    return max(ends) if ends else report.duration_ms
