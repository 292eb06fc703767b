"""A chained file: torn lines, several writers at once, changes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pipeline.chain import START, Chain
from pipeline.errors import StoreError

WRITER = """
import sys
from pathlib import Path
from pipeline.chain import Chain
chain = Chain(path=Path(sys.argv[1]), form="test/1")
for number in range(25):
    chain.append([{"who": sys.argv[2], "what": number}])
"""


@pytest.fixture
def chain(tmp_path):
    return Chain(path=tmp_path / "chain.jsonl", form="test/1", mode=0o600, unfinished="it goes on")


def test_writers_in_several_processes_make_one_chain(chain):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(chain.path), str(n)]) for n in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    found = chain.verify()
    assert (found.lines, found.broken) == (100, None)
    for who in "0123":
        assert [line["what"] for line in chain.read() if line["who"] == who] == list(range(25))


def test_a_torn_line_is_named_and_told_of_by_the_next(chain):
    chain.append([{"a": 1}])
    with chain.path.open("ab") as file:
        file.write(b'{"form": "te')
    assert chain.verify().why == "it was not written to its end (it goes on)"
    with pytest.raises(StoreError, match="line 2"):
        chain.append([{"a": 2}])
    head = chain.append_repaired([{"a": 2}], {"what": "repaired"})
    assert chain.verify().head == head
    lines = list(chain.read())
    assert [(line.get("a"), line.get("what"), line.get("bytes")) for line in lines] == [
        (1, None, None),
        (None, "repaired", 12),
        (2, None, None),
    ]
    chain.append_repaired([{"a": 3}], {"what": "repaired"})
    assert len(list(chain.read())) == 4


def test_nothing_is_added_behind_a_line_that_was_changed(chain):
    chain.append([{"a": n} for n in range(3)])
    chain.path.write_bytes(chain.path.read_bytes().replace(b'"a": 1', b'"a": 7'))
    assert (chain.verify().broken, chain.verify().why) == (2, "it was changed")
    with pytest.raises(StoreError, match="line 2: it was changed"):
        chain.append_repaired([{"a": 4}], {})


def test_even_a_space_is_a_change(chain):
    chain.append([{"a": 1}])
    chain.path.write_bytes(chain.path.read_bytes().replace(b'"a": 1', b'"a":  1'))
    assert chain.verify().broken == 1


def test_a_new_file_is_for_its_owner_and_an_empty_one_is_no_chain(chain):
    assert (chain.verify().lines, chain.verify().head) == (0, START)
    chain.append([{"text": "字\ud800"}])
    assert chain.path.stat().st_mode & 0o777 == 0o600
    assert json.loads(chain.path.read_bytes())["n"] == 1
    assert chain.verify().broken is None
