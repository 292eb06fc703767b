"""All measures of a call's conduct, out of its transcript, tones, findings and acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.conduct.floor import (
    SLOW_ANSWER_MS,
    answers_ms,
    floor_turns,
    interruptions,
    longest_monologue,
    silences,
    typical_ms,
)
from pipeline.conduct.questions import count_questions
from pipeline.conduct.stretches import (
    PARTIES,
    bare,
    is_mixed,
    is_timed,
    party_turns,
    shared_ms,
    speech_ms,
    stretches,
)
from pipeline.conduct.tones import Before, course, phases, shifts, thirds
from pipeline.types import CallConduct, Interruption, PartyConduct, Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.conduct.stretches import Stretch
    from pipeline.types import Act, Finding, Phase, ToneFrame, Transcript, Turn

MIN_RATED_MS = 10_000
"""Less speech than this gives no rate."""


def conduct_of(
    transcript: Transcript,
    tones: Sequence[ToneFrame] = (),
    findings: Sequence[Finding] = (),
    acts: Sequence[Act] = (),
) -> CallConduct | None:
    """How a call was held; ``None`` when neither party says anything.

    Args:
        transcript: turns with their roles; times, words and channels where they are known.
        tones: a frame a turn; empty when no tone was judged.
        findings: to say what came before a turn of tone.
        acts: for the same.
    """
    turns = party_turns(transcript)
    if not turns:
        return None
    timed = is_timed(transcript)
    frames = {frame.turn: frame for frame in tones}
    places = thirds(turns, timed=timed)
    floor = floor_turns(transcript)
    spoken = {role: stretches(transcript.by_role(role)) if timed else () for role in PARTIES}
    both = [stretch for role in PARTIES for stretch in spoken[role]]
    cut_off = _interruptions(spoken) if both and not is_mixed(transcript) else None
    shared = shared_ms(*spoken.values())
    said = sum(speech_ms(spoken[role]) for role in PARTIES)
    of = {
        role: _party(
            role,
            [turn for turn in turns if turn.role is role],
            floor,
            timed=bool(both),
            own_ms=speech_ms(spoken[role]),
            both_ms=said,
            cut_off=cut_off,
            frames=frames,
            places=places,
        )
        for role in PARTIES
    }
    before = Before(
        turns=turns, tones={f.turn: f.tone for f in tones}, findings=tuple(findings), acts=tuple(acts)
    )
    turned = [shift for role in PARTIES for shift in shifts(of[role].course, role, before)]
    return CallConduct(
        agent=of[Role.AGENT],
        customer=of[Role.CUSTOMER],
        silences=silences(transcript, both) if both else None,
        overlap_ms=None if cut_off is None else shared,
        overlap_share=None if cut_off is None else round(shared / (said - shared), 4),
        interruptions=cut_off,
        shifts=tuple(sorted(turned, key=lambda shift: shift.turn)),
    )


def _interruptions(spoken: Mapping[Role, Sequence[Stretch]]) -> tuple[Interruption, ...]:
    found = [one for role in PARTIES for one in interruptions(role, spoken[role], spoken[role.other])]
    return tuple(sorted(found, key=lambda one: (one.start_ms, one.turn)))


def _party(
    role: Role,
    turns: Sequence[Turn],
    floor: Sequence[Turn],
    *,
    timed: bool,
    own_ms: int,
    both_ms: int,
    cut_off: Sequence[Interruption] | None,
    frames: Mapping[int, ToneFrame],
    places: Mapping[int, Phase],
) -> PartyConduct:
    characters = sum(len(bare(turn.text)) for turn in turns)
    answers = answers_ms(floor, role) if timed else ()
    asked = [count_questions(turn.text) for turn in turns]
    return PartyConduct(
        role=role,
        turns=len(turns),
        characters=characters,
        speech_ms=own_ms if timed else None,
        talk_share=round(own_ms / both_ms, 4) if timed else None,
        rate=round(characters * 60_000 / own_ms, 1) if own_ms >= MIN_RATED_MS else None,
        monologue=longest_monologue(floor, role, timed=timed),
        interruptions=None if cut_off is None else sum(one.role is role for one in cut_off),
        responses=len(answers) if timed else None,
        response_ms=typical_ms(answers),
        slow_responses=sum(ms > SLOW_ANSWER_MS for ms in answers) if timed else None,
        open_questions=sum(opened for opened, _ in asked),
        closed_questions=sum(closed for _, closed in asked),
        course=course(turns, frames),
        phases=phases(turns, frames, places),
    )
