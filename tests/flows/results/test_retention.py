"""Retention through the command line, the flow, and the batch that comes after."""

from __future__ import annotations

import json

import pytest
import typer.testing

from flows.cli import app
from flows.results.retaining import count_or_delete, opened_retention
from pipeline.retention.gone import gone
from pipeline.retention.proof import KEY_FILE, verify
from tests.flows.support import few_rules, tinghe
from tests.retained import Results, phrase

pytestmark = pytest.mark.slow

LONG_AGO = "2020-06-18T10:30:00+08:00"
KEY = "TINGHE_RETENTION_KEY"


@pytest.fixture
def results(tmp_path):
    made = Results(tmp_path)
    made.add("old", started_at=LONG_AGO).add("young", started_at="2090-01-01T10:00:00+08:00").show()
    yield made
    made.store.close()


def command(*arguments):
    return typer.testing.CliRunner().invoke(app, ["retention", *map(str, arguments)])


def told(*arguments):
    outcome = command(*arguments, "--json")
    assert outcome.exit_code == 0, outcome.output
    return json.loads(outcome.stdout)


def test_a_plan_changes_nothing(results):
    before = sorted(path.name for path in results.out.rglob("*"))
    plan = told("plan", results.out)
    assert plan["counts"] == {"due": 1, "young": 1}
    due = {call["call_id"]: call for call in plan["calls"]}["old"]
    assert due["items"] == ["sound", "records"]
    assert due["kept_to"] == "2022-06-18"
    assert [rule["profile"] for rule in due["profiles"]] == ["standard"]
    assert "old" in command("plan", results.out).stdout
    assert sorted(path.name for path in results.out.rglob("*")) == before


def test_from_hold_to_proof(results):
    reason = ("--by", "王", "--why", "投诉")
    assert command("hold", results.out, "--case", "K1", "--debtor", "D-old", *reason).exit_code == 0
    assert told("plan", results.out)["counts"] == {"held": 1, "young": 1}
    assert told("apply", results.out)["calls"] == []
    (hold,) = told("holds", results.out)
    assert (hold["case"], hold["set_by"], hold["set_why"]) == ("K1", "王", "投诉")
    assert hold["subject"] != "D-old", "debtors are masked"
    assert command("holds", results.out).exit_code == 0
    assert command("release", results.out, "--case", "K1", *reason).exit_code == 0
    done = told("apply", results.out)
    assert done["calls"] == ["old"]
    assert results.files_with(phrase("old")) == []
    assert told("verify", results.out)["head"] == done["head"]
    log = [json.loads(line) for line in (results.out / "log.jsonl").read_text("utf-8").splitlines()]
    assert (log[-1]["event"], log[-1]["calls"]) == ("retention_ended", 1)
    path = results.out / "deletions.jsonl"
    path.write_text(path.read_text("utf-8").replace("standard", "Standard"), "utf-8")
    broken = command("verify", results.out)
    assert broken.exit_code == 1
    assert "line 1" in broken.output
    assert command("apply", results.out).exit_code == 1


def test_wrong_usage_says_what_is_wrong(results, tmp_path):
    outcome = command("plan", tmp_path / "nowhere")
    assert outcome.exit_code == 2
    outcome = command("hold", results.out, "--by", "a", "--why", "b")
    assert outcome.exit_code == 2
    assert not (tmp_path / "nowhere").exists()


def test_settlements_free_what_waited(results, tmp_path):
    card = {"product_type": "credit_card", "started_at": LONG_AGO}
    results.add("card", promise=True, **card).show()
    plan = {call["call_id"]: call for call in told("plan", results.out)["calls"]}
    assert plan["card"]["standing"] == "unsettled"
    settled = tmp_path / "settled.csv"
    settled.write_text("customer_id,settled_at\nD-card,2023-01-01\n", "utf-8")
    done = told("apply", results.out, "--settlements", settled)
    assert done["calls"] == ["card", "old"]


def test_what_was_deleted_is_left_out_of_later_runs(results, monkeypatch):
    calls = [made.call for made in results.reports.values()]

    def left_out(environment=None):
        return gone(results.out, results.store, calls, variable=KEY, environment=environment or {})

    assert left_out() == frozenset()
    told("apply", results.out)
    assert left_out() == {"old"}
    again = calls[0].metadata.model_copy(update={"started_at": calls[1].metadata.started_at})
    import dataclasses

    reused = [dataclasses.replace(calls[0], metadata=again)]
    assert gone(results.out, results.store, reused, variable=KEY, environment={}) == frozenset()
    from pipeline.errors import ConfigError

    with pytest.raises(ConfigError, match=KEY):
        left_out({KEY: "another key of 16 bytes"})
    (results.out / KEY_FILE).unlink()
    with pytest.raises(ConfigError, match=KEY):
        left_out()


def test_a_deletion_under_way_is_left_out_too(results, monkeypatch):
    with opened_retention(results.out, None) as retention:
        monkeypatch.setattr(type(retention), "_carry_out", lambda *a: (_ for _ in ()).throw(OSError))
        with pytest.raises(OSError):  # noqa: PT011 - as good as a power cut
            retention.apply()
    calls = [made.call for made in results.reports.values()]
    assert gone(results.out, results.store, calls, variable=KEY, environment={}) == {"old"}


@pytest.mark.flow
@pytest.mark.usefixtures("shared_server")
def test_a_batch_does_not_make_deleted_calls_again(tmp_path):
    source = tmp_path / "calls"
    source.mkdir()
    for name, year in (("old", 2020), ("young", 2090)):
        metadata = {
            "started_at": f"{year}-06-18T10:30:00+08:00",
            "lender_type": "bank",
            "product_type": "consumer_loan",
            "customer_id": f"D-{name}",
        }
        turns = [
            {"speaker": "agent", "text": f"您好，这里是松河银行。{phrase(name)}。"},
            {"speaker": "customer", "text": "好的。"},
        ]
        content = {"call_id": name, "metadata": metadata, "turns": turns}
        (source / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    out, config = tmp_path / "out", tmp_path / "settings.toml"
    config.write_text(f'[opinion]\nengine = "none"\n[detect]\nrules = "{few_rules(tmp_path)}"\n', "utf-8")
    run = ("text", source, "--out", out, "--config", config)
    assert tinghe(tmp_path, *run).code == 0
    assert tinghe(tmp_path, "retention", "apply", out, "--json").json()["calls"] == ["old"]
    again = tinghe(tmp_path, *run, "--json")
    assert again.code == 0, again.stderr
    assert [call["call_id"] for call in again.json()["calls"]] == ["young"]
    assert sorted(path.name for path in (out / "calls").iterdir()) == ["young.json"]
    for name in ("summary.html", "summary.csv"):
        text = (out / name).read_text("utf-8")
        assert "young" in text
        assert phrase("old") not in text
    events = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    assert any(event["event"] == "calls_left_out" and event["left_out"] == 1 for event in events)
    assert verify(out).lines == 1


def test_a_schedule_counts_or_deletes(results):
    results.store.close()
    assert count_or_delete(results.out) == {"due": 1, "deleted": 0, "stopped": 0}
    assert count_or_delete(results.out, delete=True) == {"due": 1, "deleted": 1, "stopped": 0}
    assert results.files_with(phrase("old")) == []
