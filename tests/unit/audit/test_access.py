"""The access log: no line without a reason, no personal data in it, and it tells which calls were meant."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from pipeline.audit.access import NAMED, Access, announce, calls_told, chain_at, finished, log_of
from pipeline.errors import ConfigError, StoreError
from pipeline.settings import load_settings

AT = datetime(2026, 6, 20, 1, 2, 3, tzinfo=UTC)


def access(**changes):
    return Access(
        **{"what": "audit pack", "user": "auditor", "reason": "监管调取", "calls": ("b", "a")} | changes
    )


def test_a_line_says_who_when_what_and_why(tmp_path):
    log = chain_at(tmp_path / "log.jsonl")
    head = announce(log, access(by="王审计"), at=AT)
    finished(log, head, at=AT, facts={"sha256": "f" * 64})
    first, second = log.read()
    assert first["user"] == "auditor"
    assert first["by"] == "王审计"
    assert first["reason"] == "监管调取"
    assert first["at"] == "2026-06-20T01:02:03+00:00"
    assert (first["calls"], first["call_ids"]) == (2, ["a", "b"])
    assert first["calls_sha256"] == hashlib.sha256(b"a\nb\n").hexdigest()
    assert (second["what"], second["of"], second["sha256"]) == ("done", first["hash"], "f" * 64)
    assert log.verify().broken is None
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_there_is_no_line_without_a_reason(tmp_path):
    log = chain_at(tmp_path / "log.jsonl")
    with pytest.raises(ConfigError, match="--reason"):
        announce(log, access(reason=" "), at=AT)
    assert not log.path.exists()


def test_numbers_of_people_stay_out(tmp_path):
    log = chain_at(tmp_path / "log.jsonl")
    announce(log, access(reason="13800138000 来电投诉", calls=("13800138000-1",)), at=AT)
    assert "13800138" not in log.path.read_text(encoding="utf-8")


def test_many_calls_are_told_by_their_digest():
    ids = [f"c{n}" for n in range(NAMED + 1)]
    told = calls_told(reversed(ids))
    assert told["call_ids"] is None
    assert told["calls_sha256"] == calls_told(ids)["calls_sha256"]
    assert told["calls_sha256"] != calls_told(ids[1:])["calls_sha256"]


def test_a_broken_log_lets_nothing_be_shown(tmp_path):
    log = chain_at(tmp_path / "log.jsonl")
    announce(log, access(), at=AT)
    log.path.write_bytes(log.path.read_bytes().replace(b"auditor", b"nobody!"))
    with pytest.raises(StoreError, match="line 1: it was changed"):
        announce(log, access(), at=AT)


def test_the_log_is_in_the_results_folder_or_where_the_settings_say(tmp_path):
    settings = load_settings()
    assert log_of(tmp_path, settings).path == tmp_path / "access.log.jsonl"
    elsewhere = settings.model_copy(
        update={"audit": settings.audit.model_copy(update={"log": str(tmp_path / "far" / "log.jsonl")})}
    )
    assert log_of(tmp_path / "results", elsewhere).path == tmp_path / "far" / "log.jsonl"
