"""Ports of this machine for tests: none is given to two processes, and no connection takes one by chance."""

import random
from pathlib import Path

from flows.batch.own_port import own_port

_LOWEST = 20_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""From these the system takes ports for whoever connects to something (ip(7))."""


def free_port():
    """A port that stays free, if the one who asked does not use it, until this process ends."""
    first = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
    ports = range(_LOWEST, first) if first > _LOWEST else range(9_000, _LOWEST)
    found = own_port(random.sample(ports, len(ports)))
    assert found, "all ports are taken"
    return found
