"""A headless Chromium for tests of pages, and results folders for it to open.

The browser is the installed one (Debian's ``chromium`` package; TINGHE_BROWSER names another). Without one
the tests are skipped with a reason, so that ``make test`` needs nothing from the system; where
TINGHE_BROWSER_NEEDED=1 is set, as it is for every change (``.ci/run``), they fail: pages that nobody looked
at are not tested.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.browser.call_pages import written  # noqa: F401
from tests.browser.pages import Watched
from tests.browser.results import make_results
from tests.patience import PATIENCE_S

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


def pytest_collection_modifyitems(items):
    """All tests of this folder need the browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _installed():
    named = os.environ.get("TINGHE_BROWSER")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        wanting = f"no browser ({', '.join(NAMES)}): install Debian's chromium, or name one in TINGHE_BROWSER"
        if os.environ.get("TINGHE_BROWSER_NEEDED") == "1":
            pytest.fail(wanting, pytrace=False)
        pytest.skip(wanting)
    return found


# Not for the session: Playwright keeps its event loop in this thread, in which no other test could start one.
@pytest.fixture(scope="package")
def browser():
    """Chromium, started once for the tests of this folder."""
    from playwright.sync_api import sync_playwright

    found = _installed()
    alone = hasattr(os, "geteuid") and os.geteuid() == 0  # its sandbox does not start for root
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found,
            timeout=1000 * PATIENCE_S,
            args=[
                *(["--no-sandbox"] if alone else []),
                "--disable-dev-shm-usage",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser):
    """Opens a file: ``open_page(path, phone=False, query="?lang=en")``; see :class:`Watched`.

    After the test it fails when a page wrote an error to the console, threw one, or asked for anything that
    is not a file in the folder of the page.
    """
    watched = []

    def opened(path, *, phone=False, query="", **options):
        context = browser.new_context(**{**(PHONE if phone else DESKTOP), "locale": "zh-CN", **options})
        # A page that opens anywhere has no network: what it asks for from outside fails, and is noted.
        context.set_offline(True)
        context.set_default_timeout(1000 * PATIENCE_S)
        page = Watched(context, Path(path))
        watched.append(page)
        page.open(query)
        return page

    yield opened
    for page in watched:
        page.context.close()
    found = [error for page in watched if not page.faulty for error in page.errors]
    assert found == []


@pytest.fixture
def page(open_page):
    """Opens a file at the size of a desk: ``page(path)`` gives Playwright's page."""
    return lambda path, **options: open_page(path, **options).page


@pytest.fixture(scope="package")
def results(tmp_path_factory):
    """A results folder with made calls, pages, tables and sound; not to be changed by a test."""
    return make_results(tmp_path_factory.mktemp("results"))
