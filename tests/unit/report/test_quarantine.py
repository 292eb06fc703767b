"""quarantine.jsonl: every call that could not be judged, in one order, readable again."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import StoreError
from pipeline.report.quarantine import read_quarantine, write_quarantine
from tests.golden.sample import QUARANTINED


def test_the_order_of_failing_does_not_matter(tmp_path):
    write_quarantine(QUARANTINED, tmp_path / "a")
    write_quarantine(reversed(QUARANTINED), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_quarantine(tmp_path / "a") == QUARANTINED


def test_each_line_says_what_a_person_needs(tmp_path):
    write_quarantine(QUARANTINED, tmp_path / "q.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {
        "call_id": "golden-2",
        "reason": "truncated",
        "message": "golden-2.wav: 12.0 s of 90.0 s",
        "file": "golden-2.wav",
        "line": 3,
        "field": None,
        "attempts": 1,
    }


def test_no_quarantined_call_makes_an_empty_file(tmp_path):
    write_quarantine((), tmp_path / "q.jsonl")
    assert (tmp_path / "q.jsonl").read_bytes() == b""
    assert read_quarantine(tmp_path / "q.jsonl") == read_quarantine(tmp_path / "missing") == ()


def test_a_broken_line_is_named(tmp_path):
    write_quarantine(QUARANTINED, tmp_path / "q.jsonl")
    with (tmp_path / "q.jsonl").open("a") as file:
        file.write('{"call_id": "x"}\n')
    with pytest.raises(StoreError, match=r"q\.jsonl:3"):
        read_quarantine(tmp_path / "q.jsonl")
