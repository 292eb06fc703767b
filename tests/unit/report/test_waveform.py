"""The waveform: every peak where it is heard, in the lane of whoever speaks."""

from __future__ import annotations

import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.report import waveform
from pipeline.report.waveform import LEVELS, MOST_BINS, SHORTEST_BIN_MS, envelope, lanes

RATE = 8000


def write(path, *channels, rate=RATE):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return path


def burst(seconds, begin, end, level=20_000, rate=RATE):
    samples = np.zeros(int(seconds * rate))
    samples[int(begin * rate) : int(end * rate)] = level
    return samples


def turn(role, start, end, *, channel=None, text="一二三四"):
    return {"role": role, "start": start, "end": end, "channel": channel, "text": text}


def loud(lane, found):
    """Seconds of the bins that are not silent: first and end."""
    at = [i for i, level in enumerate(lane) if level != LEVELS[0]]
    return (at[0] * found.bin_ms / 1000, (at[-1] + 1) * found.bin_ms / 1000) if at else None


def test_peaks_stand_at_their_time_on_their_channel(tmp_path):
    found = envelope(write(tmp_path / "a.wav", burst(4, 1, 2), burst(4, 3, 3.5, level=-32768)))
    assert found.duration_ms == 4000
    assert found.bin_ms == SHORTEST_BIN_MS
    assert found.peaks.shape == (2, 100)
    assert np.flatnonzero(found.peaks[0]).tolist() == list(range(25, 50))
    assert found.peaks[1].max() == 1.0  # the deepest sample of 16 bits is no louder than full scale


def test_a_party_with_a_channel_of_its_own_has_that_channel(tmp_path):
    found = envelope(write(tmp_path / "a.wav", burst(4, 1, 2), burst(4, 3, 3.5)))
    call = {"turns": [turn("customer", 1, 1.8, channel=0), turn("agent", 3, 3.5, channel=1)]}
    made = lanes(call, found)
    assert set(made) == {"agent", "customer"}
    assert loud(made["customer"], found) == (1.0, 2.0)  # what was not recognised is heard all the same
    assert loud(made["agent"], found) == (3.0, pytest.approx(3.52))


def test_on_one_channel_the_loudness_goes_to_whoever_speaks(tmp_path):
    found = envelope(write(tmp_path / "a.wav", burst(10, 0, 10)))
    call = {"turns": [turn("agent", 1, 3), turn("customer", 2.4, 4), turn("system", 6, 7)]}
    made = lanes(call, found)
    assert loud(made["agent"], found) == (1.0, 3.0)
    assert loud(made["customer"], found) == (2.4, 4.0)
    assert loud(made["other"], found) == (6.0, 7.0)


def test_a_machine_on_a_partys_channel_does_not_look_like_the_party(tmp_path):
    found = envelope(write(tmp_path / "a.wav", burst(10, 0, 4), burst(10, 5, 9)))
    call = {
        "turns": [
            turn("system", 0, 2, channel=0),
            turn("agent", 2, 4, channel=0),
            turn("customer", 5, 9, channel=1),
        ]
    }
    made = lanes(call, found)
    assert loud(made["other"], found) == (0.0, 2.0)
    assert loud(made["agent"], found) == (2.0, 4.0)


def test_both_parties_on_each_of_two_channels_are_told_apart_by_turns(tmp_path):
    found = envelope(write(tmp_path / "a.wav", burst(4, 0, 4), burst(4, 0, 4)))
    call = {"turns": [turn("agent", 0, 1, channel=0), turn("customer", 1, 2, channel=0)]}
    made = lanes(call, found)
    assert loud(made["agent"], found) == (0.0, 1.0)
    assert loud(made["customer"], found) == (1.0, 2.0)


def test_noise_alone_is_not_blown_up(tmp_path):
    hiss = np.where(np.arange(RATE) % 2, 60, -60)
    found = envelope(write(tmp_path / "a.wav", hiss))
    made = lanes({"turns": [turn("agent", 0, 1)]}, found)
    assert max(LEVELS.index(level) for level in made["agent"]) < len(LEVELS) / 2


def test_turns_beyond_the_sound_do_no_harm(tmp_path):
    found = envelope(write(tmp_path / "a.wav", burst(1, 0, 1)))
    made = lanes({"turns": [turn("agent", 0.9, 7), turn("customer", 8, 9)]}, found)
    assert len(made["agent"]) == len(made["customer"]) == found.peaks.shape[1]


def test_a_long_recording_keeps_to_its_bins(tmp_path, monkeypatch):
    monkeypatch.setattr(waveform, "MOST_BINS", 100)
    found = envelope(write(tmp_path / "a.wav", burst(60, 30, 31, rate=1000), rate=1000))
    assert found.peaks.shape[1] <= 100
    assert loud(lanes({"turns": [turn("agent", 0, 60)]}, found)["agent"], found)[0] == pytest.approx(
        30, abs=0.6
    )
    assert MOST_BINS == 24_000


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 3000),
    channels=st.integers(1, 3),
    rate=st.sampled_from((8000, 11025, 16000)),
    block=st.integers(1, 5000),
)
def test_blocks_change_nothing(tmp_path_factory, frames, channels, rate, block):
    noise = np.random.default_rng(frames).integers(-32768, 32767, (channels, frames))
    path = write(tmp_path_factory.mktemp("wav") / "a.wav", *noise, rate=rate)
    with pytest.MonkeyPatch.context() as patch:
        whole = envelope(path)
        patch.setattr(waveform, "_BLOCK_BYTES", block)
        assert np.array_equal(envelope(path).peaks, whole.peaks)
    assert whole.peaks.max(axis=1) == pytest.approx(np.abs(noise).max(axis=1) / 32768)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"nothing of the kind" * 9, None])
def test_what_is_no_wav_has_no_waveform(tmp_path, content):
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    assert envelope(path) is None


def test_eight_bits_and_no_samples_have_no_waveform(tmp_path):
    for width, frames in ((1, b"\x80" * 100), (2, b"")):
        with wave.open(str(tmp_path / "a.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(width)
            file.setframerate(RATE)
            file.writeframes(frames)
        assert envelope(tmp_path / "a.wav") is None
