"""One HTML file that opens anywhere: assets inside, no request, no script but its own, two languages.

A page is a template that extends ``base.html`` and may have a script and a style sheet of the same name
beside it (``call.html``, ``call.js``, ``call.css``). Its labels are given as marks, not as words: when the
page is put together each becomes its word in the first language, and what can be switched is noted in the
HTML, so that a click (or ``?lang=en``) shows the other language without a second file. What was said, names
of rules and reasons stay as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

from pipeline.report.labels import TEMPLATES, Labels

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2 import Environment

_OPEN, _CLOSE, _LABELS = "\ue000", "\ue001", "\ue002"
_MARK: Final = re.compile(f'{_OPEN}([^{_CLOSE}<>"]*){_CLOSE}')
_PIECE: Final = re.compile(
    # Elements that hold no markup, then any tag, then a mark in text.
    rf"<(script|style|title|option|textarea)\b.*?</\1>|<[^>]*>|{_MARK.pattern}",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(rf'(?<![\w-])([\w-]++)="{_MARK.pattern}"')


class SwitchedLabels(Labels):
    """Labels as marks, which :meth:`PageKit.render` turns into words."""

    def __call__(self, key: str) -> str:
        """The mark of a fixed key.

        Raises:
            KeyError: there is no such label, a mistake in a template.
        """
        self.both(key)
        return f"{_OPEN}{key}{_CLOSE}"

    def plain(self, key: str) -> str:
        """The label itself in the first language, for what cannot be switched."""
        return super().__call__(key)


class PageKit:
    """Puts pages together.

    Args:
        labels: the words; pages of a package with templates of its own give its folder to
            :class:`~pipeline.report.labels.Labels`, and they are found there.
        masked: whether people are masked on these pages, which the pages say.

    Attributes:
        labels: the words as marks; what a view puts into a page comes from here.
    """

    def __init__(self, labels: Labels, *, masked: bool) -> None:
        self.labels = SwitchedLabels(labels.language, *labels.folders[1:])
        self._masked = masked
        self._folders = tuple(reversed(labels.folders))
        self._environment = _environment(self._folders)

    def render(
        self, name: str, *, data: object = None, script_labels: Iterable[str] = (), **values: Any
    ) -> bytes:
        """The page ``name.html`` in UTF-8.

        Args:
            name: of the template, without suffix.
            data: anything JSON can hold, for the page's script: ``tinghe.data``.
            script_labels: keys of labels that the script asks for: ``tinghe.t("key")``.
            values: what the template shows.
        """
        from markupsafe import Markup

        script = "\n".join(filter(None, (self._asset("page.js"), self._asset(f"{name}.js"))))
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        text = self._environment.get_template(f"{name}.html").render(
            t=self.labels,
            masked=self._masked,
            # Our own files, the only text that is not escaped; the digest is what the content policy admits.
            script=Markup(script),
            script_digest=f"sha256-{digest}",
            page_style=Markup(self._asset(f"{name}.css")),
            page_data=Markup(_in_script(data)),
            page_labels=_LABELS,
            **values,
        )
        return self._switched(text, script_labels).encode()

    def _asset(self, name: str) -> str:
        for folder in self._folders:
            path = folder / name
            if path.is_file():
                return path.read_text(encoding="utf-8")
        return ""

    def _switched(self, text: str, script_labels: Iterable[str]) -> str:
        """Marks as words, with what the switch needs to know of them."""
        used: set[str] = set(script_labels)

        def word(key: str) -> str:
            # What somebody said may look like a mark.
            return _escaped(self.labels.plain(key)) if key in self.labels else ""

        def attribute(found: re.Match[str]) -> str:
            name, key = found.groups()
            used.add(key)
            return f'{name}="{word(key)}" data-t-{name}="{key}"'

        def piece(found: re.Match[str]) -> str:
            whole, key = found.group(), found.group(2)
            if key is not None:
                used.add(key)
                return f'<span data-t="{key}">{word(key)}</span>'
            if _OPEN not in whole:
                return whole
            return _MARK.sub(lambda mark: word(mark.group(1)), _ATTRIBUTE.sub(attribute, whole))

        switched = _PIECE.sub(piece, text)
        pairs = {key: self.labels.both(key) for key in sorted(used) if key in self.labels}
        return switched.replace(f">{_LABELS}<", f">{_in_script(pairs)}<", 1)


def _in_script(value: object) -> str:
    """JSON that may stand between script tags."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))


def _environment(folders: tuple[Path, ...]) -> Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders or (TEMPLATES,)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
