"""``tinghe explain`` and ``tinghe scorecards``: how scores were made, and whether a card is sound."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from pipeline.report.call_json import write_call
from pipeline.settings import CONFIGS
from tests.golden.sample import report

pytestmark = pytest.mark.slow

runner = CliRunner()
CARD = CONFIGS / "scorecards" / "default.yaml"


@pytest.fixture
def results(tmp_path):
    """A results folder with the sample call."""
    write_call(report(), tmp_path / "results" / "calls")
    return tmp_path / "results"


@pytest.fixture
def settings(tmp_path):
    """The rules alone: no second opinion."""
    path = tmp_path / "settings.toml"
    path.write_text('[opinion]\nengine = "none"\n', "utf-8")
    return path


def run(*arguments):
    return runner.invoke(app, list(map(str, arguments)), env={"COLUMNS": "160"})


def test_a_call_of_a_results_folder_is_explained_masked(results):
    result = run("explain", "golden-1", "--out", results)
    assert result.exit_code == 0, result.stderr
    for told in ("合规分 80", "−20", "#2", "不适用的项目", "结论稳健性"):
        assert told in result.stdout
    assert "志远" not in result.stdout
    assert "幺三九零" not in result.stdout


def test_json_has_the_steps_and_a_file_will_do(results):
    result = run("explain", results / "calls" / "golden-1.json", "--json", "--language", "en")
    shown = json.loads(result.stdout)
    assert shown["call_id"] == "golden-1"
    assert shown["compliance"]["score"] == "80"
    assert shown["effectiveness"]["steps"][0]["title"] == "polite opening"
    assert shown["effectiveness"]["steps"][0]["reason"] == "Opened politely"
    assert shown["compliance"]["steps"][0]["title"] == "Private phone or messaging app"


def test_a_transcript_is_judged_now(tmp_path, settings):
    turns = [
        {"speaker": "agent", "text": "您好，请问是陈先生吗？"},
        {"speaker": "customer", "text": "是我。"},
        {"speaker": "agent", "text": "钱志远，再不还钱我就找人去你家堵门。"},
    ]
    path = tmp_path / "call.json"
    path.write_text(
        json.dumps({"call_id": "t1", "metadata": {"customer_name": "钱志远"}, "turns": turns}), "utf-8"
    )
    result = run("explain", path, "--json", "--config", settings)
    assert json.loads(result.stdout)["robustness"]["outcome"] == "red_line"
    assert "志远" not in result.stdout


@pytest.mark.parametrize(
    "arguments", [("nobody",), ("nobody", "--out", "."), ("golden-1", "--language", "de")]
)
def test_what_cannot_be_explained_is_wrong_usage(results, arguments):
    extra = ("--out", results) if "de" in arguments else ()
    assert run("explain", *arguments, *extra).exit_code == 2


def test_the_shipped_card_is_sound():
    result = run("scorecards", "check", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["problems"] == []


def test_a_card_with_a_failing_example_or_an_unknown_rule_is_told_with_its_line(tmp_path):
    content = yaml.safe_load(CARD.read_text("utf-8"))
    content["compliance"]["red_lines"]["also"] = ["rude_tune"]
    content["effectiveness"]["caps"]["red_line"] = 20
    file = tmp_path / "card.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    result = run("scorecards", "check", file)
    assert result.exit_code == 1
    assert "rude_tone" in result.stdout
    assert "expected 30, got 20" in result.stdout


def test_a_card_that_does_not_load_is_told(tmp_path):
    file = tmp_path / "card.yaml"
    file.write_text("schema: tinghe.scorecard/1\n", "utf-8")
    result = run("scorecards", "check", file)
    assert result.exit_code == 1
    assert "card.yaml:" in result.stderr


def test_the_form_is_printed_for_editors():
    result = run("scorecards", "schema")
    assert result.stdout == (CONFIGS / "schema" / "scorecard.schema.json").read_text("utf-8")
