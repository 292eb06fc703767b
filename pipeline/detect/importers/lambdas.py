"""``a&&(b||!c)``: expressions over the ids of conditions or operators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.detect.conditions.logic import Expression, Name, Not, Several

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKEN = re.compile(r"\s*(&&?|\|\|?|!|\(|\)|[A-Za-z0-9_\-.]+)")


def read_lambda(source: str) -> Expression:
    """Read an expression.

    Raises:
        ValueError: it is none.
    """
    tokens = list(_tokens(source))
    expression, rest = _either(tokens)
    if rest:
        raise ValueError(f"{source!r}: {rest[0]!r} is not expected here")
    return expression


def _tokens(source: str) -> Iterator[str]:
    at, text = 0, source.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"{source!r} cannot be read at {text[at:]!r}")
        yield match.group(1)[:1] if match.group(1)[0] in "&|" else match.group(1)
        at = match.end()


def _either(tokens: list[str]) -> tuple[Expression, list[str]]:
    return _joined(tokens, "|", _both, lambda parts: 1)


def _both(tokens: list[str]) -> tuple[Expression, list[str]]:
    return _joined(tokens, "&", _one, len)


def _joined(
    tokens: list[str],
    mark: str,
    inner: Callable[[list[str]], tuple[Expression, list[str]]],
    needed: Callable[[list[Expression]], int],
) -> tuple[Expression, list[str]]:
    first, rest = inner(tokens)
    parts = [first]
    while rest[:1] == [mark]:
        part, rest = inner(rest[1:])
        parts.append(part)
    return (parts[0] if len(parts) == 1 else Several(needed(parts), tuple(parts))), rest


def _one(tokens: list[str]) -> tuple[Expression, list[str]]:
    match tokens:
        case ["!", *rest]:
            inner, rest = _one(rest)
            return Not(inner), rest
        case ["(", *rest]:
            inner, rest = _either(rest)
            if rest[:1] != [")"]:
                raise ValueError("a parenthesis is not closed")
            return inner, rest[1:]
        case [name, *rest] if name not in ("&", "|", ")"):
            return Name(name), rest
    raise ValueError("an id is expected")


def replaced(expression: Expression, by: Callable[[str], Expression | None]) -> Expression | None:
    """The expression with every name replaced; a part whose names are all gone is left out."""
    if isinstance(expression, Name):
        return by(expression.name)
    if isinstance(expression, Not):
        inner = replaced(expression.part, by)
        return None if inner is None else Not(inner)
    parts = tuple(part for p in expression.parts if (part := replaced(p, by)) is not None)
    if len(parts) < 2:
        return parts[0] if parts else None
    return Several(1 if expression.n == 1 else len(parts), parts)


def both(*expressions: Expression) -> Expression:
    """All of them."""
    return expressions[0] if len(expressions) == 1 else Several(len(expressions), expressions)


def conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """What must all hold."""
    if isinstance(expression, Several) and expression.n == len(expression.parts):
        return tuple(inner for part in expression.parts for inner in conjuncts(part))
    return (expression,)


def written(expression: Expression) -> str:
    """The expression as ``raise_when`` writes it."""
    if isinstance(expression, Name):
        return expression.name
    if isinstance(expression, Not):
        return f"not {_inner(expression.part)}"
    word = " and " if expression.n == len(expression.parts) else " or "
    return word.join(_inner(part) for part in expression.parts)


def _inner(expression: Expression) -> str:
    text = written(expression)
    return f"({text})" if isinstance(expression, Several) else text
