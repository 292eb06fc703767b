"""How often people were called: contacts by day, by debtor and by number.

What is counted are the contacts that judgements saw (:mod:`pipeline.audit.inputs`): the calls of the batch,
those of earlier nights and, where one was given, the lines of the dial log, each once. Of a call without kept
inputs only the call itself is known, and its debtor is not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.contacts import contact_of
from pipeline.export.masking import shown_id
from pipeline.metadata import CHINA, CallMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from pipeline.audit.inputs import Inputs
    from pipeline.types import Contact


@dataclass(slots=True, kw_only=True)
class Day:
    """Contacts of a day for one lender and agency.

    Attributes:
        connected: with a person who answered; ``unknown``: where nobody knows whether.
        debtors: how many were called; so ``numbers``.
        most_debtor: contacts of the debtor who was called most; so ``most_number``.
        no_debtor: contacts whose debtor is not known.
    """

    day: date
    lender: str
    agency: str
    contacts: int = 0
    connected: int = 0
    unknown: int = 0
    debtors: int = 0
    numbers: int = 0
    most_debtor: int = 0
    most_number: int = 0
    no_debtor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtorDay:
    """Contacts of a debtor, by one number, on a day.

    Attributes:
        debtor: a name for the debtor in this pack, ``D1`` …; so ``number``. Empty where it is not known.
        talk_ms: how long was spoken, as far as that is known.
        calls: ids of those contacts that are calls of the pack.
    """

    day: date
    debtor: str
    number: str
    contacts: int
    connected: int
    talk_ms: int
    calls: tuple[str, ...]


@dataclass
class Counting:
    """Contacts in the making, a call at a time.

    Attributes:
        from_dial_log: whether a dial log was seen: without one, dials that nobody answered are not known.
        without_inputs: calls of which nothing but the result is kept.
    """

    from_dial_log: bool = False
    without_inputs: int = 0
    _contacts: dict[tuple[Any, ...], Contact] = field(default_factory=dict)
    _calls: set[str] = field(default_factory=set)

    def add(self, content: Mapping[str, Any], inputs: Inputs | None) -> None:
        """Count a call and what it saw."""
        call_id = content["call_id"]
        self._calls.add(call_id)
        metadata = inputs.metadata if inputs else CallMetadata.model_validate(dict(content["metadata"]))
        own = contact_of(call_id, metadata)
        if own is not None:
            talked = content["status"] == "scored" or None
            self._note(replace(own, connected=talked if own.connected is None else own.connected))
        if inputs is None:
            self.without_inputs += 1
            return
        self.from_dial_log = self.from_dial_log or inputs.from_dial_log
        for contact in inputs.contacts:
            self._note(contact)

    def days(self) -> Iterator[Day]:
        """By day, lender and agency."""
        groups: dict[tuple[date, str, str], list[Contact]] = {}
        for contact in self._contacts.values():
            groups.setdefault((_day(contact), contact.lender or "", contact.agency or ""), []).append(contact)
        for (day, lender, agency), contacts in sorted(groups.items()):
            debtors = Counter(contact.debtor for contact in contacts if contact.debtor)
            numbers = Counter(contact.number for contact in contacts if contact.number)
            yield Day(
                day=day,
                lender=lender,
                agency=agency,
                contacts=len(contacts),
                connected=sum(contact.connected is True for contact in contacts),
                unknown=sum(contact.connected is None for contact in contacts),
                debtors=len(debtors),
                numbers=len(numbers),
                most_debtor=max(debtors.values(), default=0),
                most_number=max(numbers.values(), default=0),
                no_debtor=sum(not contact.debtor for contact in contacts),
            )

    def debtors(self, *, mask: bool) -> Iterator[DebtorDay]:
        """By day, debtor and number.

        Args:
            mask: whether debtors are named ``D1``, ``D2`` … in the order of their first contact, and not by
                their ``customer_id``. Numbers are hashes and get names in any case.
        """
        ordered = sorted(self._contacts.values(), key=_order)
        debtors = _names(ordered, "debtor", "D") if mask else {}
        numbers = _names(ordered, "number", "N")
        groups: dict[tuple[date, str, str], list[Contact]] = {}
        for contact in ordered:
            debtor = contact.debtor or ""
            key = (_day(contact), debtors.get(debtor, debtor), numbers.get(contact.number or "", ""))
            groups.setdefault(key, []).append(contact)
        for (day, debtor, number), contacts in sorted(groups.items()):
            yield DebtorDay(
                day=day,
                debtor=debtor,
                number=number,
                contacts=len(contacts),
                connected=sum(contact.connected is True for contact in contacts),
                talk_ms=sum(contact.talk_ms or 0 for contact in contacts),
                calls=tuple(
                    sorted(
                        shown_id(contact.call_id) if mask else contact.call_id
                        for contact in contacts
                        if contact.call_id and contact.call_id in self._calls
                    )
                ),
            )

    def _note(self, contact: Contact) -> None:
        """Keep a contact once, with all that is known of it."""
        own = contact.call_id is not None
        key = (contact.call_id,) if own else (contact.at, contact.number, contact.debtor)
        known = self._contacts.get(key)
        if known is not None:
            contact = replace(
                known,
                debtor=known.debtor or contact.debtor,
                number=known.number or contact.number,
                connected=contact.connected if known.connected is None else known.connected,
                talk_ms=contact.talk_ms if known.talk_ms is None else known.talk_ms,
            )
        self._contacts[key] = contact


def _names(contacts: Iterable[Contact], attribute: str, letter: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for contact in contacts:
        value = getattr(contact, attribute)
        if value and value not in names:
            names[value] = f"{letter}{len(names) + 1}"
    return names


def _order(contact: Contact) -> tuple[datetime, str, str]:
    return contact.at, contact.call_id or "", contact.number or ""


def _day(contact: Contact) -> date:
    return contact.at.astimezone(CHINA).date()
