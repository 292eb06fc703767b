"""Optional fields of the metadata: how they may be written, what follows from them, what is kept back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pipeline.fields import FieldsError, check_metadata
from pipeline.metadata import PERSONAL_FIELDS


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"called_number": 13800000001}, "called_number", "13800000001"),
        ({"caller_number": " 95555 "}, "caller_number", "95555"),
        ({"cdr_talk_seconds": "61.5"}, "talk_seconds", 61.5),
        ({"talk_seconds": ""}, "talk_seconds", None),
        ({"purge_date": "2028/3/5 0:00"}, "retention_until", date(2028, 3, 5)),
        ({"retention_until": "2028-03-05T10:00:00+08:00"}, "retention_until", date(2028, 3, 5)),
        ({"stop_until": "2026-03-31"}, "stop_until", date(2026, 3, 31)),
        ({"agreed_window": True}, "agreed_window", True),
        ({"agreed_window": "21:00-23:00"}, "agreed_window", "21:00-23:00"),
        ({"total_due": "18,600.50"}, "total_due", Decimal("18600.50")),
        ({"total_due": "1，234，567"}, "total_due", Decimal(1234567)),
        ({"principal": "¥18,600"}, "principal", Decimal(18600)),
        ({"paid_amount": " 300 元"}, "paid_amount", Decimal(300)),
        ({"total_due": 18600.5}, "total_due", Decimal("18600.5")),
        ({"days_overdue": "1,194"}, "days_overdue", 1194),
        ({"days_overdue": "45天"}, "days_overdue", 45),
        ({"talk_seconds": "0:01:35"}, "talk_seconds", 95.0),
        ({"is_outsourced": "是"}, "is_outsourced", True),
        ({"ivr_recording_notice": "无"}, "ivr_recording_notice", False),
        ({"connected": "true "}, "connected", True),
        ({"callee_role": " Debtor"}, "callee_role", "debtor"),
        ({"customer_sex": "f"}, "customer_sex", "F"),
    ],
)
def test_fields_are_read_as_they_are_written(given, field, value):
    assert check_metadata(given).get(field) == value


@pytest.mark.parametrize(
    "given",
    [
        {"talk_seconds": "-1"},
        {"talk_seconds": "inf"},
        {"talk_seconds": "nan"},
        {"stop_until": "2026-02-30"},
        {"started_at": "0001-01-01 00:00"},
        {"started_at": "9999-12-31 23:59"},
        {"agreement_status": "maybe"},
        {"contact_ground": "because"},
        {"paid_amount": "-3"},
        {"total_due": "18,60"},
        {"total_due": "1,8600"},
        {"total_due": "18.600,00"},
        {"total_due": "45天"},
        {"total_due": "1.86万"},
        {"days_overdue": "45元"},
        {"talk_seconds": "1:35"},
        {"is_outsourced": "maybe"},
    ],
)
def test_what_cannot_be_is_refused_by_name(given):
    with pytest.raises(FieldsError, match=next(iter(given))):
        check_metadata(given)


@pytest.mark.parametrize("field", ["called_number", "caller_number"])
def test_numbers_are_personal(field):
    assert field in PERSONAL_FIELDS
    with pytest.raises(FieldsError) as caught:
        check_metadata({field: ["13800000001"]})
    assert "13800000001" not in str(caught.value)


def test_what_follows_from_several_fields():
    values = check_metadata(
        {
            "started_at": "2026-03-05 10:00",
            "retention_until": "2028-03-05",
            "stop_until": "2026-03-04",
            "x": "1",
        }
    ).values
    assert (values["retention_days"], values["under_stop"], values["x"]) == (731, False, "1")
    nothing = check_metadata({"retention_until": "2028-03-05"}).values
    assert (nothing["retention_days"], nothing["under_stop"]) == (None, None)
