"""Compliance: 100 minus what was broken; a red line leaves nothing.

After section 7.2 of the project's norm research: a confirmed critical finding is a red line and the
score is 0; major and minor rules cost by first and further hit, with a cap a class. A finding that
waits for a reviewer costs nothing yet and is shown with what it would cost.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.types import Finding, FindingState, ScoreItem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.score.scorecard import ClassDeduction, ComplianceCard

FULL = 100.0
RED_LINE_REASON = "触碰红线，合规分归零"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """The compliance half of :class:`pipeline.types.Scores`. ``score == 100 + sum(points)``."""

    score: float
    if_confirmed: float
    red_line: bool
    items: tuple[ScoreItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breach:
    """One rule broken with one severity; ``turns`` is empty when it is about the whole call."""

    rule: str
    severity: Severity
    turns: tuple[int, ...]

    @property
    def hits(self) -> int:
        """Turns that break the rule: twice in one breath is one hit."""
        return max(1, len(self.turns))


def judge_compliance(findings: Iterable[Finding], card: ComplianceCard) -> Compliance:
    """Score compliance from the findings of a call.

    ``cannot_decide`` findings cost nothing, ``needs_review`` findings count in ``if_confirmed`` only.
    """
    findings = tuple(findings)
    sure = tuple(f for f in findings if f.state is FindingState.VIOLATION)
    waiting = tuple(f for f in findings if f.state is FindingState.NEEDS_REVIEW)
    confirmed = _breaches(sure)
    items = _deductions(confirmed, card)
    return Compliance(
        score=_total(items),
        if_confirmed=_total(_deductions(_breaches(sure + waiting), card)),
        red_line=_has_red_line(confirmed),
        items=items + tuple(_pending(b) for b in _breaches(waiting)),
    )


def _breaches(findings: Iterable[Finding]) -> tuple[_Breach, ...]:
    """Findings by rule and severity, the gravest first, then by rule name."""
    turns: defaultdict[tuple[Severity, str], set[int]] = defaultdict(set)
    for finding in findings:
        turns[finding.severity, finding.rule] |= {finding.evidence.turn} if finding.evidence else set()
    order = list(Severity)
    return tuple(
        _Breach(rule=rule, severity=severity, turns=tuple(sorted(turns[severity, rule])))
        for severity, rule in sorted(turns, key=lambda key: (order.index(key[0]), key[1]))
    )


def _has_red_line(breaches: Iterable[_Breach]) -> bool:
    return any(b.severity is Severity.CRITICAL for b in breaches)


def _deductions(breaches: tuple[_Breach, ...], card: ComplianceCard) -> tuple[ScoreItem, ...]:
    classes: Mapping[Severity, ClassDeduction] = {Severity.MAJOR: card.major, Severity.MINOR: card.minor}
    red_line = _has_red_line(breaches)
    left = {severity: deduction.cap for severity, deduction in classes.items()}
    remaining = FULL
    items = []
    for breach in breaches:
        if breach.severity is Severity.CRITICAL:
            points, reason = remaining, RED_LINE_REASON
        else:
            deduction = classes[breach.severity]
            due = deduction.first + deduction.further * (breach.hits - 1)
            points = 0.0 if red_line else min(due, left[breach.severity], remaining)
            left[breach.severity] -= points
            reason = _reason(breach, due=due, taken=points, red_line=red_line)
        remaining -= points
        items.append(ScoreItem(name=breach.rule, points=0.0 - points, reason=reason, turns=breach.turns))
    return tuple(items)


def _reason(breach: _Breach, *, due: float, taken: float, red_line: bool) -> str:
    kind = "严重违规" if breach.severity is Severity.MAJOR else "一般违规"
    times = f"{kind}，共{breach.hits}处，应扣{due:g}分"
    if red_line:
        return f"{times}；因红线归零，不再另扣"
    if taken < due:
        return f"{times}；同类扣分已到上限，实扣{taken:g}分"
    return times


def _pending(breach: _Breach) -> ScoreItem:
    effect = RED_LINE_REASON if breach.severity is Severity.CRITICAL else "按规则扣分"
    return ScoreItem(
        name=breach.rule,
        points=0.0,
        applicable=False,
        reason=f"待人工复核，暂不扣分；如属实，{effect}",
        turns=breach.turns,
    )


def _total(items: Iterable[ScoreItem]) -> float:
    return FULL + sum(item.points for item in items)
