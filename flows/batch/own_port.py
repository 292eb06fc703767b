"""A port of its own for the Prefect server that a run starts where none is configured.

Prefect looks for a free port and binds it seconds later. Two runs that are started together may find the
same: then the server of the second ends at once, and the second run talks to the first one's until that ends.
"""

from __future__ import annotations

import random
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

PORTS: Final = range(8_000, 9_000)
"""Those that Prefect itself chooses from."""
_LOOPBACK: Final = "127.0.0.1"
_HELD: Final[list[socket.socket]] = []
"""As long as this process lives."""


def use_own_port() -> None:
    """Tell Prefect which port to take, unless it has a server or is told of one."""
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value():
        return
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()  # the one that Prefect starts: there is one a process
    if server.port is None:
        server.port = own_port(random.sample(PORTS, len(PORTS)))


def own_port(ports: Iterable[int]) -> int | None:
    """The first port that nobody listens on and that no other process was given here.

    Returns:
        The port, which is this process's until it ends; ``None`` where all are taken.
    """
    for port in ports:
        held = _claimed(port)
        if held is not None:
            if _is_free(port):
                _HELD.append(held)
                return port
            held.close()
    return None


def _claimed(port: int) -> socket.socket | None:
    """The claim to a port: a name in Linux's abstract namespace (unix(7)), which goes with its process."""
    held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        held.bind(f"\0tinghe-port-{port}")
    except OSError:
        held.close()
        return None
    return held


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as trial:
        try:
            trial.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True
