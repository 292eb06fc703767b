"""What the scheduled runs tell Prefect of their days."""

import pytest

from flows.deploy.artifacts import masked
from pipeline.errors import ConfigError, EngineError, StoreError

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def deployed():
    from prefect.logging import disable_run_logger

    from flows.deploy import runs as deployed

    with disable_run_logger():
        yield deployed


@pytest.fixture
def profiles(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGHE_PROFILES", str(tmp_path))
    (tmp_path / "here.toml").write_text('[night]\nsource = "/calls"\nresults = "/out"\n', "utf-8")
    return tmp_path


class Day:
    def __init__(self, name):
        self.name = name


def over(deployed, outcomes):
    """The state after days that end so."""

    def work(profile, day):
        if isinstance(outcomes[day.name], Exception):
            raise outcomes[day.name]
        return outcomes[day.name]

    return deployed.over_parts("here", lambda profile: [Day(name) for name in outcomes], work)


def test_good_days_are_told_in_one_line(deployed, profiles):
    state = over(deployed, {"2026-11-24": "3 planned", "2026-11-25": "nothing had changed"})
    assert state.is_completed()
    assert state.message == "2026-11-24: 3 planned; 2026-11-25: nothing had changed"


def test_a_bad_day_does_not_stop_the_others_and_fails_the_run(deployed, profiles):
    state = over(deployed, {"2026-11-24": StoreError("cannot save call 7: disk full"), "2026-11-25": "fine"})
    assert state.is_failed()
    assert state.message == "2026-11-24: store: cannot save call 7: disk full; 2026-11-25: fine"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("您欠的三千块"), "unexpected: ValueError"),
        (EngineError("call 7: 您欠的三千块"), "engine"),
        (StoreError("cannot save call 13800138000-7"), "store: cannot save call ＊＊＊＊＊＊＊＊＊＊＊-7"),
    ],
)
def test_errors_quote_nothing(deployed, profiles, error, told):
    assert over(deployed, {"2026-11-25": error}).message == f"2026-11-25: {told}"


def test_days_that_cannot_be_found_fail_the_run(deployed, profiles):
    def days(profile):
        raise ConfigError("night.source: names no folder")

    state = deployed.over_parts("here", days, None)
    assert state.is_failed()
    assert state.message == "config: night.source: names no folder"
    assert deployed.over_parts("nowhere", days, None).message.startswith("config: ")


def test_no_days_are_nothing_to_do(deployed, profiles):
    assert over(deployed, {}).message == "no day has results"


@pytest.mark.parametrize(
    ("call_id", "shown"),
    [
        ("demo-001", "demo-001"),
        ("20261125-0017", "20261125-0017"),
        ("1764094200.18376", "1764094200.18376"),
        ("20261125103000-13800138000-A017", "20261125103000-＊＊＊＊＊＊＊＊＊＊＊-A017"),
        ("call-110101199003074514", "call-＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊"),
    ],
)
def test_numbers_of_people_in_call_ids_are_masked(call_id, shown):
    assert masked(call_id) == shown
