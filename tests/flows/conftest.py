"""Tests of flows share an empty Prefect home, and some a server: each costs as much as a small run."""

import subprocess

import pytest

from flows.deploy.serving import PREFECT, Server
from tests.flows.support import homes
from tests.patience import PATIENCE_S, wait_until
from tests.ports import free_port


@pytest.fixture(scope="session", autouse=True)
def _shared_home(tmp_path_factory):
    """All processes of a test run share one."""
    folder = tmp_path_factory.getbasetemp()
    homes.shared = folder.parent if folder.name.startswith("popen-") else folder
    yield
    homes.shared = None


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory):
    """The address of a server, for this process of the test run."""
    folder = tmp_path_factory.mktemp("prefect-server")
    server = Server(home=folder, port=free_port(), profile="demo", profiles=folder)
    homes.make(folder / "prefect")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*PREFECT, "server", "start", "--host", "127.0.0.1", "--no-services"],
            env=server.environment(),
            stdout=log,
            stderr=log,
        )

    def answers():
        assert process.poll() is None, (folder / "log").read_text("utf-8", errors="replace")
        return server.healthy()

    try:
        wait_until(answers, every_s=0.1)
        yield server.api
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module")
def shared_server(prefect_server):
    """Runs of this file need no server of their own: they are not about one."""
    homes.server = prefect_server
    yield
    homes.server = None
