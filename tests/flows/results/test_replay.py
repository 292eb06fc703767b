"""Replay through the command line: the same bytes from what was kept, and what differs where it does not."""

import json
import shutil

import pytest

from tests.flows.support import ROOT, few_rules, tinghe

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("shared_server")]

TODAY = "2099-01-01"


def calls_of_a_debtor(source):
    """Two calls, of which the second one sees the first."""
    source.mkdir()
    for number, path in enumerate(sorted((ROOT / "tests" / "data" / "labels").glob("*.json"))[:2]):
        content = json.loads(path.read_text("utf-8"))
        more = {"customer_id": "C1", "started_at": f"2026-06-1{number}T10:00:00+08:00", "team": "甲组"}
        content["metadata"] = content.get("metadata", {}) | more
        (source / path.name).write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return source


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Calls that were judged; their source is gone."""
    folder = tmp_path_factory.mktemp("replay")
    source, config = calls_of_a_debtor(folder / "calls"), folder / "settings.toml"
    config.write_text('[batch]\nisolation = "none"\n', "utf-8")
    outcome = tinghe(folder, "text", source, "--out", folder / "out", "--config", config)
    assert outcome.code == 0, outcome.stderr
    shutil.rmtree(source)
    return folder


def replay(folder, *arguments):
    outcome = tinghe(folder, "replay", *arguments, "--json")
    return outcome, json.loads(outcome.stdout) if outcome.stdout else None


def test_the_same_bytes_come_out_again(judged):
    outcome, found = replay(judged, judged / "out", "--as-of", TODAY)
    assert outcome.code == 0, (found, outcome.stderr)
    assert len(found) == 2
    assert all(one["identical"] and one["pack"] for one in found)
    assert outcome.connections == ""
    for place in ("inputs", "packs/files", "packs/sets"):
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in (judged / "out" / place).iterdir())


def test_a_verdict_that_was_touched_is_found_by_its_field(judged, tmp_path):
    out = shutil.copytree(judged / "out", tmp_path / "out")
    path = sorted((out / "calls").glob("*.json"))[0]
    content = json.loads(path.read_text("utf-8"))
    content["scores"]["compliance"] = 1.0
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    outcome, found = replay(tmp_path, out)
    assert outcome.code == 1
    assert [one["identical"] for one in found] == [False, True]
    assert found[0]["fields"] == ["/scores/compliance"]
    outcome, (one,) = replay(tmp_path, path)
    assert (outcome.code, one["fields"]) == (1, ["/scores/compliance"])


def test_the_rules_of_then_judge_and_not_those_of_today(tmp_path):
    """They lay outside the ``configs`` folder and are gone by now: only the archive has them."""
    rules = few_rules(tmp_path, "acts_opening.yaml", "acts_solving.yaml")
    own = tmp_path / "own.toml"
    own.write_text(f'[detect]\nrules = "{rules}"\n[batch]\nisolation = "none"\n', "utf-8")
    source, out = calls_of_a_debtor(tmp_path / "calls"), tmp_path / "out"
    outcome = tinghe(tmp_path, "text", source, "--out", out, "--config", own)
    assert outcome.code == 0, outcome.stderr
    shutil.rmtree(rules)
    outcome, found = replay(tmp_path, out, "--as-of", TODAY)
    assert outcome.code == 0, (found, outcome.stderr)
    assert all(one["identical"] for one in found)


def test_what_was_not_kept_is_told(judged, tmp_path):
    out = shutil.copytree(judged / "out", tmp_path / "out")
    shutil.rmtree(out / "inputs")
    shutil.rmtree(out / "packs")
    outcome, found = replay(tmp_path, out)
    for one in found:
        assert one["pack"] is None
        if not one["identical"]:
            assert any("earlier calls" in reason for reason in one["reasons"])
            assert any("no pack set" in reason for reason in one["reasons"])
    assert outcome.code == (0 if all(one["identical"] for one in found) else 1)
    outcome = tinghe(tmp_path, "replay", out, "--as-of", TODAY)
    assert outcome.code == 2
    assert "no rules are kept" in outcome.stderr
