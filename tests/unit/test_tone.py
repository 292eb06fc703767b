"""Tones go to the turns that were judged; what nobody says is neutral."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from pipeline.tone import judge_tones
from pipeline.types import Role, Tone, Transcript, Turn


class Scripted:
    """Answers with the tones it was given and remembers what it was asked."""

    identity = "scripted"

    def __init__(self, *tones: Tone) -> None:
        self.tones = tones
        self.asked: list[tuple[str, Role]] = []

    def classify(self, texts: Sequence[str], roles: Sequence[Role]) -> tuple[Mapping[Tone, float], ...]:
        self.asked = list(zip(texts, roles, strict=True))
        return tuple({tone: 1.0} for tone in self.tones)


def transcript(*turns: tuple[Role, str]) -> Transcript:
    return Transcript(
        turns=tuple(
            Turn(index=index, role=role, role_confidence=1.0, text=text)
            for index, (role, text) in enumerate(turns)
        )
    )


def test_every_turn_has_one_frame_in_order() -> None:
    classifier = Scripted(Tone.WARM, Tone.HOSTILE)
    frames = judge_tones(
        transcript(
            (Role.AGENT, "您好。"), (Role.SYSTEM, "请稍候。"), (Role.CUSTOMER, "烦不烦！"), (Role.AGENT, " ")
        ),
        classifier,
    )
    assert [(frame.turn, frame.tone) for frame in frames] == [
        (0, Tone.WARM),
        (1, Tone.NEUTRAL),
        (2, Tone.HOSTILE),
        (3, Tone.NEUTRAL),
    ]


def test_announcements_and_empty_turns_are_not_judged() -> None:
    classifier = Scripted(Tone.WARM)
    judge_tones(
        transcript((Role.SYSTEM, "您拨打的用户忙。"), (Role.AGENT, ""), (Role.AGENT, "您好。")), classifier
    )
    assert classifier.asked == [("您好。", Role.AGENT)]


def test_no_turns_no_frames() -> None:
    assert judge_tones(Transcript(turns=()), Scripted()) == ()


def test_the_probabilities_are_kept() -> None:
    class Unsure(Scripted):
        def classify(self, texts: Sequence[str], roles: Sequence[Role]) -> tuple[Mapping[Tone, float], ...]:
            return ({Tone.NEUTRAL: 0.4, Tone.PRESSING: 0.6},)

    (frame,) = judge_tones(transcript((Role.AGENT, "今天必须还。")), Unsure())
    assert frame.tone is Tone.PRESSING
    assert frame.probabilities == pytest.approx({Tone.NEUTRAL: 0.4, Tone.PRESSING: 0.6})


def test_a_tie_goes_to_the_first_tone() -> None:
    class Torn(Scripted):
        def classify(self, texts: Sequence[str], roles: Sequence[Role]) -> tuple[Mapping[Tone, float], ...]:
            return ({Tone.HOSTILE: 0.5, Tone.NEUTRAL: 0.5},)

    (frame,) = judge_tones(transcript((Role.AGENT, "嗯。")), Torn())
    assert frame.tone is Tone.NEUTRAL
