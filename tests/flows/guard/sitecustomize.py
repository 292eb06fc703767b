"""Put on PYTHONPATH of a process under test: writes down, and forbids, whatever would leave the machine.

Children inherit it. Only loopback and local sockets may be connected to, only local names looked up.
"""

import ipaddress
import os
import socket
import sys

_LOG = os.environ.get("TINGHE_TEST_CONNECTIONS")
_LOCAL_NAMES = {"localhost", "", "0.0.0.0", "::"}


def _is_local(host):
    if host is None:
        return True
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name in _LOCAL_NAMES or name == _HOSTNAME:
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


def _guard(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    if not _is_local(host):
        with open(_LOG, "a", encoding="utf-8") as log:
            log.write(f"{event} {host}\n")
        raise PermissionError(f"the test forbids {event} to {host}")


if _LOG:
    _HOSTNAME = socket.gethostname()
    sys.addaudithook(_guard)
