"""The command line: what it answers when asked wrongly, and what needs no models."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from pipeline import __version__
from pipeline.settings import CONFIGS

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [str(a) for a in arguments])


def test_version():
    assert run("--version").stdout.strip() == f"tinghe {__version__}"


@pytest.mark.parametrize(
    "command", [["--help"], ["run", "--help"], ["rules", "--help"], ["models", "--help"]]
)
def test_help_teaches(command):
    result = run(*command)
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_an_option_that_is_missing_is_wrong_usage(tmp_path):
    assert run("run", tmp_path).exit_code == 2


def test_the_projects_own_rules_prove_themselves():
    result = run("rules", "check", "--json")
    report = json.loads(result.stdout)
    assert report["failures"] == []
    assert result.exit_code == 0
    assert report["rules"] > 40


def test_a_failing_example_is_shown_and_fails(tmp_path):
    for name in ("words.yaml", "contexts.yaml"):
        (tmp_path / name).write_text((CONFIGS / "rules" / name).read_text("utf-8"), "utf-8")
    rule = {
        "rule": "mine",
        "title": "我的规则",
        "severity": "minor",
        "norms": ["nifa_16"],
        "reason": "理由",
        "hits": [{"text": "快点"}],
        "examples": {"must_hit": ["慢点"], "must_not_hit": ["您好"]},
    }
    pack = {"pack": "mine", "version": "1", "kind": "violation", "rules": [rule]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(pack, allow_unicode=True), "utf-8")
    result = run("rules", "check", tmp_path)
    assert result.exit_code == 1
    assert "mine: must hit: 慢点" in result.stdout


def test_a_pack_that_does_not_load_names_the_place(tmp_path):
    (tmp_path / "bad.yaml").write_text("pack: [", "utf-8")
    result = run("rules", "check", tmp_path)
    assert result.exit_code == 1


def test_models_list_is_for_programs_too(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGHE_CACHE", str(tmp_path))
    rows = json.loads(run("models", "list", "--json").stdout)
    assert {"whisper-base", "silero-vad", "segmentation-3.0", "campplus-zh-en"} <= {r["name"] for r in rows}
    assert all(r["licence"] for r in rows)


def test_an_unknown_model_names_those_there_are():
    result = run("models", "verify", "whisper-bass")
    assert result.exit_code == 2
    assert "whisper-base" in result.stderr
