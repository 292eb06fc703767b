"""Calls of alike voices, made of tones: their form, not their sound."""

import csv

import numpy as np
import pytest
from scipy.io import wavfile

from tests.benchmarks.alike import (
    CLIP_RATE,
    KINDS,
    LENGTH_S,
    MOVED,
    Voice,
    alike_calls,
    moved,
    rationed,
    shortened,
)
from tests.benchmarks.alike_parties import Given, table
from tests.benchmarks.mixes import read_clips
from tests.homophones import Homophones

TEXT = [("agent", "请问您是本人吗？我这边是贷款中心的。"), ("customer", "嗯，我是，怎么了？")] * 3


def write_folder(folder, voices, sentences):
    folder.mkdir()
    with (folder / "transcripts.tsv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter="\t")
        rows.writerow(("file", "speaker", "sex", "transcript"))
        for voice, sex, hertz in voices:
            for number in range(sentences):
                sound = harmonics(hertz, 3.0)
                wavfile.write(folder / f"{voice}{number}.wav", CLIP_RATE, np.int16(sound * 20000))
                rows.writerow((f"{voice}{number}.wav", voice, sex, "一二三四五六七八九十百千万"))


def harmonics(hertz, seconds):
    """A buzz whose harmonics are loudest around 1000 Hz."""
    time = np.arange(int(seconds * CLIP_RATE)) / CLIP_RATE
    multiples = np.arange(1, int(3500 / hertz)) * hertz
    levels = np.exp(-np.square((multiples - 1000) / 400))
    sound = (levels[:, None] * np.sin(2 * np.pi * multiples[:, None] * time)).sum(axis=0)
    return sound / np.abs(sound).max()


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech")
    write_folder(folder / "aishell1_sample", [("A", "F", 210), ("B", "M", 120)], 20)
    write_folder(folder / "aishell3_30speakers", [("C", "F", 230), ("D", "M", 130)], 1)
    return folder


def made(speech, seed=1):
    return list(alike_calls(speech, [TEXT], Homophones(t for _, t in TEXT), seed=seed, calls=1))


def test_the_same_seed_gives_the_same_calls(speech):
    first, again, other = made(speech), made(speech), made(speech, seed=2)
    assert [call.kind for call in first] == list(KINDS)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))
    assert [call.words for call in first] == [call.words for call in again]
    assert [call.words for call in first] != [call.words for call in other]


def test_words_lie_in_the_call_in_order_of_time(speech):
    for call in made(speech):
        assert len(call.words) == len(call.speakers)
        starts = [word.start_ms for word in call.words]
        assert starts == sorted(starts)
        assert call.words[-1].end_ms <= len(call.samples) / 16
        assert len(call.samples) / 16_000 < LENGTH_S[1] + 10
        assert set(call.speakers) == {"agent", "customer"}


def test_a_voice_says_as_much_as_it_has(speech):
    clips = [clip for clip in read_clips(speech / "aishell1_sample") if clip.voice == "A"][:2]
    voice = Voice(clips)
    sound, times = voice.say(20)
    assert len(times) == 20
    assert all(a <= b for a, b in times)
    assert times[-1][1] == pytest.approx(len(sound) / CLIP_RATE, abs=0.01)
    assert len(voice.say(20)[1]) == 6
    assert voice.say(5)[1] == []


def test_a_moved_voice_has_another_pitch_and_other_resonances_at_the_same_pace():
    sound = harmonics(125, 2.0)

    def traits(sound):
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        hertz = np.fft.rfftfreq(len(sound), 1 / CLIP_RATE)
        centre = (hertz * spectrum**2).sum() / (spectrum**2).sum()
        lags = np.fft.irfft(np.abs(np.fft.rfft(sound, 2 * len(sound))) ** 2)
        return centre, CLIP_RATE / (int(np.argmax(lags[80:200])) + 80)

    centre, pitch = traits(sound)
    higher, raised = traits(moved(sound, 1.08, 1.08))
    assert raised / pitch == pytest.approx(1.08, abs=0.015)
    assert higher / centre == pytest.approx(1.08, abs=0.03)
    same, raised = traits(moved(sound, 1.08, 1.0))
    assert raised / pitch == pytest.approx(1.08, abs=0.015)
    assert same / centre < higher / centre - 0.03
    assert len(moved(sound, 1.05, 1.08)) == len(sound)
    assert moved(sound, 1.0, 1.0) is sound


def test_turns_are_shortened_as_asked():
    rng = np.random.default_rng(0)
    unequal = shortened(TEXT, "unequal", rng)
    assert {text for who, text in unequal if who == "customer"} >= {"嗯，"}
    quick = shortened(TEXT, "quick", rng)
    assert all(len(text) <= 20 for _, text in quick)
    few = rationed(TEXT, 5)
    assert "".join(text for who, text in few if who == "customer").replace("，", "") == "嗯我是怎么"
    assert [line for line in few if line[0] == "agent"] == [line for line in TEXT if line[0] == "agent"]


def test_the_table_counts_what_is_wrong_and_unsure():
    call = Given(
        kind=MOVED,
        right=[True, True, True, False],
        stated=[0.9, 0.9, 0.9, 0.6],
        is_customers=[False, False, True, True],
    )
    cells = [list(column.cells) for column in table([call, call]).columns]
    assert cells[0] == [MOVED, "all"]
    assert cells[2][0].startswith("25.0 ")
    assert cells[3][0].startswith("50.0 ")
    assert cells[4][0] == "0"
    assert cells[7][0] == "100"
