"""The chain: every change of a line is found, and the first one that is broken is named."""

from __future__ import annotations

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, StoreError
from pipeline.retention.proof import FILE_NAME, KEY_FILE, START, Key, append, find_key, read, repair, verify

SECRET = "0123456789abcdef"


def chain(folder, count=4):
    append(folder, [{"deletion": f"d{n}", "call": f"c{n}", "items": ["records"]} for n in range(count)])
    return folder / FILE_NAME


def test_an_untouched_chain_holds(tmp_path):
    assert verify(tmp_path).head == START
    path = chain(tmp_path)
    head = append(tmp_path, [{"deletion": "d4"}])
    found = verify(tmp_path)
    assert (found.lines, found.head, found.broken) == (5, head, None)
    assert [line["n"] for line in read(tmp_path)] == [1, 2, 3, 4, 5]
    assert len(path.read_text("utf-8").splitlines()) == 5


@given(line=st.integers(0, 3), at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_any_byte_that_changes_is_found_on_its_line(tmp_path_factory, line, at, byte):
    folder = tmp_path_factory.mktemp("chain")
    path = chain(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    at %= len(lines[line]) - 1
    if lines[line][at] == byte:
        return
    lines[line] = lines[line][:at] + bytes([byte]) + lines[line][at + 1 :]
    path.write_bytes(b"".join(lines))
    found = verify(folder)
    same = byte in b" " and json_of(lines[line]) == json_of(chain_line(folder, line))
    assert found.broken == line + 1 or same
    if found.broken:
        with pytest.raises(StoreError, match=f"line {line + 1}"):
            list(read(folder))


def json_of(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def chain_line(folder, line):
    other = folder / "again"
    other.mkdir()
    return chain(other).read_bytes().splitlines()[line]


@pytest.mark.parametrize(("change", "broken"), [("drop", 2), ("swap", 2), ("twice", 3)])
def test_lines_cannot_be_taken_out_or_moved(tmp_path, change, broken):
    path = chain(tmp_path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    if change == "drop":
        del lines[1]
    elif change == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines.insert(2, lines[1])
    path.write_text("".join(lines), "utf-8")
    assert verify(tmp_path).broken == broken
    with pytest.raises(StoreError, match=f"line {broken}"):
        append(tmp_path, [{"deletion": "more"}])


def test_a_chain_that_was_cut_off_is_found_by_a_digest_from_elsewhere(tmp_path):
    path = chain(tmp_path)
    head = verify(tmp_path).head
    append(tmp_path, [{"deletion": "later"}])
    assert verify(tmp_path, head=head).broken is None
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:2]), "utf-8")
    assert verify(tmp_path).broken is None
    assert verify(tmp_path, head=head).broken == 3


def test_a_torn_line_is_taken_out(tmp_path):
    path = chain(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"form": "tingh')
    assert verify(tmp_path).broken == 5
    repair(tmp_path)
    assert path.read_bytes() == whole
    repair(tmp_path / "nowhere")


def test_without_the_key_an_id_tells_nothing(tmp_path):
    made = find_key(tmp_path, "KEY", {}, make=True)
    assert made == find_key(tmp_path, "KEY", {})
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    given_one = find_key(tmp_path, "KEY", {"KEY": SECRET})
    assert given_one == Key(SECRET.encode())
    assert given_one.of("call") != made.of("call")
    assert given_one.identity != made.identity
    assert SECRET not in repr(given_one)
    assert find_key(tmp_path / "nowhere", "KEY", {}) is None


def test_a_key_that_can_be_guessed_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="16 bytes"):
        find_key(tmp_path, "KEY", {"KEY": "short"})
