"""How a turn is spoken, against the speaker's other turns."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fakes import FakeDiarizer, FakeSpeechDetector, FakeTokenizer, FakeTranscriber
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.speech.prosody import with_prosody
from pipeline.stages import Ears, hear
from pipeline.types import Abstention, Call, Recording, Role, Turn
from tests.audio_files import write_wav
from tests.unit.speech.sounding import channel
from tests.unit.speech.voices import RATE, syllables

TEXT = "今天下午三点以前去银行存钱就可以了"


def call(*parts, gap_ms=400):
    """Turns one after another; a part is (speaker, sound, text)."""
    sounds, turns, at = [], [], 0
    for index, (speaker, sound, text) in enumerate(parts):
        length = len(sound) * 1000 // RATE
        turns.append(
            Turn(
                index=index,
                role=Role.UNKNOWN,
                role_confidence=0.5,
                text=text,
                start_ms=at,
                end_ms=at + length,
                speaker=speaker,
            )
        )
        sounds += [sound[: length * RATE // 1000], np.zeros(gap_ms * RATE // 1000, dtype=np.float32)]
        at += length + gap_ms
    return turns, np.concatenate(sounds)


def heard(*parts):
    turns, samples = call(*parts)
    return [turn.prosody for turn in with_prosody(turns, [channel(0, samples)])]


def ordinary(speaker="voice 0", count=16, **how):
    return (speaker, syllables(how.pop("hertz", 180), count, **how), TEXT[:count])


@settings(max_examples=15, deadline=None)
@given(st.floats(-9, 9), st.floats(-4, 6), st.floats(-20, 6))
def test_what_a_turn_does_otherwise_is_measured(louder_db, higher, line_db):
    same = [ordinary(gain_db=line_db) for _ in range(4)]
    other = ordinary(hertz=180 * 2 ** (higher / 12), gain_db=line_db + louder_db)
    *_, last = heard(*same, other)
    assert last.abstains is None
    assert last.loudness_db == pytest.approx(louder_db, abs=0.6)
    assert last.pitch_semitones == pytest.approx(higher, abs=0.4)


def test_vocal_effort_and_pace():
    same = [ordinary() for _ in range(4)]
    bright = heard(*same, ordinary(bright_db=6))[-1]
    assert bright.brightness_db > 3
    fast = heard(*same, ordinary(gap_ms=0))[-1]
    assert fast.rate_ratio == pytest.approx(220 / 160, abs=0.12)
    assert abs(fast.pitch_semitones) < 0.2


def test_pauses_are_no_speech():
    part = syllables(180, 8, gap_ms=0)
    pause = np.zeros(RATE, dtype=np.float32)
    spoken = heard(
        *[ordinary(gap_ms=0) for _ in range(3)], ("voice 0", np.concatenate([part, pause, part]), TEXT[:16])
    )
    assert spoken[-1].pause_share == pytest.approx(1 / (1 + 16 * 0.16), abs=0.03)
    assert spoken[-1].rate_ratio == pytest.approx(1, abs=0.05)
    assert spoken[0].pause_share == 0


def test_one_turn_has_nothing_to_be_measured_against():
    (alone,) = heard(ordinary())
    assert alone.abstains is Abstention.NO_BASELINE
    assert alone.loudness_db is alone.pitch_semitones is alone.rate_ratio is None
    assert alone.rate > 0
    assert alone.baseline_ms == 0


def test_anothers_turns_are_no_baseline():
    mine, other, _ = heard(ordinary(), ordinary("voice 1", hertz=120), ordinary("voice 1", hertz=120))
    assert mine.abstains is Abstention.NO_BASELINE
    assert other.abstains is None
    assert abs(other.pitch_semitones) < 0.2


def test_a_syllable_is_too_little():
    *_, last = heard(ordinary(), ordinary(), ordinary(count=2))
    assert last.abstains is Abstention.TOO_LITTLE_VOICE
    assert last.loudness_db is None


def test_a_turn_that_others_speak_over_in_one_channel_is_not_measured():
    turns, samples = call(ordinary(), ordinary("voice 1"), ordinary(), ordinary("voice 1"))
    within = replace(turns[2], start_ms=turns[1].start_ms + 100, end_ms=turns[1].end_ms - 100)
    found = with_prosody([turns[0], turns[1], within, turns[3]], [channel(0, samples)])
    assert found[2].prosody.abstains is Abstention.OVERLAPPED
    assert found[2].prosody.voiced_ms == 0


def test_on_a_channel_of_its_own_a_turn_is_measured_all_the_same():
    turns, samples = call(ordinary(), ordinary(), ordinary())
    mine = [replace(turn, channel=0, speaker="channel 0") for turn in turns]
    other = replace(turns[1], index=3, channel=1, speaker="channel 1")
    found = with_prosody([*mine, other], [channel(0, samples), channel(1, np.zeros_like(samples))])
    assert found[1].prosody.abstains is None
    assert found[3].prosody.abstains is Abstention.TOO_LITTLE_VOICE


def test_latency_is_from_the_other_partys_turn():
    first, second, third = heard(ordinary(), ordinary("voice 1"), ordinary("voice 1"))
    assert first.latency_ms is None
    assert second.latency_ms == 400
    assert third.latency_ms is None


def test_machines_texts_and_dead_channels_have_no_prosody():
    turns, samples = call(ordinary(), ordinary(), ordinary())
    machine, untimed = replace(turns[0], role=Role.SYSTEM), replace(turns[1], start_ms=None, end_ms=None)
    found = with_prosody([machine, untimed, turns[2]], [channel(0, samples)])
    assert [turn.prosody is None for turn in found] == [True, True, False]
    dead = replace(channel(0, samples), dead=True)
    assert with_prosody(turns, [dead]) == tuple(turns)
    assert with_prosody([], [channel(0, samples)]) == ()


def test_hearing_a_call_measures_its_voices(tmp_path):
    first, second = syllables(180, 12, gap_ms=0), syllables(120, 12, gap_ms=0)
    sound = np.stack([np.concatenate([first, 0 * second]), np.concatenate([0 * first, second])])
    call_ = Call(
        call_id="a",
        metadata=CallMetadata(),
        recording=Recording(path=write_wav(tmp_path / "a.wav", sound, RATE, "pcm_alaw")),
    )
    ears = Ears(
        detector=FakeSpeechDetector(),
        transcriber=FakeTranscriber(),
        diarizer=FakeDiarizer(),
        words=FakeTokenizer(),
    )
    turns = hear(call_, ears, load_settings()).transcript.turns
    assert turns
    assert all(turn.prosody and turn.prosody.voiced_ms > 0 for turn in turns)


def test_a_long_turn_takes_no_more_memory_than_its_sound():
    sound = np.tile(syllables(150, 50), 60)
    turn = Turn(index=0, role=Role.AGENT, role_confidence=1.0, text=TEXT, start_ms=0, end_ms=len(sound) // 16)
    tracemalloc.start()
    with_prosody([turn], [channel(0, sound)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * sound.nbytes + 60e6
