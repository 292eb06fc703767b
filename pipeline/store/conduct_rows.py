"""How a call was held, as rows of the store's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.types import Turning

if TYPE_CHECKING:
    from pipeline.types import CallConduct, PartyConduct


def conduct_rows(conduct: CallConduct | None) -> list[dict[str, Any]]:
    """The rows of ``conduct``, one a party; none for a call that was not judged."""
    if conduct is None:
        return []
    return [_party_row(party, conduct) for party in (conduct.agent, conduct.customer)]


def floor_rows(conduct: CallConduct | None) -> list[dict[str, Any]]:
    """The row of ``floor``; none for a call that was not judged."""
    if conduct is None:
        return []
    silences = conduct.silences
    return [
        {
            "silences": silences.count if silences else None,
            "silent_ms": silences.total_ms if silences else None,
            "longest_silence_ms": silences.longest_ms if silences else None,
            "silent_share": silences.share if silences else None,
            "overlap_ms": conduct.overlap_ms,
            "overlap_share": conduct.overlap_share,
        }
    ]


def _party_row(party: PartyConduct, conduct: CallConduct) -> dict[str, Any]:
    tones = {f"{phase.phase.value}_tone": phase.tone for phase in party.phases}
    turned = [shift.kind for shift in conduct.shifts if shift.role is party.role]
    longest = party.monologue
    return {
        "party": party.role.value,
        "turns": party.turns,
        "characters": party.characters,
        "speech_ms": party.speech_ms,
        "talk_share": party.talk_share,
        "rate": party.rate,
        "monologue_characters": longest.characters if longest else None,
        "monologue_ms": longest.duration_ms if longest else None,
        "interruptions": party.interruptions,
        "responses": party.responses,
        "response_ms": party.response_ms,
        "slow_responses": party.slow_responses,
        "open_questions": party.open_questions,
        "closed_questions": party.closed_questions,
        **{
            name: tone.value if (tone := tones.get(name)) else None
            for name in ("opening_tone", "middle_tone", "closing_tone")
        },
        "escalations": turned.count(Turning.ESCALATION),
        "de_escalations": turned.count(Turning.DE_ESCALATION),
    }
