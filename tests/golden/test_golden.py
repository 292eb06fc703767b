"""The bytes of a report are what they were, unless somebody meant to change them; English is English."""

from __future__ import annotations

import re

import pytest

from tests.golden.regenerate import regenerate
from tests.golden.sample import GOLDEN
from tests.pages import as_read, chinese_left

NAMES = ("松河银行", "周＊", "欧阳＊＊")
"""What the sample's metadata name, as masked pages show it."""
HINT = re.compile(r"(<rect[^>]*>)<title>[^<]*</title>")
"""What the page's script says anew when the language is switched (tests/browser)."""
PAGES = ("golden-1.html", "summary.html")


@pytest.mark.parametrize("name", ["golden-1.json", *PAGES, "golden-1.en.html", "summary.en.html"])
def test_output_is_byte_for_byte_the_golden_file(tmp_path, name):
    regenerate(tmp_path)
    assert (tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes()


def still(page):
    """A page whose first language is Chinese without the hints that its script makes."""
    return HINT.sub(r"\1", page) if '<html lang="zh-CN"' in page else page


def test_the_hints_of_an_english_page_are_english():
    hints = HINT.findall((GOLDEN / "golden-1.en.html").read_text(encoding="utf-8"))
    assert len(hints) > 10


@pytest.mark.parametrize("name", [*PAGES, "golden-1.en.html", "summary.en.html"])
def test_the_english_form_has_no_chinese_but_what_was_said_and_names(name):
    page = still((GOLDEN / name).read_text(encoding="utf-8"))
    assert chinese_left(page, NAMES) == []


@pytest.mark.parametrize("name", PAGES)
def test_both_files_read_the_same_in_each_language(name):
    """They differ in the language that is shown at first alone."""
    chinese, english = (
        HINT.sub(r"\1", (GOLDEN / one).read_text(encoding="utf-8"))
        for one in (name, name.replace(".html", ".en.html"))
    )
    for language in ("zh", "en"):
        assert as_read(chinese, language) == as_read(english, language)
