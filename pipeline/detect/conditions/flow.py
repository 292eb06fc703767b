"""Steps that must come in order, with branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.schema.conditions import Branch, Either, Flow, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.detect.conditions.outcome import Outcome, Place
    from pipeline.detect.schema.conditions import FlowStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A step that is not where it should be.

    Attributes:
        step: the condition's name, or the names of alternatives.
        place: the stretch that came too early; ``None`` for a step that is missing.
    """

    step: str
    place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How a call went through a flow.

    Attributes:
        faults: what went wrong, in order of the steps.
        missing: what would have to be known to tell.
    """

    faults: tuple[Fault, ...] = ()
    missing: str | None = None


def conditions_of(flow: Flow) -> tuple[str, ...]:
    """Every condition that a flow names, each once."""
    return tuple(dict.fromkeys(_named(flow.steps)))


def walk(flow: Flow, outcomes: Mapping[str, Outcome]) -> Walk:
    """Follow a flow; each step is looked for behind the step before it."""
    faults: list[Fault] = []
    at: Place | None = None
    for names, needed in _taken(flow.steps, outcomes):
        unknown = next((outcomes[n].missing for n in names if outcomes[n].holds is None), None)
        places = sorted(place for n in names for place in outcomes[n].places)
        later = next((place for place in places if _is_behind(place, at)), None)
        if later is not None:
            at = later
        elif not places and any(outcomes[n].holds for n in names):
            continue  # true of the call as a whole, at no place in particular
        elif places:
            if "order" in flow.faults:
                faults.append(Fault(step=" / ".join(names), place=places[0]))
        elif unknown is not None:
            return Walk(missing=unknown)
        elif needed and "missing" in flow.faults:
            faults.append(Fault(step=" / ".join(names), place=None))
    return Walk(faults=tuple(faults))


def _is_behind(place: Place, at: Place | None) -> bool:
    """Whether a step comes after the last one; where it is a whole turn, in the same turn or later."""
    return at is None or place > at or (not place.end and place.turn == at.turn)


def _taken(
    steps: tuple[FlowStep, ...], outcomes: Mapping[str, Outcome]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The steps of this call: names of the conditions that make each, and whether it is needed."""
    for step in steps:
        if isinstance(step, str):
            yield (step,), True
        elif isinstance(step, Optional):
            yield (step.optional,), False
        elif isinstance(step, Either):
            yield step.either, True
        elif outcomes[step.condition].holds is None:
            yield (step.condition,), False  # nobody knows which way it goes from here
        else:
            branch = step.then if outcomes[step.condition].holds else step.otherwise
            yield from _taken(branch, outcomes)


def _named(steps: tuple[FlowStep, ...]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, str):
            yield step
        elif isinstance(step, Optional):
            yield step.optional
        elif isinstance(step, Either):
            yield from step.either
        elif isinstance(step, Branch):
            yield step.condition
            yield from _named(step.then)
            yield from _named(step.otherwise)
