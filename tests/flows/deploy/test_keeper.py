"""A program that is kept is there again after it ended, and gone when it is to be."""

import os
import signal
import sys
from contextlib import suppress

import pytest

from flows.deploy import keeper
from flows.deploy.keeper import Child, descendants
from flows.deploy.serving import Server, find_server, free_port, keeping
from flows.watch.logs import EventLog
from pipeline.errors import ConfigError, StoreError
from tests.patience import wait_until

SLEEPS = (sys.executable, "-S", "-c", "import time; time.sleep(600)")
HAS_A_CHILD = (
    sys.executable,
    "-S",
    "-c",
    "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])",
)


@pytest.fixture
def child():
    lines = []
    kept = Child("server", SLEEPS, os.environ)
    kept.log = EventLog(lines.append)
    kept.lines = lines
    yield kept
    kept.end()


def test_it_is_started_once_and_again_after_it_died(child, monkeypatch):
    monkeypatch.setattr(keeper, "_LONGEST_PAUSE_S", 3600.0)  # who lived longer has lived long
    child.keep(child.log)
    first = child.pid
    child.keep(child.log)
    assert child.pid == first
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: child.pid is None)
    wait_until(lambda: child.keep(child.log) or child.pid)
    assert child.pid != first
    assert '"event": "server_ended"' in child.lines[0]
    assert child.pause == 2.0  # it did not live long: the next pause would be longer


def test_it_is_ended_although_it_will_not(child, monkeypatch, tmp_path):
    monkeypatch.setattr(keeper, "_PATIENCE_S", 0.5)
    child.command = (sys.executable, "-S", "-c", STUBBORN, str(tmp_path / "ready"))
    child.keep(child.log)
    pid = child.pid
    wait_until((tmp_path / "ready").exists)
    child.end()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(600)
"""


def test_what_it_started_is_found(child):
    child.command = HAS_A_CHILD
    child.keep(child.log)
    wait_until(lambda: len(descendants(child.pid)) == 1)
    assert child.pid in descendants(os.getpid())


def test_one_server_a_folder(tmp_path):
    server = Server(home=tmp_path, port=4321, profile="demo", profiles=tmp_path, pid=1)
    assert find_server(tmp_path) is None
    with keeping(tmp_path):
        assert find_server(tmp_path) is None
        server.write()
        assert find_server(tmp_path) == server
        with pytest.raises(StoreError, match="already kept"), keeping(tmp_path):
            pass
    assert find_server(tmp_path) is None  # what a killed keeper leaves is no server


def test_a_port_that_is_taken_is_refused():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="no free port"):
            free_port(taken.getsockname()[1])
    with suppress(ConfigError):  # all hundred may be taken
        assert 4200 <= free_port() < 4300


def test_what_prefect_would_send_is_switched_off(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")
    found = Server(home=tmp_path, port=1, profile="demo", profiles=tmp_path).environment()
    assert found["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert found["DO_NOT_TRACK"] == "1"
    assert found["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    assert found["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
