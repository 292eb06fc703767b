"""Who is really saying it: clauses, sentences, and the contexts that spare a hit.

«我们不会去您单位», «您说之前有人威胁您» and «如果有人冒充法院，请报警» hold the words of a threat
and are none. What negation, reported speech and warnings look like stands in
``configs/rules/contexts.yaml``; here is only where to look for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.patterns import Patterns, compile_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.detect.schema import Context
    from pipeline.detect.turn_text import TurnText

_SENTENCE_END = re.compile(r"[。！？!?；;]+")
_CLAUSE_END = re.compile(r"[。！？!?；;，,、：:]+")


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets in a text, half-open."""

    start: int
    end: int


def sentence_at(text: str, start: int, end: int) -> Span:
    """The sentence (or sentences) around ``text[start:end]``."""
    return _unit(_SENTENCE_END, text, start, end)


def clause_at(text: str, start: int, end: int) -> Span:
    """The clause (or clauses) around ``text[start:end]``."""
    return _unit(_CLAUSE_END, text, start, end)


def _unit(boundary: re.Pattern[str], text: str, start: int, end: int) -> Span:
    left = 0
    right = len(text)
    for mark in boundary.finditer(text):
        if mark.end() <= start:
            left = mark.end()
        elif mark.end() >= end:
            right = mark.end()
            break
    return Span(left, right)


@dataclass(frozen=True, slots=True)
class CompiledContext:
    """A context ready for matching; ``name`` is that in ``contexts.yaml``."""

    name: str
    scope: str
    text: Patterns
    ignore: Patterns
    near: int | None

    def spares(self, line: TurnText, start: int, end: int) -> bool:
        """Whether the hit at ``start:end`` of a turn stands in this context."""
        return next(self.seen(line, start, end), None) is not None

    def seen(self, line: TurnText, start: int, end: int) -> Iterator[Span]:
        """What makes it the context of the hit at ``start:end`` of a turn."""
        if not line.may_say(self.text):
            return
        span = self._where(line.text, start, end)
        stretch = line.text[span.start : span.end]
        for pattern in self.ignore.heard if line.heard else self.ignore:
            stretch = pattern.regex(line.fields).sub(lambda m: "〼" * len(m.group()), stretch)
        for found_start, found_end in line.spans_in(self.text, stretch):
            if self.near is None or len(stretch) - found_end <= self.near:
                yield Span(span.start + found_start, span.start + found_end)

    def _where(self, folded: str, start: int, end: int) -> Span:
        if self.scope == "turn":
            return Span(0, len(folded))
        if self.scope == "sentence":
            return sentence_at(folded, start, end)
        clause = clause_at(folded, start, end)
        if self.scope == "before":
            return Span(clause.start, start)
        if self.scope == "behind":
            return Span(end, clause.end)
        return clause


def compile_contexts(
    contexts: Mapping[str, tuple[Context, ...]], words: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[CompiledContext, ...]]:
    """Compile the contexts of ``contexts.yaml``."""
    return {
        name: tuple(
            CompiledContext(
                name=name,
                scope=part.scope,
                text=compile_all(part.text, words),
                ignore=compile_all(part.ignore, words),
                near=part.near,
            )
            for part in parts
        )
        for name, parts in contexts.items()
    }
