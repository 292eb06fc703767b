"""No two runs of a machine give their Prefect servers the same port."""

import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from flows.batch import own_port as module
from flows.batch.own_port import PORTS, own_port, use_own_port
from tests.flows.support import ROOT
from tests.ports import free_port

TAKES = """
import sys
from flows.batch.own_port import own_port
print(own_port(map(int, sys.argv[1:])), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _given_back(monkeypatch):
    held = []
    monkeypatch.setattr(module, "_HELD", held)
    yield
    for claim in held:
        claim.close()


def unclaimed_port():
    port = free_port()
    module._HELD.pop().close()
    return port


def test_a_port_that_another_process_was_given_is_passed_over_until_that_ends():
    first, second = unclaimed_port(), unclaimed_port()
    other = subprocess.Popen(
        [sys.executable, "-c", TAKES, str(first), str(second)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == f"{first}\n"
    assert own_port([first, second]) == second
    other.communicate("")
    assert own_port([first, second]) == first
    assert own_port([first, second]) is None


def test_a_port_on_which_somebody_listens_is_passed_over():
    port = unclaimed_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert own_port([port]) is None
    assert own_port([port]) == port


def test_prefect_is_told_unless_it_has_a_server(monkeypatch):
    from prefect.server.api import server as api
    from prefect.settings import PREFECT_API_URL, temporary_settings

    server = SimpleNamespace(port=None)
    monkeypatch.setattr(api, "SubprocessASGIServer", lambda: server)
    with temporary_settings(updates={PREFECT_API_URL: "http://127.0.0.1:4200/api"}):
        use_own_port()
    assert server.port is None
    with temporary_settings(restore_defaults=[PREFECT_API_URL]):
        use_own_port()
        given = server.port
        use_own_port()
    assert given in PORTS
    assert server.port == given
