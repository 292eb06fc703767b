"""The weekly and the monthly run: which days they are about, where they write, what they tell."""

from __future__ import annotations

import zipfile
from datetime import timedelta

import pytest

from pipeline.audit.signing import PRIVATE_FILE, make_key
from pipeline.batch.days import load_profile
from pipeline.batch.parameters import new_parameters
from pipeline.errors import ConfigError
from tests.coached import MONDAY, Agent, made_results

pytestmark = pytest.mark.flow

AGENTS = [Agent(agent_id="A1", name="周敏"), Agent(agent_id="A2")]


@pytest.fixture(scope="module")
def periodic():
    from prefect.logging import disable_run_logger

    from flows.deploy import periodic

    with disable_run_logger():
        yield periodic


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Results of three Mondays, calls of an agency, a key; the profile in the folder ``profiles``."""
    folder = tmp_path_factory.mktemp("periodic")
    source = folder / "calls.jsonl"
    source.write_text("", "utf-8")
    for week in (-1, 0, 1):
        day = MONDAY + timedelta(weeks=week)
        out = folder / "out" / day.isoformat()
        made_results(out, AGENTS, calls=3, days=1, last=day, agency="和润资产", is_outsourced=True)
        new_parameters(source, "transcripts").write(out)
    make_key(folder / "key")
    (folder / "profiles").mkdir()
    (folder / "profiles" / "here.toml").write_text(
        f"""
[night]
source = "{folder}/calls/{{date}}"
results = "{folder}/out/{{date}}"
coaching = "{folder}/coaching/{{week}}"
audits = "{folder}/audits/{{month}}"
[audit]
key = "{folder}/key/{PRIVATE_FILE}"
""",
        "utf-8",
    )
    (folder / "profiles" / "bare.toml").write_text(
        f'[night]\nsource = "{folder}/calls/{{date}}"\nresults = "{folder}/out/{{date}}"\n', "utf-8"
    )
    return folder


@pytest.fixture
def profile(place, monkeypatch):
    monkeypatch.setenv("TINGHE_PROFILES", str(place / "profiles"))
    return load_profile("here", place / "profiles")


def test_a_week_takes_its_own_days_and_those_before_for_the_trend(periodic, profile, place):
    week = periodic.coaching_week(profile, "2026-W47")
    assert [folder.name for folder in week.folders] == ["2026-11-16"]
    assert [folder.name for folder in week.earlier] == ["2026-11-09"]
    assert week.to == place / "coaching" / "2026-W47"


@pytest.mark.parametrize(
    ("month", "first", "last", "days"),
    [("2026-11", "2026-11-01", "2026-11-30", 3), ("2026-02", "2026-02-01", "2026-02-28", 0)],
)
def test_a_month_ends_on_its_last_day(periodic, profile, month, first, last, days):
    stretch = periodic.audit_month(profile, month)
    assert (str(stretch.first), str(stretch.last), len(stretch.folders)) == (first, last, days)


def test_the_report_of_a_week_is_written_and_told_in_counts(periodic, profile, place):
    state = periodic.over_parts(
        "here", lambda found: (periodic.coaching_week(found, "2026-W47"),), periodic.write_coaching
    )
    assert state.is_completed()
    assert state.message == "2026-W47: 6 calls, 2 agents, 1 teams"
    assert (place / "coaching" / "2026-W47" / "index.html").is_file()


def test_each_agency_gets_a_pack_of_the_month(periodic, profile, place):
    state = periodic.over_parts(
        "here", lambda found: (periodic.audit_month(found, "2026-11"),), periodic.write_audit
    )
    assert state.message == "2026-11: 1 packs, 18 calls"
    assert state.is_completed()
    [pack] = (place / "audits" / "2026-11").iterdir()
    assert pack.name == "和润资产.zip"
    assert zipfile.is_zipfile(pack)


def test_nothing_is_written_for_a_week_without_results(periodic, profile, place):
    week = periodic.coaching_week(profile, "2026-W01")
    assert periodic.write_coaching(profile, week) == "no day has results"
    assert not week.to.exists()


def test_a_profile_that_names_no_folder_gets_nothing_and_is_told(periodic, profile, place):
    bare = load_profile("bare", place / "profiles")
    week, month = periodic.coaching_week(bare, "2026-W47"), periodic.audit_month(bare, "2026-11")
    assert periodic.write_coaching(bare, week) == "night.coaching names no folder: nothing is written"
    assert periodic.write_audit(bare, month) == "night.audits names no folder: nothing is written"


def test_one_folder_for_all_weeks_is_refused(periodic, profile, place):
    path = place / "profiles" / "same.toml"
    bare = (place / "profiles" / "bare.toml").read_text("utf-8")
    path.write_text(bare + 'coaching = "/tmp/all"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"night\.coaching: has no \{week\} in it"):
        periodic.coaching_week(load_profile("same", place / "profiles"), "2026-W47")


def test_the_deployments_name_the_flows(periodic):
    import yaml

    from pipeline.settings import CONFIGS

    named = {
        one["name"]: one["entrypoint"]
        for one in yaml.safe_load((CONFIGS / "prefect.yaml").read_text("utf-8"))["deployments"]
    }
    assert named["weekly"] == "flows.deploy.periodic.weekly"
    assert named["monthly"] == "flows.deploy.periodic.monthly"
    assert (periodic.weekly.name, periodic.monthly.name) == ("tinghe-coaching", "tinghe-audit")
