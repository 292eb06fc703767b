"""How it is told why a rule was raised or not: steps, each with its answer and its words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline.detect.schema import Comparison
from pipeline.detect.view import test_fields
from pipeline.metadata import PERSONAL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.detect.conditions.outcome import Outcome, Place
    from pipeline.detect.schema import FieldTest
    from pipeline.detect.view import CallView
    from pipeline.types import Role

_MOST_QUOTES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """Words of a turn; ``turn`` is :attr:`pipeline.types.Turn.index`."""

    turn: int
    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was asked.

    Attributes:
        label: what was asked, as the pack calls it.
        holds: whether the rule got what it asks for here; ``None`` when that is not known.
        source: the pattern or expression, as the pack has it.
        detail: what was found or measured.
        quotes: the words that answer it.
        decisive: whether the rule failed here first.
        steps: what it consists of.
    """

    label: str
    holds: bool | None
    source: str = ""
    detail: str = ""
    quotes: tuple[Quoted, ...] = ()
    decisive: bool = False
    steps: tuple[Step, ...] = ()


def quotes(view: CallView, places: Iterable[Place]) -> tuple[Quoted, ...]:
    """The words at the first places; an empty stretch stands for the whole turn."""
    return tuple(_quoted(view, place) for place in islice(places, _MOST_QUOTES))


def _quoted(view: CallView, place: Place) -> Quoted:
    turn = view.turns[place.turn]
    text = turn.text[place.start : place.end] if place.end else turn.text
    return Quoted(turn=turn.index, role=turn.role, text=text)


def step_of(label: str, outcome: Outcome, view: CallView, detail: str = "") -> Step:
    """A step that an outcome answers."""
    told = "; ".join(part for part in (detail, outcome.note) if part)
    return Step(label=label, holds=outcome.holds, detail=told, quotes=quotes(view, outcome.places))


def field_steps(tests: Mapping[str, FieldTest], fields: Mapping[str, Any]) -> Iterator[Step]:
    """The tests of ``when``, one a step."""
    for name, wanted in tests.items():
        verdict = test_fields({name: wanted}, fields)
        value = fields.get(name)
        shown = "given" if value is not None and name in PERSONAL_FIELDS else value
        known = "is not known" if value is None else f"is {shown}"
        yield Step(
            label=f"when {name}",
            holds=None if verdict.unknown else verdict.holds,
            detail=f"{known}, wanted {_wanted(wanted)}",
        )


def marked(steps: Iterable[Step], holds: bool | None) -> tuple[Step, ...]:
    """Steps of what does not hold with the first marked that failed, else the first that is not known."""
    steps = tuple(steps)
    for failed in (False, None) if holds is not True else ():
        for number, step in enumerate(steps):
            if step.holds is failed:
                return (*steps[:number], replace(step, decisive=True), *steps[number + 1 :])
    return steps


def _wanted(test: FieldTest) -> str:
    if isinstance(test, Comparison):
        return ", ".join(f"{key} {bound}" for key, bound in test if bound is not None)
    if isinstance(test, tuple):
        return " or ".join("nothing" if value is None else str(value) for value in test)
    return "nothing" if test is None else str(test)
