"""What effectiveness needs to know of a call, worked out once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.types import FindingState, Role, Severity, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.score.scorecard import EffectivenessCard
    from pipeline.types import Act, Call, CustomerEvent, Finding, Promise, ToneFrame, Transcript, Turn

OTHER_PERSONS = frozenset({"relative", "colleague", "emergency_contact", "stranger"})
"""Values of ``callee_role`` that owe nothing; a guarantor does."""


class Situation(StrEnum):
    """Who was reached, which decides what a good call is."""

    DEBTOR = "debtor"
    OTHER_PERSON = "other_person"
    CRISIS = "crisis"
    """Words of self-harm: collection has to stop and care comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An act that was done: the share of its points it is worth, and where."""

    share: float
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A call as effectiveness sees it.

    Attributes:
        done: the agent's acts by name.
        said: the customer's acts by name, with their turns.
        broken: rules with a confirmed violation, with their turns (empty: about the whole call).
        tones: tone by turn index.
        total_due: yuan, ``None`` when the manifest does not say.
    """

    situation: Situation
    agent_turns: tuple[Turn, ...]
    customer_turns: tuple[Turn, ...]
    done: Mapping[str, Done]
    said: Mapping[str, tuple[int, ...]]
    events: Mapping[str, tuple[int, ...]]
    broken: Mapping[str, tuple[int, ...]]
    promise: Promise | None
    tones: Mapping[int, Tone]
    full_promise: bool
    official_channels: tuple[str, ...]

    def customer_sounds(self, *tones: Tone) -> tuple[int, ...]:
        """Customer turns with one of these tones."""
        return tuple(t.index for t in self.customer_turns if self.tones.get(t.index) in tones)

    def voiced(self, *names: str) -> tuple[int, ...]:
        """Turns in which the customer voiced one of these acts or events."""
        return tuple(
            sorted({i for name in names for i in (*self.said.get(name, ()), *self.events.get(name, ()))})
        )

    def breaks(self, *rules: str) -> bool:
        """Whether one of these rules is broken."""
        return any(rule in self.broken for rule in rules)


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
    event_turns = _turns((e.event, e.evidence.turn) for e in events)
    total_due = call.metadata.total_due
    paid_in_full = promise is not None and promise.amount is not None and promise.amount >= (total_due or 0)
    return Facts(
        situation=_situation(call.metadata.callee_role, event_turns),
        agent_turns=transcript.by_role(Role.AGENT),
        customer_turns=transcript.by_role(Role.CUSTOMER),
        done=_done([a for a in acts if a.role is not Role.CUSTOMER], _worth(violations, card)),
        said=_turns((a.act, a.evidence.turn) for a in acts if a.role is Role.CUSTOMER),
        events=event_turns,
        broken=_turns((f.rule, f.evidence.turn if f.evidence else None) for f in violations),
        promise=promise,
        tones={frame.turn: frame.tone for frame in tones},
        full_promise=paid_in_full and total_due is not None,
        official_channels=card.official_channels,
    )


def _situation(callee_role: str | None, events: Mapping[str, tuple[int, ...]]) -> Situation:
    if "self_harm_risk" in events:
        return Situation.CRISIS
    if callee_role in OTHER_PERSONS or "wrong_number" in events or "third_party" in events:
        return Situation.OTHER_PERSON
    return Situation.DEBTOR


def _turns(pairs: Iterable[tuple[str, int | None]]) -> dict[str, tuple[int, ...]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for name, turn in pairs:
        found[name] |= set() if turn is None else {turn}
    return {name: tuple(sorted(turns)) for name, turns in found.items()}


def _worth(violations: Iterable[Finding], card: EffectivenessCard) -> dict[int, float]:
    """What an act in each turn with a violation is worth."""
    worth: dict[int, float] = {}
    for finding in violations:
        if finding.evidence:
            turn = finding.evidence.turn
            share = card.act_beside_minor if finding.severity is Severity.MINOR else card.act_beside_major
            worth[turn] = min(share, worth.get(turn, 1.0))
    return worth


def _done(acts: Iterable[Act], worth: Mapping[int, float]) -> dict[str, Done]:
    by_name = _turns((a.act, a.evidence.turn) for a in acts)
    return {
        name: Done(share=max(worth.get(turn, 1.0) for turn in turns), turns=turns)
        for name, turns in by_name.items()
    }
