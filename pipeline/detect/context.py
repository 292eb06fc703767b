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

TURNING = "turning"
"""The word list of ``words.yaml`` that says where passages end."""

_CUT = ("sentence", "passage")
"""Scopes that end where the speaker changes course."""

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


def passage_at(line: TurnText, turnings: Patterns, start: int, end: int) -> Span:
    """The part of the turn around ``text[start:end]`` in which the speaker does not change course.

    Who asks for pardon, says «不过» and goes on to threaten has not taken the threat back: what stands before
    a contrast or a condition does not bear on what stands behind it.
    """
    begins = line.begins(turnings) if line.may_say(turnings) else ()
    return Span(
        max((at for at in begins if at <= start), default=0),
        min((at for at in begins if at >= end), default=len(line.text)),
    )


def turnings_of(words: Mapping[str, tuple[str, ...]]) -> Patterns:
    """The word list of what ends a passage; without one a passage is the turn."""
    return compile_all(words.get(TURNING, ()), words)


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
    turnings: Patterns

    def spares(self, line: TurnText, start: int, end: int) -> bool:
        """Whether the hit at ``start:end`` of a turn stands in this context."""
        return next(self.seen(line, start, end), None) is not None

    def seen(self, line: TurnText, start: int, end: int) -> Iterator[Span]:
        """What makes it the context of the hit at ``start:end`` of a turn."""
        if not line.may_say(self.text):
            return
        span = self._where(line, start, end)
        stretch = line.text[span.start : span.end]
        for pattern in self.ignore.heard if line.heard else self.ignore:
            stretch = pattern.regex(line.fields).sub(lambda m: "〼" * len(m.group()), stretch)
        for found_start, found_end in line.spans_in(self.text, stretch):
            if self.near is None or len(stretch) - found_end <= self.near:
                yield Span(span.start + found_start, span.start + found_end)

    def _where(self, line: TurnText, start: int, end: int) -> Span:
        folded = line.text
        if self.scope == "turn":
            return Span(0, len(folded))
        if self.scope == "passage":
            return passage_at(line, self.turnings, start, end)
        if self.scope == "sentence":
            sentence, passage = sentence_at(folded, start, end), passage_at(line, self.turnings, start, end)
            return Span(max(sentence.start, passage.start), min(sentence.end, passage.end))
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
    turnings = turnings_of(words)
    return {
        name: tuple(
            CompiledContext(
                name=name,
                scope=part.scope,
                text=compile_all(part.text, words),
                ignore=compile_all(part.ignore, words),
                near=part.near,
                turnings=turnings if part.scope in _CUT else Patterns(),
            )
            for part in parts
        )
        for name, parts in contexts.items()
    }
