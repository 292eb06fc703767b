"""Transcripts through the whole flow."""

import json

import pytest

from tests.flows.support import ROOT, calls_in, labels, quarantine_in, tinghe

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Labelled demo calls as transcripts, beside two that are none."""
    folder = tmp_path_factory.mktemp("text")
    source = folder / "calls"
    source.mkdir()
    for path in (ROOT / "tests" / "data" / "labels").glob("*.json"):
        (source / path.name).write_bytes(path.read_bytes())
    (source / "broken.json").write_text("{", "utf-8")
    turns = [{"speaker": "boss", "text": "喂"}]
    (source / "stranger.json").write_text(json.dumps({"call_id": "stranger", "turns": turns}), "utf-8")
    outcome = tinghe(folder, "text", source, "--out", folder / "out", "--json")
    return outcome, folder / "out"


def test_good_calls_are_scored_and_bad_ones_named(run):
    outcome, out = run
    assert outcome.code == 3
    scored = {name for name, call in calls_in(out).items() if call["status"] == "scored"}
    assert scored == set(labels())
    assert {name: entry["reason"] for name, entry in quarantine_in(out).items()} == {
        "broken#no-id": "transcript",
        "stranger": "transcript",
    }
    assert "speaker" in quarantine_in(out)["stranger"]["message"]


def test_the_account_is_printed_for_programs(run):
    outcome, _ = run
    summary = outcome.json()["summary"]
    assert summary == {"planned": 10, "scored": 8, "not_scored": 0, "quarantined": 2, "skipped": 0}


def test_turns_keep_their_place_and_text(run):
    _, out = run
    for name, label in labels().items():
        turns = calls_in(out)[name]["turns"]
        assert [t["text"] for t in turns] == [t["text"] for t in label["turns"]]
        assert [t["index"] for t in turns] == list(range(len(turns)))


def test_evidence_is_literal(run):
    _, out = run
    findings = 0
    for call in calls_in(out).values():
        for finding in call["findings"]:
            assert finding["norms"]
            assert finding["reason"]
            if finding["turn"] is not None:
                findings += 1
                assert finding["evidence"] in call["turns"][finding["turn"]]["text"]
    assert findings > 10


def test_red_lines_are_the_labelled_ones(run):
    _, out = run
    got = {name: call["scores"]["red_line"] for name, call in calls_in(out).items() if name in labels()}
    assert got == {name: label["call_level"]["red_line"] for name, label in labels().items()}


def test_every_reader_gets_a_file(run):
    _, out = run
    for name in ("summary.html", "summary.csv", "summary.xlsx", "tinghe.db", "pages/demo-001.html"):
        assert (out / name).stat().st_size > 0, name


def test_nothing_left_the_machine(run):
    assert run[0].connections == ""


def test_a_second_run_gives_the_same_bytes_without_lanes_too(run, tmp_path):
    _, first = run
    source = first.parent / "calls"
    config = tmp_path / "settings.toml"
    config.write_text('[batch]\nisolation = "none"\n', "utf-8")
    again = tinghe(tmp_path, "text", source, "--out", tmp_path / "out", "--config", config)
    assert again.code == 3
    for path in sorted((first / "calls").iterdir()):
        assert path.read_bytes() == (tmp_path / "out" / "calls" / path.name).read_bytes()


def test_a_source_that_is_not_there_is_one_clear_line(tmp_path):
    outcome = tinghe(tmp_path, "text", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert outcome.code == 2
    assert "nowhere: no such file or folder" in outcome.stderr
    assert "Traceback" not in outcome.stderr
