"""One condition: its scope, its anchor and its operators, put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.detect.conditions import across, ask, data, extent, likeness, loudness, meaning, sound, text
from pipeline.detect.conditions.outcome import NO, Outcome, Place, no, unknown, yes
from pipeline.detect.conditions.scope import scope_of
from pipeline.errors import RulePackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipeline.detect.conditions.operators import (
        CallBuilder,
        CallOperator,
        Toolbox,
        TurnBuilder,
        TurnOperator,
    )
    from pipeline.detect.patterns import Pattern
    from pipeline.detect.schema.conditions import Condition
    from pipeline.detect.schema.parts import Range
    from pipeline.detect.view import CallView

_Operator = TypeVar("_Operator")

TURN_OPERATORS: Mapping[str, TurnBuilder] = {
    **text.TURN_OPERATORS,
    **likeness.TURN_OPERATORS,
    **sound.TURN_OPERATORS,
    **extent.TURN_OPERATORS,
    **loudness.TURN_OPERATORS,
    **meaning.TURN_OPERATORS,
    "any": lambda value, condition, tools: Nested.of("any", value, tools),
    "each": lambda value, condition, tools: Nested.of("each", value, tools),
    "none": lambda value, condition, tools: Nested.of("none", value, tools),
    **ask.TURN_OPERATORS,  # the dearest is asked last, of turns that satisfy all others
}
CALL_OPERATORS: Mapping[str, CallBuilder] = {
    **text.CALL_OPERATORS,
    **sound.CALL_OPERATORS,
    **extent.CALL_OPERATORS,
    **loudness.CALL_OPERATORS,
    **meaning.CALL_OPERATORS,
    **data.CALL_OPERATORS,
    **across.CALL_OPERATORS,
}


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition ready for calls.

    Attributes:
        anchor: how and to which condition it is anchored.
        asks: whether it asks a language model.
    """

    name: str
    condition: Condition
    says: str
    anchor: tuple[str, str] | None
    asks: bool
    turn_operators: tuple[tuple[str, TurnOperator], ...]
    call_operators: tuple[tuple[str, CallOperator], ...]

    @classmethod
    def of(cls, name: str, condition: Condition, says: str, tools: Toolbox) -> CompiledCondition:
        """Compile a condition.

        Args:
            name: its name in the rule.
            condition: what the pack says.
            says: whose turns, where the condition does not say.
            tools: word lists and contexts.

        Raises:
            RulePackError: a pattern or a name in it is wrong.
        """
        return cls(
            name=name,
            condition=condition,
            says=condition.says or says,
            anchor=condition.anchor,
            asks=condition.asks,
            turn_operators=tuple(_built(TURN_OPERATORS, condition, tools)),
            call_operators=tuple(_built(CALL_OPERATORS, condition, tools)),
        )

    @property
    def searched(self) -> Iterator[Pattern]:
        """Every pattern of a ``text``, for the scanner."""
        for _, operator in self.turn_operators:
            if isinstance(operator, text.AnyOf):
                yield from operator.patterns

    def evaluate(self, view: CallView, others: Mapping[str, Outcome]) -> Outcome:
        """The answer for a call; ``others`` holds the answer of the condition it is anchored to."""
        if self.anchor is None:
            return self._look(view, None)
        anchored = others[self.anchor[1]]
        if anchored.holds is None:
            return anchored
        if not anchored.holds:
            return NO
        if not anchored.places:
            return self._look(view, None)
        hit = self.condition.hit
        found = [self._look(view, (place,)) for place in _chosen(anchored.places, hit)]
        return _all_of(found) if hit == "every" else _any_of(found)

    def _look(self, view: CallView, anchor: tuple[Place, ...] | None) -> Outcome:
        scope = scope_of(self.condition, self.says, view, anchor)
        if scope.missing:
            return unknown(scope.missing)
        answers = [operator.of(view, scope.positions) for _, operator in self.call_operators]
        failed = next((answer for answer in answers if answer.holds is False), None)
        if failed is not None:
            return failed
        # With nothing to look for, a condition asks whether there is such a turn at all.
        if self.turn_operators or self.condition.count or not answers:
            operators = tuple(operator for _, operator in self.turn_operators)
            turns = [_in_turn(operators, view, position) for position in scope.positions]
            answers.insert(0, self._over(turns))
        return _all_of(answers)

    def _over(self, turns: Sequence[Outcome]) -> Outcome:
        """One answer for the turns of the scope."""
        if self.condition.count:
            return _so_many(self.condition.count, turns)
        return _all_of(turns) if self.condition.every else _any_of(turns)


def _in_turn(operators: Iterable[TurnOperator], view: CallView, position: int) -> Outcome:
    """Whether a turn satisfies all operators; where none names a place it is the whole turn."""
    answers: list[Outcome] = []
    for operator in operators:
        answer = operator.at(view, position)
        if answer.holds is False:
            return answer
        answers.append(answer)
    if not answers:
        return yes(Place(position))
    joined = _all_of(answers)
    return joined if joined.places or not joined.holds else replace(joined, places=(Place(position),))


@dataclass(frozen=True, slots=True)
class Nested:
    """``any``, ``each``, ``none``: several conditions asked of the same turn."""

    wanted: str
    parts: tuple[tuple[TurnOperator, ...], ...]

    @classmethod
    def of(cls, wanted: str, conditions: tuple[Condition, ...], tools: Toolbox) -> Nested:
        """Compile the inner conditions.

        Raises:
            RulePackError: one of them is about the call as a whole.
        """
        for inner in conditions:
            if key := next((key for key, _ in _built(CALL_OPERATORS, inner, tools)), None):
                raise RulePackError(f"{wanted}: {key} is about the call, not about a turn")
        return cls(wanted, tuple(tuple(o for _, o in _built(TURN_OPERATORS, c, tools)) for c in conditions))

    def at(self, view: CallView, position: int) -> Outcome:
        """The places of what was found; ``none`` has none to show."""
        answers = [_in_turn(operators, view, position) for operators in self.parts]
        if self.wanted == "each":
            return _all_of(answers)
        found = _any_of(answers)
        if self.wanted == "any" or found.holds is None:
            return found
        return no(found.note) if found.holds else yes(note=found.note)


def _built(
    table: Mapping[str, Callable[[Any, Condition, Toolbox], _Operator | None]],
    condition: Condition,
    tools: Toolbox,
) -> Iterator[tuple[str, _Operator]]:
    """The operators that a condition gives, by key."""
    for key, build in table.items():
        value = getattr(condition, key)
        if key in condition.model_fields_set and value not in (None, (), {}):
            operator = build(value, condition, tools)
            if operator is not None:
                yield key, operator


def _chosen(places: Sequence[Place], hit: int | str) -> Sequence[Place]:
    """The places of an anchor that count."""
    if hit == "first":
        return places[:1]
    if hit == "last":
        return places[-1:]
    if isinstance(hit, int):
        return places[hit - 1 : hit]
    return places


def _any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """One that holds is enough; the places are those of all that do."""
    outcomes = tuple(outcomes)
    held = [o for o in outcomes if o.holds]
    if held:
        places = tuple(sorted({place for o in held for place in o.places}))
        return Outcome(holds=True, places=places, sure=max(o.sure for o in held), note=_notes(held))
    return next((o for o in outcomes if o.holds is None), Outcome(holds=False, note=_notes(outcomes)))


def _so_many(wanted: Range, turns: Sequence[Outcome]) -> Outcome:
    """Whether so many turns hold; where some are not known, whatever they are must lead to the same."""
    held = [turn for turn in turns if turn.holds]
    open_ones = [turn for turn in turns if turn.holds is None]
    truths = {wanted.holds(n) for n in range(len(held), len(held) + len(open_ones) + 1)}
    if len(truths) > 1:
        return open_ones[0]
    note = f"{len(held)} turns"
    if not truths.pop():
        return no(note)
    places = tuple(sorted({place for turn in held for place in turn.places}))
    return yes(*places, sure=min((turn.sure for turn in held), default=1.0), note=note)


def _all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """All must hold; the places are those of the first that has some."""
    outcomes = tuple(outcomes)
    if len(outcomes) == 1:
        return outcomes[0]
    for answer in (False, None):
        for outcome in outcomes:
            if outcome.holds is answer:
                return outcome
    places = next((o.places for o in outcomes if o.places), ())
    sure = min((o.sure for o in outcomes), default=1.0)
    return Outcome(holds=bool(outcomes), places=places, sure=sure, note=_notes(outcomes))


def _notes(outcomes: Iterable[Outcome]) -> str:
    return "; ".join(dict.fromkeys(o.note for o in outcomes if o.note))
