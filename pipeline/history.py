"""The history of a batch: its own calls, a dial log, the results of earlier nights.

A batch is judged with what is known before anything is heard (:attr:`Ledger.history`); when all its
calls are judged, :meth:`Ledger.complete` adds what happened in them, and tells which calls that
concerns. Both histories depend on the calls alone, never on the order in which they were judged.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.contacts import (
    SAME_DIAL,
    completed,
    contact_after,
    contact_of,
    payment_told,
    promise_after,
    same_dial,
)
from pipeline.metadata import CHINA
from pipeline.types import History

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from pipeline.batch.seen import After
    from pipeline.contacts import Payment
    from pipeline.dial_log import DialLog
    from pipeline.types import Call, CallReport, Contact, PastPromise

DIAL_LOG = "dial_log"
RECORDING_FACTS = frozenset({"duration", "recording"})
"""What every recording supplies and no transcript does."""
Moment = tuple["datetime", str]
"""When a contact was, and its id, for an order without ties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What earlier nights left in the store."""

    contacts: tuple[Contact, ...] = ()
    promises: tuple[PastPromise, ...] = ()
    payments: tuple[Payment, ...] = ()


@dataclass
class Ledger:
    """The history of one batch, before and after it is judged.

    Attributes:
        calls: the calls of the batch; those without a time are in no history.
        recordings: whether they are recordings, not transcripts.
        dial_log: the log that the operator gave, if any.
        remembered: results of earlier nights, without those of these calls.
        alike: what rules ask calls to have in common: a call concerns every later one that shares one
            of these attributes of :class:`~pipeline.types.Contact`.
        history: what is known so far.
    """

    calls: Sequence[Call]
    recordings: bool = False
    dial_log: DialLog | None = None
    remembered: Remembered = field(default_factory=Remembered)
    alike: frozenset[str] = frozenset()
    history: History = field(init=False)
    _planned: dict[str, Contact] = field(init=False)
    _first: Mapping[tuple[str, str], Moment] = field(init=False)
    _after: dict[str, Contact] = field(init=False, default_factory=dict)
    _promises: dict[str, PastPromise] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        contacts = ((call.call_id, contact_of(call.call_id, call.metadata)) for call in self.calls)
        self._planned = {call_id: contact for call_id, contact in contacts if contact is not None}
        self._first = self._first_of(self._planned)
        self.history = self._history(self._planned, ())

    def note(self, report: CallReport) -> None:
        """Remember what a call turned out to be; a later report of the same call replaces it."""
        call_id = report.call.call_id
        contact, promise = contact_after(report), promise_after(report)
        if contact is not None:
            self._after[call_id] = contact
        self._promises.pop(call_id, None)
        if promise is not None:
            self._promises[call_id] = promise

    def recall(self, call: Call, after: After) -> None:
        """As :meth:`note`, from what was kept of a report."""
        planned = self._planned.get(call.call_id)
        if planned is None:
            return
        self._promises.pop(call.call_id, None)
        self._after[call.call_id] = replace(
            planned, connected=after.connected, talk_ms=after.talk_ms, events=frozenset(after.events)
        )
        promise = after.promise(call, planned.at)
        if promise is not None:
            self._promises[call.call_id] = promise

    def may_concern(self, call_id: str) -> bool:
        """Whether an earlier call of the batch has something in common with this one."""
        return self._is_behind(call_id, self._first)

    def complete(self) -> tuple[str, ...]:
        """Add what happened to the history; ids of the calls that it concerns, in their order."""
        changed = {
            call_id: contact
            for call_id, contact in self._after.items()
            if contact != self._planned[call_id] or call_id in self._promises
        }
        self.history = self._history({**self._planned, **self._after}, self._promises.values())
        first = self._first_of(changed)
        return tuple(call.call_id for call in self.calls if self._is_behind(call.call_id, first))

    def _first_of(self, contacts: Mapping[str, Contact]) -> dict[tuple[str, str], Moment]:
        """The first contact of each group of calls that are alike."""
        first: dict[tuple[str, str], Moment] = {}
        for call_id, contact in contacts.items():
            for key in self._keys(contact):
                first[key] = min(first.get(key, (contact.at, call_id)), (contact.at, call_id))
        return first

    def _is_behind(self, call_id: str, first: Mapping[tuple[str, str], Moment]) -> bool:
        own = self._planned.get(call_id)
        if own is None:
            return False
        return any(key in first and first[key] < (own.at, call_id) for key in self._keys(own))

    def _keys(self, contact: Contact) -> list[tuple[str, str]]:
        values = ((attribute, getattr(contact, attribute)) for attribute in sorted(self.alike))
        return [(attribute, value) for attribute, value in values if value is not None]

    def _history(self, own: Mapping[str, Contact], promises: Iterable[PastPromise]) -> History:
        dialled = self.dial_log.contacts if self.dial_log else ()
        contacts = _in_order((*joined(own.values(), named(dialled, own.values())), *self.remembered.contacts))
        told = [payment for call in self.calls if (payment := payment_told(call.metadata))]
        payments = (*self.remembered.payments, *(self.dial_log.payments if self.dial_log else ()), *told)
        return History(
            contacts=contacts,
            promises=settled((*self.remembered.promises, *promises), payments),
            from_dial_log=self.dial_log is not None,
            supplied=self._supplied(),
        )

    def _supplied(self) -> frozenset[str]:
        given = {n for call in self.calls for n, value in call.metadata.values.items() if value is not None}
        given |= {DIAL_LOG} if self.dial_log else set()
        return frozenset(given | RECORDING_FACTS if self.recordings else given)


def named(dialled: Iterable[Contact], known: Iterable[Contact]) -> list[Contact]:
    """Dials with the debtor, the lender and the role that every call to their number has.

    A dialler may know numbers only; where calls disagree on whose number it is, nothing is filled in.
    """
    owners: defaultdict[str, set[tuple[str | None, str | None, str | None]]] = defaultdict(set)
    for contact in known:
        if contact.number is not None:
            owners[contact.number].add((contact.debtor, contact.lender, contact.callee_role))
    found = []
    for dial in dialled:
        owner = owners.get(dial.number or "", set())
        if dial.debtor is None and len(owner) == 1:
            debtor, lender, role = next(iter(owner))
            dial = replace(
                dial, debtor=debtor, lender=dial.lender or lender, callee_role=dial.callee_role or role
            )
        found.append(dial)
    return found


def joined(calls: Iterable[Contact], dialled: Iterable[Contact]) -> list[Contact]:
    """Calls and dials, each contact once: a dial that was recorded is one with its recording."""
    own = {contact.call_id: contact for contact in calls}
    by_id: dict[str | None, Contact] = {}
    by_party: defaultdict[str, list[Contact]] = defaultdict(list)
    for contact in sorted(own.values(), key=_order):
        by_id[contact.call_id] = contact
        for party in _parties(contact):
            by_party[party].append(contact)
    others = []
    for dial in dialled:
        recorded = by_id.get(dial.call_id) if dial.call_id else None
        recorded = recorded or _recorded(dial, by_party)
        if recorded is None:
            others.append(dial)
        else:
            own[recorded.call_id] = completed(own[recorded.call_id], dial)
    return [*own.values(), *others]


def settled(promises: Iterable[PastPromise], payments: Iterable[Payment]) -> tuple[PastPromise, ...]:
    """Promises with whether they were kept, as far as somebody told of payments."""
    told: defaultdict[str, list[Payment]] = defaultdict(list)
    for payment in payments:
        told[payment.debtor].append(payment)
    kept = (replace(p, kept=_kept(p, told[p.debtor]) if p.kept is None else p.kept) for p in promises)
    return tuple(sorted(kept, key=lambda p: (p.made_at, p.debtor, p.amount or 0)))


def _kept(promise: PastPromise, payments: Iterable[Payment]) -> bool | None:
    """Whether enough came in time.

    A payment told of after the day of the promise settles it, one way or the other; an amount or a day
    that nobody told settles nothing.
    """
    if promise.due is None:
        return None
    made = promise.made_at.astimezone(CHINA).date()
    in_time, looked_later, doubt = set(), False, False
    for payment in payments:
        if payment.lender is not None and promise.lender is not None and payment.lender != promise.lender:
            continue
        told = payment.told_at.astimezone(CHINA).date()
        looked_later |= told > promise.due
        if payment.amount == 0:
            continue
        day = payment.paid_at or (told if told <= promise.due else None)
        if day is None:
            doubt = True
        elif made <= day <= promise.due and payment.told_at > promise.made_at:
            in_time.add((day, payment.amount))
    amounts = [amount for _, amount in in_time if amount is not None]
    if in_time and (promise.amount is None or sum(amounts) >= promise.amount):
        return True
    doubt |= len(amounts) < len(in_time)
    return False if looked_later and not doubt else None


def _in_order(contacts: Iterable[Contact]) -> tuple[Contact, ...]:
    return tuple(sorted(contacts, key=_order))


def _order(contact: Contact) -> tuple[datetime, str, str]:
    return contact.at, contact.call_id or "", contact.number or ""


def _parties(contact: Contact) -> list[str]:
    return [f"{kind}:{value}" for kind in ("number", "debtor") if (value := getattr(contact, kind))]


def _recorded(dial: Contact, by_party: Mapping[str, Sequence[Contact]]) -> Contact | None:
    """The recording of a dial, the nearest in time first."""
    near: list[Contact] = []
    for party in _parties(dial):
        group = by_party.get(party, ())
        at = bisect_left(group, dial.at - SAME_DIAL, key=lambda contact: contact.at)
        while at < len(group) and group[at].at <= dial.at + SAME_DIAL:
            if same_dial(group[at], dial):
                near.append(group[at])
            at += 1
    return min(near, key=lambda contact: (abs(contact.at - dial.at), contact.call_id or ""), default=None)
