"""How pages and tables show things: labels, titles of rules and clauses, masking, numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.privacy.masks import Masker, mask_text
from pipeline.redact import People
from pipeline.report.english import English, shipped_english

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.privacy.spans import PersonalSpan
    from pipeline.report.labels import Labels

DASH = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What a report needs beside the calls.

    Attributes:
        norms: title of each clause by its id.
        rule_titles: title of each rule by its name.
        mask: whether people are masked.
        people: the personal fields of each call by call id, which the JSON of a call does not hold.
        english: the English of titles and reasons, which are written in Chinese.

    Whoever shows a call says so first (:meth:`reading`): what is personal in a turn may only be known from
    the other turns, as the digits of a number that is said in pieces.
    """

    labels: Labels
    norms: Mapping[str, str] = field(default_factory=dict)
    rule_titles: Mapping[str, str] = field(default_factory=dict)
    mask: bool = True
    people: Mapping[str, People] = field(default_factory=dict)
    english: English = field(default_factory=shipped_english)
    _read: dict[str, Masker] = field(default_factory=dict, repr=False, compare=False)

    def reading(self, call: Mapping[str, Any]) -> None:
        """Look at a call as a whole, before its words are shown; the one before is forgotten."""
        if self.mask:
            self._read.clear()
            names = self.people.get(call["call_id"], People()).names
            self._read[call["call_id"]] = Masker(call, names)

    def hidden(self, call: Mapping[str, Any]) -> Sequence[PersonalSpan]:
        """What is hidden of the call that is being read."""
        masker = self._read.get(call["call_id"])
        return masker.spans if masker else ()

    def person(self, call_id: str) -> People:
        """The people of a call as the report may show them."""
        people = self.people.get(call_id, People())
        return people.masked() if self.mask else people

    def text(self, text: str, call_id: str) -> str:
        """Words of a call as the report may show them, at the same length."""
        if not self.mask:
            return text
        masker = self._read.get(call_id)
        return masker.text(text) if masker else mask_text(text, self.people.get(call_id, People()).names)

    def rule(self, name: str) -> str:
        """The title of a rule, or its name."""
        return self.said(self.rule_titles.get(name, name))

    def clause(self, norm: str) -> str:
        """The title of a clause, or its id."""
        return self.said(self.norms.get(norm, norm))

    def reason(self, text: str, call_id: str) -> str:
        """Why something was found or cost points, as the report may show it."""
        return self.said(self.text(text, call_id))

    def said(self, chinese: str) -> str:
        """A text that is written in Chinese in the language of the report, where its English is known."""
        return self.labels.choose(*self.both(chinese))

    def both(self, chinese: str) -> tuple[str, str]:
        """A text that is written in Chinese, and its English; twice the Chinese where it has none."""
        return chinese, self.english.of(chinese)

    def yes_no(self, value: bool) -> str:
        """Yes or no."""
        return self.labels("yes") if value else self.labels("no")

    def promise(self, promise: Mapping[str, Any] | None) -> str:
        """A promise to pay in a few words, empty without one."""
        if promise is None:
            return ""
        amount = DASH if promise["amount"] is None else money(promise["amount"])
        bound = promise.get("certainty", "firm")
        loose = "" if bound == "firm" else f" · {self.labels.of('commitment', bound)}"
        coerced = f" · {self.labels('promise.coerced')}" if promise["coerced"] else ""
        return f"{amount} · {promise['date'] or DASH}{loose}{coerced}"


def number(value: float | None) -> str:
    """A score: at most one decimal, a dash for none."""
    return DASH if value is None else f"{round(value, 1):g}"


def money(value: float) -> str:
    """Yuan with thousands separators; fen only where there are some."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def clock(seconds: float | None) -> str:
    """Minutes and seconds into a call; hours where there are some; empty for no time."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(started_at: str | None) -> str:
    """Date and minute of an ISO time, in the zone it was given in; empty for none."""
    return started_at[:16].replace("T", " ") if started_at else ""
