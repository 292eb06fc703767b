"""Inputs come back as they were, numbers, times and unknown columns included."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from pipeline.audit.inputs import keep, place_of, take
from pipeline.batch.seen import digest_of
from pipeline.metadata import CHINA, CallMetadata
from pipeline.types import Contact, History, PastPromise, Role, Transcript, Turn, Word

AT = datetime(2026, 6, 19, 10, 30, 15, 250_000, tzinfo=CHINA)
METADATA = CallMetadata.model_validate(
    {
        "customer_name": "欧阳志远",
        "customer_id": "C1",
        "started_at": AT.isoformat(),
        "total_due": "4200.10",
        "talk_seconds": 61.37,
        "paid_at": "2026-06-01",
        "agreed_window": True,
        "team": "甲组",
    }
)
SEEN = History(
    contacts=(
        Contact(at=AT - timedelta(hours=2), call_id="c0", debtor="C1", events=frozenset({"b", "a"})),
        Contact(at=AT, talk_ms=61_370, connected=True),
    ),
    promises=(
        PastPromise(
            debtor="C1", lender=None, made_at=AT, amount=Decimal("1000.50"), due=date(2026, 7, 1), kept=None
        ),
    ),
    from_dial_log=True,
    supplied=frozenset({"dial_log", "duration"}),
)
WORDS = Transcript(
    turns=(
        Turn(
            index=0,
            role=Role.AGENT,
            role_confidence=0.1 + 0.2,
            text="您好",
            words=(Word(text="您好", start_ms=1, end_ms=2, probability=1 / 3),),
        ),
    ),
    speech_ms=12,
)


@pytest.mark.parametrize("transcript", [None, WORDS])
def test_what_was_kept_comes_back(tmp_path, transcript):
    keep(tmp_path, "c1", METADATA, SEEN, transcript)
    found = take(tmp_path, "c1")
    assert found.metadata == METADATA
    assert found.metadata.get("team") == "甲组"
    assert found.metadata.started_at.utcoffset() == timedelta(hours=8)
    assert found.transcript == transcript
    assert found.seen.contacts == SEEN.contacts
    assert found.seen.promises == SEEN.promises
    assert digest_of(found.seen) == digest_of(SEEN)
    assert place_of(tmp_path, "c1").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_used_is_not_there(tmp_path):
    assert take(tmp_path, "c1") is None
    keep(tmp_path, "c1", METADATA, SEEN)
    place_of(tmp_path, "c1").rename(place_of(tmp_path, "c2"))
    assert take(tmp_path, "c2") is None
    place_of(tmp_path, "c3").write_bytes(b"no gzip")
    assert take(tmp_path, "c3") is None
