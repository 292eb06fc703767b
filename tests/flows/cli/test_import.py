"""``tinghe rules import``: a draft pack that loads, and an account of what is not as it was."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from pipeline.settings import CONFIGS

runner = CliRunner()
OPERATOR = {"oid": "1", "type": "HIT_ANY_KEYWORDS", "param": {"keywords": ["快还钱"], "keywordExtension": 1}}
CONDITION = {"cid": "1", "check_range": {"role": "客服"}, "operators": [OPERATOR], "lambda": "1"}
RULES = {
    "conditions": [CONDITION],
    "rules": [
        {"rid": "1", "name": "催促", "lambda": "1", "level": 1},
        {"rid": "2", "name": "鼓励", "lambda": "1", "level": 1, "scoreType": 1},
    ],
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(RULES, ensure_ascii=False), encoding="utf-8")
    return path


def run(*arguments):
    return runner.invoke(app, ["rules", "import", *map(str, arguments)])


def test_the_pack_that_is_written_loads_beside_the_words_of_the_project(file, tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    for name in ("words.yaml", "contexts.yaml"):
        (folder / name).write_text((CONFIGS / "rules" / name).read_text("utf-8"), "utf-8")
    assert run("alibaba", file, "--out", folder / "pack.yaml").exit_code == 0
    assert {path.name for path in folder.glob("pack*")} == {"pack.yaml", "pack_acts.yaml"}
    checked = json.loads(runner.invoke(app, ["rules", "check", str(folder), "--json"]).stdout)
    assert checked["rules"] == 2
    assert checked["failures"] == []


def test_to_the_terminal_it_is_yaml_with_the_account_above(file):
    result = run("alibaba", file)
    assert result.exit_code == 0
    assert "keywordExtension" in result.stdout
    packs = list(yaml.safe_load_all(result.stdout))
    assert [(pack["kind"], pack["draft"]) for pack in packs] == [("violation", True), ("act", True)]
    assert "keywordExtension" in result.stderr


def test_programs_get_json(file):
    account = json.loads(run("alibaba", file, "--json").stdout)
    assert [(p["kind"], p["rules"]) for p in account["packs"]] == [
        ("violation", ["sca_1"]),
        ("act", ["sca_2"]),
    ]
    assert {"condition": "1", "operator": "1", "parameter": "keywordExtension", "how": "lost"}.items() <= {
        **account["notes"][0]
    }.items()


def test_a_file_that_is_there_is_not_written_over(file, tmp_path):
    out = tmp_path / "pack.yaml"
    out.write_text("mine", encoding="utf-8")
    refused = run("alibaba", file, "--out", out)
    assert refused.exit_code == 2
    assert "is there already" in refused.stderr
    assert out.read_text("utf-8") == "mine"
    assert run("alibaba", file, "--out", out, "--force").exit_code == 0


@pytest.mark.parametrize("form", ["alibaba", "contact-lens", "transcribe"])
def test_another_file_is_wrong_usage(form, tmp_path):
    path = tmp_path / "rules.json"
    path.write_text('{"a": 1}', encoding="utf-8")
    result = run(form, path)
    assert result.exit_code == 2
    assert "rules.json" in result.stderr
    assert run(form, tmp_path / "nothing.json").exit_code == 2


def test_an_unknown_format_is_wrong_usage(file):
    assert run("excel", file).exit_code == 2


@pytest.mark.parametrize("text", ["[" * 100_000, "{}", "5", ""])
def test_what_is_no_file_of_the_product_is_one_line(text, tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(text, encoding="utf-8")
    for product in ("alibaba", "contact-lens", "transcribe"):
        assert run(product, path).exit_code == 2


def test_a_number_without_bounds_is_no_crash(tmp_path):
    endless = {**CONDITION, "check_range": {"role": "客服", "range": {"from": float("inf"), "to": 3}}}
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({**RULES, "conditions": [endless]}), encoding="utf-8")
    result = run("alibaba", path)
    assert result.exit_code == 2
    assert "another form than documented" in result.stderr
