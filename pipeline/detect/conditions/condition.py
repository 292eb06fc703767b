"""One condition: its scope, its anchor and its operators, put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.detect.conditions import across, ask, data, meaning, sound, text
from pipeline.detect.conditions.outcome import NO, Outcome, Place, unknown, yes
from pipeline.detect.conditions.scope import scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipeline.detect.conditions.operators import (
        CallBuilder,
        CallOperator,
        Toolbox,
        TurnBuilder,
        TurnOperator,
    )
    from pipeline.detect.schema.conditions import Condition
    from pipeline.detect.view import CallView

_Operator = TypeVar("_Operator")

TURN_OPERATORS: Mapping[str, TurnBuilder] = {
    **text.TURN_OPERATORS,
    **sound.TURN_OPERATORS,
    **meaning.TURN_OPERATORS,
    **ask.TURN_OPERATORS,
}
CALL_OPERATORS: Mapping[str, CallBuilder] = {
    **text.CALL_OPERATORS,
    **sound.CALL_OPERATORS,
    **meaning.CALL_OPERATORS,
    **data.CALL_OPERATORS,
    **across.CALL_OPERATORS,
}


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition ready for calls."""

    name: str
    condition: Condition
    says: str
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
            turn_operators=tuple(_built(TURN_OPERATORS, condition, tools)),
            call_operators=tuple(_built(CALL_OPERATORS, condition, tools)),
        )

    def evaluate(self, view: CallView, others: Mapping[str, Outcome]) -> Outcome:
        """The answer for a call; ``others`` holds the answer of the condition it is anchored to."""
        anchor = self.condition.anchor
        if anchor is None:
            return self._look(view, None)
        anchored = others[anchor[1]]
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
        # With nothing to look for, a condition asks whether there is such a turn at all.
        if self.turn_operators or not answers:
            turns = [self._turn(view, position) for position in scope.positions]
            answers.insert(0, _all_of(turns) if self.condition.every else _any_of(turns))
        return _all_of(answers)

    def _turn(self, view: CallView, position: int) -> Outcome:
        answers: list[Outcome] = []
        for _, operator in self.turn_operators:
            answer = operator.at(view, position)
            if answer.holds is False:
                return answer
            answers.append(answer)
        joined = _all_of(answers) if answers else yes()
        return joined if joined.places or not joined.holds else replace(joined, places=(Place(position),))


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


def _all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """All must hold; the places are those of the first that has some."""
    outcomes = tuple(outcomes)
    for answer in (False, None):
        for outcome in outcomes:
            if outcome.holds is answer:
                return outcome
    places = next((o.places for o in outcomes if o.places), ())
    sure = min((o.sure for o in outcomes), default=1.0)
    return Outcome(holds=bool(outcomes), places=places, sure=sure, note=_notes(outcomes))


def _notes(outcomes: Iterable[Outcome]) -> str:
    return "; ".join(dict.fromkeys(o.note for o in outcomes if o.note))
