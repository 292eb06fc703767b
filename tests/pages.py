"""What a reader of a page sees in one language, without the notes for the switch."""

from __future__ import annotations

import json
import re

from markupsafe import escape

_LABELS = re.compile(r'<script type="application/json" id="page-labels">(.*?)</script>', re.DOTALL)
_SPAN = re.compile(r'<span data-t="([^"]+)">[^<]*</span>')
_ATTRIBUTE = re.compile(r'([\w-]+)="[^"]*" data-t-\1="([^"]+)"')


def page_labels(page: str) -> dict[str, tuple[str, str]]:
    """The words that a page can show, by key: Chinese and English."""
    found = _LABELS.search(page)
    assert found, "a page without its labels"
    return {key: (chinese, english) for key, (chinese, english) in json.loads(found[1]).items()}


def as_read(page: str, language: str = "zh") -> str:
    """The HTML of a page as a reader of a language has it: marks of the switch become plain words.

    The words that the page keeps for its script are left out, so that a word found is a word shown.
    """
    labels, place = page_labels(page), int(language != "zh")
    page = _LABELS.sub("", page)
    page = _SPAN.sub(lambda mark: str(escape(labels[mark[1]][place])), page)
    return _ATTRIBUTE.sub(lambda mark: f'{mark[1]}="{escape(labels[mark[2]][place])}"', page)
