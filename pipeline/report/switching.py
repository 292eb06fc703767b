"""Words of a page in two languages: marks in what a template makes, and what becomes of them.

A label is a mark with its key, a text that is no label (a title, a reason) a mark with both of its languages.
When the page is put together each becomes its word in the first language, and what can be switched is noted
in the HTML for the page's script. Marks are written with characters for private use, which no text needs.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from typing import TYPE_CHECKING, Final

from pipeline.report.labels import Labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    Pair = tuple[str, str]

OPEN, CLOSE, LABELS, OR = "\ue000", "\ue001", "\ue002", "\ue003"
"""Begin and end of a mark, the place of a page's words, and what parts the languages of a mark."""
_MARK: Final = re.compile(f'{OPEN}([^{CLOSE}<>"]*){CLOSE}')
_NO_MARKS: Final = dict.fromkeys(map(ord, (OPEN, CLOSE, LABELS, OR)))
_PIECE: Final = re.compile(
    # Elements that hold no markup, then any tag, then a mark in text.
    rf"<(script|style|title|option|textarea)\b.*?</\1>|<[^>]*>|{_MARK.pattern}",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(rf'(?<![\w-])([\w-]++)="([^"{OPEN}]*{OPEN}[^"]*)"')
_TITLE: Final = re.compile("<title>(.*)</title>", re.DOTALL)
_KEY_DIGITS: Final = 10


class SwitchedLabels(Labels):
    """Labels as marks, which :func:`switched` turns into words."""

    def __call__(self, key: str) -> str:
        """The mark of a fixed key.

        Raises:
            KeyError: there is no such label, a mistake in a template.
        """
        self.both(key)
        return f"{OPEN}{key}{CLOSE}"

    def choose(self, chinese: str, english: str) -> str:
        """A mark that holds both; the text itself where they are the same."""
        if chinese == english:
            return chinese
        return f"{OPEN}{chinese.translate(_NO_MARKS)}{OR}{english.translate(_NO_MARKS)}{CLOSE}"


def switched(text: str, labels: SwitchedLabels, script_labels: Iterable[str]) -> str:
    """A page with its marks as words, and with its words for the switch where ``LABELS`` stands.

    Args:
        text: what the template made, marks in it.
        labels: the words.
        script_labels: keys of labels that the page's script asks for.
    """
    switch = _Switch(labels, script_labels)
    in_head = text.find("</head>")

    def piece(found: re.Match[str]) -> str:
        whole, mark = found.group(), found.group(2)
        if mark is not None:
            return switch.span(mark)
        if OPEN not in whole:
            return whole
        title = _TITLE.fullmatch(whole)
        if title and found.start() < in_head:
            key, told = switch.noted(title[1])
            return f'<title data-t="{key}">{told}</title>'
        return switch.plain(_ATTRIBUTE.sub(switch.attribute, whole))

    made = _PIECE.sub(piece, text)
    kept = {key: switch.pairs[key] for key in sorted(switch.pairs)}
    return made.replace(f">{LABELS}<", f">{in_script(kept)}<", 1)


def in_script(value: object) -> str:
    """JSON that may stand between script tags."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


class _Switch:
    """What a page must know of its words, gathered while its marks become words.

    Attributes:
        pairs: Chinese and English by key.
    """

    def __init__(self, labels: SwitchedLabels, script_labels: Iterable[str]) -> None:
        self._labels = labels
        self.pairs: dict[str, Pair] = {key: labels.both(key) for key in script_labels if key in labels}

    def span(self, mark: str) -> str:
        """A mark in text as an element."""
        key, told = self.noted(f"{OPEN}{mark}{CLOSE}")
        return f'<span data-t="{key}">{told}</span>'

    def attribute(self, found: re.Match[str]) -> str:
        """An attribute with marks in it, and beside it what the switch does with it."""
        key, told = self.noted(found[2])
        return f'{found[1]}="{told}" data-t-{found[1]}="{key}"'

    def noted(self, content: str) -> tuple[str, str]:
        """The key of text with marks in it, and its words to begin with, escaped."""
        alone = _MARK.fullmatch(content)
        if alone:
            pair = self._words(alone[1])
            key = alone[1] if alone[1] in self._labels else _key(pair)
        else:
            pair = (self._whole(content, 0), self._whole(content, 1))
            key = _key(pair)
        self.pairs[key] = pair
        return key, _escaped(self._first(pair))

    def plain(self, text: str) -> str:
        """Text with its marks as words that cannot be switched."""
        return _MARK.sub(lambda mark: _escaped(self._first(self._words(mark[1]))), text)

    def _words(self, mark: str) -> Pair:
        """What a mark stands for."""
        chinese, both, english = mark.partition(OR)
        if both:
            return html.unescape(chinese), html.unescape(english)
        # What somebody said may look like a mark.
        return self._labels.both(mark) if mark in self._labels else ("", "")

    def _whole(self, content: str, language: int) -> str:
        return html.unescape(_MARK.sub(lambda mark: _escaped(self._words(mark[1])[language]), content))

    def _first(self, pair: Pair) -> str:
        return pair[self._labels.language != "zh"]


def _key(pair: Pair) -> str:
    """A key for words that are no label; no label begins so."""
    return "~" + hashlib.sha256("\n".join(pair).encode(errors="surrogatepass")).hexdigest()[:_KEY_DIGITS]


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
