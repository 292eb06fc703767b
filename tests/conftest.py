"""What all tests share: no deadlines, for machines differ and stop, and the same examples every time."""

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import database_url, postgres  # noqa: F401

settings.register_profile(
    "tinghe",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # it looks at the clock
)
settings.load_profile("tinghe")

LONG = ("flow", "audio", "browser", "slow")
"""Marks of tests that take their time, the longest first."""


def rank(marks):
    """Where a test stands among others, by the names of its marks: the lower the longer it may take."""
    return min((LONG.index(mark) for mark in marks if mark in LONG), default=len(LONG))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Files that may take long come first, so that none is left for one process while the others are done."""
    ranks = {}
    for item in items:
        here = rank(mark.name for mark in item.iter_markers())
        ranks[item.path] = min(here, ranks.get(item.path, here))
    items.sort(key=lambda item: ranks[item.path])
