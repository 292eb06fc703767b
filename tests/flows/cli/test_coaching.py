"""``tinghe coaching`` and ``tinghe wordings`` from the outside."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from flows.cli import app
from tests.coached import Agent, Habits, made_results
from tests.flows.support import ROOT, tinghe

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coaching")
    usual = Habits(hardship=1.0)
    agents = [
        Agent(agent_id="A1", habits=usual),
        Agent(agent_id="A2", habits=usual),
        Agent(agent_id="B", habits=replace(usual, empathy=0.05)),
    ]
    made_results(folder / "results", agents, calls=30)
    return folder


def run(*arguments):
    """The same in this process, which need not start."""
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "160"})


def test_a_week_is_reported_and_told_for_programs(place):
    done = tinghe(place, "coaching", place / "results", "--to", place / "out", "--week", "2026-W47", "--json")
    assert done.code == 0, done.stderr
    account = done.json()
    assert (account["calls"], account["agents"], account["teams"]) == (90, 3, 1)
    assert account["pages"][-1] == "index.html"
    text = (place / "out" / "agents" / "B.html").read_text("utf-8")
    assert 'data-skill="empathy" data-sure="yes"' in text
    assert done.connections == ""


def test_names_are_shown_only_after_the_log_says_so(place):
    (place / "open.toml").write_text("[report]\nmask = false\n", "utf-8")
    out = ("--to", place / "open", "--week", "2026-W47", "--config", place / "open.toml")
    assert run("coaching", place / "results", *out).exit_code == 0
    log = place / "results" / "access.log.jsonl"
    (line,) = map(json.loads, log.read_text("utf-8").splitlines())
    calls = len(list((place / "results" / "calls").glob("*.json")))
    assert (line["what"], line["calls"]) == ("coaching", calls)
    log.write_text("{}\n", "utf-8")
    assert run("coaching", place / "results", *out).exit_code == 1
    log.unlink()


def test_people_are_told_where_the_report_is(place):
    done = run("coaching", place / "results", "--to", place / "told", "--clips", "none")
    assert done.exit_code == 0
    assert "90 calls, 3 agents, 1 teams" in done.stdout
    assert "quality/fairness.html" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--week", "2026-W60"], "is no ISO week"),
        (["--week", "2026-W47", "--from", "2026-11-01"], "not both"),
        (["--agent", "B7"], "no agent in these calls named 'B7'"),
        (["--week", "2026-W01"], "no scored call of an agent in this period"),
    ],
)
def test_wrong_usage_is_told_in_a_line(place, arguments, problem):
    done = run("coaching", place / "results", "--to", place / "no", *arguments)
    assert done.exit_code == 2
    assert problem in done.stderr
    assert not (place / "no").exists()


def test_the_guide_is_proven(place):
    done = run("wordings", "check", "--json")
    assert done.exit_code == 0, done.stdout
    assert json.loads(done.stdout)["problems"] == []
    assert json.loads(done.stdout)["wordings"] >= 80


def test_a_wording_that_breaks_a_rule_is_named_with_its_line(place):
    text = (ROOT / "configs" / "coaching.yaml").read_text("utf-8")
    path = place / "mine.yaml"
    path.write_text(
        text.replace(
            "say: 您先消消气，是我没说清楚，给您添麻烦了。您说，我听着。",
            "say: 再不还我就去你单位找你领导闹。",
        ),
        "utf-8",
    )
    done = run("wordings", "check", path)
    assert done.exit_code == 1
    assert "mine.yaml:" in done.stdout
    assert (
        "wording deescalate_plain: said by an agent it breaks, or may break, threat_exposure" in done.stdout
    )


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser prints PDF")
def test_pages_of_agents_and_teams_are_printed_where_asked(place):
    done = run(
        "coaching",
        place / "results",
        "--to",
        place / "pdf",
        "--agent",
        "B",
        "--pdf",
        "--clips",
        "none",
    )
    assert done.exit_code == 0, done.output
    pdf = place / "pdf" / "agents" / "B.pdf"
    assert pdf.read_bytes().startswith(b"%PDF")
    assert pdf.stat().st_mode & 0o077 == 0
