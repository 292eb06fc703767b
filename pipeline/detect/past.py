"""The history that an example of a rule describes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.contacts import contact_from
from pipeline.types import History, PastPromise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.detect.schema import Example
    from pipeline.detect.schema.past import PastContact
    from pipeline.metadata import CallMetadata
    from pipeline.types import Contact

_SHARED = ("customer_id", "called_number", "lender", "agency", "agent_id", "callee_role")


def history_of(example: Example, metadata: CallMetadata) -> History:
    """Contacts and promises of an example, counted back from its call; none where it has no time."""
    if metadata.started_at is None:
        return History(from_dial_log=example.dial_log)
    contacts = [contact for past in example.contacts for contact in _contacts(past, metadata)]
    promises = [
        PastPromise(
            debtor=metadata.customer_id or "",
            lender=metadata.lender,
            made_at=metadata.started_at - timedelta(days=promise.days_ago),
            amount=promise.amount,
            due=promise.due,
            kept=promise.kept,
        )
        for promise in example.promises
    ]
    return History(
        contacts=tuple(sorted(contacts, key=lambda contact: contact.at)),
        promises=tuple(sorted(promises, key=lambda promise: promise.made_at)),
        from_dial_log=example.dial_log,
    )


def _contacts(past: PastContact, metadata: CallMetadata) -> Iterator[Contact]:
    if metadata.started_at is None:
        return
    last = past.at or metadata.started_at - past.ago
    fields = {name: getattr(past, name) or metadata.get(name) for name in _SHARED}
    for number in range(past.times):
        yield contact_from(
            {
                **fields,
                "direction": past.direction,
                "connected": past.connected,
                "talk_seconds": past.seconds,
                "asked_for": past.asked_for,
            },
            last - timedelta(minutes=number * past.every),
            events=past.events,
        )
