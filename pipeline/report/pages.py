"""Pages for people: ``summary.html`` for a batch and one page a call, readable without a network.

Everything a page needs stands in the page, but for the recording, which it links to. Templates escape all
text, and a content policy lets no script run but the page's own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline.report.call_view import call_view
from pipeline.report.dashboard.page import render_dashboard
from pipeline.report.dashboard.period import period
from pipeline.report.dashboard.rows import CallRow, call_row
from pipeline.report.english import English, shipped_english
from pipeline.report.files import file_stem, write_atomically
from pipeline.report.labels import Labels, Language
from pipeline.report.page import PageKit
from pipeline.report.player import SCRIPT_LABELS
from pipeline.report.showing import Showing

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path

    from pipeline.redact import People
    from pipeline.report.dashboard.period import Period
    from pipeline.types import Quarantined


def write_pages(
    reports: Iterable[Mapping[str, Any]],
    quarantined: Iterable[Quarantined],
    folder: Path,
    *,
    language: Language = "zh",
    mask: bool = True,
    audio: Mapping[str, str] | None = None,
    norms: Mapping[str, str] | None = None,
    rule_titles: Mapping[str, str] | None = None,
    people: Mapping[str, People] | None = None,
    only: Container[str] | None = None,
    before: Period | None = None,
    english: English | None = None,
) -> Path:
    """Write ``summary.html`` and ``pages/<call_id>.html`` under ``folder``; return the summary's path.

    Calls are read once and only their summary rows are kept, so that a batch may be long.

    Args:
        reports: the JSON of each call, as :func:`pipeline.report.call_json.to_json` makes it.
        quarantined: the calls that could not be judged.
        folder: the folder of the batch.
        language: ``zh`` or ``en``, which a page shows at first; evidence stays Chinese.
        mask: whether names and long numbers are masked, see :mod:`pipeline.redact`.
        audio: by call id, a playable recording as a path relative to ``folder``.
        norms: title of each clause by id.
        rule_titles: title of each rule by name.
        people: by call id, the personal fields that the JSON leaves out; also what is masked in the text.
        only: calls whose pages are written; of all when ``None``. The summary has all.
        before: the previous period, which the summary compares this one with.
        english: the English of titles and reasons; what is shipped when left out.

    Raises:
        StoreError: a page cannot be written.
    """
    showing = Showing(
        labels=Labels(language),
        norms=norms or {},
        rule_titles=rule_titles or {},
        mask=mask,
        people=people or {},
        english=english or shipped_english(),
    )
    pages = Pages(showing, folder, audio=audio or {}, only=only, before=before)
    for call in reports:
        pages.add(call)
    return pages.finish(quarantined)


class Pages:
    """The pages of a batch in the making: those of calls are written at once, of each only a row is kept.

    Args:
        showing: how things are shown.
        folder: the folder of the batch.
        audio: by call id, a playable recording as a path relative to ``folder``.
        only: calls whose pages are written; of all when ``None``.
        before: the previous period, which the summary compares this one with.
    """

    def __init__(
        self,
        showing: Showing,
        folder: Path,
        *,
        audio: Mapping[str, str],
        only: Container[str] | None,
        before: Period | None = None,
    ) -> None:
        self._kit = PageKit(showing.labels, masked=showing.mask)
        self._showing = replace(showing, labels=self._kit.labels)
        self._folder, self._audio, self._only = folder, audio, only
        self._before = before
        self._rows: list[CallRow] = []

    def add(self, call: Mapping[str, Any]) -> None:
        """Write the page of a call and keep its row.

        Raises:
            StoreError: it cannot be written.
        """
        call_id = call["call_id"]
        self._showing.reading(call)
        recording = self._audio.get(call_id)
        link = f"../{quote(recording)}" if recording else None
        if self._only is None or call_id in self._only:
            sound = self._folder / recording if recording else None
            view = call_view(call, self._showing, audio=link, recording=sound)
            page = self._kit.render("call", c=view, data=view["player"], script_labels=SCRIPT_LABELS)
            write_atomically(self._folder / "pages" / f"{file_stem(call_id)}.html", page)
        self._rows.append(call_row(call, self._showing))

    def finish(self, quarantined: Iterable[Quarantined]) -> Path:
        """Write the summary; where it is.

        Raises:
            StoreError: it cannot be written.
        """
        summary = self._folder / "summary.html"
        now = period(self._rows, quarantined)
        write_atomically(summary, render_dashboard(self._kit, self._showing, now, self._before))
        return summary
