"""Counters: every contact once, debtors by names of the pack."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pipeline.audit.counters import Counting
from pipeline.audit.inputs import Inputs
from pipeline.metadata import CHINA, CallMetadata
from pipeline.types import Contact
from tests.unit.audit.made import call

AT = datetime(2026, 6, 19, 10, 0, tzinfo=CHINA)
NUMBER, OTHER = "a" * 64, "b" * 64


def saw(call_id, *contacts, at=AT, debtor="C00012345", **more):
    metadata = CallMetadata.model_validate(
        {"customer_id": debtor, "started_at": at.isoformat(), "lender": "松河银行"}
    )
    return Inputs(call_id=call_id, metadata=metadata, contacts=contacts, **more)


def contact(hours=0, **changes):
    return Contact(
        **{"at": AT - timedelta(hours=hours), "debtor": "C00012345", "lender": "松河银行"} | changes
    )


def counted():
    """Two calls of a debtor that saw each other and a dial; the second saw a dial of another debtor too."""
    counting = Counting()
    dial = contact(3, number=NUMBER, connected=False)
    first = contact(2, call_id="c1", number=NUMBER, connected=True, talk_ms=60_000)
    early = saw("c1", dial, contact(2, call_id="c1"), at=AT - timedelta(hours=2), from_dial_log=True)
    counting.add(call("c1", metadata={"started_at": (AT - timedelta(hours=2)).isoformat()}), early)
    other = contact(26, debtor="C9", number=OTHER, connected=None)
    counting.add(call("c2", metadata={"started_at": AT.isoformat()}), saw("c2", dial, first, other))
    return counting


def test_each_contact_counts_once_on_its_day():
    counting = counted()
    yesterday, today = counting.days()
    assert (yesterday.day, yesterday.contacts, yesterday.unknown) == (date(2026, 6, 18), 1, 1)
    assert (today.day, today.lender, today.contacts) == (date(2026, 6, 19), "松河银行", 3)
    assert (today.connected, today.unknown, today.debtors, today.most_debtor) == (2, 0, 1, 3)
    assert (today.numbers, today.most_number, today.no_debtor) == (1, 2, 0)
    assert counting.from_dial_log
    assert counting.without_inputs == 0


def test_debtors_have_names_of_the_pack_only():
    rows = list(counted().debtors(mask=True))
    assert {row.debtor for row in rows} == {"D1", "D2"}
    assert {row.number for row in rows} == {"N1", "N2", ""}
    assert not any("C00012345" in repr(row) or NUMBER in repr(row) for row in rows)
    called = next(row for row in rows if row.number == "N2")
    assert (called.contacts, called.connected, called.talk_ms, called.calls) == (2, 1, 60_000, ("c1",))
    assert {row.debtor for row in counted().debtors(mask=False)} == {"C00012345", "C9"}


def test_a_call_without_inputs_is_counted_with_its_debtor_unknown():
    counting = Counting()
    counting.add(call("c1"), None)
    (day,) = counting.days()
    assert (day.contacts, day.connected, day.no_debtor) == (1, 1, 1)
    assert counting.without_inputs == 1


def test_a_call_of_unknown_time_is_no_contact_of_a_day():
    counting = Counting()
    undated = call("c1")
    del undated["metadata"]["started_at"]
    counting.add(undated, None)
    assert list(counting.days()) == []


def test_ids_that_hold_a_number_are_not_shown():
    counting = Counting()
    counting.add(call("13800138000-1"), None)
    (row,) = counting.debtors(mask=True)
    assert "13800138" not in repr(row)
