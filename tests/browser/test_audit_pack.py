"""An audit pack in a browser: its pages open from anywhere, clips play, links lead somewhere."""

from __future__ import annotations

import zipfile

import pytest

from pipeline.audit.signing import make_key
from tests.browser.pages import contrast, scrolls_sideways
from tests.unit.audit.made import packed, usual

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """A pack as a reader has it, in a folder whose name needs quoting."""
    folder = tmp_path_factory.mktemp("pack")
    done = packed(usual(folder / "results"), folder / "pack.zip", key=make_key(folder / "key"))
    to = folder / "审计 包 #1" / "pack"
    with zipfile.ZipFile(done.to) as container:
        container.extractall(to)
    return to


def test_the_first_page_shows_what_was_checked_and_what_was_not(unpacked, page):
    shown = page(unpacked / "index.html")
    assert shown.locator("h1").inner_text() == "催收通话审计包"
    assert shown.locator("#limits li").count() >= 4
    assert shown.locator("#clauses tbody tr").count() > 50
    row = shown.locator("#clauses tr", has_text="第六十八条").first
    assert row.locator("td").first.inner_text() == "3"
    assert contrast(shown, "main *") >= 4.5


def test_a_clip_plays(unpacked, page):
    shown = page(unpacked / "index.html")
    audio = shown.locator("#findings audio").first
    audio.evaluate("a => a.play()")
    shown.wait_for_function("a => a.currentTime > 0.2", arg=audio.element_handle())
    assert audio.evaluate("a => Math.round(a.duration)") > 10


def test_findings_lead_to_their_call_and_back(unpacked, page):
    shown = page(unpacked / "index.html")
    shown.locator("#findings tbody a").first.click()
    shown.wait_for_url("**/call.html#f-*")
    assert shown.locator(".note:target").is_visible()
    assert shown.locator(".turn").count() >= 6
    assert contrast(shown, "main *") >= 4.5
    shown.locator("a.back").click()
    shown.wait_for_url("**/index.html")


def test_every_link_leads_to_something(unpacked, page):
    for name in ("index.html", "calls/c1/call.html"):
        shown = page(unpacked / name)
        links = shown.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
        assert links
        for link in links:
            path, _, anchor = link.partition("#")
            assert not path or (unpacked / name).parent.joinpath(path).exists(), link
            if anchor and not path:
                assert shown.locator(f"[id='{anchor}']").count() == 1, link


def test_it_can_be_read_in_english_and_on_a_phone(unpacked, open_page):
    shown = open_page(unpacked / "index.html", phone=True, query="?lang=en").page
    assert shown.locator("h1").inner_text() == "Collection calls: audit pack"
    assert "[object" not in shown.locator("main").inner_text()
    assert shown.locator("#clauses tbody th", has_text="Civil Code, Article 1032").count() == 1
    assert not scrolls_sideways(shown)
    shown = open_page(unpacked / "calls" / "c1" / "call.html", phone=True).page
    assert not scrolls_sideways(shown)
