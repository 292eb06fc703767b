"""What is kept is read back, and whatever is wrong with it is as if it were not there."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.kept import KEPT_OF_A_KIND, NOTHING_KEPT, Kept, key_of

KEY = key_of("made", "of this")


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "cache" / "kept")


def only_file(kept):
    (path,) = kept.folder.iterdir()
    return path


@pytest.mark.parametrize("content", [b"", b"what was worked out", bytes(range(256)) * 50])
def test_what_is_kept_is_read_back(kept, content):
    assert kept.read("kind", KEY) is None
    kept.write("kind", KEY, content)
    assert kept.read("kind", KEY) == content
    assert kept.read("kind", key_of("made", "of that")) is None
    assert kept.read("other", KEY) is None


def test_only_the_owner_may_read_it(kept):
    kept.write("kind", KEY, b"x")
    assert only_file(kept).stat().st_mode & 0o777 == 0o600
    assert kept.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: entry[:-1],
        lambda entry: entry[:-1] + b"?",
        lambda entry: b"",
        lambda entry: entry[:40],
        lambda entry: b"another form 7\n" + entry,
        lambda entry: entry + b"more",
    ],
)
def test_a_damaged_entry_is_passed_over_and_written_anew(kept, damage):
    kept.write("kind", KEY, b"right")
    path = only_file(kept)
    path.write_bytes(damage(path.read_bytes()))
    assert kept.read("kind", KEY) is None
    kept.write("kind", KEY, b"right")
    assert kept.read("kind", KEY) == b"right"


def test_an_entry_of_another_key_or_kind_under_this_name_is_passed_over(kept):
    kept.write("kind", key_of("else"), b"else")
    only_file(kept).rename(kept.folder / f"kind-{KEY[:32]}")
    assert kept.read("kind", KEY) is None
    only_file(kept).rename(kept.folder / f"other-{key_of('else')[:32]}")
    assert kept.read("other", key_of("else")) is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_may_write_is_passed_over(kept, mode):
    kept.write("kind", KEY, b"x")
    only_file(kept).chmod(mode)
    assert kept.read("kind", KEY) is None


def test_an_entry_of_another_user_is_passed_over(kept, monkeypatch):
    kept.write("kind", KEY, b"x")
    monkeypatch.setattr(os, "geteuid", lambda: only_file(kept).stat().st_uid + 1)
    assert kept.read("kind", KEY) is None


def test_a_link_is_passed_over(kept, tmp_path):
    kept.write("kind", KEY, b"x")
    path = only_file(kept)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert kept.read("kind", KEY) is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    kept = Kept(tmp_path / "file" / "kept")
    kept.write("kind", KEY, b"x")
    assert kept.read("kind", KEY) is None


def test_a_read_only_folder_gives_what_it_has(kept, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError(30, "Read-only file system")

    kept.write("kind", KEY, b"x")
    for name in ("utime", "replace", "unlink"):
        monkeypatch.setattr(os, name, refuse)
    kept.write("kind", key_of("new"), b"y")
    assert kept.read("kind", KEY) == b"x"
    assert kept.read("kind", key_of("new")) is None


def test_nothing_is_kept_without_a_folder():
    NOTHING_KEPT.write("kind", KEY, b"x")
    NOTHING_KEPT.write_arrays("kind", KEY, {"a": np.arange(3)})
    assert NOTHING_KEPT.read("kind", KEY) is None
    assert NOTHING_KEPT.arrays("kind", KEY) is None


def test_arrays_come_back_as_they_went(kept):
    arrays = {"a": np.arange(6, dtype=np.uint64).reshape(2, 3), "b": np.array([], dtype=bool)}
    kept.write_arrays("kind", KEY, arrays)
    found = kept.arrays("kind", KEY)
    assert {name: (a.dtype, a.tolist()) for name, a in found.items()} == {
        name: (a.dtype, a.tolist()) for name, a in arrays.items()
    }


def test_a_text_is_made_once(kept):
    made = []

    def make():
        made.append(1)
        return "很长"

    assert [kept.text("kind", ["of", b"this"], make) for _ in range(3)] == ["很长"] * 3
    assert len(made) == 1
    kept.text("kind", ["of", b"that"], make)
    assert len(made) == 2


def test_what_fails_to_be_made_is_not_kept(kept):
    def fail():
        raise ConfigError("malformed")

    for _ in range(2):
        with pytest.raises(ConfigError, match="malformed"):
            kept.text("kind", ["this"], fail)


def test_what_nobody_read_for_longest_makes_room(kept):
    keys = [key_of(str(number)) for number in range(KEPT_OF_A_KIND)]
    for age, key in enumerate(keys):
        kept.write("kind", key, key.encode())
        (path,) = kept.folder.glob(f"kind-{key[:32]}")
        os.utime(path, ns=(age, age))
    kept.write("another", KEY, b"x")
    assert kept.read("kind", keys[0])  # now the newest
    kept.write("kind", KEY, b"one more")
    there = [key for key in keys if kept.read("kind", key)]
    assert there == [keys[0], *keys[2:]]
    assert kept.read("another", KEY) == b"x"


def test_those_who_read_while_others_write_see_all_or_nothing(kept):
    content = b"x" * 100_000
    seen = []

    def write():
        for _ in range(20):
            kept.write("kind", KEY, content)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen.append(kept.read("kind", KEY))
    assert set(seen) <= {None, content}
    assert kept.read("kind", KEY) == content
    assert only_file(kept)  # no half-written file stays


def test_parts_do_not_run_together():
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("abc"), key_of("ab", "c", "")}) == 4
    assert key_of("鉴") == key_of("鉴".encode())
