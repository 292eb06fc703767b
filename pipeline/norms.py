"""The clauses that rules rest on, and which of them were in force on the day of a call.

A call is judged by the norms of its own day. Clauses are renumbered, repealed and replaced, so that
a rule names what it rests on today and the file of norms says what stood there before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.errors import RulePackError
from pipeline.metadata import CHINA
from pipeline.yaml_files import line_of, parse_file, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

Rank = Literal[
    "law",
    "judicial_interpretation",
    "administrative_regulation",
    "department_rule",
    "normative_document",
    "national_standard",
    "self_discipline",
]
Kind = Literal["ban", "duty", "right", "remedy", "liability", "offence"]
Checked = Literal["full_text", "press_report", "recalled", "heading_only"]


NONE_IN_FORCE = "（所引规范在通话当日均未施行，依据须人工核定）"
"""What a finding says whose every clause lies outside its period."""


class Norm(BaseModel):
    """One clause of a law, a rule or a standard; ``docs/norms.md`` explains the fields.

    Attributes:
        id: stable name that rules and results use.
        title: what people read.
        quote: a short stretch of the clause, ``None`` where its wording was not seen.
        in_force_from: first day in force.
        in_force_to: last day in force, ``None`` while it is.
        checked: how the quote was seen; ``full_text`` is literal in the statute.
        dates_checked: the same for the dates.
        text: name of the file in ``configs/laws`` that holds the statute, where it travels along.
        predecessor: id of the clause that stood in its place before.
        successor: id of the clause that stands in its place now.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    document: str = Field(min_length=1)
    article: str = Field(min_length=1)
    quote: str | None = Field(min_length=1)
    rank: Rank
    kind: Kind
    in_force_from: date
    in_force_to: date | None
    checked: Checked
    dates_checked: Checked
    source: str = Field(min_length=1)
    note: str | None = None
    text: str | None = None
    predecessor: str | None = None
    successor: str | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Norm:
        if self.in_force_to is not None and self.in_force_to < self.in_force_from:
            raise ValueError("in_force_to lies before in_force_from")
        if (self.quote is None) != (self.checked == "heading_only"):
            raise ValueError("a quote is missing exactly where checked is heading_only")
        if self.checked == "full_text" and self.text is None:
            raise ValueError("checked: full_text needs text, the file of the statute")
        return self

    def in_force(self, day: date) -> bool:
        """Whether the clause was in force on ``day``; both ends of its period belong to it."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)


@dataclass(frozen=True)
class NormBook:
    """All clauses of a file, in its order."""

    clauses: tuple[Norm, ...]

    @cached_property
    def by_id(self) -> dict[str, Norm]:
        """Clause id -> clause."""
        return {norm.id: norm for norm in self.clauses}

    @cached_property
    def titles(self) -> dict[str, str]:
        """Clause id -> the title people read."""
        return {norm.id: norm.title for norm in self.clauses}

    def on(self, ids: Iterable[str], day: date | None) -> tuple[str, ...]:
        """Those of ``ids`` in force on the day of a call, in their order and each once.

        A clause outside its period is replaced by the one that stood, or stands, in its place on
        that day, and dropped where there was none. The result is empty when nothing was in force:
        the caller says so.

        Args:
            ids: ids of clauses of this book.
            day: the call's date in China; ``None`` for a call without one, which gets the clauses
                that no end is known of.
        """
        day = day or date.max
        in_place = (self._in_place_of(self.by_id[name], day) for name in ids)
        return tuple(dict.fromkeys(norm.id for norm in in_place if norm))

    def at(self, ids: Iterable[str], started_at: datetime | None) -> tuple[str, ...]:
        """As :meth:`on`, for a call that began at a moment: its day is the day in China."""
        return self.on(ids, started_at.astimezone(CHINA).date() if started_at else None)

    def _in_place_of(self, norm: Norm, day: date) -> Norm | None:
        at: Norm | None = norm
        while at is not None and not at.in_force(day):
            other = at.predecessor if day < at.in_force_from else at.successor
            at = self.by_id[other] if other else None
        return at


class _NormFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    norms: tuple[Norm, ...] = Field(min_length=1)


def load_norms(path: Path) -> NormBook:
    """Read a file of norms.

    Raises:
        RulePackError: the file cannot be read, or a field, id or link is wrong; the message names
            file, line and field.
    """
    book = NormBook(parse_file(_NormFile, path).norms)
    wrong = [
        f"{path.name}:{line_of(path, ('norms', index, field))}: norm {norm.id}: {field}: {message}"
        for index, norm in enumerate(book.clauses)
        for field, message in _wrong_in(norm, index, book)
    ]
    if wrong:
        raise RulePackError("\n".join(wrong))
    return book


def _wrong_in(norm: Norm, index: int, book: NormBook) -> Iterator[tuple[str, str]]:
    """(field, message) of what one clause has wrong beside the others.

    Links go both ways and forward in time, so that following them always ends.
    """
    if any(other.id == norm.id for other in book.clauses[:index]):
        yield "id", "stands twice"
    for field, back in (("predecessor", "successor"), ("successor", "predecessor")):
        name = getattr(norm, field)
        if name is None:
            continue
        other = book.by_id.get(name)
        if other is None:
            yield field, unknown_name("norm", name, book.by_id)
        elif getattr(other, back) != norm.id:
            yield field, f"{name} does not name {norm.id} as its {back}"
        elif field == "successor" and not _ends_before(norm, other):
            yield field, f"{name} is in force before {norm.id} has ended"


def _ends_before(old: Norm, new: Norm) -> bool:
    return old.in_force_to is not None and old.in_force_to < new.in_force_from
