"""Who is told of which run, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flows.deploy.watchman import Run, Watchman, event_of, findings, next_start
from pipeline.settings import load_settings
from tests.patience import PATIENCE_S
from tests.webhook_receiver import SECRET, receiving

AT = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
"""01:00 in China."""
WATCH = load_settings().watch
RUN = Run(
    id="1",
    name="night to 2026-11-26 · here",
    what="night",
    state="SCHEDULED",
    scheduled_at=AT,
    parameters={"profile": "here"},
)


def told(run, after):
    return list(findings(run, AT + after, WATCH))


@pytest.mark.parametrize(
    ("state", "began", "minutes", "finding"),
    [
        ("SCHEDULED", False, 14, []),
        ("SCHEDULED", False, 16, ["not_started"]),
        ("PENDING", False, 16, ["not_started"]),
        ("RUNNING", True, 16, []),
        ("SCHEDULED", True, 16, []),  # waits for a retry
        ("RUNNING", True, 359, []),
        ("RUNNING", True, 361, ["late"]),
        ("SCHEDULED", False, 361, ["not_started", "late"]),
        ("COMPLETED", True, 361, ["done"]),
        ("FAILED", True, 1, ["failed"]),
        ("CRASHED", True, 1, ["crashed"]),
        ("CANCELLED", False, 1, ["cancelled"]),
    ],
)
def test_what_there_is_to_tell(state, began, minutes, finding):
    run = replace(RUN, state=state, started_at=AT if began else None)
    assert told(run, timedelta(minutes=minutes)) == finding


def test_only_a_night_must_be_done_by_the_morning():
    run = replace(RUN, what="retention", state="RUNNING", started_at=AT)
    assert told(run, timedelta(hours=30)) == []


def test_words_of_errors_are_not_told():
    """Of a run that crashed the message is Prefect's, and may be that of anything."""
    run = replace(RUN, state="CRASHED", message="Exception: 您欠的钱")
    assert event_of(run, "crashed").data["message"] == ""
    done = replace(RUN, state="COMPLETED", message="call 13800138000 …")
    assert "13800138000" not in event_of(done, "done").data["message"]


@pytest.mark.parametrize(
    ("what", "state", "again", "minutes"),
    [
        ("night", "CRASHED", 0, 5),
        ("night", "FAILED", 0, 5),
        ("night", "FAILED", 1, 15),
        ("night", "CRASHED", 2, 45),
        ("night", "CRASHED", 3, None),
        ("night", "CANCELLED", 0, None),
        ("night", "COMPLETED", 0, None),
        ("night", "RUNNING", 0, None),
        ("retention", "FAILED", 0, None),
    ],
)
def test_a_night_that_failed_or_crashed_is_started_again_some_times(what, state, again, minutes):
    run = replace(RUN, what=what, state=state, again=again, deployment="2")
    expected = None if minutes is None else AT + timedelta(minutes=minutes)
    assert next_start(run, AT, load_settings().night) == expected
    assert next_start(replace(run, deployment=""), AT, load_settings().night) is None


@pytest.fixture
def receiver(monkeypatch):
    monkeypatch.setattr("flows.deploy.webhook.TIMEOUT_S", PATIENCE_S)
    with receiving() as there:
        yield there


@pytest.fixture
def watchman(tmp_path, receiver):
    (tmp_path / "here.toml").write_text(f'[watch]\nwebhook = "{receiver.url}"\n', "utf-8")
    (tmp_path / "quiet.toml").write_text("", "utf-8")
    runs = [replace(RUN, state="FAILED", ended_at=AT, message="2026-11-25: store: no space")]

    def read(since, until):
        if isinstance(runs[0], Exception):
            raise runs[0]
        return runs

    found = Watchman(
        profiles=tmp_path,
        profile="here",
        told_in=tmp_path / "told.json",
        read=read,
        environment={"TINGHE_WEBHOOK_SECRET": SECRET},
        clock=lambda: (AT + timedelta(hours=1)).timestamp(),
    )
    found.runs = runs
    return found


def test_a_night_that_failed_is_told_once_also_by_the_next_process(watchman, receiver):
    assert [event.kind for event in watchman.look()] == ["night.failed"]
    assert watchman.look() == ()
    again = Watchman(**{name: getattr(watchman, name) for name in FIELDS})
    assert again.look() == ()
    [event] = receiver.events
    assert event["data"]["message"] == "2026-11-25: store: no space"
    assert event["data"]["scheduled_at"] == "2026-11-25T17:00:00+00:00"
    assert receiver.signed()


FIELDS = ("profiles", "profile", "told_in", "read", "environment", "clock")


def test_a_night_is_started_again_once_for_each_run_also_when_the_server_was_away(watchman):
    asked = []

    def start(run, when):
        asked.append((run.id, when))
        if len(asked) == 1:
            raise ConnectionError("no")

    watchman.runs[0] = replace(watchman.runs[0], deployment="2")
    watchman.start = start
    for _ in range(3):
        watchman.look()
    assert asked == [("1", AT + timedelta(minutes=65))] * 2


def test_what_nobody_took_is_told_at_the_next_look(watchman, receiver):
    receiver.answers = [404]
    assert watchman.look() == ()
    assert len(watchman.look()) == 1
    assert len({event["id"] for event in receiver.events}) == 1


def test_a_profile_without_its_secret_keeps_no_other_from_being_told(watchman, receiver):
    (watchman.profiles / "bad.toml").write_text(
        f'[watch]\nwebhook = "{receiver.url}"\nwebhook_secret_env = "TINGHE_NO_SUCH"\n', "utf-8"
    )
    errors = []
    watchman.failed = errors.append
    watchman.runs.insert(0, replace(RUN, id="2", state="FAILED", parameters={"profile": "bad"}))
    assert [event.data["run"] for event in watchman.look()] == ["1"]
    assert [error.code for error in errors] == ["config"]


def test_a_profile_without_a_webhook_tells_nobody(watchman, receiver):
    watchman.runs[0] = replace(watchman.runs[0], parameters={"profile": "quiet"})
    assert watchman.look() == ()
    assert receiver.requests == []


def test_a_run_whose_profile_is_none_is_told_of_by_the_default_one(watchman, receiver):
    watchman.runs[0] = replace(watchman.runs[0], parameters={"profile": "gone"})
    assert len(watchman.look()) == 1


def test_a_server_that_stays_silent_is_told_of_once_an_hour(watchman, receiver):
    watchman.runs[0] = ConnectionError("no")
    looks = [len(watchman.look()) for _ in range(7)]
    assert looks == [0, 0, 0, 0, 1, 0, 0]
    assert receiver.events[0]["type"] == "server.silent"
    watchman.clock = lambda: (AT + timedelta(hours=2)).timestamp()
    assert len(watchman.look()) == 1
