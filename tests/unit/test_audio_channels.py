"""What is promised of channels: none is lost that holds a party, none is heard twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.audio import decode
from pipeline.audio.channels import FLOOR_DBFS, active_level, alike, frame_levels, judge_channels
from pipeline.errors import RecordingError
from pipeline.settings import load_settings
from pipeline.types import Channel, DecodedAudio, Recording
from tests.audio_files import channels, voice, write_audio, write_wav

LIMITS = load_settings().audio
RATE = 16000

AGENT = voice(4.0, RATE, seed=1)
CUSTOMER = voice(4.0, RATE, seed=2)
NOTHING = np.zeros(4 * RATE, np.float32)


def judged(*sound: NDArray[np.float32]) -> tuple[tuple[Channel, ...], bool]:
    return judge_channels(sound, LIMITS)


def read(path: Path) -> DecodedAudio:
    return decode(Recording(path=path), LIMITS)


def hiss(level_dbfs: float, seconds: float = 4.0, seed: int = 9) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)
    return noise * np.float32(10 ** (level_dbfs / 20))


def test_two_parties_stay_two() -> None:
    found, dual_mono = judged(AGENT, CUSTOMER)
    assert [(c.index, c.dead) for c in found] == [(0, False), (1, False)]
    assert not dual_mono


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_mulaw", "adpcm_ima_wav"])
def test_the_same_twice_is_mono(tmp_path: Path, codec: str) -> None:
    audio = read(write_wav(tmp_path / "a.wav", channels(AGENT, AGENT), RATE, codec))
    assert audio.dual_mono
    assert (len(audio.channels), audio.source_channels) == (1, 2)


def test_the_same_twice_is_mono_after_lossy_coding(tmp_path: Path) -> None:
    path = write_audio(
        tmp_path / "a.mp3", channels(AGENT, AGENT), RATE, codec="libmp3lame", container="mp3", bit_rate=32000
    )
    assert read(path).dual_mono


def test_opposite_phase_is_mono_and_does_not_cancel() -> None:
    found, dual_mono = judged(AGENT, -AGENT)
    assert dual_mono
    assert found[0].level_dbfs == pytest.approx(active_level(frame_levels(AGENT)))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 1.0), st.sampled_from([1, -1]))
def test_a_copy_at_another_gain_is_the_same_and_the_louder_one_is_kept(gain: float, sign: int) -> None:
    found, dual_mono = judged(AGENT * np.float32(gain * sign * 0.99), AGENT)
    assert dual_mono
    assert [c.index for c in found] == [1]


def test_an_echo_under_the_other_party_is_not_the_same() -> None:
    found, dual_mono = judged(AGENT, CUSTOMER + np.float32(0.5) * AGENT)
    assert len(found) == 2
    assert not dual_mono


def test_loud_hold_music_on_both_legs_does_not_join_the_parties() -> None:
    music = hiss(-10.0, seconds=20.0, seed=3)
    quiet = np.float32(0.1)
    a = np.concatenate([music, quiet * AGENT, np.zeros_like(AGENT)])
    b = np.concatenate([music, np.zeros_like(AGENT), quiet * CUSTOMER])
    assert float(np.corrcoef(a, b)[0, 1]) > LIMITS.dual_mono_correlation
    found, dual_mono = judged(a, b)
    assert len(found) == 2
    assert not dual_mono


def test_line_noise_in_the_pauses_does_not_part_a_copy() -> None:
    speech = np.concatenate([AGENT, NOTHING, AGENT])
    found, dual_mono = judged(speech + hiss(-65, 12.0, seed=4), speech + hiss(-65, 12.0, seed=5))
    assert dual_mono
    assert len(found) == 1


@pytest.mark.parametrize(
    "dead_line", [NOTHING, hiss(-75.0), NOTHING + np.float32(0.1)], ids=["zero", "hiss", "offset"]
)
def test_a_dead_channel_is_flagged_and_keeps_its_place(dead_line: NDArray[np.float32]) -> None:
    found, dual_mono = judged(dead_line, CUSTOMER)
    assert [(c.index, c.dead) for c in found] == [(0, True), (1, False)]
    assert not dual_mono


def test_a_party_who_says_one_word_is_no_dead_line() -> None:
    says_one_word = np.zeros(120 * RATE, np.float32)
    says_one_word[60 * RATE : 60 * RATE + RATE // 2] = AGENT[: RATE // 2]
    found, _ = judged(says_one_word, np.tile(CUSTOMER, 30))
    assert found[0].level_dbfs < LIMITS.dead_channel_dbfs
    assert [c.dead for c in found] == [False, False]


def test_of_more_than_two_channels_the_live_and_distinct_stay() -> None:
    found, dual_mono = judged(NOTHING, AGENT, NOTHING, CUSTOMER)
    assert [c.index for c in found] == [1, 3]
    assert not dual_mono
    found, dual_mono = judged(AGENT, CUSTOMER, np.float32(0.5) * AGENT)
    assert [c.index for c in found] == [0, 1]
    assert not dual_mono
    found, dual_mono = judged(AGENT, NOTHING, AGENT * np.float32(0.9))
    assert [c.index for c in found] == [0]
    assert dual_mono


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("of_agent", "of_customer"), [(0.5, 0.5), (1.0, 0.3), (0.2, 0.9)])
def test_a_mix_beside_its_parties_is_left_out(place: int, of_agent: float, of_customer: float) -> None:
    mix = np.float32(of_agent) * AGENT + np.float32(of_customer) * CUSTOMER + hiss(-60.0)
    sound = [AGENT, CUSTOMER]
    sound.insert(place, mix)
    found, dual_mono = judged(*sound)
    assert [c.index for c in found] == [index for index in range(3) if index != place]
    assert not dual_mono


def test_a_third_voice_and_an_echo_are_no_mix() -> None:
    third = voice(4.0, RATE, seed=3)
    found, _ = judged(AGENT, CUSTOMER, third + np.float32(0.1) * AGENT)
    assert [c.index for c in found] == [0, 1, 2]
    found, _ = judged(AGENT, CUSTOMER, third, np.float32(0.5) * (AGENT + CUSTOMER + third))
    assert [c.index for c in found] == [0, 1, 2]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_silence_on_every_channel_is_refused(count: int) -> None:
    with pytest.raises(RecordingError) as caught:
        judged(*[hiss(-80.0, seed=i) for i in range(count)])
    assert caught.value.reason == "silent"


def test_a_call_is_not_silent_because_one_party_is() -> None:
    found, _ = judged(AGENT, NOTHING)
    assert [c.dead for c in found] == [False, True]


def test_levels_are_those_of_signals_with_known_power() -> None:
    t = np.arange(RATE, dtype=np.float64) / RATE
    sine = np.sin(2 * np.pi * 500 * t).astype(np.float32)
    assert active_level(frame_levels(sine)) == pytest.approx(-3.01, abs=0.02)
    assert active_level(frame_levels(np.float32(0.1) * sine + np.float32(0.2))) == pytest.approx(
        -23.01, abs=0.02
    )
    assert active_level(frame_levels(NOTHING)) == FLOOR_DBFS
    assert active_level(frame_levels(np.zeros(3, np.float32))) == FLOOR_DBFS


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3 * RATE), st.integers(0, 1000))
def test_likeness_is_symmetric(length: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(length).astype(np.float32)
    b = (a + rng.random() * rng.standard_normal(length)).astype(np.float32)
    assert alike(a, b, 0.98) == alike(b, a, 0.98)
    assert not alike(a, np.zeros_like(a), 0.98)
