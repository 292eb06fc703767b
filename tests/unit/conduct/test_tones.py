"""The course of tone, and where it turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conduct import conduct_of
from pipeline.conduct.tones import STRAIN, STRAINED
from pipeline.types import (
    Act,
    Evidence,
    Finding,
    FindingState,
    Phase,
    Role,
    Severity,
    Tone,
    ToneFrame,
    Turning,
)
from tests.unit.conduct.talk import call, frames

WORDS = "这笔账单已经逾期了二十天请您尽快处理一下"


def held(agent, customer=None):
    """A call in which the parties take turns, each in its tones."""
    customer = customer or ["neutral"] * len(agent)
    rows = [(who, WORDS) for _ in agent for who in "ac"]
    tones = [tone for pair in zip(agent, customer, strict=True) for tone in pair]
    return call(*rows), frames(*tones)


def turned(agent, customer=None):
    return [
        (s.turn, s.role, s.kind, s.from_tone, s.to_tone) for s in conduct_of(*held(agent, customer)).shifts
    ]


def test_the_course_is_smoothed_over_neighbours_of_the_same_party():
    course = conduct_of(*held(["warm", "hostile", "neutral"], ["hostile"] * 3)).agent.course
    assert [p.turn for p in course] == [0, 2, 4]
    assert [p.strain for p in course] == [0, 3, 1]
    assert [p.smoothed for p in course] == [1.0, 1.75, 1.667]


def test_a_short_turn_says_less():
    said = call(("a", WORDS), ("a", "嗯"), ("a", WORDS))
    course = conduct_of(said, frames("pressing", "neutral", "pressing")).agent.course
    assert course[1].smoothed > 1.9


def test_two_pressing_turns_are_an_escalation_and_one_is_not():
    assert turned(["neutral", "pressing", "neutral", "neutral"]) == []
    assert turned(["neutral", "neutral", "pressing", "pressing"]) == [
        (4, Role.AGENT, Turning.ESCALATION, Tone.NEUTRAL, Tone.PRESSING)
    ]


def test_one_hostile_turn_is_an_escalation_and_the_way_back_is_one_of_calm():
    assert [
        (t, kind) for t, _, kind, _, _ in turned(["neutral", "neutral", "hostile", "neutral", "neutral"])
    ] == [
        (4, Turning.ESCALATION),
        (6, Turning.DE_ESCALATION),
    ]


def test_from_warm_to_neutral_nobody_escalates():
    assert turned(["warm", "warm", "neutral", "neutral"]) == []
    assert turned(["neutral", "neutral", "warm", "warm"]) == []


def test_a_call_that_begins_hostile_only_calms_down():
    assert turned(["neutral"] * 4, ["hostile", "hostile", "neutral", "neutral"]) == [
        (5, Role.CUSTOMER, Turning.DE_ESCALATION, Tone.HOSTILE, Tone.NEUTRAL)
    ]


def test_a_shift_names_what_the_other_did_before():
    said, tones = held(
        ["neutral", "pressing", "pressing", "neutral"], ["neutral", "hostile", "hostile", "hostile"]
    )
    quote = Evidence.whole(said.turns[2])

    def found(rule, state, evidence=quote):
        return Finding(
            rule=rule,
            state=state,
            severity=Severity.MAJOR,
            confidence=0.9,
            norms=(),
            reason="",
            evidence=evidence,
        )

    findings = (
        found("rude_tone", FindingState.NEEDS_REVIEW),
        found("extra_fee", FindingState.CANNOT_DECIDE),
        found("insult_abuse", FindingState.VIOLATION, Evidence.whole(said.turns[4])),
        found("call_time_window", FindingState.VIOLATION, None),
    )
    acts = (Act(act="inform_facts", role=Role.AGENT, evidence=quote),)
    (shift,) = [s for s in conduct_of(said, tones, findings, acts).shifts if s.role is Role.CUSTOMER]
    assert (shift.turn, shift.after, shift.after_tone) == (3, 2, Tone.PRESSING)
    assert (shift.after_rules, shift.after_acts) == (("rude_tone",), ("inform_facts",))


def test_phases_are_thirds_by_time_and_by_characters_without():
    rows = [("a", WORDS, 0, 1000), ("a", WORDS, 50_000, 51_000), ("c", WORDS, 89_000, 90_000)]
    tones = frames("warm", "hostile", "neutral")
    agent = conduct_of(call(*rows), tones).agent.phases
    assert [(p.phase, p.turns, p.tone, p.strain) for p in agent] == [
        (Phase.OPENING, 1, Tone.WARM, 0),
        (Phase.MIDDLE, 1, Tone.HOSTILE, 3),
        (Phase.CLOSING, 0, None, None),
    ]
    written = conduct_of(call(*(row[:2] for row in rows)), tones)
    assert [p.turns for p in written.agent.phases] == [1, 1, 0]
    assert [p.turns for p in written.customer.phases] == [0, 0, 1]


def test_a_phase_weighs_all_that_a_tone_may_be():
    frame = ToneFrame(turn=0, tone=Tone.NEUTRAL, probabilities={Tone.NEUTRAL: 0.6, Tone.HOSTILE: 0.4})
    conduct = conduct_of(call(("a", WORDS)), (frame,))
    assert sum(p.strain or 0 for p in conduct.agent.phases) == pytest.approx(1.8)
    assert conduct.agent.course[0].strain == 1


TONES = st.lists(st.sampled_from([t.value for t in Tone]), min_size=1, max_size=15)


@given(TONES)
def test_shifts_alternate_and_reach_or_leave_strain(tones):
    conduct = conduct_of(*held(tones))
    course = {p.turn: p for p in conduct.agent.course}
    assert all(0 <= p.smoothed <= 3 for p in course.values())
    mine = [s for s in conduct.shifts if s.role is Role.AGENT]
    assert len({s.turn for s in mine}) == len(mine)
    for shift in mine:
        strained = course[shift.turn].strain >= STRAINED
        assert strained or shift.kind is Turning.DE_ESCALATION
        assert shift.turn > 0


@given(st.sampled_from(list(Tone)), st.integers(1, 10))
def test_an_even_tone_never_turns(tone, turns):
    conduct = conduct_of(*held([tone.value] * turns))
    assert conduct.shifts == ()
    assert {p.smoothed for p in conduct.agent.course} == {float(STRAIN[tone])}
