"""Broken input costs nothing but itself."""

import csv
import shutil

import pytest

from tests.audio_files import broken_files
from tests.flows.support import ROOT, calls_in, quarantine_in, tinghe

pytestmark = [pytest.mark.audio, pytest.mark.flow]

GOOD = "demo-011.wav"
BAD_ROWS = {
    "twice": {"file": GOOD},  # the id stands above already
    "climber": {"file": "../../secret.wav"},
    "late": {"file": GOOD, "started_at": "yesterday"},
    "poor": {"file": GOOD, "total_due": "viel"},
}
COLUMNS = ("call_id", "file", "callee_role", "started_at", "total_due")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quarantine")
    source = folder / "night"
    source.mkdir()
    broken = broken_files(source)
    shutil.copy(ROOT / "demo" / "recordings" / GOOD, source / GOOD)
    rows = [{"call_id": file.name, "file": file.path.name} for file in broken]
    rows += [{"call_id": name, "file": GOOD} for name in ("once", "twice")]
    rows += [{"call_id": call_id, **fields} for call_id, fields in BAD_ROWS.items()]
    with (source / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    outcome = tinghe(folder, "run", source, "--out", folder / "out")
    return outcome, folder / "out", {file.name: file.reason for file in broken}


def test_every_kind_of_broken_file_has_its_own_reason(run):
    _, out, expected = run
    quarantine = quarantine_in(out)
    assert {name: quarantine[name]["reason"] for name in expected} == expected
    assert len(set(expected.values())) >= 11


def test_every_bad_row_names_its_line_and_field(run):
    _, out, expected = run
    rows = [e for name, e in quarantine_in(out).items() if name not in expected]
    first = 1 + len(expected) + 2 + 1
    assert {(e["line"], e["field"]) for e in rows} == {
        (first, "call_id"),
        (first + 1, "file"),
        (first + 2, "started_at"),
        (first + 3, "total_due"),
    }


def test_the_good_calls_of_the_batch_are_scored(run):
    _, out, _ = run
    scored = {name for name, call in calls_in(out).items() if call["status"] == "scored"}
    assert scored == {"once", "twice"}


def test_a_quarantined_call_says_so_in_its_own_file(run):
    _, out, expected = run
    calls = calls_in(out)
    for name, reason in expected.items():
        assert (calls[name]["status"], calls[name]["status_reason"]) == ("quarantined", reason)


def test_the_exit_status_and_the_table_tell(run):
    outcome, _, expected = run
    assert outcome.code == 3
    assert f"{len(expected) + 2 + len(BAD_ROWS)} planned = 2 scored" in outcome.stdout
    assert "truncated" in outcome.stdout


def test_no_file_name_of_a_recording_is_a_reason_to_leave(run):
    assert run[0].connections == ""
