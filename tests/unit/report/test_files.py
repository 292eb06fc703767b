"""Result files: whole or not at all, under names that cannot leave their folder."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.report.files import file_stem, keep_private, write_atomically


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


@pytest.mark.parametrize(("group", "file_mode", "folder_mode"), [(False, 0o600, 0o700), (True, 0o640, 0o750)])
def test_files_and_folders_are_for_their_owner_or_the_group(tmp_path, group, file_mode, folder_mode):
    before = os.umask(0o022)
    try:
        keep_private(group_readable=group)
        write_atomically(tmp_path / "a" / "b" / "x.json", b"x")
        (tmp_path / "by others").write_bytes(b"x")
        modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.rglob("*")}
    finally:
        keep_private()
        os.umask(before)
    assert modes == {"a": folder_mode, "b": folder_mode, "x.json": file_mode, "by others": file_mode}


def test_a_file_keeps_the_permissions_that_it_is_given(tmp_path):
    write_atomically(tmp_path / "x", b"x", mode=0o644)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644
