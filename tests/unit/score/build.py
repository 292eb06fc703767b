"""Small builders for score tests."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pipeline.metadata import CallMetadata
from pipeline.score import score
from pipeline.types import (
    Act,
    Call,
    CustomerEvent,
    Evidence,
    Finding,
    FindingState,
    Promise,
    Role,
    Scores,
    Severity,
    Tone,
    ToneFrame,
    Transcript,
    Turn,
)
from tests.golden.sample import CARD

TURNS = 12
AGENT_ACTS = (
    "polite_opening",
    "rpc_confirm",
    "inform_facts",
    "open_question",
    "reason_probe",
    "empathy",
    "solution_offer",
    "ptp_confirmed",
    "consequence_accurate",
    "deescalate",
    "objection_handling",
    "closing_summary",
)


def turn(index: int, text: str = "我在手机银行上还") -> Turn:
    """Even turns are the agent's."""
    role = Role.CUSTOMER if index % 2 else Role.AGENT
    return Turn(index=index, role=role, role_confidence=1.0, text=text)


def found(rule, severity=Severity.MAJOR, at=0, state=FindingState.VIOLATION) -> Finding:
    """A finding in a turn, or about the call when ``at`` is ``None``."""
    evidence = None if at is None else Evidence.whole(turn(at))
    return Finding(
        rule=rule, state=state, severity=severity, confidence=0.9, norms=(), reason="示例", evidence=evidence
    )


def promised(amount="3000", *, day=True, confirmed=True, coerced=False) -> Promise:
    """A promise of ``amount`` yuan."""
    return Promise(
        amount=None if amount is None else Decimal(amount),
        date=date(2026, 7, 1) if day else None,
        confirmed=confirmed,
        coerced=coerced,
        turns=(3,),
    )


def judged(
    *,
    findings=(),
    acts=(),
    said=(),
    events=(),
    promise=None,
    tones=None,
    text="我在手机银行上还",
    card=CARD,
    **metadata,
) -> Scores:
    """Score a call of 12 turns; ``acts`` are names or (name, turn), ``tones`` by turn, else neutral."""
    turns = tuple(turn(i, text) for i in range(TURNS))
    placed = [(a, 0) if isinstance(a, str) else a for a in acts]
    return score(
        Call(call_id="c", metadata=CallMetadata.model_validate(metadata)),
        Transcript(turns=turns),
        tuple(findings),
        tuple(
            [Act(act=a, role=Role.AGENT, evidence=Evidence.whole(turns[i])) for a, i in placed]
            + [Act(act=a, role=Role.CUSTOMER, evidence=Evidence.whole(turns[1])) for a in said]
        ),
        tuple(CustomerEvent(event=e, evidence=Evidence.whole(turns[1])) for e in events),
        promise,
        tuple(ToneFrame(turn=i, tone=(tones or {}).get(i, Tone.NEUTRAL)) for i in range(TURNS)),
        card,
    )


def items(scores: Scores) -> dict:
    """Effectiveness items by name."""
    return {item.name: item for item in scores.effectiveness_items}
