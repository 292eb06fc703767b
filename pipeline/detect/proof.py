"""Rules that prove themselves: the examples inside a pack, run through the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.detect.facts import Facts
from pipeline.detect.past import history_of
from pipeline.detect.schema import Line
from pipeline.detect.view import CallView
from pipeline.errors import RulePackError
from pipeline.kept import NOTHING_KEPT, key_of
from pipeline.metadata import CallMetadata
from pipeline.types import Call, Transcript, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.detect.rulebook import CompiledRule, RuleBook
    from pipeline.detect.schema import Example, Kind


FEWEST = 6
"""Examples that must hit a rule, and that must not, at the least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An example that does not do what it promises."""

    rule: str
    kind: str
    example: str
    expected: bool

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.rule}: {'must hit' if self.expected else 'must not hit'}: {self.example}"


def prove(book: RuleBook) -> tuple[Failure, ...]:
    """Run every example of every rule; what is returned failed."""
    return tuple(failure for compiled in book.rules for failure in _prove_rule(compiled, book))


def too_few(book: RuleBook) -> tuple[Failure, ...]:
    """Rules with fewer examples than :data:`FEWEST` of a kind; drafts may have fewer."""
    return tuple(
        Failure(
            rule=compiled.rule.rule,
            kind=compiled.kind,
            example=f"{len(group)} examples, {FEWEST} are the least",
            expected=expected,
        )
        for compiled in book.rules
        if not compiled.draft
        for expected, group in (
            (True, compiled.rule.examples.must_hit),
            (False, compiled.rule.examples.must_not_hit),
        )
        if len(group) < FEWEST
    )


def require_proof(book: RuleBook, basis: str = "") -> RuleBook:
    """The book itself, proven.

    Args:
        book: the rules.
        basis: digest of what else decides whether examples hold, this program's sources aside. Where it is
            given and the same book was proven with it before (``book.kept``), that is enough.

    Raises:
        RulePackError: a rule has too few examples, or one fails; the message lists them all.
    """
    kept, key = book.kept if basis else NOTHING_KEPT, key_of(book.sha256, basis)
    if kept.read("proven", key) is not None:
        return book
    failures = (*too_few(book), *prove(book))
    if failures:
        raise RulePackError("\n".join(["examples of the rule packs fail:", *map(str, failures)]))
    kept.write("proven", key, b"")
    return book


def _prove_rule(compiled: CompiledRule, book: RuleBook) -> Iterator[Failure]:
    examples = compiled.rule.examples
    for expected, group in ((True, examples.must_hit), (False, examples.must_not_hit)):
        for example in group:
            if _raises(compiled, example, book) != expected:
                shown = example.what or example.text or " / ".join(line.text for line in example.dialogue)
                yield Failure(rule=compiled.rule.rule, kind=compiled.kind, example=shown, expected=expected)


def _raises(compiled: CompiledRule, example: Example, book: RuleBook) -> bool:
    view, place = view_of(compiled.rule.says, example)
    if any(condition.act or condition.event for condition in compiled.rule.conditions.values()):
        view = _with_said(view, book)
    return any(
        raised.missing is None
        and (place is None or raised.position in (place, None))
        and example.severity in (None, raised.severity or compiled.rule.severity)
        for raised in compiled.find(view)
    )


def _with_said(view: CallView, book: RuleBook) -> CallView:
    """The call with the acts and events that the rules of the book find in it."""
    shown: dict[Kind, dict[int, frozenset[str]]] = {"act": {}, "event": {}}
    for kind, found in shown.items():
        for compiled in book.of_kind(kind):
            for raised in compiled.find(view):
                if raised.position is not None and raised.missing is None:
                    turn = view.turns[raised.position].index
                    found[turn] = found.get(turn, frozenset()) | {compiled.rule.rule}
    return replace(view, facts=replace(view.facts, acts=shown["act"], events=shown["event"]))


def view_of(says: str, example: Example) -> tuple[CallView, int | None]:
    """An example as a call, and the position of its line; ``None`` for a whole dialogue."""
    lines = [*(example.dialogue or example.before)]
    place = None
    if example.text is not None:
        place = len(lines)
        lines.append(Line.model_validate({"customer" if says == "customer" else "agent": example.text}))
        lines.extend(example.then)
    turns = tuple(_turn(index, line) for index, line in enumerate(lines))
    call = Call(call_id="example", metadata=CallMetadata.model_validate(example.metadata))
    facts = Facts(
        duration_ms=None if example.duration is None else round(example.duration * 1000),
        one_sided=example.one_sided,
        history=history_of(example, call.metadata),
        tones={index: line.tone for index, line in enumerate(lines) if line.tone} or None,
    )
    return CallView.of(call, Transcript(turns=turns), facts), place


def _turn(index: int, line: Line) -> Turn:
    start, end = (round(second * 1000) for second in line.at) if line.at else (None, None)
    return Turn(
        index=index,
        role=line.role,
        role_confidence=1.0,
        text=line.text,
        start_ms=start,
        end_ms=end,
        level_db=line.level,
    )
