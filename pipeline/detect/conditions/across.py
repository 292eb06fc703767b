"""Operators over other calls: how many there were, what happened in them, what was promised.

A count is made of what was supplied. What some records leave open (whether a dial was answered, who
was called) makes it a range; a condition is decided only where every number of the range gives the
same answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from pipeline.contacts import REACHED, completed, contact_from, same_dial, was_reached
from pipeline.detect.conditions.data import length_of
from pipeline.detect.conditions.outcome import Outcome, no, unknown, yes
from pipeline.metadata import CHINA
from pipeline.types import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.detect.conditions.operators import CallBuilder, CallOperator, Toolbox
    from pipeline.detect.schema import Rule
    from pipeline.detect.schema.conditions import Condition
    from pipeline.detect.schema.records import Contacts, Earlier, Key, PromiseState
    from pipeline.detect.view import CallView
    from pipeline.types import Contact, History, PastPromise

HISTORY = "history"
"""What is missing where a call was judged without any other."""
DIAL_LOG = "dial_log"
"""What is missing where only a record of every dial could tell."""
SUPPLIED_DATA = "counted within the supplied data"
FEW_IN_THE_DATA = 0.7
"""How sure «fewer than» is: there may be dials that nobody handed in."""

DEBTOR: Final[tuple[Key, ...]] = ("debtor",)
_KEYS: Mapping[Key, tuple[str, ...]] = {
    "debtor": ("debtor",),
    "number": ("number",),
    "lender": ("lender",),
    "agent": ("agent",),
    "contact": ("debtor", "number"),
}
_FIELDS = {"debtor": "customer_id", "number": "called_number", "lender": "lender", "agent": "agent_id"}
_GROUPING = ("number", "debtor", "agent", "lender")
"""Attributes by the size of their groups, the smallest first."""


@dataclass(frozen=True, slots=True)
class Past:
    """A call among the others."""

    own: Contact
    history: History

    @classmethod
    def of(cls, view: CallView, by: Sequence[Key]) -> Past | Outcome:
        """The call and its history, or what is missing to find its like."""
        started_at = view.fields.get("started_at")
        if not isinstance(started_at, datetime):
            return unknown("started_at")
        own = _own(view, started_at)
        if view.facts.history is not None and view.call_id:
            for record in view.facts.history.contacts_with("call_id", view.call_id):
                own = completed(own, record)
        attributes = _attributes(by)
        for attribute in attributes:
            # A file that names no lender is of one lender; only a search by lender needs the name.
            needed = attribute != "lender" or attribute == _group(attributes)
            if needed and getattr(own, attribute) is None:
                return unknown(_FIELDS[attribute])
        if view.facts.history is None:
            return unknown(HISTORY)
        return cls(own, view.facts.history)

    def earlier(self, by: Sequence[Key], since: timedelta | None) -> Iterator[tuple[Contact, str | None]]:
        """Earlier contacts that are alike, in order, and what is not known of their likeness.

        ``since`` ``None`` stands for the beginning of the call's day in China.
        """
        attributes = _attributes(by)
        group = _group(attributes)
        start = _midnight(self.own.at) if since is None else self.own.at - since
        for contact in self.history.contacts_with(group, getattr(self.own, group)):
            if contact.at < start or not _before(contact, self.own):
                continue
            pairs = {a: (getattr(contact, a), getattr(self.own, a)) for a in attributes}
            open_ones = [a for a, (other, mine) in pairs.items() if other != mine]
            if all(None in pairs[a] for a in open_ones):
                yield contact, next((_FIELDS[a] for a in open_ones), None)


def _own(view: CallView, started_at: datetime) -> Contact:
    """This call as a contact: somebody who speaks was reached."""
    own = contact_from(view.fields, started_at, call_id=view.call_id or None)
    heard = any(turn.role is not Role.AGENT for turn in view.turns)
    lasted = length_of(view)
    return replace(
        own,
        connected=True if own.connected is None and heard else own.connected,
        talk_ms=own.talk_ms if lasted is None else round(lasted.total_seconds() * 1000),
    )


def _attributes(by: Iterable[Key]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(attribute for key in by for attribute in _KEYS[key]))


def _group(attributes: Iterable[str]) -> str:
    """The attribute by which the history is searched."""
    return next(attribute for attribute in _GROUPING if attribute in attributes)


def shared_with(rule: Rule) -> frozenset[str]:
    """What calls must share for one to matter to the other by a rule, as attributes of a contact."""
    asked = [
        by
        for condition in rule.conditions.values()
        for by in (
            condition.contacts.by if condition.contacts else (),
            condition.earlier.by if condition.earlier else (),
            DEBTOR if condition.promise else (),
        )
        if by
    ]
    return frozenset(_group(_attributes(by)) for by in asked)


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)


def _before(contact: Contact, own: Contact) -> bool:
    """Whether a contact came before this call; the call's own record did not."""
    if same_dial(contact, own):
        return False
    return (contact.at, contact.call_id or "") < (own.at, own.call_id or "")


@dataclass(frozen=True, slots=True)
class Frequency:
    """``contacts``: how many there were."""

    contacts: Contacts

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Count, and compare."""
        past = Past.of(view, self.contacts.by)
        if isinstance(past, Outcome):
            return past
        per = self.contacts.per
        found: list[tuple[Contact, str | None]] = []
        for contact, doubt in past.earlier(
            self.contacts.by, None if per == "day" else timedelta(hours=float(per))
        ):
            counted = self._counts(contact)
            if counted is not False:
                found.append((contact, counted or doubt))
        if not self._about_others(past.own):
            own = self._allowed(past.own)
            if own is False:
                return no("this call does not count")
            if self.contacts.count != "missed":
                own = self._counts(past.own)
                if own is False:
                    return no("this call does not count")
                found.append((past.own, own))
        return self._compare(found, past.history)

    def _about_others(self, own: Contact) -> bool:
        return bool(self.contacts.callee) and own.callee_role not in (None, *self.contacts.callee)

    def _counts(self, contact: Contact) -> str | Literal[False] | None:
        """``False``: not counted; ``None``: counted; else the field that would have to be known."""
        answers = (self._allowed(contact), self._state(contact))
        if False in answers:
            return False
        return answers[0] or answers[1]

    def _allowed(self, contact: Contact) -> str | Literal[False] | None:
        """Whether it is a call of the kind that is counted."""
        wanted = self.contacts
        if wanted.except_asked and contact.asked_for:
            return False
        if wanted.direction and contact.direction not in (None, wanted.direction):
            return False
        if wanted.callee and contact.callee_role not in (None, *wanted.callee):
            return False
        if wanted.direction and contact.direction is None:
            return "direction"
        return "callee_role" if wanted.callee and contact.callee_role is None else None

    def _state(self, contact: Contact) -> str | Literal[False] | None:
        """Whether it went as it has to."""
        count, connected = self.contacts.count, contact.connected
        if count == "attempts":
            return None
        if connected is None:
            return "connected"
        if connected is (count == "missed"):
            return False
        return None if count != "effective" else self._effective(contact)

    def _effective(self, contact: Contact) -> str | Literal[False] | None:
        reached = was_reached(contact)
        short = contact.talk_ms is not None and contact.talk_ms < self.contacts.talk_seconds * 1000
        if reached is False or short:
            return False
        if reached is None:
            return "callee_role"
        return "talk_seconds" if contact.talk_ms is None else None

    def _compare(self, found: Sequence[tuple[Contact, str | None]], history: History) -> Outcome:
        value = self.contacts.value
        low = self._merged(contact for contact, doubt in found if doubt is None)
        high = max(low, self._merged(contact for contact, _ in found))
        counted = f"{low}" if low == high else f"{low} to {high}"
        note = f"{counted} {self.contacts.count}"
        if not history.from_dial_log:
            note = f"{note}, {SUPPLIED_DATA}"
        answers = {value.holds(n) for n in range(low, high + 1)}
        if len(answers) == 2:
            return unknown(next(doubt for _, doubt in found if doubt))
        few = value.lt is not None or value.lte is not None
        if answers == {False}:
            return no(note)
        if few and not history.from_dial_log:
            return unknown(DIAL_LOG)
        return yes(sure=FEW_IN_THE_DATA if few else 1.0, note=note)

    def _merged(self, contacts: Iterable[Contact]) -> int:
        """How many contacts there are when quick redials of one number are one."""
        count, last = 0, dict[str | None, datetime]()
        pause = timedelta(seconds=self.contacts.merge_seconds)
        for contact in sorted(contacts, key=lambda contact: contact.at):
            ended = last.get(contact.number)
            count += not pause or ended is None or contact.at - ended >= pause
            last[contact.number] = contact.at + timedelta(milliseconds=contact.talk_ms or 0)
        return count


@dataclass(frozen=True, slots=True)
class Happened:
    """``earlier``: an event of an earlier call."""

    earlier: Earlier

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Whether it happened; the latest time is told."""
        past = Past.of(view, self.earlier.by)
        if isinstance(past, Outcome):
            return past
        doubts, latest, calls = list[str](), None, 0
        for contact, doubt in past.earlier(self.earlier.by, timedelta(days=self.earlier.within_days)):
            calls += 1
            happened = self._in(contact)
            if happened and doubt is None:
                latest = contact.at
            elif happened is not False:
                doubts.append(doubt or ("connected" if contact.connected is None else "callee_role"))
        if latest is not None:
            return yes(note=f"{self.earlier.event} at {latest:%Y-%m-%d %H:%M}")
        return unknown(doubts[0]) if doubts else no(f"not in {calls} earlier calls")

    def _in(self, contact: Contact) -> bool | None:
        if self.earlier.event == REACHED:
            return was_reached(contact)
        return self.earlier.event in contact.events


@dataclass(frozen=True, slots=True)
class Promised:
    """``promise``: what became of earlier promises."""

    promise: PromiseState

    def of(self, view: CallView, positions: Sequence[int]) -> Outcome:
        """Whether one of them is in the state that is asked for, on the day of the call."""
        past = Past.of(view, DEBTOR)
        if isinstance(past, Outcome):
            return past
        since = past.own.at - timedelta(days=self.promise.within_days)
        states = [
            _state_of(promise, past.own)
            for promise in past.history.promises_of(past.own.debtor or "")
            if since <= promise.made_at < past.own.at and _same_lender(promise, past.own)
        ]
        note = f"{len(states)} earlier promises"
        if self.promise.state in states:
            return yes(note=note)
        return unknown("paid_amount") if None in states else no(note)


def _same_lender(promise: PastPromise, own: Contact) -> bool:
    return promise.lender is None or own.lender is None or promise.lender == own.lender


def _state_of(promise: PastPromise, own: Contact) -> str | None:
    """``None`` where the day is over and nobody told whether money came."""
    if promise.kept:
        return "kept"
    if promise.due is None or promise.due >= own.at.astimezone(CHINA).date():
        return "open"
    return None if promise.kept is None else "broken"


def _contacts(value: Contacts, condition: Condition, tools: Toolbox) -> CallOperator:
    return Frequency(value)


def _earlier(value: Earlier, condition: Condition, tools: Toolbox) -> CallOperator:
    return Happened(value)


def _promise(value: PromiseState, condition: Condition, tools: Toolbox) -> CallOperator:
    return Promised(value)


CALL_OPERATORS: Mapping[str, CallBuilder] = {
    "contacts": _contacts,
    "earlier": _earlier,
    "promise": _promise,
}
