"""How many violations are found: precision of what is found, against what listeners find in the rest.

Counted in calls: a call breaks a rule, and the machine puts that before a person (as violation or to
review) or does not. Found and true are the calls that are flagged times the share that persons uphold;
missed are the calls listened to blind in which persons found a violation that the machine does not state,
weighted up to all calls of their kind. ``found / (found + missed)`` rises with the one and falls with the
other, so that intervals of 97.5 % of both make one of at least 95 % (Bonferroni).

What it cannot say: where nobody listened to flagged calls, what was missed in those beside what was found;
and of n calls in which nothing was missed, only how many may still hide something.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.review.cases import PUT_BEFORE_A_PERSON
from pipeline.review.estimates import Z_975, share
from pipeline.review.records import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.review.cases import Case, Listened, Looked
    from pipeline.review.estimates import Share

    Cell = tuple[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """The recall of a rule, ``None`` for any violation.

    Attributes:
        listened: calls that were listened to blind.
        population: calls that they stand for.
        missed: those listened to in which it was missed.
        missed_share: its share among all that they stand for, with an interval of 95 %.
        could_hide: calls that may still hide one, at the upper end of that interval.
        flagged: calls in which the machine puts it before a person.
        value, low, high: the recall, 0 to 1; ``None`` where no finding of it was decided, and where it was
            neither found nor missed.
        whole: whether flagged calls were listened to as well; else misses in those are not counted.
    """

    rule: str | None
    listened: int
    population: int
    missed: int
    missed_share: Share
    could_hide: float
    flagged: int
    value: float | None
    low: float | None
    high: float | None
    whole: bool


def recalls(looked: Iterable[tuple[str, Looked]], rules: Sequence[str] = ()) -> tuple[Recall, ...]:
    """Recall of any violation, then of each rule that was found or missed, by name.

    Args:
        looked: all calls, each with the results that it is of. Results in which nobody listened do not count.
        rules: further rules to speak of.

    Returns:
        Nothing where nobody listened blind.
    """
    scored = [(folder, call) for folder, call in looked if call.scored]
    sizes = Counter((folder, call.passed) for folder, call in scored)
    heard: dict[Cell, list[Listened]] = defaultdict(list)
    for folder, call in scored:
        if call.listened is not None:
            heard[folder, call.passed].append(call.listened)
    # Flagged calls alone say nothing of what passed.
    covered = {folder for folder, passed in heard if passed}
    heard = {cell: calls for cell, calls in heard.items() if cell[0] in covered}
    if not heard:
        return ()
    weighted = _to_size(heard, sizes)
    calls = [call for folder, call in scored if folder in covered]
    spoken = {case.rule for call in calls for case in call.cases if case.state in PUT_BEFORE_A_PERSON}
    spoken |= {rule for listened, _ in weighted for rule in listened.missed} | set(rules)
    population = sum(sizes[cell] for cell in heard)
    whole = all((folder, False) in heard or not sizes[folder, False] for folder in covered)
    return tuple(
        _recall(rule, weighted, calls, population=population, whole=whole) for rule in (None, *sorted(spoken))
    )


def _to_size(heard: dict[Cell, list[Listened]], sizes: Counter[Cell]) -> list[tuple[Listened, float]]:
    """The calls listened to, with weights that add up to the number of calls of their kind."""
    made = []
    for cell, calls in sorted(heard.items()):
        total = sum(call.weight for call in calls)
        made += [(call, call.weight * sizes[cell] / total) for call in calls]
    return made


def _recall(
    rule: str | None,
    weighted: Sequence[tuple[Listened, float]],
    calls: Sequence[Looked],
    *,
    population: int,
    whole: bool,
) -> Recall:
    def is_missed(call: Listened) -> bool:
        return call.missed_any if rule is None else rule in call.missed

    cases = [(is_missed(call), weight) for call, weight in weighted]
    told, careful = _sure(cases), _sure(cases, z=Z_975)
    upheld, flagged = _upheld(calls, lambda case: rule is None or case.rule == rule)
    value = low = high = None
    if flagged and upheld is not None:
        found, lost = upheld.value * flagged, careful.value * population
        if found + lost > 0:
            value = found / (found + lost)
            low = _part(upheld.low * flagged, careful.high * population)
            high = _part(upheld.high * flagged, careful.low * population)
    elif not flagged and careful.value > 0:
        value, low, high = 0.0, 0.0, 0.0  # nothing is found, and something is missed
    return Recall(
        rule=rule,
        listened=len(weighted),
        population=population,
        missed=sum(hit for hit, _ in cases),
        missed_share=told,
        could_hide=told.high * population,
        flagged=flagged,
        value=value,
        low=low,
        high=high,
        whole=whole,
    )


def _sure(cases: Sequence[tuple[bool, float]], **options: float) -> Share:
    found = share(cases, **options)
    if found is None:
        raise ValueError("nobody listened")
    return found


def _upheld(calls: Sequence[Looked], is_of: Callable[[Case], bool]) -> tuple[Share | None, int]:
    """The share of flagged calls that persons uphold, and how many are flagged."""
    cases, flagged = [], 0
    for call in calls:
        own = [case for case in call.cases if case.state in PUT_BEFORE_A_PERSON and is_of(case)]
        flagged += bool(own)
        drawn = [case for case in own if case.weight is not None]
        standings = {case.outcome.standing for case in drawn}
        weight = max((case.weight or 0.0 for case in drawn), default=0.0)
        if Standing.CONFIRMED in standings:
            cases.append((True, weight))
        elif own and standings == {Standing.REJECTED} and len(drawn) == len(own):
            cases.append((False, weight))
    return share(cases, z=Z_975), flagged


def _part(found: float, missed: float) -> float:
    return found / (found + missed) if found + missed > 0 else 1.0
