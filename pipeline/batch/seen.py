"""What one call sees of all others, and what it is to them: small enough to travel and to be kept.

A call sees the earlier contacts and promises with which it shares what a rule asks for. Its digest is part of
the key of a judgement (:mod:`pipeline.batch.keys`): a call is judged again when what it sees has changed,
whatever else happened in the night.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline.contacts import completed, contact_after, contact_of, promise_after
from pipeline.types import Contact, History, PastPromise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.types import Call, CallReport


def seen_by(call: Call, history: History, alike: Iterable[str]) -> History:
    """The part of a history that rules can see from a call; judged with it, the call gets the same report.

    Args:
        call: the call.
        history: of the whole batch.
        alike: the attributes of a contact by which rules look for other calls.
    """
    own = contact_of(call.call_id, call.metadata)
    contacts: dict[int, Contact] = {}
    promises: tuple[PastPromise, ...] = ()
    if own is not None:
        itself = history.contacts_with("call_id", call.call_id)
        known = own
        for record in itself:
            known = completed(known, record)
        groups = ((attribute, getattr(known, attribute)) for attribute in sorted(alike))
        groups_of = (history.contacts_with(name, value) for name, value in groups if value is not None)
        found = (*itself, *(contact for group in groups_of for contact in group))
        contacts = {id(c): c for c in found if c.at <= own.at or c.call_id == call.call_id}
        earlier = history.promises_of(known.debtor) if known.debtor and "debtor" in alike else ()
        promises = tuple(promise for promise in earlier if promise.made_at < own.at)
    return History(
        contacts=tuple(sorted(contacts.values(), key=lambda c: (c.at, c.call_id or "", c.number or ""))),
        promises=promises,
        from_dial_log=history.from_dial_log,
        supplied=history.supplied,
    )


def digest_of(seen: History) -> str:
    """SHA-256 of what a call sees."""
    contacts = [
        (
            c.at.isoformat(),
            c.call_id,
            c.debtor,
            c.number,
            c.lender,
            c.agency,
            c.agent,
            c.callee_role,
            c.direction,
            c.connected,
            c.talk_ms,
            c.asked_for,
            sorted(c.events),
        )
        for c in seen.contacts
    ]
    promises = [
        (p.debtor, p.lender, p.made_at.isoformat(), str(p.amount), str(p.due), p.kept) for p in seen.promises
    ]
    text = repr((contacts, promises, seen.from_dial_log, sorted(seen.supplied)))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What a call turned out to be for others; what its metadata say already is not repeated.

    Attributes:
        connected, talk_ms, events: as in :class:`~pipeline.types.Contact`.
        promised: whether a promise was made, with its ``amount`` in yuan and day ``due``.
    """

    connected: bool | None = None
    talk_ms: int | None = None
    events: tuple[str, ...] = ()
    promised: bool = False
    amount: Decimal | None = None
    due: date | None = None

    @classmethod
    def of(cls, report: CallReport) -> After:
        """What a report says."""
        contact, promise = contact_after(report), promise_after(report)
        return cls(
            connected=contact.connected if contact else None,
            talk_ms=contact.talk_ms if contact else None,
            events=tuple(sorted(contact.events)) if contact else (),
            promised=promise is not None,
            amount=promise.amount if promise else None,
            due=promise.due if promise else None,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON types; no word of what was said."""
        return {
            "connected": self.connected,
            "talk_ms": self.talk_ms,
            "events": list(self.events),
            "promised": self.promised,
            "amount": None if self.amount is None else str(self.amount),
            "due": None if self.due is None else self.due.isoformat(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> After:
        """The inverse of :meth:`to_json`."""
        return cls(
            connected=content["connected"],
            talk_ms=content["talk_ms"],
            events=tuple(content["events"]),
            promised=content["promised"],
            amount=None if content["amount"] is None else Decimal(content["amount"]),
            due=None if content["due"] is None else date.fromisoformat(content["due"]),
        )

    def promise(self, call: Call, at: datetime) -> PastPromise | None:
        """The promise that the call left behind, if any."""
        metadata = call.metadata
        if not self.promised or metadata.customer_id is None:
            return None
        return PastPromise(
            debtor=metadata.customer_id,
            lender=metadata.lender,
            made_at=at,
            amount=self.amount,
            due=self.due,
        )
