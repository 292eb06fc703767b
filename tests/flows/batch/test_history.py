"""Calls of one night matter to each other, through the whole flow."""

import json
import sqlite3

import pytest

from tests.flows.support import calls_in, few_rules, tinghe

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("shared_server")]

CONTACT = {"customer_id": "K1", "called_number": "13800000005", "callee_role": "relative"}
DEBTOR = {"customer_id": "K1", "called_number": "13800000001", "callee_role": "debtor", "lender_type": "bank"}


def spoken(call_id, at, *lines, **metadata):
    turns = [{"speaker": who, "text": text} for who, text in lines]
    started = {"started_at": f"2026-03-05T{at}:00+08:00", "direction": "outbound"}
    return {"call_id": call_id, "metadata": {**started, **metadata}, "turns": turns}


REFUSED = ("customer", "以后别再给我打电话了，我跟他没来往。")
HELLO = ("agent", "您好，麻烦您转告他给我们回个电话。")
CALLS = [
    spoken("afternoon", "15:00", HELLO, ("customer", "怎么又是你们。"), **CONTACT),
    spoken("morning", "10:00", HELLO, REFUSED, **CONTACT),
    spoken("noon", "12:00", ("agent", "您好，请问是本人吗？"), ("customer", "是我。"), **DEBTOR),
    spoken("stranger", "16:00", HELLO, ("customer", "哪位？"), **{**CONTACT, "called_number": "13800000009"}),
]
SETTINGS = """
[opinion]
engine = "none"
[detect]
rules = "{rules}"
[batch]
chunk_calls = 1
workers = {workers}
isolation = "{isolation}"
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """One folder for all runs: where rules lie is a part of what a report was made from."""
    packs = ("contacts.yaml", "events.yaml", "records.yaml", "acts_customer.yaml")
    return few_rules(tmp_path_factory.mktemp("packs"), *packs)


def judged(folder, rules, calls=CALLS, workers=1, out="out", log=None):
    source = folder / "calls.jsonl"
    source.write_text("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in calls), "utf-8")
    settings = folder / "settings.toml"
    isolation = "none" if workers == 1 else "process"
    settings.write_text(SETTINGS.format(rules=rules, workers=workers, isolation=isolation), "utf-8")
    extra = ["--dial-log", log] if log else []
    outcome = tinghe(folder, "text", source, "--out", folder / out, "--config", settings, *extra)
    return outcome, folder / out


def rules_of(out):
    return {
        name: {(f["rule"], f["severity"]) for f in call["findings"] if f["state"] != "cannot_decide"}
        for name, call in calls_in(out).items()
    }


@pytest.fixture(scope="module")
def night(tmp_path_factory, rules):
    """Refused in the morning and called again, in a manifest out of order; eight dials nobody answered."""
    folder = tmp_path_factory.mktemp("night")
    log = folder / "dials.csv"
    rows = [f"13800000001,2026-03-05 08:{10 + 5 * n},false,bank" for n in range(8)]
    rows += ["13800000001,at noon,true,bank", "13800000001,2026-03-05 12:00:03,true,bank"]
    log.write_text("\n".join(["called_number,started_at,connected,remark", *rows, ""]), "utf-8")
    outcome, out = judged(folder, rules, log=log)
    return outcome, out, folder, log


def test_a_contact_who_refused_in_the_morning_is_not_called_in_the_afternoon(night):
    outcome, out, _, _ = night
    assert outcome.code == 0, outcome.stderr
    found = rules_of(out)
    assert ("third_party_recontact", "critical") in found["afternoon"]
    for name in ("morning", "stranger", "noon"):
        assert "third_party_recontact" not in {rule for rule, _ in found[name]}


def test_dials_of_the_log_are_counted_and_a_bad_line_is_named(night):
    outcome, out, _, _ = night
    assert ("daily_attempts_over", "minor") in rules_of(out)["noon"]
    lost = [json.loads(line) for line in (out / "dial_log_rejected.jsonl").read_text("utf-8").splitlines()]
    assert [(line["line"], line["field"]) for line in lost] == [(10, "started_at")]
    assert "1 lines of the dial log" in outcome.stderr
    assert "13800000001" not in outcome.stderr + json.dumps(lost)


def test_what_nobody_supplies_is_not_asked_for(night):
    _, out, _, _ = night
    missing = {f["missing"] for call in calls_in(out).values() for f in call["findings"]}
    assert not missing & {"talk_seconds", "disposition", "retention_days", "cli_whitelisted", "history"}


def test_numbers_stay_out_of_the_results(night):
    _, out, _, _ = night
    for path in out.rglob("*"):
        if path.is_file():
            assert b"1380000000" not in path.read_bytes(), path


def test_workers_of_their_own_change_nothing(night, rules, tmp_path):
    _, first, _, log = night
    _, second = judged(tmp_path, rules, workers=2, log=log)
    for path in sorted((first / "calls").iterdir()):
        assert path.read_bytes() == (second / "calls" / path.name).read_bytes(), path.name


def test_nothing_that_was_heard_is_left_behind(night):
    assert not list(night[1].glob(".heard-*"))


def test_a_refusal_of_an_earlier_night_counts(night, rules, tmp_path):
    _, first, _, _ = night
    later = spoken("next-week", "11:00", HELLO, ("customer", "喂？"), **CONTACT)
    later["metadata"]["started_at"] = "2026-03-12T11:00:00+08:00"
    out = tmp_path / "out"
    out.mkdir()
    with sqlite3.connect(first / "tinghe.db") as old, sqlite3.connect(out / "tinghe.db") as new:
        old.backup(new)
    new.close()
    old.close()
    judged(tmp_path, rules, calls=[later])
    assert ("third_party_recontact", "critical") in rules_of(out)["next-week"]


def test_a_log_that_is_not_there_is_one_clear_line(rules, tmp_path):
    outcome, _ = judged(tmp_path, rules, log=tmp_path / "dials.csv")
    assert outcome.code == 2
    assert "dials.csv" in outcome.stderr
    assert "Traceback" not in outcome.stderr
