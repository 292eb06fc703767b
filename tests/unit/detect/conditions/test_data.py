"""Metadata, the hour, and what the recording lacks."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.detect.conditions.data import windows_in
from pipeline.detect.facts import Facts
from pipeline.detect.schema import Condition
from tests.unit.detect.conditions.support import answer, call_view, turn

DAY = "2026-03-05T{}+08:00"


def asked(condition, metadata, **facts):
    return answer(condition, call_view("A: 您好", metadata=metadata, facts=Facts(**facts)))


@pytest.mark.parametrize(
    ("tests", "metadata", "holds"),
    [
        ({"direction": "outbound"}, {"direction": "outbound"}, True),
        ({"direction": "outbound"}, {"direction": "inbound"}, False),
        ({"days_overdue": {"gte": 30, "lt": 60}}, {"days_overdue": 30}, True),
        ({"days_overdue": {"gte": 30, "lt": 60}}, {"days_overdue": 60}, False),
        ({"lender_type": ["bank", None]}, {}, True),
        ({"grade": "A"}, {"grade": "A"}, True),
        ({"retention_days": {"lt": 730}}, {"started_at": "2026-03-05 10:00", "purge_date": "2027/3/5"}, True),
        ({"under_stop": True}, {"started_at": "2026-03-05 23:00", "stop_until": "2026-03-05"}, True),
        ({"under_stop": True}, {"started_at": "2026-03-06 00:00", "stop_until": "2026-03-05"}, False),
    ],
)
def test_fields(tests, metadata, holds):
    assert asked({"field": tests}, metadata).holds is holds


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("45", True),
        (" 45.5 ", True),
        ("12", False),
        (45, True),
        *((value, None) for value in ("long", "", "nan", [45], {"s": 45})),
    ],
)
def test_a_column_of_the_operators_own_is_compared_as_a_number_or_not_known(value, holds):
    outcome = asked({"field": {"hold_seconds": {"gt": 30}}}, {"hold_seconds": value})
    assert outcome.holds is holds
    assert outcome.missing == (None if holds is not None else "hold_seconds")


def test_a_time_is_no_number():
    assert asked({"field": {"started_at": {"gt": 3}}}, {"started_at": "2026-03-05 10:00"}).holds is None


def test_a_field_that_fails_decides_though_another_is_not_known():
    tests = {"lender_type": "bank", "direction": "outbound"}
    assert asked({"field": tests}, {"direction": "inbound"}).holds is False
    outcome = asked({"field": tests}, {"direction": "outbound"})
    assert (outcome.holds, outcome.missing) == (None, "lender_type")


@pytest.mark.parametrize(
    ("window", "at", "holds"),
    [
        ({"from": "22:00", "to": "08:00"}, "22:00:00", True),
        ({"from": "22:00", "to": "08:00"}, "07:59:59", True),
        ({"from": "22:00", "to": "08:00"}, "08:00:00", False),
        ({"from": "22:00", "to": "08:00"}, "21:59:59", False),
        ({"from": "09:00", "to": "24:00"}, "23:59:59", True),
        ({"from": "22:00", "to": "00:00"}, "00:00:00", False),
        ({"from": "09:00", "to": "18:00", "outside": True}, "18:00:00", True),
        ({"from": "09:00", "to": "18:00", "outside": True}, "12:00:00", False),
    ],
)
def test_the_hour(window, at, holds):
    assert asked({"clock": window}, {"started_at": DAY.format(at)}).holds is holds


def test_the_hour_is_that_of_the_calls_own_zone():
    night = {"clock": {"from": "22:00", "to": "08:00"}}
    assert asked(night, {"started_at": "2026-03-05T21:30:00+06:00"}).holds is False
    assert asked(night, {"started_at": "2026-03-05T23:30:00+08:00"}).holds is True


def test_the_clock_of_a_server_is_not_the_hour():
    night = {"clock": {"from": "22:00", "to": "08:00"}}
    assert asked(night, {"started_at": "2026-03-05T07:20:00Z"}).holds is False
    assert asked(night, {"started_at": "2026-03-05T18:30:00Z"}).holds is True
    assert asked(night, {"started_at": "2026-03-05T23:20:00-04:00"}).holds is False


def test_without_a_start_the_hour_is_not_known():
    assert asked({"clock": {"from": "22:00", "to": "08:00"}}, {}).missing == "started_at"


@pytest.mark.parametrize(
    ("agreed", "holds"),
    [
        ("22:00-23:00", True),
        ("22:00—23:00", True),
        ("08:00-09:00，21:30至22:30", True),
        ("9:00-12:00", False),
        ("", False),
        (True, True),
        (False, False),
        ("晚上都可以", True),
        ("99:00-99:30", True),
    ],
)
def test_what_was_agreed(agreed, holds):
    metadata = {"started_at": DAY.format("22:20:00"), "agreed_window": agreed}
    assert asked({"clock": {"field": "agreed_window"}}, metadata).holds is holds


def test_windows_are_read_from_text():
    assert windows_in("21:00-23:00, 8:30到9:00；25:00-26:00") == [(1260, 1380), (510, 540)]


def test_the_end_of_a_call_needs_its_length():
    ends = {"clock": {"from": "22:00", "to": "08:00", "at": "end"}}
    start = {"started_at": DAY.format("21:58:00")}
    assert asked(ends, start).missing == "duration"
    assert asked(ends, start, duration_ms=119_000).holds is False
    assert asked(ends, start, duration_ms=120_000).holds is True
    assert asked(ends, {**start, "talk_seconds": 300}).holds is True
    timed = call_view(turn(0, "A: 您好", 0, 130), metadata=start)
    assert answer(ends, timed).holds is True


@pytest.mark.parametrize(
    ("talk", "recorded", "holds"),
    [(60, 55, False), (60, 54.9, True), (1000, 950, False), (1000, 949, True), (60, 80, False)],
)
def test_sound_that_is_missing(talk, recorded, holds):
    outcome = asked({"shortfall": {}}, {"talk_seconds": talk}, duration_ms=round(recorded * 1000))
    assert outcome.holds is holds


def test_missing_sound_needs_both_lengths():
    assert asked({"shortfall": {}}, {}, duration_ms=1000).missing == "talk_seconds"
    assert asked({"shortfall": {}}, {"talk_seconds": 9}).missing == "duration"


@pytest.mark.parametrize(("dead", "holds"), [(True, True), (False, False), (None, None)])
def test_a_dead_channel(dead, holds):
    assert asked({"one_sided": True}, {}, one_sided=dead).holds is holds


def test_a_dead_channel_is_for_review():
    assert asked({"one_sided": True}, {}, one_sided=True).sure < 1


@pytest.mark.parametrize(
    "bad",
    [
        {"clock": {"from": "22:00"}},
        {"clock": {"from": "22:00", "to": "22:00"}},
        {"clock": {"from": "24:30", "to": "08:00"}},
        {"clock": {"from": "22:00", "to": "08:00", "field": "agreed_window"}},
        {"clock": {}},
        {"shortfall": {"seconds": -1}},
        {"shortfall": {"percent": 101}},
    ],
)
def test_bad_parameters_are_refused(bad):
    with pytest.raises(ValidationError):
        Condition.model_validate(bad)
