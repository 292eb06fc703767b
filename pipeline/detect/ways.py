"""Every way in which a rule can be raised, followed step by step through one call.

What decides is asked of the same methods that find: a hit's demands, a check's questions, the
outcomes of conditions. Nothing is matched here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.detect.amounts import AmountCheck
from pipeline.detect.checks import OrderCheck
from pipeline.detect.conditions.conditional import FlowCheck, WhenCheck
from pipeline.detect.conditions.flow import conditions_of, walk
from pipeline.detect.conditions.logic import every_name, names
from pipeline.detect.conditions.outcome import Place
from pipeline.detect.demands import FirstTurns, met, places
from pipeline.detect.match import longest_first
from pipeline.detect.steps import Step, field_steps, marked, quotes, step_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pipeline.detect.conditions.conditional import ConditionSet, Given
    from pipeline.detect.conditions.logic import Expression
    from pipeline.detect.conditions.outcome import Outcome
    from pipeline.detect.demands import Demand
    from pipeline.detect.match import CompiledHit
    from pipeline.detect.raised import Raised
    from pipeline.detect.rulebook import Check, CompiledRule
    from pipeline.detect.schema import FieldTest
    from pipeline.detect.view import CallView

NOTHING = "nothing found"
"""What is told of words that were looked for and are not there."""

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_TRUTH = {True: "yes", False: "no", None: "not known"}
_TOLD = {
    "needs_turns": {True: "the speaker has turns enough", False: "the speaker has too few turns"},
    "opening": {True: "the transcript begins as a call does", False: "the transcript begins later"},
    "text": {True: "said nowhere", False: "said after all"},
    "unless_said": {True: NOTHING, False: "makes it needless"},
}
"""What an answer to a check's questions means."""


def ways(compiled: CompiledRule, view: CallView) -> Iterator[Step]:
    """Every hit and check of a rule; a hit of which no word is said is one line."""
    for number, (hit, given) in enumerate(zip(compiled.hits, compiled.given, strict=True), start=1):
        label, source = f"hit {number}", " | ".join(hit.hit.text)
        turns = tuple(_turns(hit, given, view))
        if turns:
            yield Step(label=label, holds=_best(step.holds for step in turns), source=source, steps=turns)
        else:
            others = tuple(places(view, hit.text))
            note = f"not said by {_whom(hit.says)}" + (", but by somebody else" if others else "")
            said = quotes(view, others)
            yield Step(label=label, holds=False, source=source, detail=note, quotes=said)
    for check in compiled.checks:
        yield _check(check, view)


def _whom(says: str) -> str:
    return "anyone" if says == "anyone" else f"the {says}"


def _turns(hit: CompiledHit, given: Given | None, view: CallView) -> Iterator[Step]:
    """The turns that have the words, with all that the hit demands besides; like answers told once."""
    found = hit.find(view)
    raised = {r.position: r for r in (given.limit(view, found) if given else found)}
    for position, spans in view.spans(hit.text, hit.says).items():
        holds = _holds(raised.get(position))
        alike: defaultdict[tuple[Step, ...], list[Place]] = defaultdict(list)
        for start, end in _tried(hit, view, position, spans):
            steps = [_demand(demand, view, position, start, end) for demand in hit.demands]
            steps += field_steps(hit.hit.when, view.fields)
            steps += [_given(hit.hit.given or "", given, view)] if given else []
            alike[marked(steps, holds)].append(Place(position, start, end))
        for answers, found_at in alike.items():
            yield Step(label="text", holds=holds, quotes=quotes(view, found_at), steps=answers)


def _tried(
    hit: CompiledHit, view: CallView, position: int, spans: Collection[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The stretch that counts; where none does, those that lie in no longer one."""
    ordered = list(longest_first(spans))
    counting = next((span for span in ordered if hit.counts(view, position, *span)), None)
    if counting is not None:
        return [counting]
    return [s for s in ordered if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in ordered)]


def _demand(demand: Demand, view: CallView, position: int, start: int, end: int) -> Step:
    holds = met(demand, view, position, start, end)
    if isinstance(demand, FirstTurns):
        return Step(label=demand.label, holds=holds, detail=f"turn {view.rank[position] + 1} of the speaker")
    seen = sorted(set(demand.seen(view, position, start, end)))
    detail = "" if seen else NOTHING
    return Step(label=demand.label, holds=holds, detail=detail, quotes=quotes(view, seen))


def _given(source: str, given: Given, view: CallView) -> Step:
    outcomes = given.conditions.evaluate(view, given.expression)
    return _expression("given", source, given.expression, outcomes, given.conditions, view)


def _check(check: Check, view: CallView) -> Step:
    raised = tuple(check.find(view))
    holds = _best(map(_holds, raised))
    if isinstance(check, WhenCheck):
        return _raise_when(check, holds, view)
    if isinstance(check, FlowCheck):
        return _flow(check, holds, view)
    if isinstance(check, AmountCheck):
        return _amounts(check, holds, view)
    if isinstance(check, OrderCheck):
        asked = _asked(check.asked(view), check.rule.when, view)
        ordered = (*asked, *_stretches(check, raised, view))
        return Step(label="order", holds=holds, steps=marked(ordered, holds))
    steps = _asked(check.asked(view), check.rule.when, view)
    return Step(label="absent", holds=holds, steps=marked(steps, holds))


def _asked(
    asked: Iterable[tuple[str, Outcome]], when: Mapping[str, FieldTest], view: CallView
) -> Iterator[Step]:
    """What a check asks; ``when`` field by field."""
    for label, outcome in asked:
        if label == "when":
            yield from field_steps(when, view.fields)
        else:
            told = _TOLD.get(label, {}).get(outcome.holds is True, "")
            yield step_of(label, outcome, view, told)


def _stretches(check: OrderCheck, raised: tuple[Raised, ...], view: CallView) -> Iterator[Step]:
    stretches = tuple(check.said(view))
    if not stretches:
        yield Step(label="then", holds=False, detail=f"not said by {_whom(check.rule.says)}")
    broken = {(r.position, r.start, r.end) for r in raised}
    for place in stretches:
        before = tuple(check.happened(view, place.turn))
        first = Step(
            label="first",
            holds=not before,
            detail="had happened before" if before else "had not happened before",
            quotes=quotes(view, before),
        )
        spared = Step(label="without", holds=check.counts(view, place))
        holds = (place.turn, place.start, place.end) in broken
        yield Step(
            label="then",
            holds=holds,
            quotes=quotes(view, (place,)),
            steps=marked((first, spared) if check.without else (first,), holds),
        )


def _amounts(check: AmountCheck, holds: bool | None, view: CallView) -> Step:
    known = check.known(view)
    detail = ", ".join(map(str, known)) if known else f"{' and '.join(check.rule.ledger)}: not known"
    steps = [Step(label="ledger", holds=True if known else None, detail=detail)]
    for place in check.said(view):
        if not check.counts(view, place):
            steps.append(
                Step(label="without", holds=False, detail="spares it", quotes=quotes(view, (place,)))
            )
    for position, figure in check.stated(view):
        agrees = bool(known) and check.agrees(figure, known)
        clear = check.heard(view, position, figure)
        told = "is in the file" if agrees else "is not in the file"
        steps.append(
            Step(
                label="figure",
                holds=False if agrees else True if known and clear else None,
                detail=f"{figure.value} {told if known else ''}".strip() + ("" if clear else ", not clear"),
                quotes=quotes(view, (Place(position, figure.start, figure.end),)),
            )
        )
    if len(steps) == 1:
        steps.append(Step(label="text", holds=False, detail=f"not said by {_whom(check.rule.says)}"))
    return Step(label="amounts", holds=holds, steps=tuple(steps))


def _raise_when(check: WhenCheck, holds: bool | None, view: CallView) -> Step:
    """The expression; one that is not known raises nothing where ``if_unknown`` says so."""
    outcomes = check.conditions.evaluate(view, check.expression)
    source = check.rule.raise_when or ""
    step = _expression("raise_when", source, check.expression, outcomes, check.conditions, view)
    truths = {name: outcome.holds for name, outcome in outcomes.items()}
    grades = tuple(
        Step(label=f"severity {severity.value}", holds=when.value(truths))
        for severity, when in check.grades
        if step.holds
    )
    return replace(step, holds=holds, steps=(*step.steps, *grades))


def _expression(
    label: str,
    source: str,
    expression: Expression,
    outcomes: Mapping[str, Outcome],
    conditions: ConditionSet,
    view: CallView,
) -> Step:
    """An expression with the truth of its names; marked are the conditions that keep it from holding."""
    truths = {name: outcome.holds for name, outcome in outcomes.items()}
    truth = expression.value(truths)
    speaking, all_named = set(names(expression)), every_name(expression)

    def told(match: re.Match[str]) -> str:
        name = match.group()
        return f"{name} ({_TRUTH[truths[name]]})" if name in truths else name

    steps = []
    for name, outcome in outcomes.items():
        against = name in all_named and truth is not True and outcome.holds is not (name in speaking)
        steps.append(replace(step_of(name, outcome, view), decisive=against))
    unknown = f"; not known, if_unknown: {conditions.if_unknown}" if truth is None else ""
    detail = _NAME.sub(told, source) + unknown
    return Step(label=label, holds=truth, source=source, detail=detail, steps=tuple(steps))


def _flow(check: FlowCheck, holds: bool | None, view: CallView) -> Step:
    outcomes = check.conditions.evaluate(view)
    walked = walk(check.flow, outcomes)
    steps = [step_of(name, outcomes[name], view) for name in conditions_of(check.flow)]
    for fault in walked.faults:
        found = (fault.place,) if fault.place else ()
        told = "came too early" if found else "is missing"
        steps.append(Step(label=f"step {fault.step}", holds=True, detail=told, quotes=quotes(view, found)))
    if walked.missing:
        detail = f"{walked.missing} is not known; if_unknown: {check.conditions.if_unknown}"
    else:
        detail = "steps are missing or out of order" if walked.faults else "every step is in its place"
    return Step(label="flow", holds=holds, detail=detail, steps=tuple(steps))


def _holds(raised: Raised | None) -> bool | None:
    """What was raised as an answer: what lacks something is not known."""
    if raised is None:
        return False
    return None if raised.missing or raised.unclear else True


def _best(answers: Iterable[bool | None]) -> bool | None:
    """One that holds is enough."""
    found = set(answers)
    return True if True in found else None if None in found else False
