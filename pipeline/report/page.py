"""One HTML file that opens anywhere: assets inside, no request, no script but its own, two languages.

A page is a template that extends ``base.html`` and may have a script and a style sheet of the same name
beside it (``call.html``, ``call.js``, ``call.css``). Its labels are given as marks, not as words: when the
page is put together each becomes its word in the first language, and what can be switched is noted in the
HTML, so that a click (or ``?lang=en``) shows the other language without a second file. Titles of rules and
reasons are marks that hold both languages. What was said stays as it is.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from pipeline.report.labels import TEMPLATES, Labels
from pipeline.report.switching import LABELS, SwitchedLabels, in_script, switched

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2 import Environment


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
            page_data=Markup(in_script(data)),
            page_labels=LABELS,
            **values,
        )
        return switched(text, self.labels, script_labels).encode()

    def _asset(self, name: str) -> str:
        for folder in self._folders:
            path = folder / name
            if path.is_file():
                return path.read_text(encoding="utf-8")
        return ""


def _environment(folders: tuple[Path, ...]) -> Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders or (TEMPLATES,)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
