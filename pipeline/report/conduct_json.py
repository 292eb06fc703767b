"""The conduct of a call as JSON: part of the form ``tinghe.call/1``. Times are seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.types import (
        CallConduct,
        Interruption,
        Monologue,
        PartyConduct,
        Silences,
        TonePhase,
        TonePoint,
        ToneShift,
    )


def conduct_json(conduct: CallConduct | None) -> dict[str, Any] | None:
    """All measures, in the order of the published form; ``None`` where a call has none."""
    if conduct is None:
        return None
    cut_off = conduct.interruptions
    return {
        "agent": _party(conduct.agent),
        "customer": _party(conduct.customer),
        "silences": _silences(conduct.silences),
        "overlap": _seconds(conduct.overlap_ms),
        "overlap_share": conduct.overlap_share,
        "interruptions": None if cut_off is None else [_interruption(one) for one in cut_off],
        "tone_shifts": [_shift(shift) for shift in conduct.shifts],
    }


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _party(party: PartyConduct) -> dict[str, Any]:
    return {
        "turns": party.turns,
        "characters": party.characters,
        "speech": _seconds(party.speech_ms),
        "talk_share": party.talk_share,
        "characters_per_minute": party.rate,
        "longest_monologue": _monologue(party.monologue),
        "interruptions": party.interruptions,
        "responses": party.responses,
        "response_time": _seconds(party.response_ms),
        "slow_responses": party.slow_responses,
        "open_questions": party.open_questions,
        "closed_questions": party.closed_questions,
        "tone_course": [_point(point) for point in party.course],
        "tone_phases": [_phase(phase) for phase in party.phases],
    }


def _monologue(monologue: Monologue | None) -> dict[str, Any] | None:
    if monologue is None:
        return None
    return {
        "first_turn": monologue.first,
        "last_turn": monologue.last,
        "characters": monologue.characters,
        "duration": _seconds(monologue.duration_ms),
    }


def _silences(silences: Silences | None) -> dict[str, Any] | None:
    if silences is None:
        return None
    return {
        "count": silences.count,
        "total": _seconds(silences.total_ms),
        "longest": _seconds(silences.longest_ms),
        "share": silences.share,
        "longest_before_turn": silences.longest_before,
    }


def _interruption(one: Interruption) -> dict[str, Any]:
    return {
        "turn": one.turn,
        "role": one.role.value,
        "interrupted_turn": one.interrupted,
        "start": _seconds(one.start_ms),
        "overlap": _seconds(one.overlap_ms),
    }


def _point(point: TonePoint) -> dict[str, Any]:
    return {"turn": point.turn, "strain": point.strain, "smoothed": point.smoothed}


def _phase(phase: TonePhase) -> dict[str, Any]:
    return {
        "phase": phase.phase.value,
        "turns": phase.turns,
        "tone": phase.tone.value if phase.tone else None,
        "strain": phase.strain,
    }


def _shift(shift: ToneShift) -> dict[str, Any]:
    return {
        "turn": shift.turn,
        "role": shift.role.value,
        "kind": shift.kind.value,
        "from": shift.from_tone.value,
        "to": shift.to_tone.value,
        "after_turn": shift.after,
        "after_tone": shift.after_tone.value if shift.after_tone else None,
        "after_rules": list(shift.after_rules),
        "after_acts": list(shift.after_acts),
    }
