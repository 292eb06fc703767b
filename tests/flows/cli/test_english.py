"""``tinghe english``: what has no English, and the form of English texts."""

import json
import shutil

from typer.testing import CliRunner

from flows.cli import app
from pipeline.settings import CONFIGS

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, ["english", *map(str, arguments)])


def test_what_is_shipped_is_complete():
    result = run("check", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["missing"], found["odd"]) == ([], [])
    assert found["english"] > 300


def test_an_entry_that_translates_nothing_fails_and_is_named(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "schema: tinghe.english/1\nrules:\n- rule: no_such\n  title: [甲, a]\n", encoding="utf-8"
    )
    result = run("check", tmp_path)
    assert result.exit_code == 1
    assert "mine.yaml:3: no rule named 'no_such'" in result.stdout


def test_a_pack_of_the_user_without_english_is_listed_and_no_error(tmp_path):
    shutil.copytree(CONFIGS / "rules", tmp_path / "packs")
    (tmp_path / "packs" / "own.yaml").write_text(
        "pack: own\nversion: '1'\nkind: event\ndraft: true\nrules:\n"
        "- {rule: asks_callback, title: 要求回电, says: customer, hits: [{text: 回个电话}]}\n",
        encoding="utf-8",
    )
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[detect]\nrules = "{tmp_path / "packs"}"\n', encoding="utf-8")
    result = run("check", "--config", settings, "--json")
    found = json.loads(result.stdout)
    assert {"kind": "rule", "name": "asks_callback", "text": "要求回电"} in found["missing"]


def test_a_folder_that_cannot_be_read_is_wrong_usage(tmp_path):
    result = run("check", tmp_path)
    assert result.exit_code == 2
    assert "no files of English texts" in result.stderr


def test_the_form_is_printed_for_editors():
    result = run("schema")
    assert result.exit_code == 0
    assert result.stdout == (CONFIGS / "schema" / "english.schema.json").read_text("utf-8")
