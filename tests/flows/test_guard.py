"""The guard itself: a test of silence is worth what its microphone is worth."""

import pytest

from tests.flows.support import guarded

CONNECT = "import socket; socket.socket().connect(('{}', 9))"
LOOKUP = "import socket; socket.getaddrinfo('{}', 9)"


@pytest.mark.parametrize("code", [CONNECT.format("192.0.2.1"), LOOKUP.format("example.org")])
def test_what_would_leave_is_written_down_and_forbidden(tmp_path, code):
    outcome = guarded(["-c", code], tmp_path / "log")
    assert "PermissionError" in outcome.stderr
    assert outcome.connections.count("\n") == 1


def test_children_are_watched_too(tmp_path):
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CONNECT.format('192.0.2.1')!r}])"
    assert "192.0.2.1" in guarded(["-c", child], tmp_path / "log").connections


@pytest.mark.parametrize("code", [CONNECT.format("127.0.0.1"), LOOKUP.format("localhost")])
def test_loopback_is_free(tmp_path, code):
    assert not guarded(["-c", code], tmp_path / "log").connections
