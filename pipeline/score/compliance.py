"""Compliance: 100 minus what was broken; a red line leaves nothing.

After section 7.2 of the project's norm research: a confirmed critical finding is a red line and the
score is 0; major and minor rules cost by first and further hit, with a cap a class. A finding that
waits for a reviewer costs nothing yet and is shown with what it would cost. A critical finding that is
sure enough for a violation, but not for leaving nothing, costs like a major one and is shown with both.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.types import Evidence, Finding, FindingState, ScoreItem, Severity, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipeline.score.scorecard import ClassDeduction, ComplianceCard, RedLines
    from pipeline.types import Tariff

FULL = 100.0
RED_LINE_REASON = "触碰红线，合规分归零"
_UNSURE_REASON = "红线把握不足，暂按严重违规扣分；如属实，合规分归零"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """The compliance half of :class:`pipeline.types.Scores`. ``score == 100 + sum(points)``."""

    score: float
    if_confirmed: float
    red_line: bool
    failed_below: float
    items: tuple[ScoreItem, ...]

    @property
    def failed(self) -> bool:
        """Whether the call falls short of what it takes to pass."""
        return self.red_line or self.score < self.failed_below


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breach:
    """One rule broken with one severity; ``places`` is empty when it is about the whole call."""

    rule: str
    severity: Severity
    places: tuple[Evidence, ...]
    red_line: bool
    unsure: bool
    tariff: Tariff

    @property
    def turns(self) -> tuple[int, ...]:
        """Turns that break the rule."""
        return tuple(sorted({at.turn for at in self.places}))

    @property
    def hits(self) -> int:
        """Turns that break the rule: twice in one breath is one hit."""
        return max(1, len(self.turns))

    def due(self, deduction: ClassDeduction) -> float:
        """Points that it costs: the rule's own, else the scorecard's."""
        own = self.tariff.points
        due = deduction.first + deduction.further * (self.hits - 1) if own is None else own * self.hits
        return due if self.tariff.cap is None else min(due, self.tariff.cap)


def judge_compliance(findings: Iterable[Finding], card: ComplianceCard) -> Compliance:
    """Score compliance from the findings of a call.

    ``cannot_decide`` findings cost nothing, ``needs_review`` findings count in ``if_confirmed`` only.
    """
    findings = tuple(findings)
    sure = tuple(f for f in findings if f.state is FindingState.VIOLATION)
    waiting = tuple(f for f in findings if f.state is FindingState.NEEDS_REVIEW)
    confirmed = _breaches(sure, card.red_lines, sure_of=lambda f: not is_unsure(f, card.red_lines))
    items = _deductions(confirmed, card)
    return Compliance(
        score=_total(items),
        if_confirmed=_total(_deductions(_breaches(sure + waiting, card.red_lines), card)),
        red_line=_has_red_line(confirmed),
        failed_below=card.failed_below,
        items=items + tuple(_pending(b) for b in _breaches(waiting, card.red_lines)),
    )


def is_red_line(finding: Finding, red_lines: RedLines) -> bool:
    """Whether a violation of this rule leaves nothing: as the card says, else as the rule does."""
    if finding.rule in red_lines.never:
        return False
    return finding.rule in red_lines.also or finding.red_line


def is_unsure(finding: Finding, red_lines: RedLines) -> bool:
    """Whether a finding is too weak to leave nothing of a score.

    Its probability is known and too low, or no rule speaks for it. A rule alone states no probability.
    """
    if red_lines.by_rule and Witness.RULE not in finding.witnesses:
        return True
    return finding.joint is not None and finding.confidence < red_lines.confidence


def _breaches(
    findings: Iterable[Finding],
    red_lines: RedLines,
    *,
    sure_of: Callable[[Finding], bool] = lambda finding: True,
) -> tuple[_Breach, ...]:
    """Findings by rule and severity, the gravest first, then by rule name.

    Args:
        findings: of one call.
        red_lines: which of them leave nothing.
        sure_of: what at least one finding of a rule has to be for that.
    """
    found: defaultdict[tuple[Severity, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.severity, finding.rule].append(finding)
    order = list(Severity)
    breaches = []
    for severity, rule in sorted(found, key=lambda key: (order.index(key[0]), key[1])):
        same = found[severity, rule]
        grave = [f for f in same if is_red_line(f, red_lines)]
        sure = any(map(sure_of, grave))
        breaches.append(
            _Breach(
                rule=rule,
                severity=severity,
                places=_places(same),
                red_line=sure,
                unsure=bool(grave) and not sure,
                tariff=same[0].tariff,
            )
        )
    return tuple(breaches)


def _places(findings: Iterable[Finding]) -> tuple[Evidence, ...]:
    places = {f.evidence for f in findings if f.evidence}
    return tuple(sorted(places, key=lambda at: (at.turn, at.start, at.end)))


def _has_red_line(breaches: Iterable[_Breach]) -> bool:
    return any(b.red_line for b in breaches)


def _deductions(breaches: tuple[_Breach, ...], card: ComplianceCard) -> tuple[ScoreItem, ...]:
    classes: Mapping[Severity, ClassDeduction] = {Severity.MAJOR: card.major, Severity.MINOR: card.minor}
    red_line = _has_red_line(breaches)
    left = {severity: deduction.cap for severity, deduction in classes.items()}
    remaining = FULL
    items = []
    for breach in breaches:
        if breach.red_line:
            points, reason = remaining, RED_LINE_REASON
        else:
            # A critical rule that is no red line costs like a major one.
            severity = Severity.MINOR if breach.severity is Severity.MINOR else Severity.MAJOR
            due = breach.due(classes[severity])
            points = 0.0 if red_line else min(due, left[severity], remaining)
            left[severity] -= points
            reason = _reason(breach, due=due, taken=points, red_line=red_line)
        remaining -= points
        items.append(_line(breach, points=0.0 - points, reason=reason))
    return tuple(items)


def _reason(breach: _Breach, *, due: float, taken: float, red_line: bool) -> str:
    kind = "一般违规" if breach.severity is Severity.MINOR else "严重违规"
    if breach.unsure and not red_line:
        return _UNSURE_REASON
    times = f"{kind}，共{breach.hits}处，应扣{due:g}分"
    if red_line:
        return f"{times}；因红线归零，不再另扣"
    if taken < due:
        return f"{times}；同类扣分已到上限，实扣{taken:g}分"
    return times


def _pending(breach: _Breach) -> ScoreItem:
    effect = RED_LINE_REASON if breach.red_line else "按规则扣分"
    return _line(breach, points=0.0, reason=f"待人工复核，暂不扣分；如属实，{effect}", applicable=False)


def _line(breach: _Breach, *, points: float, reason: str, applicable: bool = True) -> ScoreItem:
    return ScoreItem(
        name=breach.rule,
        points=points,
        applicable=applicable,
        reason=reason,
        turns=breach.turns,
        evidence=breach.places,
    )


def _total(items: Iterable[ScoreItem]) -> float:
    return FULL + sum(item.points for item in items)
