"""``tinghe rules explain`` and ``backtest``: why a rule was raised, and what other rules would change."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from flows.cli import app
from pipeline.report.call_json import write_call
from pipeline.settings import CONFIGS
from pipeline.types import CallStatus, Transcript
from tests.golden.sample import report
from tests.unit.detect.support import EXAMPLES, write_pack

runner = CliRunner()


def rule(**fields):
    """A rule that rests on a clause of the project's own."""
    base = {"rule": "private_number", "title": "私人号码", "severity": "major", "norms": ["nifa_16"]}
    return {**base, "reason": "「{quote}」", "hits": [{"text": "私人号"}], "examples": EXAMPLES, **fields}


RUDE = rule(rule="rude", title="不耐烦", severity="minor", hits=[{"text": "别磨蹭", "unless": ["negated"]}])


@pytest.fixture
def settings(tmp_path):
    """The rules alone: no second opinion."""
    path = tmp_path / "settings.toml"
    path.write_text(f'[opinion]\nengine = "none"\n[detect]\nnorms = "{CONFIGS / "norms.yaml"}"\n', "utf-8")
    return path


@pytest.fixture
def results(tmp_path):
    """A results folder with a scored call, one that nobody answered, and a broken file."""
    folder = tmp_path / "results"
    (folder / "calls").mkdir(parents=True)
    write_call(report(), folder / "calls")
    call = replace(report().call, call_id="silent")
    silent = replace(report(), call=call, status=CallStatus.NOT_SCORED, status_reason="voicemail")
    write_call(replace(silent, transcript=Transcript(turns=())), folder / "calls")
    (folder / "calls" / "torn.json").write_text("{", "utf-8")
    return folder


@pytest.fixture
def packs(tmp_path):
    """Two folders of rule packs: the second looks for impatience and no longer for private numbers."""
    write_pack(tmp_path / "old", rule())
    write_pack(tmp_path / "new", RUDE)
    return tmp_path / "old", tmp_path / "new"


def run(*arguments):
    return runner.invoke(app, ["rules", *map(str, arguments)])


def explain(name, path, packs, settings, *more):
    return run("explain", name, path, "--rules", packs, "--config", settings, *more)


def test_a_stored_call_is_explained(results, packs, settings):
    path = results / "calls" / "golden-1.json"
    result = explain("private_number", path, packs[0], settings)
    assert result.exit_code == 0
    assert "私人号码" in result.stdout
    assert "violation" in result.stdout
    account = json.loads(explain("private_number", path, packs[0], settings, "--json").stdout)
    (told,) = account["rules"]
    assert (account["call_id"], told["raised"]) == ("golden-1", True)
    assert told["ways"][0]["steps"][0]["quotes"] == [{"turn": 2, "role": "agent", "quote": "私人号"}]
    assert told["findings"][0]["state"] == "violation"


def test_a_call_is_named_by_its_id_too(results, packs, settings):
    named = explain("private_number", results / "calls" / "golden-1.json", packs[0], settings)
    by_id = explain("private_number", "golden-1", packs[0], settings, "--out", results)
    assert (by_id.exit_code, by_id.stdout) == (0, named.stdout)
    missing = explain("private_number", "golden-9", packs[0], settings, "--out", results)
    assert (missing.exit_code, "no such call" in missing.stderr) == (2, True)
    missing = explain("private_number", "golden-1", packs[0], settings)
    assert (missing.exit_code, "--out" in missing.stderr) == (2, True)


def test_a_transcript_is_explained_too(tmp_path, packs, settings):
    path = tmp_path / "call.json"
    turns = [{"speaker": "agent", "text": "我没有让您别磨蹭"}]
    path.write_text(json.dumps({"call_id": "c-1", "turns": turns}), "utf-8")
    result = explain("rude", path, packs[1], settings)
    assert result.exit_code == 0
    assert "unless negated" in result.stdout
    assert "← the reason" in result.stdout


def test_a_wrong_name_suggests_the_nearest(results, packs, settings):
    result = explain("private_nunber", results / "calls" / "golden-1.json", packs[0], settings)
    assert result.exit_code == 2
    assert "Did you mean 'private_number'" in result.stderr


@pytest.mark.parametrize("name", ["torn.json", "nothing.json"])
def test_a_file_that_cannot_be_read_is_wrong_usage(results, packs, settings, name):
    result = explain("private_number", results / "calls" / name, packs[0], settings)
    assert result.exit_code == 2
    assert name in result.stderr


def test_a_backtest_tells_what_would_change(results, packs, settings):
    result = run("backtest", *packs, results, "--config", settings, "--json")
    assert result.exit_code == 3  # one file is torn
    found = json.loads(result.stdout)
    assert found["calls"] == {
        "judged": 1,
        "newly_failed": 0,
        "newly_passed": 0,
        "changed": 1,
        "unchanged": 0,
    }
    assert (found["not_scored"], [b["file"] for b in found["broken"]]) == (1, ["torn.json"])
    (call,) = found["by_call"]
    assert [(f["rule"], f["quote"], bool(f["before"])) for f in call["findings"]] == [
        ("private_number", "私人号", True),
        ("rude", "别磨蹭", False),
    ]
    assert [(r["rule"], r["before"], r["after"]) for r in found["rules"]] == [
        ("private_number", 1, 0),
        ("rude", 0, 1),
    ]


def test_a_backtest_is_readable(results, packs, settings):
    result = run("backtest", *packs, results, "--config", settings)
    assert result.exit_code == 3
    for words in ("changed", "golden-1", "私人号码", "不耐烦", "torn.json"):
        assert words in result.stdout


def test_the_same_rules_change_nothing(results, packs, settings):
    (results / "calls" / "torn.json").unlink()
    result = run("backtest", packs[0], packs[0], results, "--config", settings, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["calls"]["unchanged"] == found["calls"]["judged"] == 1
    assert found["by_call"] == []


def test_a_folder_without_results_is_wrong_usage(tmp_path, packs, settings):
    result = run("backtest", *packs, tmp_path, "--config", settings)
    assert result.exit_code == 2
    assert "no results" in result.stderr


def test_packs_that_do_not_load_are_wrong_usage(tmp_path, results, packs, settings):
    (packs[1] / "pack.yaml").write_text("pack: [", "utf-8")
    assert run("backtest", *packs, results, "--config", settings).exit_code == 2


def test_the_language_is_printed_for_editors():
    result = run("schema")
    assert result.exit_code == 0
    assert result.stdout == (CONFIGS / "schema" / "rules.schema.json").read_text("utf-8")


@pytest.fixture
def in_english(tmp_path, settings):
    """Settings with an English of the rules of these tests."""
    folder = tmp_path / "english"
    folder.mkdir()
    pair = {"rule": "private_number", "title": ["私人号码", "Private number"]}
    texts = {"schema": "tinghe.english/1", "rules": [{**pair, "reasons": [["「{quote}」", "said: {quote}"]]}]}
    (folder / "own.yaml").write_text(json.dumps(texts, ensure_ascii=False), "utf-8")
    settings.write_text(settings.read_text("utf-8") + f'[report]\nenglish = "{folder}"\n', "utf-8")
    return settings


def test_a_rule_is_explained_in_english(results, packs, in_english):
    path = results / "calls" / "golden-1.json"
    result = explain("private_number", path, packs[0], in_english, "--language", "en")
    assert "Private number" in result.stdout
    assert "私人号码" not in result.stdout
    account = explain("private_number", path, packs[0], in_english, "--language", "en", "--json").stdout
    (told,) = json.loads(account)["rules"]
    assert (told["title"], told["findings"][0]["reason"]) == ("Private number", "said: 私人号")
    assert "私人号码" in explain("private_number", path, packs[0], in_english).stdout


def test_the_language_of_the_settings_is_that_of_a_backtest(results, packs, in_english):
    in_english.write_text(in_english.read_text("utf-8") + 'language = "en"\n', "utf-8")
    titles = {}
    for more in ((), ("--language", "zh")):
        result = run("backtest", *packs, results, "--config", in_english, "--json", *more)
        titles[more] = {rule["title"] for rule in json.loads(result.stdout)["rules"]}
    assert titles == {(): {"Private number", "不耐烦"}, ("--language", "zh"): {"私人号码", "不耐烦"}}


def test_packs_are_checked_in_english(tmp_path):
    write_pack(tmp_path / "packs", rule(title="客户承诺金额"))
    assert "Customer" in run("check", tmp_path / "packs", "--language", "en").stdout
    assert "客户承诺金额" in run("check", tmp_path / "packs").stdout


def test_only_two_languages_are_known(results, packs, settings):
    path = results / "calls" / "golden-1.json"
    assert explain("private_number", path, packs[0], settings, "--language", "fr").exit_code == 2
    assert run("check", packs[0], "--language", "fr").exit_code == 2
