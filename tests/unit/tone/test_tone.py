"""Tones go to the turns that were judged; what nobody says is neutral."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from pipeline.tone import judge_tones
from pipeline.types import (
    Abstention,
    AudioQuality,
    Prosody,
    Role,
    SoundFault,
    Tone,
    ToneWitness,
    Transcript,
    Turn,
)


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


class Undecided:
    """Thinks a turn neutral rather than hostile."""

    identity = "undecided"

    def classify(self, texts: Sequence[str], roles: Sequence[Role]) -> tuple[Mapping[Tone, float], ...]:
        return tuple({Tone.NEUTRAL: 0.6, Tone.HOSTILE: 0.4} for _ in texts)


SHOUTED = Prosody(
    voiced_ms=3000,
    spoken_ms=4000,
    baseline_ms=20_000,
    loudness_db=8.0,
    pitch_semitones=4.0,
    brightness_db=4.0,
    rate_ratio=1.2,
)


def spoken(prosody: Prosody | None, *faults: SoundFault) -> Transcript:
    said = transcript((Role.AGENT, "请您尽快。"))
    quality = AudioQuality(
        channel=0,
        codec="pcm",
        source_rate=8000,
        level_dbfs=-20.0,
        snr_db=30.0,
        clipped=0.0,
        bandwidth_hz=3400,
        faults=faults,
    )
    return replace(said, turns=(replace(said.turns[0], prosody=prosody),), quality=(quality,))


def test_a_shouted_turn_is_heard_beside_its_words() -> None:
    (frame,) = judge_tones(spoken(SHOUTED), Undecided())
    assert frame.tone is Tone.HOSTILE
    assert frame.witnesses == (ToneWitness.WORDS, ToneWitness.SOUND)
    assert frame.activation is not None
    assert frame.activation > 2
    assert sum(frame.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (spoken(None), None),
        (spoken(replace(SHOUTED, abstains=Abstention.NO_BASELINE)), Abstention.NO_BASELINE),
        (spoken(SHOUTED, SoundFault.CLIPPED), Abstention.CLIPPED),
        (spoken(SHOUTED, SoundFault.NOISY), Abstention.NOISY),
    ],
)
def test_where_the_sound_says_nothing_the_words_stand_alone(
    said: Transcript, reason: Abstention | None
) -> None:
    (frame,) = judge_tones(said, Undecided())
    assert frame.tone is Tone.NEUTRAL
    assert frame.probabilities == {Tone.NEUTRAL: 0.6, Tone.HOSTILE: 0.4}
    assert frame.witnesses == (ToneWitness.WORDS,)
    assert frame.activation is None
    assert frame.sound_abstains is reason


def test_the_sound_of_another_channel_is_no_fault_of_this_one() -> None:
    said = spoken(SHOUTED, SoundFault.CLIPPED)
    other = replace(said, turns=(replace(said.turns[0], channel=1),))
    (frame,) = judge_tones(other, Undecided())
    assert frame.tone is Tone.HOSTILE
