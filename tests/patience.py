"""Waiting for what another thread or process does, without a guess at how long it takes."""

import time

PATIENCE_S = 300.0
"""Only what will never come takes this long."""


def wait_until(true, *, within_s=PATIENCE_S, every_s=0.01):
    """What a function returns as soon as that is true.

    Raises:
        AssertionError: it never was.
    """
    end = time.monotonic() + within_s
    while not (found := true()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {within_s:.0f} s for nothing")
        time.sleep(every_s)
    return found
