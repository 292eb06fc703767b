"""Judging a call by a rule book: findings, acts and events with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.second import Bench
from pipeline.detect.view import CallView
from pipeline.types import Act, CustomerEvent, Evidence, Finding, FindingState, Role, Severity, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.detect.match import Raised
    from pipeline.detect.rulebook import CompiledRule, RuleBook
    from pipeline.detect.second import Policy
    from pipeline.ports import Opinion
    from pipeline.settings import DetectSettings, RoleSettings
    from pipeline.types import Call, Transcript

_STRENGTH = {FindingState.VIOLATION: 2, FindingState.NEEDS_REVIEW: 1, FindingState.CANNOT_DECIDE: 0}
_RANK = {Severity.CRITICAL: 2, Severity.MAJOR: 1, Severity.MINOR: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What the rules say of a call, in order of time."""

    findings: tuple[Finding, ...]
    acts: tuple[Act, ...]
    events: tuple[CustomerEvent, ...]


def detect(
    call: Call,
    transcript: Transcript,
    book: RuleBook,
    settings: DetectSettings,
    roles: RoleSettings,
    *,
    opinions: Mapping[int, Opinion] | None = None,
    policy: Policy | None = None,
) -> Detection:
    """Run every rule of ``book`` over a call, and join the second opinion where there is one.

    A rule gives at most one finding a turn, the strongest. A finding becomes a ``violation``
    when its confidence reaches ``settings.violation_confidence`` and neither the speaker nor the
    recognised words are in doubt; else it is for review.
    """
    view = CallView.of(call, transcript)
    judge = _Judge(view, settings, roles)
    findings = [f for rule in book.of_kind("violation") for f in judge.findings(rule)]
    acts = [
        Act(act=rule.rule.rule, role=turn.role, evidence=evidence)
        for rule in book.of_kind("act")
        for turn, evidence in judge.places(rule)
    ]
    if opinions and policy:
        turns = {turn.index: turn for turn in view.turns}
        bench = Bench(call=call, turns=turns, book=book, opinions=opinions, policy=policy)
        findings, acts = list(bench.findings(findings)), list(bench.acts(acts))
    acts = _earned(acts, findings)
    events = [
        CustomerEvent(event=rule.rule.rule, evidence=evidence)
        for rule in book.of_kind("event")
        for _, evidence in judge.places(rule)
    ]
    return Detection(
        findings=tuple(sorted(findings, key=_finding_order)),
        acts=tuple(sorted(acts, key=lambda a: (a.evidence.turn, a.evidence.start, a.act))),
        events=tuple(sorted(events, key=lambda e: (e.evidence.turn, e.evidence.start, e.event))),
    )


def _earned(acts: list[Act], findings: list[Finding]) -> list[Act]:
    """Acts without those of an agent who breaks a rule in the same turn: a threat informs nobody."""
    broken = {f.evidence.turn for f in findings if f.evidence and f.state is FindingState.VIOLATION}
    return [act for act in acts if act.role is not Role.AGENT or act.evidence.turn not in broken]


def _finding_order(finding: Finding) -> tuple[int, int, str]:
    at = finding.evidence
    return (at.turn, at.start, finding.rule) if at else (-1, 0, finding.rule)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Turns what raises a rule into findings on one call."""

    view: CallView
    settings: DetectSettings
    roles: RoleSettings

    def findings(self, compiled: CompiledRule) -> Iterator[Finding]:
        """The strongest finding a turn; what cannot be decided is said once a field."""
        strongest: dict[object, Finding] = {}
        for raised in compiled.find(self.view):
            finding = self._finding(compiled, raised)
            key = finding.missing if finding.state is FindingState.CANNOT_DECIDE else raised.position
            if key not in strongest or _weight(finding) > _weight(strongest[key]):
                strongest[key] = finding
        yield from strongest.values()

    def places(self, compiled: CompiledRule) -> Iterator[tuple[Turn, Evidence]]:
        """The turns that show an act or event, each once."""
        seen: set[int] = set()
        for raised in compiled.find(self.view):
            if raised.position is None or raised.missing or raised.position in seen:
                continue
            seen.add(raised.position)
            turn = self.view.turns[raised.position]
            yield turn, Evidence.of(turn, raised.start, raised.end)

    def _finding(self, compiled: CompiledRule, raised: Raised) -> Finding:
        rule = compiled.rule
        turn = None if raised.position is None else self.view.turns[raised.position]
        evidence = Evidence.of(turn, raised.start, raised.end) if turn else None
        confidence = raised.confidence * (turn.role_confidence if turn and rule.says != "anyone" else 1.0)
        reason = (raised.reason or rule.reason).replace("{quote}", evidence.quote if evidence else "")
        return Finding(
            rule=rule.rule,
            state=self._state(raised, turn, confidence),
            severity=raised.severity or rule.severity or Severity.MINOR,
            confidence=round(confidence, 3),
            norms=rule.norms,
            reason=_undecided(raised) + reason,
            evidence=evidence,
            missing=raised.missing,
        )

    def _state(self, raised: Raised, turn: Turn | None, confidence: float) -> FindingState:
        if raised.missing or raised.unclear:
            return FindingState.CANNOT_DECIDE
        if raised.review or confidence < self.settings.violation_confidence:
            return FindingState.NEEDS_REVIEW
        if turn is not None and self._in_doubt(turn):
            return FindingState.NEEDS_REVIEW
        return FindingState.VIOLATION

    def _in_doubt(self, turn: Turn) -> bool:
        unsure_words = (
            turn.asr_confidence is not None and turn.asr_confidence < self.settings.asr_review_below
        )
        return unsure_words or turn.role_confidence < self.roles.review_below


def _undecided(raised: Raised) -> str:
    if raised.missing:
        return f"缺少 {raised.missing}，无法判断："
    return "此处录音识别不清，无法判断：" if raised.unclear else ""


def _weight(finding: Finding) -> tuple[int, int, float, int]:
    length = len(finding.evidence.quote) if finding.evidence else 0
    return _STRENGTH[finding.state], _RANK[finding.severity], finding.confidence, length


def red_line_turns(findings: Iterable[Finding]) -> frozenset[int]:
    """Turns on which a confirmed critical finding stands."""
    return frozenset(
        f.evidence.turn
        for f in findings
        if f.evidence and f.severity is Severity.CRITICAL and f.state is FindingState.VIOLATION
    )
