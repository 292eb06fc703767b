"""A call's findings and what persons said of them, as they are now: what all figures are counted from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.review.facts import day_of, facts_of
from pipeline.review.identity import call_task, finding_task, pair
from pipeline.review.outcome import standing
from pipeline.review.records import Kind, Outcome, Standing
from pipeline.review.samples import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.review.ledger import Reviewed
    from pipeline.review.records import Task

    Json = Mapping[str, Any]

PUT_BEFORE_A_PERSON: Final = ("violation", "needs_review")
"""States of findings that count as found: a person sees them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A finding as the machine states it now, and what became of it.

    Attributes:
        day: of the call in China, ISO; ``None`` where that is not known.
        weight: of how many findings it stands for one; ``None`` where it was not drawn, so that figures which
            speak of all findings cannot use it.
    """

    call_id: str
    finding_id: str
    rule: str
    state: str
    severity: str
    confidence: float
    norms: tuple[str, ...]
    day: str | None
    outcome: Outcome
    weight: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """A call of a blind sample that somebody has listened to.

    Attributes:
        weight: of how many calls it stands for one.
        missed: rules that persons found and the machine does not state in this call now.
        missed_any: whether the machine puts nothing before a person and should.
    """

    call_id: str
    weight: float
    missed: frozenset[str]
    missed_any: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """All of a call that figures need.

    Attributes:
        doubles: for each task that several persons reviewed, its kind and what they said, in the order of
            their first word.
        listened: ``None`` where nobody did, blind and to the end.
    """

    call_id: str
    scored: bool
    passed: bool
    cases: tuple[Case, ...]
    listened: Listened | None
    doubles: tuple[tuple[Kind, Sequence[tuple[str, str]]], ...]


def look(call: Json, reviewed: Reviewed) -> Looked:
    """What there is of a call, by its JSON and the record of its review."""
    facts = facts_of(call)
    tasks = reviewed.tasks.get(call["call_id"], ())
    cases = _cases(call, tasks, reviewed)
    return Looked(
        call_id=call["call_id"],
        scored=facts.scored,
        passed=facts.passed,
        cases=cases,
        listened=_listened(call, tasks, reviewed, cases),
        doubles=tuple(
            (task.kind, [(person, verdict.value) for person, verdict in outcome.reviews])
            for task in tasks
            if task.kind is not Kind.ADDED
            and len((outcome := standing(reviewed.history(task.task_id))).reviews) > 1
        ),
    )


def outcomes_of(call: Json, reviewed: Reviewed) -> dict[str, Outcome]:
    """What became of each finding that a call has now, by the finding's id.

    A decision on other words that happen to stand in the same place is not among them; see
    :mod:`pipeline.review.identity`.
    """
    cases = _cases(call, reviewed.tasks.get(call["call_id"], ()), reviewed)
    return {case.finding_id: case.outcome for case in cases}


def _cases(call: Json, tasks: Sequence[Task], reviewed: Reviewed) -> tuple[Case, ...]:
    paired = pair(call, tasks)
    day = day_of(call)
    made = []
    for finding in call["findings"]:
        now = finding_task(call, finding)
        task, carried = paired.get(now.task_id, (now, False))
        made.append(
            Case(
                call_id=call["call_id"],
                finding_id=finding["id"],
                rule=finding["rule"],
                state=finding["state"],
                severity=finding["severity"],
                confidence=finding["confidence"],
                norms=tuple(finding["norms"]),
                day=day,
                outcome=standing(reviewed.history(task.task_id), carried=carried),
                weight=_weight(task, reviewed),
            )
        )
    return tuple(made)


def _weight(task: Task, reviewed: Reviewed) -> float | None:
    """The inverse of its probability; several samples add up, and one that took all of its kind decides."""
    chances = []
    for draw in reviewed.draws.get(task.call_id, ()):
        sample = reviewed.samples.get(draw.sample_id)
        if sample is None or sample["blind"]:
            continue
        scope = Scope(rules=tuple(sample["scope"]["rules"]), states=tuple(sample["scope"]["states"]))
        if scope.holds(task.rule, task.state):
            chances.append(draw.inclusion)
    if not chances:
        return None
    return 1.0 if max(chances) >= 1 else sum(1 / chance for chance in chances)


def _listened(
    call: Json, tasks: Sequence[Task], reviewed: Reviewed, cases: Sequence[Case]
) -> Listened | None:
    history = reviewed.history(call_task(call).task_id)
    blind = [decision for decision in history if decision.blind]
    if standing(blind).standing not in (Standing.CLEAN, Standing.MISSED, Standing.DISPUTED):
        return None
    chances = [
        draw.inclusion
        for draw in reviewed.draws.get(call["call_id"], ())
        if reviewed.samples.get(draw.sample_id, {}).get("blind")
    ]
    if not chances:
        return None
    stated = {case.rule for case in cases if case.state in PUT_BEFORE_A_PERSON}
    added = {
        task.rule
        for task in tasks
        if task.kind is Kind.ADDED
        and task.rule is not None
        and standing(reviewed.history(task.task_id)).standing is Standing.CONFIRMED
    }
    return Listened(
        call_id=call["call_id"],
        weight=sum(1 / chance for chance in chances),
        missed=frozenset(added - stated),
        missed_any=bool(added) and not stated,
    )
