"""Mixes of made sentences: a voice is a tone, so that it can be found again in the finished call."""

import csv

import numpy as np
import pytest
from scipy.io import wavfile

from tests.benchmarks.material import MANY_VOICES, TWO_VOICES, mixed
from tests.benchmarks.mixes import (
    CLIP_RATE,
    LINE_RATE,
    a_law_round_trip,
    mix_calls,
    over_the_line,
    spoken_part,
)

FIRST_HZ, SECOND_HZ, OTHERS_HZ = 500, 1200, (1900, 2400, 2900)
FRAME = 160
"""Samples: 20 ms of the line."""


def write_folder(folder, sentences):
    """``sentences`` is (voice, text, hertz, seconds)."""
    folder.mkdir()
    with (folder / "transcripts.tsv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter="\t")
        rows.writerow(("file", "speaker", "transcript"))
        for number, (voice, text, hertz, seconds) in enumerate(sentences):
            time = np.arange(int(seconds * CLIP_RATE)) / CLIP_RATE
            sound = np.concatenate([np.zeros(4000), 0.3 * np.sin(2 * np.pi * hertz * time), np.zeros(6000)])
            wavfile.write(folder / f"{number}.wav", CLIP_RATE, np.int16(sound * 32767))
            rows.writerow((f"{number}.wav", voice, text))


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech")
    own = [
        (v, f"{v}{n}", hz, 0.8 + 0.1 * n) for v, hz in (("A", FIRST_HZ), ("B", SECOND_HZ)) for n in range(6)
    ]
    others = [(f"C{n}", f"C{n}0", hz, 1.0) for n, hz in enumerate(OTHERS_HZ)]
    others += [(f"D{n}", f"D{n}0", hz, 1.0) for n, hz in enumerate(OTHERS_HZ)]
    write_folder(folder / "aishell1_sample", own)
    write_folder(folder / "aishell3_30speakers", others)
    return folder


@pytest.fixture(scope="module")
def mixes(speech):
    return list(mix_calls(speech, seed=3, sentences=3))


def heard(samples, hertz):
    """Where a tone is in the sound: one value for each frame."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME) / 32768
    wave = np.exp(-2j * np.pi * hertz * np.arange(FRAME) / LINE_RATE)
    return np.abs(frames @ wave) * 2 / FRAME > 0.01


def test_the_same_seed_gives_the_same_samples(speech, mixes):
    again = list(mix_calls(speech, seed=3, sentences=3))
    assert [m.turns for m in again] == [m.turns for m in mixes]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(again, mixes, strict=True))
    other = list(mix_calls(speech, seed=4, sentences=3))
    assert [m.turns for m in other] != [m.turns for m in mixes]


def test_every_sentence_is_said_once(mixes):
    said = sorted(text for mix in mixes[:2] for turn in mix.turns for text in turn.text.split("，"))
    assert said == sorted(f"{voice}{n}" for voice in "AB" for n in range(6))
    answers = [t.text for mix in mixes[2:] for t in mix.turns if t.voice not in "AB"]
    assert sorted(answers) == ["C00", "C10", "C20", "D00", "D10", "D20"]


@pytest.mark.parametrize(("voice", "hertz"), [("A", FIRST_HZ), ("B", SECOND_HZ)])
def test_a_voice_sounds_where_the_reference_has_it_and_nowhere_else(mixes, voice, hertz):
    for mix in mixes[:2]:
        sounding = heard(mix.samples, hertz)
        times = (np.arange(len(sounding)) + 0.5) * FRAME / LINE_RATE
        told = np.zeros(len(sounding), dtype=bool)
        for turn in mix.turns:
            if turn.voice == voice:
                # the reference keeps 50 ms of edge around each sentence
                told |= (times > turn.start_s) & (times < turn.end_s)
                start, end = times[sounding & (times > turn.start_s - 0.2) & (times < turn.end_s + 0.2)][
                    [0, -1]
                ]
                assert start == pytest.approx(turn.start_s + 0.05, abs=0.04)
                assert end == pytest.approx(turn.end_s - 0.05, abs=0.04)
        assert not (sounding & ~told).any()


def test_the_spoken_part_leaves_out_the_room_around_a_sentence():
    rng = np.random.default_rng(2)
    time = np.arange(CLIP_RATE) / CLIP_RATE
    # the room is 28 dB below: too loud to be cut off with the edges of the clip
    sound = np.concatenate([np.zeros(8000), 0.1 * np.sin(2 * np.pi * 500 * time), np.zeros(4800)])
    sound = sound + rng.normal(0, 0.1 / np.sqrt(2) * 10 ** (-28 / 20), len(sound))
    start, end = spoken_part(sound)
    assert start == pytest.approx(0.5, abs=0.07)
    assert end == pytest.approx(1.5, abs=0.07)


def test_speech_from_edge_to_edge_is_kept_whole():
    time = np.arange(CLIP_RATE) / CLIP_RATE
    start, end = spoken_part(0.1 * np.sin(2 * np.pi * 500 * time))
    assert (start, end) == pytest.approx((0, 1), abs=0.03)


def test_what_is_spoken_lies_in_its_turn(mixes):
    for mix in mixes:
        for turn in mix.turns:
            assert len(turn.spoken) == len(turn.text.split("，"))
            assert turn.start_s <= turn.spoken[0][0]
            assert turn.spoken[-1][1] <= turn.end_s
            assert all(start < end for start, end in turn.spoken)
            assert [s for s, _ in turn.spoken] == sorted(s for s, _ in turn.spoken)


def test_takes_keep_the_reference(speech, tmp_path, mixes):
    takes = list(mixed(speech, tmp_path, seed=3, rounds=1))
    assert {take.kind for take in takes} <= {TWO_VOICES, MANY_VOICES}
    for take in takes:
        rate, samples = wavfile.read(take.path)
        assert rate == LINE_RATE
        assert len(samples) / rate == pytest.approx(take.seconds)
        assert take.spans
        assert {speaker for speaker, _, _ in take.spoken} == {speaker for speaker, _, _ in take.spans}
        assert not take.has_roles


def test_the_line_passes_its_band_alone():
    rng = np.random.default_rng(1)
    time = np.arange(2 * CLIP_RATE) / CLIP_RATE
    loud = {}
    for hertz in (100, 1000, 3800):
        line = over_the_line(0.3 * np.sin(2 * np.pi * hertz * time), rng, noise_db=-80) / 32768
        loud[hertz] = 20 * np.log10(np.sqrt(np.mean(np.square(line[1000:-1000]))))
    assert loud[1000] == pytest.approx(20 * np.log10(0.3 / np.sqrt(2)), abs=0.5)
    assert loud[100] < loud[1000] - 40
    assert loud[3800] < loud[1000] - 10


def test_a_law_errs_by_a_share_of_the_sample():
    samples = np.concatenate([-np.geomspace(1e-2, 1, 500)[::-1], np.geomspace(1e-2, 1, 500)])
    back = a_law_round_trip(samples)
    assert np.all(np.abs(back - samples) <= 0.04 * np.abs(samples))
    assert np.array_equal(np.sign(back), np.sign(samples))
    assert np.unique(a_law_round_trip(np.linspace(-1, 1, 100_000))).size <= 256
