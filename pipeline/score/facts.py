"""What effectiveness needs to know of a call, worked out once."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from pipeline.score.scorecard import Excuse, Situation
from pipeline.types import Evidence, FindingState, Role, Severity, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.score.scorecard import Cause, EffectivenessCard
    from pipeline.types import Act, Call, CustomerEvent, Finding, Promise, ToneFrame, Transcript, Turn

Places = tuple[Evidence, ...]

OTHER_PERSONS = frozenset({"relative", "colleague", "emergency_contact", "stranger"})
"""Values of ``callee_role`` that owe nothing; a guarantor does."""

_MOCKING = frozenset({"rude_tone", "insult_abuse", "vulnerable_mishandled"})
"""Rules beside which words of empathy are sarcasm."""

_CLAUSE = re.compile(r"[^，。！？、；,.!?;\s]+")
_FORMULA = re.compile(
    r"[我们咱也都很挺特别非常是能可以完全充分这那种个您你的了啊呀嘛哈好嗯哦对先情况困难心处境]*"
    r"(?:理解|明白|体谅|体会|知道|懂|了解|清楚)"
    r"[理解明白体谅知道清楚您你的了啊呀嘛哈心情感受难处情况困难处境这那个些]*"
)
_SARCASM = re.compile(
    r"(?:理解|明白|知道|懂|清楚)[您你]?(?:就是|是|压根)?(?:不想还|不愿意?还|没诚意|想[拖赖躲])"
)
_DEMAND = re.compile(
    r"(?:什么时候|啥时候|几号|哪天|多久|今天|明天|现在|马上|尽快|赶紧|赶快|必须|务必|到底|一定要|得).{0,8}"
    r"(?:还|处理|打款|结清|付|交|安排|存)"
    r"|(?:能|打算|准备|先)?还(?:多少|款吧|不还|钱)|抓紧|给个?准[话信]"
)
_CONDITION = re.compile(r"[？?]$|怎么(?:跟|和|让|叫)|凭什么")
"""A turn that asks back takes nothing on."""
_ASKS = re.compile(r"[?？]|麻烦|能不能|可不可以|可以吗|好吗|行吗|方便|帮忙|帮我|转告|转达|劳烦|请[您你]")
_PASSES_ON = re.compile(
    r"^(?:(?![不没别]|无法)[^，。！？、；,.!?;\s])*?(?:转告|转达|告诉[他她]|(?:跟|和|给|同)[他她](?:说|讲|提|带|打)"
    r"|[让叫喊][他她].{0,6}(?:打|回|联系|找)|(?:通知|联系)[他她]|问(?:一下|下|哈|问)?[他她])(?!不|过)"
)
"""Words that take on to pass something on, from the beginning of a clause that denies nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An act that was done: the share of its points it is worth, and where."""

    share: float
    places: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A call as effectiveness sees it.

    Attributes:
        done: the agent's acts by name.
        said: the customer's acts by name, with their places.
        events: the customer's events by name, with theirs.
        taken_on: where somebody else agrees to what was asked of them, or to pass it on.
        broken: rules with a confirmed violation, with their places (empty: about the whole call).
        promised: where the promise stands.
        tones: tone by turn index.
        full_promise: whether all that is due is promised.
    """

    situation: Situation
    agent_turns: tuple[Turn, ...]
    customer_turns: tuple[Turn, ...]
    done: Mapping[str, Done]
    said: Mapping[str, Places]
    events: Mapping[str, Places]
    taken_on: Places
    broken: Mapping[str, Places]
    promise: Promise | None
    promised: Places
    tones: Mapping[int, Tone]
    full_promise: bool
    card: EffectivenessCard

    def sounds(self, *tones: Tone) -> Places:
        """Customer turns with one of these tones."""
        return tuple(
            Evidence.whole(t) for t in self.customer_turns if t.text and self.tones.get(t.index) in tones
        )

    def voiced(self, *names: str) -> Places:
        """Where the customer voiced one of these acts or events."""
        return _merged(at for name in names for at in (*self.said.get(name, ()), *self.events.get(name, ())))

    def breaks(self, *rules: str) -> bool:
        """Whether one of these rules is broken."""
        return any(rule in self.broken for rule in rules)

    def cause(self, cause: Cause) -> Places:
        """Where the customer gives a cause; empty where there is none."""
        return _merged((*self.voiced(*cause.voiced), *self.sounds(*cause.sounds)))

    def excused(self, excuse: Excuse) -> bool:
        """Whether an excuse holds."""
        if excuse is Excuse.PROMISED_IN_FULL:
            return self.full_promise and not self.voiced("hardship", "illness")
        return (
            bool(self.voiced("dispute"))
            and not self.voiced("refusal")
            and "objection_handling" in self.done
            and not self.breaks("obstruct_dispute")
        )


def gather(
    call: Call,
    transcript: Transcript,
    findings: Sequence[Finding],
    acts: Iterable[Act],
    events: Iterable[CustomerEvent],
    promise: Promise | None,
    tones: Iterable[ToneFrame],
    card: EffectivenessCard,
) -> Facts:
    """Work out the facts of a call. Only confirmed violations count."""
    violations = [f for f in findings if f.state is FindingState.VIOLATION]
    acts = tuple(acts)
    turns = {turn.index: turn for turn in transcript.turns}
    event_places = _by_name((e.event, e.evidence) for e in events)
    total_due = call.metadata.total_due
    paid_in_full = promise is not None and promise.amount is not None and promise.amount >= (total_due or 0)
    said = [a for a in acts if a.role is Role.CUSTOMER]
    return Facts(
        situation=_situation(call.metadata.callee_role, event_places),
        agent_turns=transcript.by_role(Role.AGENT),
        customer_turns=transcript.by_role(Role.CUSTOMER),
        done=_done([a for a in acts if a.role is not Role.CUSTOMER], violations, turns, card),
        said=_by_name((a.act, a.evidence) for a in said),
        events=event_places,
        taken_on=_taken_on(said, transcript),
        broken=_by_name((f.rule, f.evidence) for f in violations),
        promise=promise,
        promised=_promised(promise, said, turns),
        tones={frame.turn: frame.tone for frame in tones},
        full_promise=paid_in_full and total_due is not None,
        card=card,
    )


def _situation(callee_role: str | None, events: Mapping[str, Places]) -> Situation:
    if "self_harm_risk" in events:
        return Situation.CRISIS
    if callee_role in OTHER_PERSONS or "wrong_number" in events or "third_party" in events:
        return Situation.OTHER_PERSON
    return Situation.DEBTOR


def _merged(places: Iterable[Evidence]) -> Places:
    """Places in order of the call, each once."""
    return tuple(sorted(dict.fromkeys(places), key=lambda at: (at.turn, at.start, at.end)))


def _by_name(pairs: Iterable[tuple[str, Evidence | None]]) -> dict[str, Places]:
    found: defaultdict[str, list[Evidence]] = defaultdict(list)
    for name, at in pairs:
        found[name] += [] if at is None else [at]
    return {name: _merged(places) for name, places in found.items()}


def _done(
    acts: Iterable[Act], violations: Sequence[Finding], turns: Mapping[int, Turn], card: EffectivenessCard
) -> dict[str, Done]:
    worth = _worth(violations, card)
    mocking = {f.evidence.turn for f in violations if f.evidence and f.rule in _MOCKING}
    shares: defaultdict[str, list[float]] = defaultdict(list)
    places = _by_name((act.act, act.evidence) for act in acts)
    for name, found in places.items():
        for at in found:
            share = worth.get(at.turn, 1.0)
            if name == "empathy":
                text = turns[at.turn].text if at.turn in turns else ""
                mocked = at.turn in mocking or _SARCASM.search(text, at.start)
                formula = _is_formula_with_demand(text, at)
                share = 0.0 if mocked else share * (card.formula_empathy if formula else 1.0)
            shares[name].append(share)
    return {name: Done(share=max(shares[name]), places=found) for name, found in places.items()}


def _worth(violations: Iterable[Finding], card: EffectivenessCard) -> dict[int, float]:
    """What an act in each turn with a violation is worth."""
    worth: dict[int, float] = {}
    for finding in violations:
        if finding.evidence:
            turn = finding.evidence.turn
            share = card.act_beside_minor if finding.severity is Severity.MINOR else card.act_beside_major
            worth[turn] = min(share, worth.get(turn, 1.0))
    return worth


def _is_formula_with_demand(text: str, at: Evidence) -> bool:
    """Whether the words of empathy are a formula only, and what follows them is a demand for money."""
    clauses = [c for c in _CLAUSE.finditer(text) if c.end() > at.start]
    formulas = list(takewhile(lambda clause: _FORMULA.fullmatch(clause.group()), clauses))
    rest = clauses[len(formulas) :]
    return bool(formulas and rest) and _DEMAND.search(rest[0].group()) is not None


def _taken_on(said: Iterable[Act], transcript: Transcript) -> Places:
    """Where an ``agree`` is a next step: it answers something asked, or takes on to pass it on.

    An ``agree`` that only ends the conversation is none; who says ``我问一下他`` needs no yes besides.
    """
    promised: list[Evidence] = []
    before: dict[int, str] = {}
    words: dict[int, str] = {}
    last = ""
    for turn in transcript.turns:
        if turn.role is Role.AGENT:
            last = turn.text
        elif turn.role is Role.CUSTOMER:
            before[turn.index], words[turn.index] = last, turn.text
            promised += [
                Evidence.of(turn, clause.start(), clause.end())
                for clause in _CLAUSE.finditer(turn.text)
                if (own := _PASSES_ON.match(clause.group())) and "我" in own.group()
            ]
    agreed = (
        act.evidence
        for act in said
        if act.act == "agree"
        and (
            _ASKS.search(before.get(act.evidence.turn, ""))
            or any(_PASSES_ON.match(c) for c in _CLAUSE.findall(words.get(act.evidence.turn, "")))
        )
    )
    return _merged((*agreed, *(at for at in promised if _CONDITION.search(words[at.turn]) is None)))


def _promised(promise: Promise | None, said: Iterable[Act], turns: Mapping[int, Turn]) -> Places:
    """Where the promise stands: the words of amount and date, and of turns that have none, the turn."""
    if promise is None:
        return ()
    named = [
        act.evidence
        for act in said
        if act.act in ("ptp_amount", "ptp_date") and act.evidence.turn in promise.turns
    ]
    covered = {at.turn for at in named}
    whole = [
        Evidence.whole(turns[i]) for i in promise.turns if i not in covered and i in turns and turns[i].text
    ]
    return _merged((*named, *whole))
