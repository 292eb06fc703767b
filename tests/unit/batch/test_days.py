"""Which days a night is about."""

import json
from datetime import date

import pytest

from pipeline.batch.days import day_of, days_due, days_kept, load_profile
from pipeline.batch.journal import Journal
from pipeline.batch.ownership import Ownership
from pipeline.batch.parameters import new_parameters
from pipeline.errors import ConfigError
from pipeline.settings import load_settings
from pipeline.store import open_store

TODAY = date(2026, 11, 26)


@pytest.fixture
def settings(tmp_path):
    return settings_of(
        tmp_path, source=f"{tmp_path}/calls/{{date}}", results=f"{tmp_path}/out [1]/{{date}}/r"
    )


def settings_of(folder, **night):
    path = folder / "one.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in night.items()]
    path.write_text("\n".join(["[night]", *lines]), "utf-8")
    return load_settings(path)


def start(settings, day, *, done):
    """A batch of a day, as a run leaves it."""
    found = day_of(settings, day)
    store = open_store(found.results, settings.store, {})
    parameters = new_parameters(found.source, "recordings")
    parameters.write(found.results)
    journal = Journal(store, parameters.batch_id, "me")
    with Ownership(journal, "here").held():
        journal.begin([], planned=1, skipped=1, quarantined=0)
        journal.end(*(("done",) if done else ("stopped", "store")))
    store.close()


def test_a_day_has_its_folders(settings, tmp_path):
    day = day_of(settings, TODAY)
    assert day.source == tmp_path / "calls" / "2026-11-26"
    assert day.results == tmp_path / "out [1]" / "2026-11-26" / "r"
    assert (day.mode, day.dial_log, day.name) == ("recordings", None, "2026-11-26")


def test_the_last_day_is_always_due_and_earlier_ones_while_they_are_not_done(settings, tmp_path):
    for day in (17, 18, 20, 21, 22):
        (tmp_path / "calls" / f"2026-11-{day}").mkdir(parents=True)
    start(settings, date(2026, 11, 20), done=True)
    start(settings, date(2026, 11, 21), done=False)
    due = [day.date.day for day in days_due(settings, TODAY)]
    assert due == [18, 21, 22, 25]  # 17 is too long ago, 20 is done, 23 and 24 have no calls


def test_the_last_day_is_due_although_it_is_done(settings):
    start(settings, date(2026, 11, 25), done=True)
    assert [day.date.day for day in days_due(settings, TODAY)] == [25]


def test_days_with_results_are_found_in_order(settings, tmp_path):
    for day in (date(2026, 11, 25), date(2026, 2, 28)):
        start(settings, day, done=True)
    for name in ("2026-11-24", "2026-13-01", "20261101", "notes", "2026-11-23-copy"):
        (tmp_path / "out [1]" / name / "r").mkdir(parents=True)
    assert [day.name for day in days_kept(settings)] == ["2026-02-28", "2026-11-25"]


def test_without_days_there_is_one_folder(tmp_path):
    settings = settings_of(tmp_path, source="/calls", results=f"{tmp_path}/out")
    assert days_kept(settings) == ()
    [only] = days_due(settings, TODAY)
    assert (only.date, only.name) == (None, "")
    start(settings, None, done=True)
    assert days_kept(settings) == (only,)
    with pytest.raises(ConfigError, match="no day can be asked for"):
        day_of(settings, TODAY)


@pytest.mark.parametrize(
    ("night", "message"),
    [
        ({}, "night.source: names no folder"),
        ({"source": "/calls/{date}", "results": "/out"}, "both or neither"),
        ({"source": "/calls", "results": "/out/{date}"}, "both or neither"),
    ],
)
def test_settings_that_name_no_place_are_refused(tmp_path, night, message):
    with pytest.raises(ConfigError, match=message):
        days_due(settings_of(tmp_path, **night), TODAY)


def test_a_profile_is_a_name_and_no_path(tmp_path):
    settings_of(tmp_path, source="/calls", results="/out")
    assert load_profile("one", tmp_path).settings.night.source == "/calls"
    for name in ("../one", "One", "", "a" * 41, "one.toml", "one\n"):
        with pytest.raises(ConfigError, match="profile's name"):
            load_profile(name, tmp_path)
    with pytest.raises(ConfigError, match=r"two\.toml"):
        load_profile("two", tmp_path)


def test_the_shipped_profile_is_about_the_demo():
    from pipeline.settings import CONFIGS

    day = day_of(load_profile("demo", CONFIGS / "profiles").settings, None)
    assert day.source.exists()
