"""The record of exports: chained, and lines of earlier versions put aside."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest

from pipeline.errors import StoreError
from pipeline.export.formats import Done
from pipeline.export.record import EARLIER, FILE_NAME, chain_of, record

AT = datetime(2026, 6, 20, 1, 2, 3, tzinfo=UTC)
OLD = '{"at": "2026-01-01", "form": "vcon", "masked": true, "reason": null, "calls": 3}\n'


def write(folder, form="vcon"):
    record(folder, form, Done(calls=2, left_out={}), mask=True, reason=" ", at=AT)


def test_each_export_is_a_line_of_the_chain(tmp_path):
    write(tmp_path)
    write(tmp_path, "sarif")
    assert [(line["export"], line["calls"], line["reason"]) for line in chain_of(tmp_path).read()] == [
        ("vcon", 2, None),
        ("sarif", 2, None),
    ]
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes().replace(b'"calls": 2', b'"calls": 1', 1))
    with pytest.raises(StoreError, match="line 1: it was changed"):
        write(tmp_path)


def test_lines_of_an_earlier_version_are_put_aside_and_told(tmp_path):
    (tmp_path / FILE_NAME).write_text(OLD, encoding="utf-8")
    write(tmp_path)
    first, second = chain_of(tmp_path).read()
    assert (first["before"], first["sha256"]) == (EARLIER, hashlib.sha256(OLD.encode()).hexdigest())
    assert (tmp_path / EARLIER).read_text(encoding="utf-8") == OLD
    assert second["export"] == "vcon"
    write(tmp_path)
    assert len(list(chain_of(tmp_path).read())) == 3


def test_a_torn_line_is_told_by_the_next(tmp_path):
    write(tmp_path)
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b'{"form"')
    write(tmp_path)
    assert [line.get("repaired") for line in chain_of(tmp_path).read()] == [None, True, None]


def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path):
    (tmp_path / FILE_NAME).write_text(json.dumps(["something"]) + "\n", encoding="utf-8")
    with pytest.raises(StoreError, match="line 1"):
        write(tmp_path)
