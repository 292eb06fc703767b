"""Tests of flows share an empty Prefect home: making its database costs as much as a small run."""

import pytest

from tests.flows.support import homes


@pytest.fixture(scope="session", autouse=True)
def _shared_home(tmp_path_factory):
    """All processes of a test run share one."""
    folder = tmp_path_factory.getbasetemp()
    homes.shared = folder.parent if folder.name.startswith("popen-") else folder
    yield
    homes.shared = None
