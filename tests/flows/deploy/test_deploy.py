"""The deployments on a real Prefect server: started, one run to its end by the worker, stopped.

One server for all tests of the file: it takes its time to start.
"""

import json

import httpx
import pytest

from flows.deploy.keeper import descendants
from flows.deploy.serving import find_server
from tests.flows.support import ROOT, calls_in, guarded, quarantine_in
from tests.patience import PATIENCE_S, wait_until
from tests.processes import is_running
from tests.webhook_receiver import SECRET, receiving

pytestmark = pytest.mark.flow

DAY = "2026-11-25"
CALLS = ("demo-001", "demo-017")
"""The second crosses a red line."""
PHONE = "13800138000"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A profile with a day of calls, one of which is none and has a telephone number for its name."""
    folder = tmp_path_factory.mktemp("deploy")
    calls = folder / "calls" / DAY
    calls.mkdir(parents=True)
    for name in CALLS:
        (calls / f"{name}.json").write_bytes((ROOT / "tests/data/labels" / f"{name}.json").read_bytes())
    turns = [{"speaker": "boss", "text": "喂"}]
    (calls / "odd.json").write_text(json.dumps({"call_id": f"{PHONE}-1", "turns": turns}), "utf-8")
    with receiving() as receiver:
        (folder / "profiles").mkdir()
        (folder / "profiles" / "here.toml").write_text(
            f"""
            [night]
            source = "{folder}/calls/{{date}}"
            results = "{folder}/results/{{date}}"
            mode = "transcripts"
            [watch]
            webhook = "{receiver.url}"
            """,
            "utf-8",
        )
        yield folder, receiver


class Api:
    """The server's API; SQLite being locked for a moment is tried again, as Prefect's own client does."""

    def __init__(self, client):
        self._client = client

    def get(self, path):
        return self._answer("GET", path)

    def post(self, path, json):
        return self._answer("POST", path, json=json)

    def _answer(self, *what, **more):
        def answer():
            found = self._client.request(*what, **more)
            return None if found.status_code >= 500 else (found,)  # an answer of 400 is false

        return wait_until(answer, every_s=0.5)[0]


def server(folder, *arguments):
    return guarded(
        ["-m", "flows.cli", "server", *arguments, "--home", str(folder / "home")],
        folder / "connections.log",
        TINGHE_WEBHOOK_SECRET=SECRET,
        PREFECT_WORKER_QUERY_SECONDS="1",
    )


@pytest.fixture(scope="module")
def started(place):
    folder, _ = place
    outcome = server(folder, "start", "--profile", "here", "--profiles", str(folder / "profiles"))
    kept = find_server(folder / "home")
    processes = [kept.pid, *descendants(kept.pid)] if kept else []
    try:
        assert outcome.code == 0, outcome.stderr + outcome.stdout
        with httpx.Client(base_url=kept.api, timeout=PATIENCE_S) as client:
            yield outcome, kept, Api(client)
    finally:
        ended = server(folder, "stop")
    assert ended.code == 0, ended.stderr
    assert find_server(folder / "home") is None
    wait_until(lambda: not any(map(is_running, processes)))


@pytest.fixture(scope="module")
def run(started):
    """One night, worked on by the worker."""
    _, _, api = started
    deployment = api.get("/deployments/name/tinghe-nightly/nightly").json()
    created = api.post(
        f"/deployments/{deployment['id']}/create_flow_run", json={"parameters": {"business_date": DAY}}
    )
    assert created.status_code == 201, created.text

    def over():
        found = api.get(f"/flow_runs/{created.json()['id']}").json()
        return found if found["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

    return wait_until(over, every_s=0.2)


def test_it_says_where_it_is_and_how_to_stop_it(started):
    outcome, kept, _ = started
    assert kept.page in outcome.stdout
    assert "tinghe server stop" in outcome.stdout


def test_the_deployments_are_there_with_typed_parameters(started):
    _, _, api = started
    found = {one["name"]: one for one in api.post("/deployments/filter", json={}).json()}
    assert sorted(found) == ["monthly", "nightly", "rejudge", "retention", "weekly"]
    assert {one["work_pool_name"] for one in found.values()} == {"tinghe"}
    [schedule] = found["nightly"]["schedules"]
    assert (schedule["slug"], schedule["active"]) == ("nightly", True)
    assert schedule["schedule"]["cron"] == "0 1 * * *"
    assert schedule["schedule"]["timezone"] == "Asia/Shanghai"
    assert found["rejudge"]["schedules"] == []
    crons = {name: found[name]["schedules"][0]["schedule"]["cron"] for name in ("weekly", "monthly")}
    assert crons == {"weekly": "0 6 * * 1", "monthly": "0 7 1 * *"}
    assert found["retention"]["parameters"] == {"profile": "here", "delete": False}
    properties = found["nightly"]["parameter_openapi_schema"]["properties"]
    assert properties["profile"]["type"] == "string"
    assert {"type": "string", "format": "date"} in properties["business_date"]["anyOf"]


def test_parameters_that_are_none_are_refused(started):
    _, _, api = started
    deployment = api.get("/deployments/name/tinghe-nightly/nightly").json()
    for wrong in ({"profile": "/data/calls"}, {"business_date": 5}):
        answer = api.post(f"/deployments/{deployment['id']}/create_flow_run", json={"parameters": wrong})
        assert answer.status_code in (409, 422), wrong


def test_the_next_nights_wait_for_one_in_the_morning_in_china(started):
    """Prefect's scheduler must get along with what is beside it: with SQLAlchemy 2.1 it made no runs."""
    _, _, api = started

    def scheduled():
        wanted = {"deployments": {"name": {"any_": ["nightly"]}}, "sort": "EXPECTED_START_TIME_ASC"}
        runs = api.post("/flow_runs/filter", json=wanted).json()
        return [run["expected_start_time"][10:19] for run in runs if run["auto_scheduled"]]

    assert set(wait_until(scheduled, every_s=0.2)) == {"T17:00:00"}


def test_runs_that_died_are_looked_after(started):
    _, _, api = started
    [automation] = api.post("/automations/filter", json={}).json()
    assert automation["enabled"]
    assert automation["trigger"]["posture"] == "Proactive"
    [action] = automation["actions"]
    assert (action["type"], action["state"]) == ("change-flow-run-state", "CRASHED")


def test_a_night_runs_to_its_end(run, place):
    folder, _ = place
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert run["name"] == f"{DAY} · here"
    told = "3 planned = 2 scored + 0 not scored + 1 in quarantine"
    assert run["state"]["message"] == f"{DAY}: {told}"
    results = folder / "results" / DAY
    assert {name for name, call in calls_in(results).items() if call["status"] == "scored"} == set(CALLS)
    assert set(quarantine_in(results)) == {f"{PHONE}-1"}


def test_artifacts_show_the_batch_red_lines_and_quarantine(run, started):
    _, _, api = started
    wanted = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}}
    found = api.post("/artifacts/filter", json=wanted).json()
    tables = {one["key"]: json.loads(one["data"]) for one in found if one["type"] == "table"}
    assert sorted(tables) == ["tinghe-batch", "tinghe-quarantine", "tinghe-red-lines"]
    [account] = tables["tinghe-batch"]
    assert list(account.values())[:-1] == [DAY, 3, 2, 0, 1, 0, 1]
    [red] = tables["tinghe-red-lines"]
    call, rules = red.values()
    assert call == "demo-017"
    assert rules
    [aside] = tables["tinghe-quarantine"]
    assert list(aside.values()) == ["转写文件有误", 1, "＊＊＊＊＊＊＊＊＊＊＊-1"]


def test_a_bar_shows_that_all_calls_are_done(run, started):
    _, _, api = started
    wanted = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}, "type": {"any_": ["progress"]}}}
    [bar] = api.post("/artifacts/filter", json=wanted).json()
    assert (bar["key"], bar["description"]) == ("tinghe-progress", f"{DAY} · 3 calls")
    assert float(bar["data"]) == 100.0


def kept_in(folder):
    """All bytes of Prefect's database; its log comes and goes with connections."""
    try:
        return b"".join(path.read_bytes() for path in sorted(folder.glob("prefect.db*")))
    except FileNotFoundError:
        return kept_in(folder)


def test_prefect_keeps_no_words_numbers_or_folders_of_calls(run, place):
    folder, _ = place
    kept = kept_in(folder / "home" / "prefect")
    assert DAY.encode() in kept
    words = [
        turn["text"]
        for name in CALLS
        for turn in json.loads((ROOT / "tests/data/labels" / f"{name}.json").read_text("utf-8"))["turns"]
        if len(turn["text"]) > 5
    ]
    for secret in (*words, PHONE, str(folder / "calls"), SECRET):
        for form in (secret.encode(), json.dumps(secret)[1:-1].encode()):
            assert form not in kept


def test_the_end_of_the_night_is_told_with_a_signature(run, place):
    _, receiver = place

    def told():
        """By id: an answer that comes late has the same event sent again."""
        return {event["id"]: event for event in receiver.events if event["data"].get("run") == run["id"]}

    [event] = wait_until(told).values()
    assert event["type"] == "night.done"
    assert receiver.signed()
    assert event["data"]["profile"] == "here"
    assert event["data"]["business_date"] == DAY


def test_deploying_again_changes_nothing(started, place):
    folder, _ = place
    _, kept, api = started
    again = server(folder, "start", "--profile", "here", "--profiles", str(folder / "profiles"))
    assert again.code == 0, again.stderr
    assert find_server(folder / "home") == kept
    found = {one["name"]: one for one in api.post("/deployments/filter", json={}).json()}
    assert len(found["nightly"]["schedules"]) == 1
    assert len(api.post("/automations/filter", json={}).json()) == 1
    assert len(api.post("/work_pools/filter", json={}).json()) == 1


def test_nothing_left_the_machine(run, place):
    folder, _ = place
    log = folder / "connections.log"
    assert not log.exists() or log.read_text("utf-8") == ""
