"""A batch on a cluster that runs already, as on other machines: workers that are not our children."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.flows.batch.test_runners import RAY_ASKS, Runs
from tests.flows.support import GUARD, ROOT, calls_in, homes, tinghe
from tests.patience import wait_until
from tests.ports import free_port
from tests.postgres import PASSWORD

pytestmark = pytest.mark.flow

TURNS = [
    {"speaker": "agent", "text": "您好，这里是海岳银行。"},
    {"speaker": "customer", "text": "我下周五还两千。"},
]
FAR = """runner_address = "{address}"
shared = "{shared}"
"""


class Site:
    """Programs of this machine that a cluster is made of, and the environment that its workers have."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.shared = folder / "shared"
        self.api = f"http://127.0.0.1:{free_port()}/api"
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{GUARD}{os.pathsep}{ROOT}",
            "TINGHE_TEST_CONNECTIONS": str(folder / "workers.log"),
            "TINGHE_STORE_PASSWORD": PASSWORD,
            "TINGHE_SHARED": str(self.shared),
            "PREFECT_API_URL": self.api,
            "PREFECT_HOME": str(homes.make(folder / "prefect-server")),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # 127.0.0.1 is the address of this machine
            "DO_NOT_TRACK": "1",
        }

    def start(self, *command):
        with (self.folder / "programs.log").open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command], env=self.environment, stdout=log, stderr=log
            )
        self.processes.append(process)

    def wait_until(self, ready, what):
        def looked():
            if any(process.poll() is not None for process in self.processes):
                raise RuntimeError(f"no {what}: {self.said()}")
            return ready()

        return wait_until(looked, every_s=0.2)

    def prefect(self):
        port = self.api.split(":")[2].split("/")[0]
        self.start(sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port)
        self.wait_until(lambda: answers(f"{self.api}/health"), "Prefect server")

    def dask(self):
        told = self.folder / "scheduler.json"
        program = shutil.which("dask", path=Path(sys.executable).parent)
        here = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", told)
        self.start(program, "scheduler", "--port", 0, "--dashboard-address", "127.0.0.1:0", *here)
        address = self.wait_until(lambda: address_in(told), "scheduler")
        self.start(program, "worker", "--nworkers", 1, "--nthreads", 1, *here)
        return address

    def ray(self):
        port = free_port()
        program = shutil.which("ray", path=Path(sys.executable).parent)
        only = ("--node-ip-address", "127.0.0.1", "--include-dashboard", "false", "--num-cpus", 1)
        self.start(program, "start", "--head", "--block", "--disable-usage-stats", "--port", port, *only)
        self.wait_until(lambda: "Ray runtime started" in self.said(), "Ray")
        return f"127.0.0.1:{port}"

    def said(self):
        return (self.folder / "programs.log").read_text("utf-8", errors="replace")

    def stop(self):
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status == 200
    except (OSError, HTTPException):
        return False


def address_in(told):
    """The address in the file of a scheduler, which may not be whole yet."""
    try:
        return json.loads(told.read_text("utf-8"))["address"]
    except (FileNotFoundError, ValueError):
        return None


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    made.shared.mkdir()
    try:
        made.prefect()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    lines = [json.dumps({"call_id": name, "turns": TURNS}, ensure_ascii=False) for name in "abc"]
    (folder / "calls.jsonl").write_text("\n".join(lines), "utf-8")
    return Runs(folder, "text", folder / "calls.jsonl")


@pytest.fixture(scope="module")
def near(runs):
    return calls_in(runs.make("near", runner="threads", isolation="none"))


@pytest.mark.parametrize("runner", ["dask", "ray"])
def test_a_cluster_that_runs_already_gives_what_threads_give(
    runner, site, postgres, runs, near, tmp_path, monkeypatch
):
    pytest.importorskip(f"prefect_{runner}")
    url = postgres.new_database()
    told = sa.URL.create("postgresql", url.username, host=url.host, port=url.port, database=url.database)
    arguments = runs.arguments(f"far-{runner}", runner=runner, store=told.render_as_string())
    config = runs.folder / f"far-{runner}.toml"
    address = getattr(site, runner)()
    config.write_text(config.read_text("utf-8") + FAR.format(address=address, shared=site.shared), "utf-8")
    monkeypatch.setenv("TINGHE_STORE_PASSWORD", PASSWORD)
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    without = tinghe(tmp_path, *arguments)
    assert (without.code, "PREFECT_API_URL" in without.stderr) == (2, True), without.stderr
    monkeypatch.setenv("PREFECT_API_URL", site.api)
    outcome = tinghe(tmp_path, *arguments)
    assert outcome.code == 0, outcome.stderr
    assert set(outcome.connections.splitlines()) <= (RAY_ASKS if runner == "ray" else set())
    assert calls_in(runs.folder / f"far-{runner}") == near
    assert list(site.shared.iterdir()) == []
