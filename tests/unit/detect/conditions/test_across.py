"""How many calls there were, what happened in them, what was promised."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.contacts import number_key
from pipeline.detect.conditions.across import shared_with
from pipeline.detect.facts import Facts
from pipeline.detect.schema import Condition
from pipeline.metadata import CHINA
from pipeline.types import Contact, History, PastPromise
from tests.unit.detect.conditions.support import answer, call_view, rule_of

NOW = datetime(2026, 3, 5, 17, 0, tzinfo=CHINA)
NUMBER = "13800000001"
OWN = {
    "started_at": NOW.isoformat(),
    "customer_id": "k1",
    "called_number": NUMBER,
    "direction": "outbound",
    "callee_role": "debtor",
}


def dial(minutes, connected=True, **more):
    """A dial of the same debtor, so many minutes before the call."""
    values = {
        "debtor": "k1",
        "number": number_key(NUMBER),
        "direction": "outbound",
        "callee_role": "debtor",
        "connected": connected,
        **more,
    }
    return Contact(at=NOW - timedelta(minutes=minutes), **values)


def asked(condition, *contacts, log=False, promises=(), own=None, spoken=("A: 您好", "C: 嗯")):
    history = History(
        contacts=tuple(sorted(contacts, key=lambda c: c.at)), promises=promises, from_dial_log=log
    )
    return answer(
        condition, call_view(*spoken, metadata={**OWN, **(own or {})}, facts=Facts(history=history))
    )


def count(what="connected", over=3, **more):
    return {"contacts": {"count": what, "value": {"gt": over}, **more}}


HOURLY = [dial(60 * n) for n in (1, 2, 3)]


def test_this_call_counts():
    assert asked(count(over=3), *HOURLY).holds is True
    assert asked(count(over=3), *HOURLY[:2]).holds is False
    assert asked(count(over=0)).holds is True


@pytest.mark.parametrize(
    "other",
    [
        dial(60, connected=False),
        dial(60, direction="inbound"),
        dial(60, asked_for=True),
        dial(60, debtor="k2"),
        dial(60 * 18),
        dial(-60),
        dial(60, callee_role="relative"),
    ],
    ids=["not connected", "inbound", "asked for", "other debtor", "day before", "later", "somebody else"],
)
def test_what_does_not_count(other):
    assert asked(count(over=1, callee="debtor"), other).holds is False
    assert asked(count(over=1, callee="debtor"), dial(60)).holds is True


def test_the_day_is_that_of_china():
    late = NOW.replace(hour=0, minute=30)
    own = {"started_at": late.astimezone(UTC).isoformat()}
    before = Contact(at=late - timedelta(minutes=40), debtor="k1", direction="outbound", connected=True)
    after = Contact(at=late - timedelta(minutes=20), debtor="k1", direction="outbound", connected=True)
    assert asked(count(over=1), before, own=own).holds is False
    assert asked(count(over=1), after, own=own).holds is True


def test_a_window_in_hours_ends_with_the_call():
    assert asked(count(over=1, per=2), dial(121)).holds is False
    assert asked(count(over=1, per=2), dial(119)).holds is True


def test_quick_redials_of_one_number_are_one_contact():
    dropped = dial(2, talk_ms=70_000)
    assert asked(count(over=1), dropped).holds is False
    assert asked(count(over=1, merge_seconds=0), dropped).holds is True
    assert asked(count(over=1), dial(2, talk_ms=70_000, number="other")).holds is True
    assert asked(count(over=1), dial(2, talk_ms=10_000)).holds is True


@pytest.mark.parametrize(
    "own",
    [{"direction": "inbound"}, {"asked_for": True}, {"connected": False}],
    ids=["inbound", "asked for", "voicemail"],
)
def test_a_call_that_does_not_count_is_not_too_many(own):
    assert asked(count(over=3), *HOURLY, dial(240), own=own).holds is False


def test_missed_dials_are_counted_beside_the_call_that_was_answered():
    missed = [dial(10 * n, connected=False) for n in range(1, 8)]
    assert asked(count("missed", 6, by="number"), *missed, log=True).holds is True
    assert asked(count("missed", 6, by="number"), *missed[1:], log=True).holds is False


def test_below_a_limit_without_a_dial_log_is_told_as_such():
    few = [dial(10, connected=False)]
    without = asked(count("missed", 6, by="number"), *few)
    assert (without.holds, "counted within the supplied data" in without.note) == (False, True)
    assert "supplied data" not in asked(count("missed", 6, by="number"), *few, log=True).note


def test_over_a_limit_is_over_without_a_dial_log_too():
    missed = [dial(10 * n, connected=False) for n in range(1, 9)]
    outcome = asked(count("missed", 6, by="number"), *missed)
    assert (outcome.holds, outcome.sure) == (True, 1.0)


def test_few_calls_are_proven_by_a_dial_log_only_and_never_surely():
    few = {"contacts": {"count": "missed", "value": {"lt": 3}}}
    assert asked(few).missing == "dial_log"
    outcome = asked(few, log=True)
    assert outcome.holds is True
    assert outcome.sure < 1
    assert asked(few, *(dial(10 * n, connected=False) for n in (1, 2, 3)), log=True).holds is False


def test_a_count_of_other_people_does_not_need_this_call():
    tried = {"contacts": {"count": "missed", "callee": "debtor", "per": 72, "value": {"gte": 3}}}
    missed = [dial(300 * n, connected=False) for n in (1, 2, 3)]
    assert asked(tried, *missed, log=True, own={"callee_role": "relative"}).holds is True


@pytest.mark.parametrize(
    ("unsure", "missing"),
    [
        (dial(60, connected=None), "connected"),
        (dial(60, direction=None), "direction"),
        (dial(60, callee_role=None), "callee_role"),
    ],
)
def test_what_is_not_known_of_a_dial_leaves_the_count_open_only_where_it_matters(unsure, missing):
    outcome = asked(count(over=1, callee="debtor"), unsure)
    assert (outcome.holds, outcome.missing) == (None, missing)
    assert asked(count(over=1, callee="debtor"), unsure, dial(120)).holds is True
    assert asked(count(over=2, callee="debtor"), unsure).holds is False


def test_effective_talks_have_a_length():
    assert asked(count("effective", 1), dial(60, talk_ms=30_000), own={"talk_seconds": 40}).holds is True
    assert asked(count("effective", 1), dial(60, talk_ms=29_000), own={"talk_seconds": 40}).holds is False
    assert asked(count("effective", 1), dial(60), own={"talk_seconds": 40}).missing == "talk_seconds"
    other = dial(60, talk_ms=90_000, events=frozenset({"wrong_number"}))
    assert asked(count("effective", 1), other, own={"talk_seconds": 40}).holds is False


def test_lenders_are_told_apart_where_they_are_known():
    by = count(over=1, by=["debtor", "lender"])
    assert asked(by, dial(60, lender="乙"), own={"lender": "甲"}).holds is False
    assert asked(by, dial(60, lender="甲"), own={"lender": "甲"}).holds is True
    assert asked(by, dial(60), own={"lender": "甲"}).missing == "lender"
    assert asked(by, dial(60)).holds is True


@pytest.mark.parametrize(
    ("condition", "lost", "missing"),
    [
        (count(), "customer_id", "customer_id"),
        (count(by="number"), "called_number", "called_number"),
        (count(by="agent"), "agent_id", "agent_id"),
        (count(by="contact"), "called_number", "called_number"),
        (count(), "started_at", "started_at"),
        ({"earlier": {"event": "dispute"}}, "customer_id", "customer_id"),
        ({"promise": {"state": "broken"}}, "customer_id", "customer_id"),
    ],
)
def test_what_is_needed_of_the_call_is_named(condition, lost, missing):
    outcome = asked(condition, own={lost: None})
    assert (outcome.holds, outcome.missing) == (None, missing)


@pytest.mark.parametrize(
    "condition", [count(), {"earlier": {"event": "dispute"}}, {"promise": {"state": "kept"}}]
)
def test_without_any_history_nothing_is_known(condition):
    assert answer(condition, call_view("A: 您好", metadata=OWN)).missing == "history"


def test_the_calls_own_record_is_no_earlier_call():
    own = dial(0, call_id="tested")
    logged = dial(0.05)
    assert asked(count(over=1), own, logged).holds is False


def test_the_record_of_the_dialler_completes_the_call():
    own = dial(0, call_id="tested", asked_for=True)
    assert asked(count(over=0), own).holds is False


@given(st.permutations(range(5)), st.integers(0, 7))
def test_the_order_of_records_and_the_limit_agree(order, limit):
    contacts = [dial(60 * (n + 1)) for n in order]
    history = History(contacts=tuple(contacts))
    view = call_view("A: 您好", "C: 嗯", metadata=OWN, facts=Facts(history=history))
    assert answer(count(over=limit, merge_seconds=0), view).holds is (limit < 6)


@pytest.mark.parametrize(
    ("by", "contact", "holds"),
    [
        ("debtor", dial(60, events=frozenset({"dispute"})), True),
        ("debtor", dial(60, events=frozenset({"illness"})), False),
        ("debtor", dial(60 * 24 * 8, events=frozenset({"dispute"})), False),
        ("debtor", dial(-5, events=frozenset({"dispute"})), False),
        ("number", dial(60, debtor="k2", events=frozenset({"dispute"})), True),
        ("contact", dial(60, debtor="k2", events=frozenset({"dispute"})), False),
        ("contact", dial(60, number="other", events=frozenset({"dispute"})), False),
        ("contact", dial(60, events=frozenset({"dispute"})), True),
    ],
)
def test_events_of_earlier_calls(by, contact, holds):
    condition = {"earlier": {"event": "dispute", "by": by, "within_days": 7}}
    assert asked(condition, contact).holds is holds


@pytest.mark.parametrize(
    ("contact", "holds"),
    [
        (dial(60), True),
        (dial(60, connected=False), False),
        (dial(60, callee_role="relative"), False),
        (dial(60, events=frozenset({"wrong_number"})), False),
        (dial(60, connected=None), None),
        (dial(60, callee_role=None), None),
    ],
)
def test_whether_the_debtor_was_reached(contact, holds):
    assert asked({"earlier": {"event": "reached", "within_days": 3}}, contact).holds is holds


def promise(due=date(2026, 3, 4), kept=None, days=3, lender=None):
    return PastPromise(
        debtor="k1",
        lender=lender,
        made_at=NOW - timedelta(days=days),
        amount=Decimal(500),
        due=due,
        kept=kept,
    )


@pytest.mark.parametrize(
    ("state", "made", "holds"),
    [
        ("broken", promise(kept=False), True),
        ("broken", promise(kept=True), False),
        ("kept", promise(kept=True), True),
        ("broken", promise(), None),
        ("open", promise(due=date(2026, 3, 5)), True),
        ("broken", promise(due=date(2026, 3, 5)), False),
        ("open", promise(due=None), True),
        ("open", promise(kept=False), False),
        ("broken", promise(kept=False, days=400), False),
        ("broken", promise(kept=False, days=-1), False),
        ("broken", promise(kept=False, lender="乙"), False),
    ],
)
def test_promises(state, made, holds):
    outcome = asked({"promise": {"state": state}}, promises=(made,), own={"lender": "甲"})
    assert outcome.holds is holds
    assert outcome.missing == ("paid_amount" if holds is None else None)


def test_rules_say_what_calls_must_share():
    rule = rule_of(
        {
            "a": count(by=["debtor", "lender"]),
            "b": {"earlier": {"event": "contact_refused", "by": "contact"}},
            "c": {"promise": {"state": "broken"}},
            "d": {"text": "您好"},
            "e": count(by="agent"),
        }
    )
    assert shared_with(rule) == {"debtor", "number", "agent"}


@pytest.mark.parametrize(
    "bad",
    [
        {"contacts": {"count": "connected"}},
        {"contacts": {"count": "dials", "value": {"gt": 3}}},
        {"contacts": {"count": "connected", "by": "customer", "value": {"gt": 3}}},
        {"contacts": {"count": "connected", "by": [], "value": {"gt": 3}}},
        {"contacts": {"count": "connected", "per": 0, "value": {"gt": 3}}},
        {"contacts": {"count": "connected", "per": "week", "value": {"gt": 3}}},
        {"earlier": {"event": "dispute", "within_days": 0}},
        {"earlier": {"by": "debtor"}},
        {"promise": {"state": "forgotten"}},
    ],
)
def test_bad_parameters_are_refused(bad):
    with pytest.raises(ValidationError):
        Condition.model_validate(bad)
