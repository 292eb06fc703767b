"""``tinghe export``: masked unless a reason is given, and what left is on record."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.cli.export import Form
from pipeline.audit.access import chain_at
from pipeline.export.formats import FORMS
from tests.unit.export.samples import results, said


@pytest.fixture
def folder(tmp_path):
    return results(tmp_path / "results", said(("agent", "您好，我是欧阳志远"), call_id="golden-2"))


def run(*arguments):
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def lines(folder):
    return [json.loads(line) for line in (folder / "exports.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_form_can_be_asked_for():
    assert {form.value for form in Form} == set(FORMS)


def test_an_export_is_masked_and_on_record(folder, tmp_path):
    done = run(folder, "--format", "webvtt", "--to", tmp_path / "to", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"form": "webvtt", "calls": 2, "left_out": {}, "masked": True}
    assert "幺三九零零零零" not in (tmp_path / "to" / "golden-1.vtt").read_text(encoding="utf-8")
    (line,) = lines(folder)
    assert (line["export"], line["masked"], line["reason"], line["calls"]) == ("webvtt", True, None, 2)


@pytest.mark.parametrize("reason", [[], ["--reason", "  "]])
def test_people_are_not_shown_without_a_reason(folder, tmp_path, reason):
    done = run(folder, "--format", "webvtt", "--to", tmp_path / "to", "--unmasked", *reason)
    assert done.exit_code == 2
    assert "--reason" in done.stderr
    assert not (tmp_path / "to").exists()
    assert not (folder / "exports.jsonl").exists()


def test_people_are_shown_with_a_reason_that_is_kept(folder, tmp_path):
    why = "法院调取"
    done = run(folder, "--format", "webvtt", "--to", tmp_path / "to", "--unmasked", "--reason", why)
    assert done.exit_code == 0
    assert "幺三九零零零零" in (tmp_path / "to" / "golden-1.vtt").read_text(encoding="utf-8")
    assert [(line["masked"], line["reason"]) for line in lines(folder)] == [(False, why)]
    (told,) = chain_at(folder / "access.log.jsonl").read()
    assert (told["what"], told["reason"], told["calls"]) == ("export webvtt", why, 2)


def test_nothing_is_shown_when_the_access_log_is_broken(folder, tmp_path):
    (folder / "access.log.jsonl").write_text("{}\n", encoding="utf-8")
    done = run(folder, "--format", "webvtt", "--to", tmp_path / "to", "--unmasked", "--reason", "法院调取")
    assert done.exit_code == 1
    assert "line 1" in done.stderr
    assert not (tmp_path / "to").exists()


def test_the_names_of_a_manifest_are_masked(folder, tmp_path):
    results(folder, said(("agent", "当时说好欧阳志远只还一半"), call_id="golden-2"))  # nothing says: a name
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("file,call_id,customer_name\ngolden-2.wav,golden-2,欧阳志远\n", encoding="utf-8")
    text = {}
    for to, more in (("without", []), ("with", ["--manifest", manifest])):
        assert run(folder, "--format", "webvtt", "--to", tmp_path / to, *more).exit_code == 0
        text[to] = (tmp_path / to / "golden-2.vtt").read_text(encoding="utf-8")
    assert "志远" in text["without"]
    assert "志远" not in text["with"]


def test_findings_have_the_titles_of_their_rules_and_clauses(folder, tmp_path):
    assert run(folder, "--format", "sarif", "--to", tmp_path / "to").exit_code == 0
    log = json.loads((tmp_path / "to" / "findings.sarif").read_text(encoding="utf-8"))
    titles = {r["id"]: r["shortDescription"]["text"] for r in log["runs"][0]["tool"]["driver"]["rules"]}
    assert titles["rude_tone"] != "rude_tone"


def test_a_folder_without_results_is_wrong_usage(tmp_path):
    done = run(tmp_path, "--format", "ctm", "--to", tmp_path / "to")
    assert done.exit_code == 2
    assert "no results here" in done.stderr
