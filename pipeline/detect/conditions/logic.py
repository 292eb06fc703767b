"""Expressions over conditions: ``asked and not (told or named)``, ``2 of (a, b, c)``.

Values are true, false or not known, joined as in Kleene's logic: what is not known leaves the whole
unknown only where it could still change it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import RulePackError

if TYPE_CHECKING:
    from collections.abc import Iterator

Truth = bool | None


class Truths(Protocol):
    """What each condition comes down to; asked for one after the other, and no further than needed."""

    def __getitem__(self, name: str, /) -> Truth:
        """Whether a condition holds."""
        ...


_TOKEN = re.compile(r"\s*(?:(\d+)\s+of\b|([a-z_][a-z0-9_]*)|([(),]))")
_WORDS = frozenset({"and", "or", "not", "of"})


@dataclass(frozen=True, slots=True)
class Name:
    """A condition."""

    name: str

    def value(self, truths: Truths) -> Truth:
        """What the condition answered."""
        return truths[self.name]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Expression

    def value(self, truths: Truths) -> Truth:
        """True for false and false for true; what is not known stays so."""
        inner = self.part.value(truths)
        return None if inner is None else not inner


@dataclass(frozen=True, slots=True)
class Several:
    """At least ``n`` of the parts; all of them for ``and``, one for ``or``."""

    n: int
    parts: tuple[Expression, ...]

    def value(self, truths: Truths) -> Truth:
        """True when enough hold, false when enough no longer can."""
        hold, fail = 0, 0
        for part in self.parts:
            value = part.value(truths)
            hold, fail = hold + (value is True), fail + (value is False)
            if hold >= self.n:
                return True
            if len(self.parts) - fail < self.n:
                return False
        return None


Expression = Name | Not | Several


def parse(source: str) -> Expression:
    """Read an expression.

    Raises:
        RulePackError: it is none; the message says where it stops making sense.
    """
    reader = _Reader(source)
    found = reader.either()
    if reader.token is not None:
        raise RulePackError(f"{source!r}: {reader.token!r} is not expected here")
    return found


def names(expression: Expression, *, positive: bool = True) -> Iterator[str]:
    """The conditions that speak for the expression (``positive``), or against it, in order."""
    if isinstance(expression, Name):
        if positive:
            yield expression.name
    elif isinstance(expression, Not):
        yield from names(expression.part, positive=not positive)
    else:
        for part in expression.parts:
            yield from names(part, positive=positive)


def every_name(expression: Expression) -> tuple[str, ...]:
    """All conditions that are named, each once."""
    found = (*names(expression), *names(expression, positive=False))
    return tuple(dict.fromkeys(found))


class _Reader:
    """Recursive descent, one token ahead."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = self._cut()
        self.token = next(self._tokens, None)

    def _cut(self) -> Iterator[str]:
        at = 0
        text = self._source.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise RulePackError(f"{self._source!r}: cannot read {text[at:].strip()!r}")
            count, name, mark = match.groups()
            yield f"{count} of" if count else name or mark
            at = match.end()

    def _take(self) -> str | None:
        token, self.token = self.token, next(self._tokens, None)
        return token

    def _expect(self, wanted: str) -> None:
        found = self._take()
        if found != wanted:
            raise RulePackError(f"{self._source!r}: expected {wanted!r}, found {found or 'the end'!r}")

    def either(self) -> Expression:
        """``a or b or …``."""
        parts = [self._both()]
        while self.token == "or":
            self._take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Several(1, tuple(parts))

    def _both(self) -> Expression:
        parts = [self._one()]
        while self.token == "and":
            self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Several(len(parts), tuple(parts))

    def _one(self) -> Expression:
        token = self._take()
        if token == "not":
            return Not(self._one())
        if token == "(":
            inner = self.either()
            self._expect(")")
            return inner
        if token is not None and token.endswith(" of"):
            return self._some(int(token.split()[0]))
        if token is None or token in _WORDS or not token[0].isalpha():
            raise RulePackError(f"{self._source!r}: expected a condition, found {token or 'the end'!r}")
        return Name(token)

    def _some(self, n: int) -> Several:
        self._expect("(")
        parts = [self.either()]
        while self.token == ",":
            self._take()
            parts.append(self.either())
        self._expect(")")
        if not 1 <= n <= len(parts):
            raise RulePackError(f"{self._source!r}: {n} of {len(parts)} can never be")
        return Several(n, tuple(parts))
