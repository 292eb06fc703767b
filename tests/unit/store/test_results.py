"""The store: a call is there once, whole or not at all, and errors quote nothing."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from pipeline.errors import StoreError
from pipeline.store import Store
from pipeline.store.tables import (
    calls,
    certainties,
    conduct,
    findings,
    floor,
    promise_terms,
    promises,
    quarantine,
    roles,
    sound,
    speakers,
    tables,
)
from pipeline.types import BatchSummary, CallStatus, Commitment, Proposer, Quarantined, Transcript
from tests.golden.sample import report, said


@pytest.fixture
def url(database_url):
    return database_url


@pytest.fixture
def store(url):
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def rows(url):
    """Counts rows through a connection of its own."""
    engine = sa.create_engine(url)

    def select(table):
        with engine.connect() as connection:
            return [row._asdict() for row in connection.execute(sa.select(table))]

    yield select
    engine.dispose()


def named(call_id):
    made = report()
    return dataclasses.replace(made, call=dataclasses.replace(made.call, call_id=call_id))


def test_saving_twice_counts_once(store, rows):
    store.save(report())
    before = {table.name: rows(table) for table in tables.sorted_tables}
    store.save(report())
    assert {table.name: rows(table) for table in tables.sorted_tables} == before
    assert len(before["findings"]) == 3
    assert len(before["turns"]) == 6


def test_a_later_judgement_replaces_the_earlier_one_as_a_whole(store, rows):
    store.save(report())
    store.save(dataclasses.replace(report(), findings=report().findings[:1], promise=None))
    assert len(rows(findings)) == 1
    assert rows(promises) == []


def test_what_is_unsure_is_kept(store, rows):
    store.save(report())
    kept = [(row["channel"], row["snr_db"], row["poor"], row["faults"]) for row in rows(sound)]
    assert kept == [(0, 8.6, True, ["noisy"]), (1, 31.2, False, [])]
    sure = [(row["position"], row["words"], row["overlap"], row["if_swapped"]) for row in rows(certainties)]
    assert sure == [(0, 0.91, False, "flips"), (1, 0.62, True, "stands"), (2, None, None, None)]
    (of_roles,) = rows(roles)
    assert (of_roles["confidence"], of_roles["unsure"], of_roles["compliance_if_swapped"]) == (
        0.72,
        True,
        60.0,
    )
    assert (store.summary().poor_sound, store.summary().unsure_roles) == (1, 1)


def test_the_voices_and_the_terms_of_a_promise_are_kept(store, rows):
    one = report()
    condition = said(one.transcript.turns[3], "店里生意垮了")
    promise = dataclasses.replace(one.promise, certainty=Commitment.CONDITIONAL, condition=condition)
    machine = dataclasses.replace(one.transcript.turns[0], speaker=None)
    heard = dataclasses.replace(one.transcript, turns=(machine, *one.transcript.turns[1:]))
    store.save(dataclasses.replace(one, promise=promise, transcript=heard))
    assert [(row["position"], row["speaker"]) for row in rows(speakers)][:2] == [
        (1, "channel 1"),
        (2, "channel 0"),
    ]
    (terms,) = rows(promise_terms)
    assert (terms["certainty"], terms["proposed_by"]) == (Commitment.CONDITIONAL, Proposer.CUSTOMER)
    assert (terms["turn"], terms["evidence"]) == (3, "店里生意垮了")
    store.save(dataclasses.replace(one, promise=None, transcript=Transcript(turns=())))
    assert rows(speakers) == rows(promise_terms) == []


def test_how_the_call_was_held_is_kept_as_the_report_says_it(store, rows):
    store.save(report())
    said_of = {party: getattr(report().conduct, party) for party in ("agent", "customer")}
    kept = {row["party"]: row for row in rows(conduct)}
    assert set(kept) == set(said_of)
    for party, row in kept.items():
        of = said_of[party]
        same = ("turns", "characters", "speech_ms", "talk_share", "rate", "response_ms", "open_questions")
        assert [row[name] for name in same] == [getattr(of, name) for name in same]
        assert row["monologue_characters"] == of.monologue.characters
        tones = {phase.phase.value: phase.tone for phase in of.phases}
        assert row["closing_tone"] == (tones["closing"].value if tones["closing"] else None)
        turned = [shift.kind.value for shift in report().conduct.shifts if shift.role.value == party]
        assert (row["escalations"], row["de_escalations"]) == (
            turned.count("escalation"),
            turned.count("de_escalation"),
        )
    (of_the_call,) = rows(floor)
    silences = report().conduct.silences
    assert (of_the_call["silences"], of_the_call["silent_ms"]) == (silences.count, silences.total_ms)
    assert of_the_call["overlap_ms"] == report().conduct.overlap_ms


def test_a_call_that_was_not_judged_has_no_conduct(store, rows):
    store.save(dataclasses.replace(report(), conduct=None))
    assert rows(conduct) == rows(floor) == []


def test_a_call_given_as_text_with_sure_roles_has_nothing_unsure(store, rows):
    plain = dataclasses.replace(report(), if_swapped=None, roles_confidence=1.0)
    store.save(dataclasses.replace(plain, transcript=dataclasses.replace(plain.transcript, quality=())))
    assert rows(sound) == []
    assert (store.summary().poor_sound, store.summary().unsure_roles) == (0, 0)


def test_money_is_kept_to_the_fen(store, rows):
    from decimal import Decimal

    promise = dataclasses.replace(report().promise, amount=Decimal("1234567.89"))
    store.save(dataclasses.replace(report(), promise=promise))
    assert rows(promises)[0]["amount_fen"] == 123_456_789


def test_a_call_is_either_judged_or_quarantined(store, rows):
    away = Quarantined(call_id="golden-1", reason="silent", message="golden-1.wav is silent")
    store.save_quarantined(away)
    store.save(report())
    assert rows(quarantine) == []
    store.save_quarantined(away)
    store.save_quarantined(dataclasses.replace(away, attempts=3))
    assert rows(calls) == rows(findings) == []
    assert [row["attempts"] for row in rows(quarantine)] == [3]


def test_the_summary_counts_what_is_there(store):
    store.save(report())
    store.save(
        dataclasses.replace(
            named("b"), status=CallStatus.NOT_SCORED, status_reason="voicemail", scores=None, findings=()
        )
    )
    store.save_quarantined(Quarantined(call_id="c", reason="silent", message=""))
    summary = store.summary()
    assert (summary.scored, summary.not_scored, summary.quarantined) == (1, 1, 1)
    assert (summary.red_lines, summary.to_review) == (0, 1)
    assert summary.mean_compliance == report().scores.compliance


def test_an_empty_store_has_no_means(store):
    assert store.summary().mean_compliance is None


def test_an_account_that_does_not_add_up_is_refused(store):
    store.save_batch("n1", BatchSummary(planned=3, scored=1, not_scored=1, quarantined=1))
    with pytest.raises(StoreError, match="n2"):
        store.save_batch("n2", BatchSummary(planned=3, scored=1, not_scored=1, quarantined=0))


def test_a_failed_save_leaves_the_earlier_call_and_quotes_nothing(store, rows):
    store.save(report())
    one = report()
    twice = Transcript(turns=(one.transcript.turns[0], one.transcript.turns[0]))
    with pytest.raises(StoreError, match=r"golden-1: (IntegrityError|UniqueViolation)") as caught:
        store.save(dataclasses.replace(one, transcript=twice))
    assert one.transcript.turns[0].text not in str(caught.value)
    assert caught.value.__suppress_context__
    assert len(rows(findings)) == 3


def test_text_that_the_database_cannot_hold_is_a_store_error(store):
    one = report()
    turns = (dataclasses.replace(one.transcript.turns[0], text="坏\ud800"),)
    with pytest.raises(StoreError, match="UnicodeEncodeError"):
        store.save(dataclasses.replace(one, transcript=Transcript(turns=turns)))


@pytest.mark.parametrize("bad", ["no url at all", "nodatabase://x", "sqlite:////no/such/folder/x.db"])
def test_a_database_that_cannot_be_opened_is_a_store_error(bad):
    with pytest.raises(StoreError, match="cannot open"):
        Store(bad)


def test_many_writers_lose_nothing(url):
    def write(worker):
        mine = Store(url)
        for i in range(3):
            mine.save(named(f"{worker}-{i}"))
        mine.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    last = Store(url)
    assert last.summary().scored == 12
    last.close()


def test_deleting_a_call_takes_all_its_rows_along(store, rows):
    of_a_call = [t for t in tables.sorted_tables if any(key.column.table is calls for key in t.foreign_keys)]
    assert len(of_a_call) >= 12
    store.save(report())
    with store.transaction("cannot delete") as connection:
        connection.execute(sa.delete(calls))
    assert [table.name for table in of_a_call if rows(table)] == []
