"""What a reader of a page sees in one language, without the notes for the switch."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from markupsafe import escape

_LABELS = re.compile(r'<script type="application/json" id="page-labels">(.*?)</script>', re.DOTALL)
_SPAN = re.compile(r'<span data-t="([^"]+)">[^<]*</span>')
_TITLE = re.compile(r'<title data-t="([^"]+)">[^<]*</title>')
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
    page = _TITLE.sub(lambda mark: f"<title>{escape(labels[mark[1]][place])}</title>", page)
    return _ATTRIBUTE.sub(lambda mark: f'{mark[1]}="{escape(labels[mark[2]][place])}"', page)


_CHINESE = re.compile("[\u3400-\u9fff]")
_READ = ("title", "aria-label", "placeholder", "alt", "data-label")
_VOID = {"meta", "input", "br", "link", "img", "path", "rect", "line", "polyline", "circle"}
_QUOTED = re.compile("“[^”]*”")


def chinese_left(page: str, names: tuple[str, ...] = ()) -> list[str]:
    """What is Chinese on an English page, as its reader has it, and should not be.

    Chinese may be what is marked as Chinese (``lang="zh-CN"``: the transcript, evidence, wordings, statutes),
    what stands between quotation marks in a reason, and names that only exist in Chinese.

    Args:
        page: the HTML, with its words for the switch.
        names: of people and firms.
    """
    reader = _Reader()
    reader.feed(as_read(page, "en"))
    found = (_QUOTED.sub("", text) for text in reader.texts)
    for name in names:
        found = [text.replace(name, "") for text in found]
    return [text for text in found if _CHINESE.search(text)]


class _Reader(HTMLParser):
    """Collects texts and attributes that a reader gets, outside of what is marked as Chinese."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[bool] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        quiet = tag in ("script", "style") or given.get("lang") == "zh-CN" or any(self._open)
        if not quiet:
            self.texts += [given[name] for name in _READ if given.get(name)]
        if tag not in _VOID:
            self._open.append(quiet)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag not in _VOID and self._open:
            self._open.pop()

    def handle_data(self, data):
        if data.strip() and not any(self._open):
            self.texts.append(data.strip())
