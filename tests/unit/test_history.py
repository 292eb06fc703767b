"""The history of a batch: dial logs, recordings, earlier nights, promises; each contact once."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contacts import contact_after, number_key, payment_told, promise_after, was_reached
from pipeline.dial_log import read_dial_log
from pipeline.errors import ConfigError
from pipeline.history import Ledger, Remembered, joined, named, settled
from pipeline.metadata import CHINA, CallMetadata
from pipeline.store import Store
from pipeline.types import (
    Call,
    CallReport,
    CallStatus,
    Contact,
    CustomerEvent,
    Evidence,
    PastPromise,
    Promise,
    Provenance,
    Transcript,
)
from pipeline.whitelist import compared, load_numbers

NOON = datetime(2026, 3, 5, 12, 0, tzinfo=CHINA)
PHONE = "13800000001"


def call(call_id="a", at=NOON, **metadata):
    values = {"customer_id": "k1", "started_at": at, **metadata}
    return Call(call_id=call_id, metadata=CallMetadata.model_validate(values))


def report(of, status=CallStatus.SCORED, events=(), notes=(), promise=None, unreachable=None):
    said = Evidence(turn=0, start=0, end=1, quote="喂")
    return CallReport(
        call=of,
        status=status,
        provenance=Provenance(
            program="test",
            recording_sha256=None,
            transcript_sha256="0" * 64,
            models={},
            rules_sha256="0" * 64,
            config_sha256="0" * 64,
        ),
        transcript=Transcript(turns=(), unreachable=unreachable, speech_ms=40_000),
        customer_events=tuple(CustomerEvent(event=name, evidence=said) for name in events),
        notes=tuple(CustomerEvent(event=name, evidence=said) for name in notes),
        promise=promise,
    )


def dial(at=NOON, **more):
    return Contact(at=at, number=number_key(PHONE), **{"debtor": "k1", "direction": "outbound", **more})


# -- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["138 0000 0001", "+86 138-0000-0001", "008613800000001", " 13800000001 "]
)
def test_a_number_is_the_same_however_it_is_written(written):
    assert number_key(written) == number_key(PHONE)


def test_a_number_is_kept_as_a_hash_and_a_hash_as_it_is():
    key = number_key(PHONE)
    assert PHONE not in key
    assert number_key(key.upper()) == key
    assert number_key("token-Ab1") != number_key("token-ab2")


def test_numbers_that_differ_stay_apart():
    assert number_key("86123456") != number_key("123456")
    assert number_key("010-88880000") != number_key("021-88880000")


# -- what a call leaves behind ------------------------------------------------------------------------------


def test_a_scored_call_was_answered_and_a_voicemail_was_not():
    heard = contact_after(report(call(), events=["dispute"], notes=["contact_refused"]))
    assert (heard.connected, heard.talk_ms) == (True, 40_000)
    assert heard.events == {"dispute", "contact_refused"}
    voicemail = contact_after(report(call(), CallStatus.NOT_SCORED, unreachable="voicemail"))
    assert voicemail.connected is False
    assert contact_after(report(call(), CallStatus.NOT_SCORED)).connected is None


def test_a_call_without_a_time_is_in_no_history():
    assert contact_after(report(call(at=None))) is None
    assert Ledger(calls=[call(at=None)]).history.contacts == ()


def test_the_exchange_tells_whether_somebody_answered():
    ledger = Ledger(calls=[call("a", talk_seconds=12), call("b", talk_seconds=0), call("c", connected=True)])
    assert {c.call_id: c.connected for c in ledger.history.contacts} == {"a": True, "b": False, "c": True}


def test_the_debtor_was_reached_or_somebody_else():
    assert was_reached(dial(connected=True, callee_role="debtor")) is True
    assert was_reached(dial(connected=True, callee_role="debtor", events=frozenset({"third_party"}))) is False
    assert was_reached(dial(connected=None, callee_role="debtor")) is None


# -- the dial log -------------------------------------------------------------------------------------------


def log_of(folder, text, name="log.csv"):
    path = folder / name
    path.write_text(text, "utf-8")
    return read_dial_log(path)


def test_a_log_is_read(tmp_path):
    log = log_of(
        tmp_path,
        "called_number,customer_id,lender,agency,agent_id,callee_role,started_at,connected,talk_seconds,"
        "asked_for,events,remark\n"
        "138 0000 0001,k1,甲,乙,u1,debtor,2026/3/5 9:02,false,,,,客户张三\n"
        "13800000001,,,,,,2026-03-05T09:10:00+08:00,,31.5,true,contact_refused;dispute,\n",
    )
    first, second = log.contacts
    assert first.number == second.number == number_key(PHONE)
    assert (first.debtor, first.lender, first.agency, first.agent) == ("k1", "甲", "乙", "u1")
    assert (first.connected, first.direction, first.callee_role) == (False, "outbound", "debtor")
    assert (second.connected, second.talk_ms, second.asked_for) == (True, 31_500, True)
    assert second.events == {"contact_refused", "dispute"}
    assert log.lost == ()
    assert "张三" not in repr(log)


def test_a_log_is_read_from_json_lines(tmp_path):
    line = '{"customer_id": "k1", "started_at": "2026-03-05 09:00", "call_id": "a", "events": ["dispute"]}\n'
    (contact,) = log_of(tmp_path, line, "log.jsonl").contacts
    assert (contact.call_id, contact.events) == ("a", {"dispute"})


def test_a_bad_line_costs_that_line_and_names_no_person(tmp_path):
    log = log_of(
        tmp_path,
        "called_number,started_at,connected,customer_id\n"
        f"{PHONE},2026-03-05 09:00,true,\n"
        f"{PHONE},yesterday,true,\n"
        f"{PHONE},2026-03-05 09:00,perhaps,k77777\n"
        f"{PHONE},,true,\n"
        ",2026-03-05 09:00,true,\n"
        f'"{PHONE},2026-03-05 09:00,true,\n'
        f"{PHONE},2026-03-05 10:00,true,\n",
    )
    assert len(log.contacts) == 2
    assert [(line.line, line.field) for line in log.lost] == [
        (3, "started_at"),
        (4, "connected"),
        (5, "started_at"),
        (6, "called_number"),
        (7, None),
    ]
    for line in log.lost:
        assert line.message.startswith(f"log.csv, line {line.line}: ")
        assert PHONE not in line.message
        assert "k77777" not in line.message


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("log.xls", "", "csv or .jsonl"), ("log.csv", "called_number\n1\n", "started_at")],
)
def test_what_is_no_log_stops_the_batch(tmp_path, name, text, message):
    with pytest.raises(ConfigError, match=message):
        log_of(tmp_path, text, name)


def test_a_log_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"log\.csv"):
        read_dial_log(tmp_path / "log.csv")


# -- each contact once --------------------------------------------------------------------------------------


def test_a_dial_and_its_recording_are_one_contact():
    recorded = dial(call_id="a", callee_role="debtor")
    logged = dial(NOON + timedelta(seconds=4), connected=True, talk_ms=9_000, agent="u1")
    (one,) = joined([recorded], [logged])
    assert (one.call_id, one.connected, one.talk_ms, one.agent) == ("a", True, 9_000, "u1")


@pytest.mark.parametrize(
    "logged",
    [
        dial(NOON + timedelta(seconds=6)),
        dataclasses.replace(dial(), number=number_key("13900000002")),
        dial(call_id="b"),
    ],
    ids=["later", "other number", "other id"],
)
def test_other_dials_stay_other_contacts(logged):
    assert len(joined([dial(call_id="a")], [logged])) == 2


def test_an_id_joins_though_the_clocks_differ():
    (one,) = joined([dial(call_id="a")], [dial(NOON + timedelta(minutes=3), call_id="a", asked_for=True)])
    assert one.asked_for


@given(st.lists(st.integers(0, 40), max_size=8), st.lists(st.integers(0, 40), max_size=8))
def test_no_contact_is_lost_or_doubled(recorded, logged):
    calls = [dial(NOON + timedelta(seconds=11 * s), call_id=f"c{n}") for n, s in enumerate(recorded)]
    dials = [dial(NOON + timedelta(seconds=11 * s), agent="u1") for s in logged]
    found = joined(calls, dials)
    assert {c.call_id for c in found if c.call_id} == {c.call_id for c in calls}
    assert sum(c.call_id is None for c in found) == sum(s not in recorded for s in logged)


def test_dials_get_the_names_that_calls_give_to_their_number():
    calls = [dial(call_id="a", lender="甲", callee_role="debtor")]
    nameless = dataclasses.replace(dial(), debtor=None)
    (dialled,) = named([nameless], calls)
    assert (dialled.debtor, dialled.lender, dialled.callee_role) == ("k1", "甲", "debtor")
    (shared,) = named([nameless], [*calls, dial(call_id="b", lender="甲", callee_role="relative")])
    assert shared.debtor is None


# -- promises -----------------------------------------------------------------------------------------------


def told(days=0, amount=None, paid=None):
    """What a call so many days after noon tells of a payment."""
    return payment_told(call(at=NOON + timedelta(days=days), paid_amount=amount, paid_at=paid).metadata)


PROMISED = PastPromise(
    debtor="k1", lender=None, made_at=NOON, amount=Decimal(500), due=date(2026, 3, 10), kept=None
)


@pytest.mark.parametrize(
    ("payments", "kept"),
    [
        ([], None),
        ([told(6, "500", "2026-03-10")], True),
        ([told(6, "500", "2026-03-11")], False),
        ([told(6, "300", "2026-03-08")], False),
        ([told(3, "300", "2026-03-08"), told(6, "200", "2026-03-09")], True),
        ([told(3, "300", "2026-03-08"), told(6, "300", "2026-03-08")], False),
        ([told(6, "0")], False),
        ([told(3, "0")], None),
        ([told(3, "500")], True),
        ([told(6, "500")], None),
        ([told(6, None, "2026-03-09")], None),
        ([told(6, "500", "2026-03-04")], False),
    ],
)
def test_a_promise_is_settled_by_what_is_told_of_payments(payments, kept):
    (promise,) = settled([PROMISED], payments)
    assert promise.kept is kept


def test_an_open_promise_is_kept_by_any_payment_in_time():
    (promise,) = settled([dataclasses.replace(PROMISED, amount=None)], [told(6, "10", "2026-03-09")])
    assert promise.kept is True
    (promise,) = settled([dataclasses.replace(PROMISED, due=None)], [told(6, "500", "2026-03-09")])
    assert promise.kept is None


def test_the_promise_of_a_call_needs_a_debtor_and_a_time():
    made = Promise(amount=Decimal(500), date=date(2026, 3, 10), confirmed=True, coerced=False, turns=(1,))
    assert promise_after(report(call(), promise=made)).due == date(2026, 3, 10)
    assert promise_after(report(call(customer_id=None), promise=made)) is None
    assert promise_after(report(call(at=None), promise=made)) is None
    assert promise_after(report(call())) is None


# -- a batch ------------------------------------------------------------------------------------------------

LATER = NOON + timedelta(hours=3)
ALIKE = frozenset({"debtor", "number"})


def test_a_call_concerns_the_later_ones_that_are_alike():
    calls = [
        call("early"),
        call("late", LATER),
        call("same number", LATER, customer_id="k2", called_number=PHONE),
        call("stranger", LATER, customer_id="k9"),
        call("before", NOON - timedelta(hours=1)),
    ]
    calls[0] = call("early", called_number=PHONE)
    ledger = Ledger(calls=calls, alike=ALIKE)
    assert [c.call_id for c in calls if ledger.may_concern(c.call_id)] == ["early", "late", "same number"]
    ledger.note(report(calls[0], notes=["contact_refused"]))
    assert ledger.complete() == ("late", "same number")
    found = {c.call_id: c for c in ledger.history.contacts}
    assert found["early"].events == {"contact_refused"}
    assert found["late"].connected is None


def test_what_the_plan_said_already_concerns_nobody_again():
    calls = [call("a", connected=True, talk_seconds=40), call("b", LATER)]
    ledger = Ledger(calls=calls, alike=ALIKE)
    ledger.note(report(calls[0]))
    assert ledger.complete() == ()


def test_a_promise_concerns_later_calls():
    made = Promise(amount=Decimal(500), date=date(2026, 3, 6), confirmed=True, coerced=False, turns=(1,))
    calls = [call("a", connected=True, talk_seconds=40), call("b", LATER)]
    ledger = Ledger(calls=calls, alike=ALIKE)
    ledger.note(report(calls[0], promise=made))
    assert ledger.complete() == ("b",)
    assert ledger.history.promises_of("k1")[0].due == date(2026, 3, 6)


@given(st.permutations(range(4)))
def test_the_order_of_judging_changes_nothing(order):
    calls = [call(f"c{n}", NOON + timedelta(hours=n)) for n in range(4)]
    reports = [report(c, events=["dispute"] if n % 2 else []) for n, c in enumerate(calls)]
    straight, mixed = Ledger(calls=calls, alike=ALIKE), Ledger(calls=calls, alike=ALIKE)
    for one in reports:
        straight.note(one)
    for n in order:
        mixed.note(reports[n])
    assert straight.complete() == mixed.complete()
    assert straight.history == mixed.history


def test_the_operator_supplies_what_some_call_has(tmp_path):
    ledger = Ledger(calls=[call(), call("b", called_number=PHONE, grade="A")])
    assert {"customer_id", "called_number", "grade", "started_at"} <= ledger.history.supplied
    assert not {"lender", "dial_log", "duration"} & ledger.history.supplied
    log = log_of(tmp_path, f"called_number,started_at\n{PHONE},2026-03-05 09:00\n")
    ledger = Ledger(calls=[call()], dial_log=log, recordings=True)
    assert {"dial_log", "duration"} <= ledger.history.supplied
    assert ledger.history.from_dial_log


# -- earlier nights -----------------------------------------------------------------------------------------


def test_earlier_nights_are_remembered(database_url):
    made = Promise(amount=Decimal("99.5"), date=date(2026, 3, 6), confirmed=True, coerced=False, turns=(1,))
    store = Store(database_url)
    before = call("old", called_number=PHONE, callee_role="relative", direction="outbound", lender="甲")
    store.save(report(before, events=["dispute"], notes=["contact_refused"], promise=made))
    store.save(report(call("paid", NOON, paid_amount="20", paid_at="2026-03-04")))
    store.save(report(call("other", customer_id="k9")))
    known = store.remembered([call("new", LATER, customer_id="k1")])
    by_number = store.remembered([call("new", LATER, customer_id="k5", called_number=PHONE)])
    itself = store.remembered([call("old"), call("paid")])
    store.close()
    assert [c.call_id for c in known.contacts] == ["old", "paid"]
    old = known.contacts[0]
    assert old == contact_after(report(before, events=["dispute"], notes=["contact_refused"]))
    assert [(p.amount, p.due) for p in known.promises] == [(Decimal("99.5"), date(2026, 3, 6))]
    assert [(p.amount, p.paid_at) for p in known.payments] == [(Decimal(20), date(2026, 3, 4))]
    assert [c.call_id for c in by_number.contacts] == ["old"]
    assert itself == Remembered()


def test_the_store_holds_no_number(tmp_path):
    path = tmp_path / "results.db"
    store = Store(f"sqlite:///{path}")
    store.save(report(call(called_number=PHONE, caller_number="13700000009")))
    store.close()
    content = path.read_bytes()
    assert PHONE.encode() not in content
    assert b"13700000009" not in content


# -- the institution's numbers ------------------------------------------------------------------------------


def test_numbers_are_compared_with_the_list(tmp_path):
    path = tmp_path / "numbers.txt"
    path.write_text("# ours\n95555\n\n010-8888 0000  # office\n", "utf-8")
    own = load_numbers(path)
    assert compared(call(caller_number="01088880000"), own).metadata.cli_whitelisted is True
    assert compared(call(caller_number=PHONE), own).metadata.cli_whitelisted is False
    assert compared(call(caller_number=PHONE, cli_whitelisted=True), own).metadata.cli_whitelisted is True
    assert compared(call(), own).metadata.cli_whitelisted is None
    assert compared(call(caller_number=PHONE), None).metadata.cli_whitelisted is None


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_list_is_refused(tmp_path, text):
    path = tmp_path / "numbers.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"numbers\.txt"):
        load_numbers(path)
