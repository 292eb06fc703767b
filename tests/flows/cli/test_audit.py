"""``tinghe audit``: keys, packs, the log, and exit statuses that tell."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from flows.cli import app
from pipeline.audit.access import chain_at
from pipeline.retention.holds import Subjects, set_holds
from pipeline.settings import load_settings
from pipeline.store import open_store
from pipeline.store.tables import calls
from tests.unit.audit.made import usual


@pytest.fixture
def folder(tmp_path):
    return usual(tmp_path / "results")


@pytest.fixture
def key(tmp_path):
    done = run("keygen", tmp_path / "key")
    assert done.exit_code == 0
    return tmp_path / "key" / "audit-key.pem"


def run(*arguments):
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def test_a_pack_is_made_and_checked(folder, key, tmp_path):
    to = tmp_path / "pack.zip"
    done = run("pack", folder, "--to", to, "--key", key, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["calls"], told["masked"]) == (3, True)
    public = key.with_name("audit-key.pub.pem")
    checked = run("verify", to, "--public-key", public, "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.stdout)["public_key_sha256"] == told["public_key_sha256"]
    content = bytearray(to.read_bytes())
    content[len(content) // 2] ^= 1
    to.write_bytes(bytes(content))
    checked = run("verify", to, "--public-key", public)
    assert checked.exit_code == 1
    assert "✗" in checked.stdout


def test_the_same_time_gives_the_same_pack(folder, key, tmp_path):
    for name in ("a.zip", "b.zip"):
        done = run("pack", folder, "--to", tmp_path / name, "--key", key, "--created-at", "2026-06-20")
        assert done.exit_code == 0, done.output
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_pack_is_signed_unless_that_is_waived(folder, tmp_path):
    done = run("pack", folder, "--to", tmp_path / "pack.zip")
    assert done.exit_code == 2
    assert "keygen" in done.stderr
    assert not (tmp_path / "pack.zip").exists()
    assert run("pack", folder, "--to", tmp_path / "pack.zip", "--unsigned").exit_code == 0
    assert run("verify", tmp_path / "pack.zip").exit_code == 1


def test_people_are_shown_with_a_reason_only_and_that_is_logged_first(folder, key, tmp_path):
    to = tmp_path / "pack.zip"
    done = run("pack", folder, "--to", to, "--key", key, "--unmasked")
    assert done.exit_code == 2
    assert not to.exists()
    assert not (folder / "access.log.jsonl").exists()
    why = ("--unmasked", "--reason", "监管调取", "--by", "王审计")
    done = run("pack", folder, "--call", "c1", "--to", to, "--key", key, *why)
    assert done.exit_code == 0, done.output
    first, second = chain_at(folder / "access.log.jsonl").read()
    assert (first["what"], first["reason"], first["by"], first["call_ids"]) == (
        "audit pack",
        "监管调取",
        "王审计",
        ["c1"],
    )
    assert (second["what"], second["of"]) == ("done", first["hash"])
    with zipfile.ZipFile(to) as container:
        assert json.loads(container.read("manifest.json"))["access_line"] == first["hash"]


def test_a_broken_log_lets_no_unmasked_pack_out(folder, key, tmp_path):
    (folder / "access.log.jsonl").write_text("{}\n", encoding="utf-8")
    why = ("--unmasked", "--reason", "监管调取")
    done = run("pack", folder, "--to", tmp_path / "pack.zip", "--key", key, *why)
    assert done.exit_code == 1
    assert not (tmp_path / "pack.zip").exists()
    assert run("pack", folder, "--to", tmp_path / "pack.zip", "--key", key).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--call", "c9"), "no result of c9"),
        (("--agency", "没有这家"), "no call"),
        (("--from", "2030-01-01"), "no call"),
    ],
)
def test_a_pack_of_nothing_is_refused(folder, key, tmp_path, arguments, told):
    done = run("pack", folder, "--to", tmp_path / "pack.zip", "--key", key, *arguments)
    assert done.exit_code == 2
    assert told in done.stderr.replace("\n", " ")


def test_a_case_of_legal_holds_is_its_calls_and_those_of_its_debtors(folder, key, tmp_path):
    store = open_store(folder, load_settings().store, {})
    with store.transaction("test") as within:
        row = {
            "status": "scored",
            "transcript_sha256": "",
            "rules_sha256": "",
            "config_sha256": "",
            "program": "",
        }
        within.execute(calls.insert().values(call_id="c2", customer_id="D7", **row))
    on = Subjects(calls=("c1",), debtors=("D7",), case="2026-17")
    set_holds(store, on, by="法务", why="投诉", at=datetime(2026, 6, 20, tzinfo=UTC))
    store.close()
    to = tmp_path / "case.zip"
    done = run("pack", folder, "--case", "2026-17", "--to", to, "--key", key)
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(to) as container:
        assert json.loads(container.read("manifest.json"))["calls"] == ["c1", "c2"]
    done = run("pack", folder, "--case", "2026-18", "--to", to, "--key", key)
    assert done.exit_code == 2
    assert "no hold is of case 2026-18" in done.stderr


def test_the_log_can_be_checked_and_shown(folder, key, tmp_path):
    why = ("--unmasked", "--reason", "监管调取")
    assert run("pack", folder, "--to", tmp_path / "pack.zip", "--key", key, *why).exit_code == 0
    checked = run("log", "verify", folder, "--json")
    assert checked.exit_code == 0
    found = json.loads(checked.stdout)
    assert (found["lines"], found["broken"]) == (2, None)
    assert run("log", "verify", folder, "--head", found["head"]).exit_code == 0
    assert "监管调取" in run("log", "show", folder).stdout
    assert len(json.loads(run("log", "show", folder, "--json").stdout)) == 2
    log = folder / "access.log.jsonl"
    log.write_bytes(log.read_bytes().replace("监管".encode(), "内部".encode(), 1))
    for place in (folder, log):
        checked = run("log", "verify", place, "--json")
        assert (checked.exit_code, json.loads(checked.stdout)["broken"]) == (1, 1)
    assert run("log", "show", folder).exit_code == 1


def test_a_key_is_made_once(tmp_path, key):
    assert key.stat().st_mode & 0o777 == 0o600
    done = run("keygen", tmp_path / "key")
    assert done.exit_code == 2
    assert "already" in done.stderr


def test_the_verifier_loads_nothing_of_ours(folder, key, tmp_path):
    """``verify.py`` of the pack runs where there is no Tinghe."""
    to = tmp_path / "pack.zip"
    assert run("pack", folder, "--to", to, "--key", key).exit_code == 0
    with zipfile.ZipFile(to) as container:
        (tmp_path / "verify.py").write_bytes(container.read("verify.py"))
    code = "import sys, runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-I", "-c", code, str(tmp_path / "verify.py"), str(to)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
