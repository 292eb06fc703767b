"""What an import gives: draft packs, and an account of everything that is not as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.detect.schema import Kind

How = Literal["lost", "changed", "decided"]
"""Not carried over; carried over with another meaning; carried over where the source leaves it open."""

_WIDTH = 110
_Built = TypeVar("_Built")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A place in the source; empty where it does not apply."""

    rule: str = ""
    condition: str = ""
    operator: str = ""

    def __str__(self) -> str:
        """One line for people."""
        named = (("rule", self.rule), ("condition", self.condition), ("operator", self.operator))
        return ", ".join(f"{kind} {name}" for kind, name in named if name) or "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that is not as it was."""

    where: Where
    parameter: str
    how: How
    why: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.how}: {self.where}{', ' + self.parameter if self.parameter else ''}: {self.why}"


@dataclass(frozen=True, slots=True)
class Notes:
    """Collects notes; :meth:`at` gives the same collection for a place further down."""

    where: Where = field(default_factory=Where)
    all: list[Note] = field(default_factory=list)

    def at(self, **place: str) -> Notes:
        """The collection, for a rule, condition or operator inside."""
        return Notes(replace(self.where, **place), self.all)

    def add(self, how: How, parameter: str, why: str) -> None:
        """Write down one thing; the same thing of the same place only once."""
        note = Note(where=self.where, parameter=parameter, how=how, why=why)
        if note not in self.all:
            self.all.append(note)

    def lost(self, parameter: str, why: str) -> None:
        """Something is not carried over."""
        self.add("lost", parameter, why)

    def changed(self, parameter: str, why: str) -> None:
        """Something is carried over and means something else."""
        self.add("changed", parameter, why)

    def decided(self, parameter: str, why: str) -> None:
        """The source leaves something open, and the import chose."""
        self.add("decided", parameter, why)


class Reader:
    """An object of the source that knows which of its parameters were read.

    Names are compared without case and underscores, for the same product writes ``hit_time``,
    ``Hit_time`` and ``hitTime``. What nobody read by :meth:`close` is listed as lost: nothing can be
    dropped silently.
    """

    def __init__(self, content: Mapping[str, Any], notes: Notes) -> None:
        self._content = {_bare(name): (name, value) for name, value in content.items()}
        self._unread = {bare: name for bare, (name, value) in self._content.items() if value is not None}
        self.notes = notes

    def __contains__(self, name: str) -> bool:
        return _bare(name) in self._unread or self.peek(name) is not None

    def peek(self, name: str) -> Any:
        """A value, which does not count as read."""
        return self._content.get(_bare(name), (name, None))[1]

    def take(self, name: str, default: Any = None) -> Any:
        """A value that is being carried over."""
        self._unread.pop(_bare(name), None)
        value = self.peek(name)
        return default if value is None else value

    def take_all(self, *names: str) -> Any:
        """The first value that is there under one of several names; all count as read."""
        values = [self.take(name) for name in names]
        return next((value for value in values if value is not None), None)

    def lost(self, name: str, why: str, *, idle: tuple[Any, ...] = ()) -> None:
        """A parameter that has no counterpart; ``idle`` values ask for nothing."""
        if name in self and self.peek(name) not in idle:
            self.notes.lost(name, why)
        self.take(name)

    def close(self) -> None:
        """List what was not read."""
        for name in self._unread.values():
            self.notes.lost(name, "not a parameter that the importer knows")
        self._unread.clear()


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


class _NoAliases(yaml.SafeDumper):
    """Writes a condition out in every rule that has it: a reader should not have to look for it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPack:
    """A pack that loads, with nothing proven."""

    name: str
    kind: Kind
    rules: tuple[dict[str, Any], ...]

    def yaml(self, source: str, notes: tuple[Note, ...]) -> str:
        """The file, with the account of the import above it."""
        content = {
            "pack": self.name,
            "version": "draft",
            "draft": True,
            "kind": self.kind,
            "rules": list(self.rules),
        }
        head = [f"Imported from {source}. A draft: what it raises is for review only."]
        head += ["Not as it was in the source:", *(f"- {note}" for note in notes)] if notes else []
        comment = "".join(f"# {line}\n" for line in (" ".join(text.split()) for text in head))
        return comment + yaml.dump(
            content, Dumper=_NoAliases, allow_unicode=True, sort_keys=False, width=_WIDTH
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The packs of one file, one a kind of rule, and what is not as it was."""

    source: str
    packs: tuple[DraftPack, ...]
    notes: tuple[Note, ...]

    def files(self) -> Iterator[tuple[DraftPack, str]]:
        """Every pack with its text."""
        return ((pack, pack.yaml(self.source, self.notes)) for pack in self.packs)


def documented(build: Callable[[], _Built | None], notes: Notes) -> _Built | None:
    """What an operator becomes; one whose values have another form than documented is listed as lost."""
    try:
        return build()
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError) as error:
        notes.lost("", f"a value has another form than documented ({type(error).__name__}: {error})")
        return None


def identifier(text: str, prefix: str, taken: set[str]) -> str:
    """A name for a rule or condition: small letters, digits and underscores, used once."""
    bare = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    name = base = f"{prefix}{bare}" if bare else f"{prefix}{len(taken) + 1}"
    number = 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def per_kind(name: str, rules: list[tuple[Kind, dict[str, Any]]]) -> tuple[DraftPack, ...]:
    """Rules as packs; a pack has one kind, so that those of another get a file of their own."""
    kinds = list(dict.fromkeys(kind for kind, _ in rules))
    return tuple(
        DraftPack(
            name=name if number == 0 else f"{name}_{kind}s",
            kind=kind,
            rules=tuple(rule for k, rule in rules if k == kind),
        )
        for number, kind in enumerate(kinds)
    )
