"""The browser of the tests sees what it should see."""

from __future__ import annotations

import pytest

from pipeline.report.call_json import read_call
from tests.browser.pages import contrast, scrolls_sideways
from tests.patience import wait_until

BARE = (
    "<!doctype html><html lang=zh><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width'><title>t</title>"
)


@pytest.fixture
def written(tmp_path):
    def write(text):
        folder = tmp_path / "results"
        folder.mkdir(exist_ok=True)
        path = folder / "page.html"
        path.write_text(BARE + text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>setTimeout(() => { throw new Error('thrown') })</script>", "thrown"),
        ("<img src='http://127.0.0.1:9/x.png'>", "asks for http://127.0.0.1:9/x.png"),
        ("<img src='../../../secret.png'>", "secret.png"),
        ("<img src='missing.png'>", "missing.png"),
    ],
)
def test_what_goes_wrong_is_noted(open_page, written, text, complaint):
    watched = open_page(written(text))
    watched.faulty = True

    def noted():
        watched.page.wait_for_timeout(10)  # events come only while Playwright is at work
        return any(complaint in error for error in watched.errors)

    wait_until(noted)


def test_a_page_in_order_has_no_complaints(open_page, written):
    assert open_page(written("<p>好</p>")).errors == []


def test_a_phone_sees_that_a_page_is_too_wide(open_page, written):
    assert not scrolls_sideways(open_page(written("<p>好</p>"), phone=True).page)
    wide = "<table><tr><td><div style='width:900px'>x</div></table>"
    assert scrolls_sideways(open_page(written(wide), phone=True).page)


def test_contrast_is_that_of_the_norm(open_page, written):
    page = open_page(
        written(
            "<body style='background:#fff'><p id=a style='color:#767676'>x</p><p id=b style='color:#000'>x"
        )
    ).page
    assert contrast(page, "#a") == pytest.approx(4.54, abs=0.01)
    assert contrast(page, "#b") == pytest.approx(21, abs=0.01)
    assert contrast(page, "p") == pytest.approx(4.54, abs=0.01)


def test_the_made_results_are_in_the_published_form(results):
    paths = sorted((results / "calls").glob("*.json"))
    assert len(paths) == 60
    assert {read_call(path)["status"] for path in paths} == {"scored", "not_scored"}


def test_the_made_sound_plays(open_page, results):
    page = open_page(results / "pages" / "made-0-00000.html").page
    page.wait_for_function("document.querySelector('audio').readyState >= 1")
    assert page.evaluate("document.querySelector('audio').duration") == pytest.approx(23.0, abs=0.1)
