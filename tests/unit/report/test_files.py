"""Result files: whole or not at all, under names that cannot leave their folder."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.report.files import file_stem, write_atomically


@pytest.mark.parametrize("call_id", ["dev-001", "2026_06.18 10点", "通话1"])
def test_an_ordinary_id_is_its_own_file_name(call_id):
    assert file_stem(call_id) == call_id


@pytest.mark.parametrize("call_id", ["../x", "a/b", "..", ".hidden", "a\\b", "a\0b", "c:d"])
def test_no_id_leaves_its_folder(tmp_path, call_id):
    path = tmp_path / f"{file_stem(call_id)}.json"
    assert path.resolve().parent == tmp_path.resolve()
    assert not path.name.startswith(".")


@given(st.lists(st.text(alphabet="ab/.%2EF:\\", min_size=1, max_size=6), min_size=2, max_size=2, unique=True))
def test_two_ids_never_share_a_file(ids):
    assert file_stem(ids[0]) != file_stem(ids[1])


@pytest.mark.parametrize("call_id", ["", "长" * 67])
def test_an_id_that_makes_no_file_name_is_refused(call_id):
    with pytest.raises(StoreError):
        file_stem(call_id)


def test_writing_replaces_the_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "deep" / "x.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    write_atomically(path, b"old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"x\.json: No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
