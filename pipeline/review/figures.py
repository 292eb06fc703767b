"""What the machine's statements are worth by what persons said of them: plain records for reports.

>>> with opened_review(folder, None, named=False) as reviewing:  # flows.results.reviewing
...     looked = gather(reviewing.found.store, reviewing.call_ids(), reviewing.read)
>>> figures([("", call) for call in looked], reviewing.config.figures).rules
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.intervals import share_difference
from pipeline.review.calibration import calibration
from pipeline.review.cases import PUT_BEFORE_A_PERSON, look
from pipeline.review.drift import adjusted, fisher
from pipeline.review.estimates import share
from pipeline.review.kappa import agreement
from pipeline.review.ledger import read_reviewed
from pipeline.review.recall import recalls
from pipeline.review.records import Kind, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipeline.intervals import Interval
    from pipeline.review.calibration import Calibration
    from pipeline.review.cases import Case, Looked
    from pipeline.review.estimates import Share
    from pipeline.review.kappa import Agreement
    from pipeline.review.plans import FigureRules
    from pipeline.review.recall import Recall
    from pipeline.store import Store

_AT_ONCE = 500
"""Calls whose review is read in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Findings by what became of them; they add up to ``found``.

    Attributes:
        open: nobody has said anything.
        carried: those decided whose decision was about an earlier judgement of the call.
    """

    found: int
    open: int
    confirmed: int
    rejected: int
    unsure: int
    disputed: int
    appealed: int
    carried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFigures:
    """A rule in one state, or all rules in it.

    Attributes:
        rule: ``None`` for all rules.
        state: ``violation`` or ``needs_review``.
        precision: share that persons upheld among decided findings that were drawn; ``None`` without any.
        by_hand: decided findings that were not drawn, such as after an appeal: precision leaves them out.
        suggestion: ``review_surely`` or ``review_perhaps`` where violations are upheld too rarely.
    """

    rule: str | None
    state: str
    counts: Counts
    precision: Share | None
    by_hand: int
    suggestion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A rule's precision in a period against what was before.

    Attributes:
        period, before: precision in either.
        difference: of the two, with Newcombe's interval.
        p: of Fisher's exact test; ``adjusted_p`` over all rules (Benjamini and Hochberg).
        alarm: whether it is one at the rate that is allowed.
    """

    rule: str
    state: str
    period: Share
    before: Share
    difference: Interval
    p: float
    adjusted_p: float
    alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFigures:
    """How two reviewers agree; without names, all first against all second opinions."""

    kind: str
    one: str
    other: str
    agreement: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All of it.

    Attributes:
        calls: judged calls.
        rules: by state and rule, those of all rules first.
        recall: of any violation, then by rule; empty where nobody listened blind.
        drifts: of the rules that have enough decisions in both periods.
        period: first and last day of the period; ``None`` where no call has a day.
        undated: decided findings of calls without a day, which drift leaves out.
        calibration: ``None`` without decided findings.
    """

    calls: int
    rules: tuple[RuleFigures, ...]
    recall: tuple[Recall, ...]
    agreement: tuple[PairFigures, ...]
    drifts: tuple[Drift, ...]
    period: tuple[str, str] | None
    undated: int
    calibration: Calibration | None


def gather(
    store: Store,
    call_ids: Sequence[str],
    read_call: Callable[[str], Mapping[str, Any]],
    on_call: Callable[[], None] = lambda: None,
) -> Iterator[Looked]:
    """All calls of some results with what persons said of them.

    Args:
        store: the database of the results.
        call_ids: of all calls with a result.
        read_call: the JSON of a call.
        on_call: called for each call.

    Raises:
        TingheError: a result or the database cannot be read.
    """
    for at in range(0, len(call_ids), _AT_ONCE):
        part = call_ids[at : at + _AT_ONCE]
        with store.transaction("cannot read the review") as connection:
            reviewed = read_reviewed(connection, part)
        for call_id in part:
            yield look(read_call(call_id), reviewed)
            on_call()


def figures(
    looked: Iterable[tuple[str, Looked]], rules: FigureRules, *, until: date | None = None
) -> Figures:
    """All figures.

    Args:
        looked: the calls, each with a name of the results that it is of.
        rules: from where on a figure raises an alarm.
        until: last day of the period; the last day of any call when ``None``.
    """
    calls = list(looked)
    cases = [case for _, call in calls for case in call.cases if case.state in PUT_BEFORE_A_PERSON]
    period = _period(cases, rules.period_days, until)
    decided = [case for case in cases if case.outcome.decided]
    return Figures(
        calls=len(calls),
        rules=rule_figures(cases, rules),
        recall=recalls(calls),
        agreement=_agreements([call for _, call in calls]),
        drifts=_drifts(decided, rules, period) if period else (),
        period=(period[0].isoformat(), period[1].isoformat()) if period else None,
        undated=sum(case.day is None for case in decided),
        calibration=calibration(
            [
                (case.confidence, case.outcome.standing is Standing.CONFIRMED, case.weight)
                for case in decided
                if case.weight is not None
            ],
            bins=rules.bins,
        ),
    )


def counts(cases: Iterable[Case]) -> Counts:
    """Findings by what became of them."""
    found = list(cases)
    by = Counter(case.outcome.standing for case in found)
    return Counts(
        found=len(found),
        open=by[Standing.OPEN],
        confirmed=by[Standing.CONFIRMED],
        rejected=by[Standing.REJECTED],
        unsure=by[Standing.UNSURE],
        disputed=by[Standing.DISPUTED],
        appealed=by[Standing.APPEALED],
        carried=sum(case.outcome.decided and case.outcome.carried for case in found),
    )


def rule_figures(cases: Iterable[Case], rules: FigureRules) -> tuple[RuleFigures, ...]:
    """Counts and precision by state and rule, those of all rules first."""
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.state, ""].append(case)
        groups[case.state, case.rule].append(case)
    order = sorted(groups, key=lambda key: (PUT_BEFORE_A_PERSON.index(key[0]), key[1]))
    return tuple(_rule_figures(rule or None, state, groups[state, rule], rules) for state, rule in order)


def by_norm(cases: Iterable[Case]) -> dict[str, dict[str, Counts]]:
    """Counts of findings by clause and state, for a sheet by clause; ``cannot_decide`` too."""
    groups: dict[str, dict[str, list[Case]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        for norm in case.norms:
            groups[norm][case.state].append(case)
    return {
        norm: {state: counts(found) for state, found in sorted(states.items())}
        for norm, states in sorted(groups.items())
    }


def _precision(cases: Iterable[Case]) -> Share | None:
    return share(
        (case.outcome.standing is Standing.CONFIRMED, case.weight)
        for case in cases
        if case.outcome.decided and case.weight is not None
    )


def _rule_figures(rule: str | None, state: str, cases: Sequence[Case], rules: FigureRules) -> RuleFigures:
    precision = _precision(cases)
    suggestion = ""
    enough = precision is not None and precision.effective >= rules.floor_decisions
    if rule is not None and state == "violation" and precision is not None and enough:
        if precision.high < rules.floor:
            suggestion = "review_surely"
        elif precision.value < rules.floor:
            suggestion = "review_perhaps"
    return RuleFigures(
        rule=rule,
        state=state,
        counts=counts(cases),
        precision=precision,
        by_hand=sum(case.outcome.decided and case.weight is None for case in cases),
        suggestion=suggestion,
    )


def _period(cases: Iterable[Case], days: int, until: date | None) -> tuple[date, date] | None:
    last = until or max((date.fromisoformat(case.day) for case in cases if case.day), default=None)
    return None if last is None else (last - timedelta(days=days - 1), last)


def _drifts(decided: Iterable[Case], rules: FigureRules, period: tuple[date, date]) -> tuple[Drift, ...]:
    first, last = (day.isoformat() for day in period)
    earliest = (period[0] - timedelta(days=rules.period_days)).isoformat()
    now: dict[tuple[str, str], list[Case]] = defaultdict(list)
    before: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in decided:
        if case.day is None:
            continue
        if first <= case.day <= last:
            now[case.state, case.rule].append(case)
        elif case.day < first and (rules.against == "before" or case.day >= earliest):
            before[case.state, case.rule].append(case)
    compared = []
    for state, rule in sorted(set(now) & set(before)):
        one, other = _precision(now[state, rule]), _precision(before[state, rule])
        if one is None or other is None:
            continue
        if min(one.effective, other.effective) >= rules.drift_decisions:
            compared.append((rule, state, one, other))
    p_values = [fisher(*_whole(one), *_whole(other)) for _, _, one, other in compared]
    made = []
    for (rule, state, one, other), p, q in zip(compared, p_values, adjusted(p_values), strict=True):
        difference = share_difference(*_whole(one), *_whole(other))
        if difference is not None:
            made.append(
                Drift(
                    rule=rule,
                    state=state,
                    period=one,
                    before=other,
                    difference=difference,
                    p=p,
                    adjusted_p=q,
                    alarm=q <= rules.false_alarms,
                )
            )
    return tuple(sorted(made, key=lambda drift: (drift.adjusted_p, drift.p, drift.state, drift.rule)))


def _whole(of: Share) -> tuple[int, int]:
    """Hits and cases as whole numbers, for tests that count; fewer rather than more."""
    n = math.floor(of.effective + 1e-9)
    return round(of.value * n), n


def _agreements(calls: Iterable[Looked]) -> tuple[PairFigures, ...]:
    pairs: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for call in calls:
        for kind, reviews in call.doubles:
            (one, said), (other, otherwise) = reviews[:2]
            pairs[kind.value, "", ""].append((said, otherwise))
            if one <= other:
                pairs[kind.value, one, other].append((said, otherwise))
            else:
                pairs[kind.value, other, one].append((otherwise, said))
    order = sorted(pairs, key=lambda key: (key[0] != Kind.FINDING.value, key))
    made = ((key, agreement(pairs[key])) for key in order)
    return tuple(
        PairFigures(kind=kind, one=one, other=other, agreement=found)
        for (kind, one, other), found in made
        if found is not None
    )
