"""The two scores of a call from what was found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.score.compliance import judge_compliance
from pipeline.score.effectiveness import judge_effectiveness
from pipeline.score.facts import gather
from pipeline.types import Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.score.scorecard import Scorecard
    from pipeline.types import Act, Call, CustomerEvent, Finding, Promise, ToneFrame, Transcript


def score(
    call: Call,
    transcript: Transcript,
    findings: Sequence[Finding],
    acts: Sequence[Act],
    events: Sequence[CustomerEvent],
    promise: Promise | None,
    tones: Sequence[ToneFrame],
    card: Scorecard,
) -> Scores:
    """Score a call that can be scored.

    Both scores are 0..100. Effectiveness is ``None`` when no turn is the agent's.
    """
    compliance = judge_compliance(findings, card.compliance)
    facts = gather(call, transcript, findings, acts, events, promise, tones, card.effectiveness)
    effectiveness = judge_effectiveness(facts, compliance, card.effectiveness)
    return Scores(
        compliance=compliance.score,
        compliance_if_confirmed=compliance.if_confirmed,
        effectiveness=effectiveness.score,
        red_line=compliance.red_line,
        compliance_items=compliance.items,
        effectiveness_items=effectiveness.items,
    )
