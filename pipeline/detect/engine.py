"""Judging a call by a rule book: findings, acts and events with their evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from pipeline.detect.certainty import Doubts
from pipeline.detect.facts import NOTHING_KNOWN
from pipeline.detect.likening import likeness
from pipeline.detect.second import Bench, tariff_of
from pipeline.detect.view import CallView
from pipeline.norms import NONE_IN_FORCE
from pipeline.types import (
    Act,
    CustomerEvent,
    Evidence,
    Finding,
    FindingState,
    Role,
    Severity,
    Turn,
    Witness,
    words_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from pipeline.detect.facts import Facts
    from pipeline.detect.patterns import Patterns
    from pipeline.detect.raised import Raised
    from pipeline.detect.rulebook import CompiledRule, RuleBook
    from pipeline.detect.schema import Kind, Rule
    from pipeline.detect.second import Policy
    from pipeline.settings import DetectSettings, RoleSettings
    from pipeline.types import Call, Transcript

_STRENGTH = {FindingState.VIOLATION: 2, FindingState.NEEDS_REVIEW: 1, FindingState.CANNOT_DECIDE: 0}
_WITHIN = 2
"""Turns around a suspected one that are listened to: rules look at neighbours."""
_COMMON = frozenset(
    "的了是我你他她它们就这那有不一个在也都还要说好吗呢吧啊没会到能去来给位得地着过和对什么人才转款钱号打"
)
"""Characters so common that one in the place of another proves nothing."""
_CLEAR = 0.8
"""Word probability from which a character is taken as it is written: in recordings of the development set
misheard ones had 0.38 to 0.68, others mostly above 0.9."""
_RANK = {Severity.CRITICAL: 2, Severity.MAJOR: 1, Severity.MINOR: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What the rules say of a call, in order of time.

    Attributes:
        notes: events that matter to later calls only.
        overruled: what a rule found and the second opinion did not let stand: shown, and counted nowhere.
        view: the call as the rules saw that look for violations.
    """

    findings: tuple[Finding, ...]
    acts: tuple[Act, ...]
    events: tuple[CustomerEvent, ...]
    view: CallView = field(compare=False, repr=False)
    notes: tuple[CustomerEvent, ...] = ()
    overruled: tuple[Finding, ...] = ()


def detect(
    call: Call,
    transcript: Transcript,
    book: RuleBook,
    settings: DetectSettings,
    roles: RoleSettings,
    *,
    facts: Facts = NOTHING_KNOWN,
    policy: Policy | None = None,
) -> Detection:
    """Run every rule of ``book`` over a call, and join the second opinion where there is one.

    Acts and events come first, for conditions of other rules may ask for them. A rule gives at most
    one finding a turn, the strongest. A finding becomes a ``violation`` when its confidence reaches
    what the rule or ``settings.violation_confidence`` asks for and neither the speaker nor the
    recognised words of its evidence are in doubt; else it is for review.
    """
    sound_scanner = book.absence_sound_scanner if settings.by_sound else None
    view = CallView.of(call, transcript, facts, book.scanner, sound_scanner)
    doubts = Doubts(transcript, settings, roles)
    judge = _Judge(view, settings, doubts)
    bench = _bench(call, judge, book, facts, policy)
    by_rules = list(_acts(judge, book, bench))
    acts = list(bench.acts(by_rules)) if bench else by_rules
    events, notes = tuple(_events(judge, book, "event")), tuple(_events(judge, book, "note"))
    events += tuple(bench.events(by_rules, {e.event for e in events})) if bench else ()
    events += tuple(_events_by_sound(judge, book, events))
    heard, worth_hearing = _heard(view, bench, book)
    judge = _Judge(view.knowing(_with_said(facts, acts, events)), settings, doubts, heard, worth_hearing)
    found = [f for rule in book.of_kind("violation") for f in judge.findings(rule)]
    found = list(bench.findings(found)) if bench else found
    found = [judge.closed(f, book, call.metadata.started_at) for f in found]
    found.sort(key=_finding_order)
    fallen = [f for f in found if bench and not bench.stands(f)]
    findings = list(_that_count((f for f in found if not bench or bench.stands(f)), book))
    return Detection(
        findings=tuple(findings),
        overruled=tuple(f for f in fallen if Witness.SOUND not in f.witnesses),
        acts=tuple(sorted(_earned(acts, findings), key=lambda a: (a.evidence.turn, a.evidence.start, a.act))),
        events=tuple(sorted(events, key=lambda e: (e.evidence.turn, e.evidence.start, e.event))),
        notes=tuple(sorted(notes, key=lambda e: (e.evidence.turn, e.evidence.start, e.event))),
        view=judge.view,
    )


def _bench(call: Call, judge: _Judge, book: RuleBook, facts: Facts, policy: Policy | None) -> Bench | None:
    if not (facts.opinions and policy):
        return None
    acts = {compiled.rule.rule: compiled for compiled in book.of_kind("act")}
    rules = {compiled.rule.rule: compiled for compiled in book.of_kind("violation")}

    # Few acts are asked about, and each for several turns.
    @cache
    def barred(act: str) -> frozenset[int]:
        return acts[act].barred(judge.view) if act in acts else frozenset()

    @cache
    def settled(act: str) -> frozenset[int]:
        return acts[act].certain(judge.view) if act in acts else frozenset()

    @cache
    def certain(rule: str) -> frozenset[int]:
        return rules[rule].certain(judge.view)

    return Bench(
        call=call,
        turns=judge.turns,
        book=book,
        opinions=facts.opinions,
        policy=policy,
        in_doubt=judge.doubts.in_doubt,
        barred=barred,
        settled=settled,
        certain=certain,
        spared=judge.spared,
    )


def _heard(
    view: CallView, bench: Bench | None, book: RuleBook
) -> tuple[CallView | None, Mapping[str, frozenset[int]]]:
    """The call by its sounds, and by rule the turns on which the second opinion would let it stand.

    Without a second opinion sounds are not looked at: alone they find too much.
    """
    if view.sound_scanner is None or bench is None:
        return None, {}
    suspected = [p for p, turn in enumerate(view.turns) if bench.would_hear(turn.index)]
    near = {p + off for p in suspected for off in range(-_WITHIN, _WITHIN + 1)}
    if not near:
        return None, {}
    return replace(view, sound_scanner=book.sound_scanner).listening_at(near), bench.worth_hearing


def _acts(judge: _Judge, book: RuleBook, bench: Bench | None) -> Iterator[Act]:
    """What the rules find, where the second opinion would not overrule it."""
    for rule in book.of_kind("act"):
        overruled = bench.overruled(rule.rule.rule) if bench else frozenset()
        for turn, evidence in judge.places(rule, overruled):
            yield Act(act=rule.rule.rule, role=turn.role, evidence=evidence)


def _events(judge: _Judge, book: RuleBook, kind: Kind) -> Iterator[CustomerEvent]:
    for rule in book.of_kind(kind):
        for _, evidence in judge.places(rule):
            yield CustomerEvent(event=rule.rule.rule, evidence=evidence)


def _events_by_sound(
    judge: _Judge, book: RuleBook, written: Iterable[CustomerEvent]
) -> Iterator[CustomerEvent]:
    """Events of which no words are written in the whole call, but what recognition heard sounds like them.

    Only turns that were recognised are listened to: a written transcript is not misheard.
    """
    if not judge.settings.by_sound:
        return
    recognised = [p for p, turn in enumerate(judge.view.turns) if turn.asr_confidence is not None]
    if not recognised:
        return
    told = {event.event for event in written}
    heard = replace(judge.view, sound_scanner=book.event_sound_scanner).listening_at(recognised)
    for rule in book.of_kind("event"):
        if rule.rule.rule not in told:
            for _, evidence in judge.sounding(rule, heard):
                yield CustomerEvent(event=rule.rule.rule, evidence=evidence, witness=Witness.SOUND)


def _with_said(facts: Facts, acts: Iterable[Act], events: Iterable[CustomerEvent]) -> Facts:
    """Facts with the acts and events of each turn."""
    shown: defaultdict[int, set[str]] = defaultdict(set)
    happened: defaultdict[int, set[str]] = defaultdict(set)
    for act in acts:
        shown[act.evidence.turn].add(act.act)
    for event in events:
        happened[event.evidence.turn].add(event.event)
    return replace(
        facts,
        acts={turn: frozenset(names) for turn, names in shown.items()},
        events={turn: frozenset(names) for turn, names in happened.items()},
    )


def _that_count(findings: Iterable[Finding], book: RuleBook) -> Iterator[Finding]:
    """Findings in order of time, of each rule no more than it allows in a call, whoever raised them."""
    most = {
        compiled.rule.rule: 1 if compiled.rule.per == "call" else compiled.rule.most
        for compiled in book.of_kind("violation")
    }
    told: Counter[str] = Counter()
    for finding in findings:
        told[finding.rule] += 1
        limit = most.get(finding.rule)
        if limit is None or told[finding.rule] <= limit:
            yield finding


def _earned(acts: list[Act], findings: list[Finding]) -> list[Act]:
    """Acts without those of an agent who breaks a rule in the same turn: a threat informs nobody."""
    broken = {f.evidence.turn for f in findings if f.evidence and f.state is FindingState.VIOLATION}
    return [act for act in acts if act.role is not Role.AGENT or act.evidence.turn not in broken]


def _finding_order(finding: Finding) -> tuple[int, int, str]:
    at = finding.evidence
    return (at.turn, at.start, finding.rule) if at else (-1, 0, finding.rule)


@dataclass(frozen=True)
class _Judge:
    """Turns what raises a rule into findings on one call."""

    view: CallView
    settings: DetectSettings
    doubts: Doubts
    heard: CallView | None = None
    worth_hearing: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @cached_property
    def turns(self) -> dict[int, Turn]:
        """The turns of the parties by index."""
        return {turn.index: turn for turn in self.view.turns}

    def spared(self, compiled: CompiledRule, at: Evidence) -> frozenset[str]:
        """The contexts of a rule in which words stand."""
        position = next(p for p, turn in enumerate(self.view.turns) if turn.index == at.turn)
        line = self.view.lines[position]
        return frozenset(c.name for c in compiled.contexts if c.spares(line, at.start, at.end))

    def closed(self, finding: Finding, book: RuleBook, started_at: datetime | None) -> Finding:
        """A finding with the clauses in force on the day of the call, and how sure its evidence is."""
        norms, at = book.clauses.at(finding.norms, started_at), finding.evidence
        return replace(
            finding,
            norms=norms,
            reason=finding.reason if norms or not finding.norms else finding.reason + NONE_IN_FORCE,
            certainty=self.doubts.certainty(self.turns[at.turn], at) if at else finding.certainty,
        )

    def findings(self, compiled: CompiledRule) -> Iterator[Finding]:
        """The strongest finding a turn; what cannot be decided is said once a field."""
        if not compiled.in_effect(self._day):
            return
        strongest: dict[object, Finding] = {}
        for raised in self._raised(compiled):
            finding = self._finding(compiled, raised)
            key = finding.missing if finding.state is FindingState.CANNOT_DECIDE else raised.position
            if key not in strongest or _weight(finding) > _weight(strongest[key]):
                strongest[key] = finding
        yield from strongest.values()

    def _raised(self, compiled: CompiledRule) -> Iterator[Raised]:
        """What the words raise, and behind it what only their sound raises, on other turns."""
        told: set[int | None] = set()
        for raised in compiled.find(self.view):
            told.add(raised.position)
            yield raised
        turns = self.worth_hearing.get(compiled.rule.rule)
        if self.heard is None or not turns:
            return
        within = frozenset(p for p, turn in enumerate(self.view.turns) if turn.index in turns)
        for patterns, raised in compiled.find_by_sound(self.heard, within):
            if raised.position not in told and not raised.missing and self._alike(patterns, raised):
                confidence = raised.confidence * self.settings.by_sound_confidence
                yield replace(raised, confidence=confidence, review=True, by_sound=True)

    def sounding(self, compiled: CompiledRule, heard: CallView) -> Iterator[tuple[Turn, Evidence]]:
        """The turns in which something sounds like an event, each once."""
        barred = compiled.barred(self.view)
        told: set[int] = set()
        for patterns, raised in compiled.find_by_sound(heard) if compiled.in_effect(self._day) else ():
            position = raised.position
            if position is None or position in told or raised.missing:
                continue
            turn = self.view.turns[position]
            if turn.index not in barred and self._alike(patterns, raised, misheard_in=turn):
                told.add(position)
                yield turn, _evidence(turn, raised)

    def _alike(self, patterns: Patterns, raised: Raised, *, misheard_in: Turn | None = None) -> bool:
        """Whether enough of what sounds right is also written as the rule has it.

        With a turn, all that only sounds right must besides look misheard there: rare, and not sure.
        """
        text = self.view.folded[raised.position or 0]
        found = likeness(patterns, self.view.fields, text, raised.start, raised.end)
        if misheard_in and any(text[at] in _COMMON or _is_clear(misheard_in, at) for at in found.heard):
            return False
        return len(found.written) >= self.settings.by_sound_written and 0 < len(found.heard) <= len(
            found.written
        )

    @property
    def _day(self) -> date | None:
        started_at = self.view.fields.get("started_at")
        return started_at.date() if isinstance(started_at, datetime) else None

    def places(
        self, compiled: CompiledRule, but: frozenset[int] = frozenset()
    ) -> Iterator[tuple[Turn, Evidence]]:
        """The turns that show an act or event, each once; hits do not look at those in ``but``, by index."""
        if not compiled.in_effect(self._day):
            return
        seen: set[int] = set()
        others = {p for p, turn in enumerate(self.view.turns) if turn.index not in but} if but else None
        for raised in compiled.find(self.view, others):
            if raised.position is None or raised.missing or raised.position in seen:
                continue
            seen.add(raised.position)
            turn = self.view.turns[raised.position]
            yield turn, _evidence(turn, raised)

    def _finding(self, compiled: CompiledRule, raised: Raised) -> Finding:
        rule = compiled.rule
        turn = None if raised.position is None else self.view.turns[raised.position]
        evidence = _evidence(turn, raised) if turn else None
        confidence = raised.confidence * (turn.role_confidence if turn and rule.says != "anyone" else 1.0)
        reason = (raised.reason or rule.reason).replace("{quote}", evidence.quote if evidence else "")
        return Finding(
            rule=rule.rule,
            state=self._state(compiled, raised, turn, evidence, confidence),
            severity=raised.severity or rule.severity or Severity.MINOR,
            confidence=round(confidence, 3),
            norms=rule.norms,
            reason=_caveat(raised) + reason,
            evidence=evidence,
            missing=raised.missing,
            tariff=tariff_of(rule),
            witnesses=(Witness.SOUND if raised.by_sound else Witness.RULE,),
            sure=raised.confidence >= self._needed(rule),
            review_only=compiled.draft or raised.review,
        )

    def _needed(self, rule: Rule) -> float:
        return rule.needs or self.settings.violation_confidence

    def _state(
        self,
        compiled: CompiledRule,
        raised: Raised,
        turn: Turn | None,
        evidence: Evidence | None,
        confidence: float,
    ) -> FindingState:
        if raised.missing or raised.unclear:
            return FindingState.CANNOT_DECIDE
        if raised.review or compiled.draft or confidence < self._needed(compiled.rule):
            return FindingState.NEEDS_REVIEW
        if turn and evidence and self.doubts.in_doubt(turn, evidence):
            return FindingState.NEEDS_REVIEW
        return FindingState.VIOLATION


def _is_clear(turn: Turn, at: int) -> bool:
    """Whether recognition was sure of the character at an offset."""
    words = words_at(turn, at, at + 1)
    chance = words[0].probability if words else turn.asr_confidence
    return chance is None or chance >= _CLEAR


def _evidence(turn: Turn, raised: Raised) -> Evidence:
    return Evidence.of(turn, raised.start, raised.end) if raised.end else Evidence.whole(turn)


def _caveat(raised: Raised) -> str:
    """What the reader must know before the reason."""
    if raised.by_sound:
        return "按读音近似："
    if raised.missing:
        return f"缺少 {raised.missing}，无法判断："
    return "此处录音识别不清，无法判断：" if raised.unclear else ""


def _weight(finding: Finding) -> tuple[int, int, float, int]:
    length = len(finding.evidence.quote) if finding.evidence else 0
    return _STRENGTH[finding.state], _RANK[finding.severity], finding.confidence, length


def red_line_turns(findings: Iterable[Finding]) -> frozenset[int]:
    """Turns on which a confirmed red line stands."""
    return frozenset(
        f.evidence.turn for f in findings if f.evidence and f.red_line and f.state is FindingState.VIOLATION
    )
