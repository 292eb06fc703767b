"""Why a rule was raised on a call, or was not, and what the engine made of it.

Every way to raise the rule is followed step by step (:mod:`pipeline.detect.ways`); then come the
findings that are left when confidence, doubts and the second opinion have had their say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.conditions.outcome import Place
from pipeline.detect.engine import Detection, detect
from pipeline.detect.facts import NOTHING_KNOWN, Facts
from pipeline.detect.steps import Quoted, Step, quotes
from pipeline.detect.ways import ways
from pipeline.errors import ConfigError
from pipeline.types import Act, Finding, FindingState
from pipeline.yaml_files import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from pipeline.detect.rulebook import CompiledRule, RuleBook
    from pipeline.detect.second import Policy
    from pipeline.detect.view import CallView
    from pipeline.settings import DetectSettings, RoleSettings
    from pipeline.types import Call, CustomerEvent, Transcript

_MOST_CHANCES = 3
_WORTH_TELLING = 0.05
"""The highest chance is always told, others from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """What the second opinion gives the rule on a turn, 0..1."""

    chance: float
    quoted: Quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A finding, and why its state is what it is."""

    finding: Finding
    overruled: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a rule was raised on a call, or was not.

    Attributes:
        ways: every hit and check of the rule, in the order of the pack.
        findings: what the engine made of them (rules of violations).
        shown: the words that are counted as the act or event (rules of the other kinds).
        chances: where the second opinion comes closest to it.
        notes: what else had a say: the days on which it applies, the pack's being a draft.
    """

    call_id: str
    compiled: CompiledRule
    ways: tuple[Step, ...]
    findings: tuple[Made, ...] = ()
    shown: tuple[Quoted, ...] = ()
    chances: tuple[Chance, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def raised(self) -> bool | None:
        """Whether the rule's own words or checks raise it; ``None`` when that cannot be decided."""
        answers = {step.holds for step in self.ways}
        return True if True in answers else None if None in answers else False


def explain(
    name: str,
    call: Call,
    transcript: Transcript,
    book: RuleBook,
    settings: DetectSettings,
    roles: RoleSettings,
    *,
    facts: Facts = NOTHING_KNOWN,
    policy: Policy | None = None,
) -> tuple[Explanation, ...]:
    """Explain the rules of a name, of which there may be one of each kind.

    Raises:
        ConfigError: there is no such rule; the message names the nearest.
    """
    rules = require_rule(name, book)
    detection = detect(call, transcript, book, settings, roles, facts=facts, policy=policy)
    return tuple(
        _explained(compiled, call, detection, settings, facts=facts, policy=policy) for compiled in rules
    )


def require_rule(name: str, book: RuleBook) -> tuple[CompiledRule, ...]:
    """The rules of a name.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    rules = tuple(compiled for compiled in book.rules if compiled.rule.rule == name)
    if not rules:
        raise ConfigError(unknown_name("rule", name, book.titles))
    return rules


def _explained(
    compiled: CompiledRule,
    call: Call,
    found: Detection,
    settings: DetectSettings,
    *,
    facts: Facts,
    policy: Policy | None,
) -> Explanation:
    violation = compiled.kind == "violation"
    # Acts and events are looked for before any is known.
    view = found.view if violation else found.view.knowing(facts)
    started_at = call.metadata.started_at
    told = tuple(_shown(compiled, found))
    return Explanation(
        call_id=call.call_id,
        compiled=compiled,
        ways=tuple(ways(compiled, view)),
        findings=tuple(_made(compiled, found, settings, policy)) if violation else (),
        shown=tuple(_quoted(found, one) for one in told),
        chances=tuple(_chances(compiled, found, facts, policy)),
        notes=(
            *_of_its_days(compiled, started_at.date() if started_at else None),
            *_dropped(compiled, view, found, told),
        ),
    )


def _made(
    compiled: CompiledRule, found: Detection, settings: DetectSettings, policy: Policy | None
) -> Iterator[Made]:
    name = compiled.rule.rule
    needed = compiled.rule.needs or settings.violation_confidence
    for finding in found.findings:
        if finding.rule == name:
            yield Made(finding=finding, overruled=False, why=_why(compiled, finding, needed, policy))
    for finding in found.overruled:
        if finding.rule == name:
            limit = policy.rules.raise_at if policy else 0.0
            why = f"joint probability {finding.joint or 0.0:.2f} is below raise_at {limit:.2f}"
            yield Made(finding=finding, overruled=True, why=why)


def _why(compiled: CompiledRule, finding: Finding, needed: float, policy: Policy | None) -> str:
    """Why a finding is what it is."""
    if finding.state is FindingState.CANNOT_DECIDE:
        return f"{finding.missing} is not known" if finding.missing else "the recording is not clear there"
    if finding.joint is not None and policy is not None:
        strength, limit = f"joint probability {finding.joint:.2f}", policy.rules.violation_at
        enough = finding.joint >= limit
    else:
        strength, limit, enough = f"confidence {finding.confidence:.2f}", needed, finding.confidence >= needed
    if finding.state is FindingState.VIOLATION:
        return f"{strength} reaches {limit:.2f}"
    if compiled.draft:
        return "the pack is a draft"
    if finding.review_only:
        return "the rule itself asks for a person's eye here"
    if not enough:
        return f"{strength} is below {limit:.2f}"
    return "the words or their speaker are in doubt"


def _shown(compiled: CompiledRule, found: Detection) -> Iterator[Act | CustomerEvent]:
    name, kind = compiled.rule.rule, compiled.kind
    if kind == "act":
        yield from (act for act in found.acts if act.act == name)
    elif kind != "violation":
        events = found.events if kind == "event" else found.notes
        yield from (event for event in events if event.event == name)


def _quoted(found: Detection, shown: Act | CustomerEvent) -> Quoted:
    roles = {turn.index: turn.role for turn in found.view.turns}
    at = shown.evidence
    return Quoted(turn=at.turn, role=roles[at.turn], text=at.quote)


def _chances(
    compiled: CompiledRule, found: Detection, facts: Facts, policy: Policy | None
) -> Iterator[Chance]:
    """The turns to which the second opinion gives most, where it is asked at all."""
    name = compiled.rule.rule
    if policy is None or compiled.kind not in ("violation", "act"):
        return
    if compiled.kind == "violation" and name in policy.rules.deaf:
        return
    given: list[tuple[float, int]] = []
    for position, turn in enumerate(found.view.turns):
        opinion = (facts.opinions or {}).get(turn.index)
        if opinion is not None and compiled.rule.says in ("anyone", turn.role.value):
            known: Mapping[str, float] = opinion.rules if compiled.kind == "violation" else opinion.acts
            given += [(known[name], -position)] if name in known else []
    ordered = sorted(given, reverse=True)[:_MOST_CHANCES]
    for chance, position in ordered:
        if chance >= _WORTH_TELLING or chance == ordered[0][0]:
            yield Chance(chance=chance, quoted=quotes(found.view, (Place(-position),))[0])


def _of_its_days(compiled: CompiledRule, day: date | None) -> Iterator[str]:
    rule = compiled.rule
    if rule.effective_from or rule.effective_to:
        days = f"from {rule.effective_from or 'ever'} to {rule.effective_to or 'further notice'}"
        applies = "applies" if compiled.in_effect(day) else "does not apply"
        yield f"in effect {days}: {applies} to a call of {day or 'an unknown day'}"
    if compiled.draft:
        yield "the pack is a draft: what it finds is for review only"
    if compiled.kind == "violation" and (rule.per == "call" or rule.most):
        yield f"at most {1 if rule.per == 'call' else rule.most} of its findings count in a call"


def _dropped(
    compiled: CompiledRule, view: CallView, found: Detection, told: tuple[Act | CustomerEvent, ...]
) -> Iterator[str]:
    """Acts that the rule shows and that are not counted."""
    if compiled.kind != "act":
        return
    broken = {f.evidence.turn for f in found.findings if f.evidence and f.state is FindingState.VIOLATION}
    counted = {act.evidence.turn for act in told}
    for position in sorted({r.position for r in compiled.find(view) if r.position is not None}):
        turn = view.turns[position].index
        if turn not in counted:
            why = "a rule is broken in the same turn" if turn in broken else "the second opinion overrules it"
            yield f"turn {turn} is not counted: {why}"
