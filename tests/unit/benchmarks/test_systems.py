"""Clock, processes and small parts; no model is loaded."""

import json
import subprocess
import sys
import time
import tomllib
import wave
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from pipeline.settings import PROJECT_ROOT
from pipeline.types import Role, Turn, Word
from tests.benchmarks import agreement, growth, nonspeech
from tests.benchmarks.clock import Clock, Timed
from tests.benchmarks.measure import Bench, last_line
from tests.benchmarks.systems import MODES, Heard, Setup, _speech, settings_of

NOWHERE = Setup(whisper="/nowhere", segmentation="/nowhere", campplus="/nowhere")


def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


class Engine:
    name = "engine"

    def work(self, seconds):
        burn(seconds)
        return seconds

    def slowly(self, seconds):
        burn(seconds)
        yield seconds


def test_every_moment_has_one_stage():
    clock = Clock()
    with clock.stage("outer"):
        burn(0.02)
        with clock.stage("inner"):
            burn(0.04)
        burn(0.02)
    burn(0.03)
    assert set(clock.spent) == {"outer", "inner"}
    assert clock.spent["inner"][0] >= 0.04
    assert clock.spent["outer"][0] >= 0.04


def test_stages_are_left_when_something_fails():
    clock = Clock()

    def fail():
        with clock.stage("outer"), clock.stage("inner"):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    before = dict(clock.spent)
    burn(0.01)
    with clock.stage("next"):
        pass
    assert clock.spent["outer"] == before["outer"]


def test_time_can_be_counted_for_another_stage():
    clock = Clock()
    clock.spent["rest"] = [1.0, 2.0]
    clock.move(0.4, 5.0, source="rest", target="decode")
    assert clock.spent["rest"] == pytest.approx([0.6, 0.0])
    assert clock.spent["decode"] == pytest.approx([0.4, 2.0])


def test_an_engine_behind_the_clock_is_the_same_engine():
    clock = Clock()
    engine = Timed(Engine(), clock, "engine")
    assert engine.name == "engine"
    assert engine.work(0.01) == 0.01
    assert engine.slowly(0.02) == (0.02,)
    assert clock.spent["engine"][0] >= 0.03
    assert engine.returned == [0.01, (0.02,)]
    with pytest.raises(AttributeError):
        _ = engine.missing


def test_the_peak_of_memory_is_that_of_this_process():
    # In a process of its own: one that has run many tests has memory to give without asking for more.
    code = """
import json
import numpy as np
from tests.benchmarks.clock import memory
before = memory()
block = np.ones(8_000_000)
print(json.dumps([before, memory(), block.nbytes]))
"""
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=PROJECT_ROOT)
    before, after, size = json.loads(printed.stdout)
    assert after["peak"] >= after["now"] >= before["now"] + size // 2


@pytest.mark.parametrize("mode", MODES)
def test_modes_are_settings_of_this_program(mode):
    settings = settings_of(MODES[mode])
    assert settings.asr.threads == 1
    for section, values in MODES[mode].items():
        for key, value in values.items():
            assert getattr(getattr(settings, section), key) == value


def test_a_system_that_cannot_run_is_named_with_its_reason():
    told = []
    turns = [("no such system", [])] * 2
    runs, failed = Bench(setup=NOWHERE).take_turns(turns, told.append)
    assert runs == []
    reason = "KeyError: 'no such system'"
    assert told == ["1 of 2: no such system, 0 s", f"no such system left out: {reason}"]  # not asked again
    assert failed == {"no such system": reason}


def test_turns_without_their_pauses_are_those_of_the_export():
    words = [Word(text="甲", start_ms=at, end_ms=at + 200, probability=0.9) for at in (1000, 1500, 3000)]
    said = Turn(index=0, role=Role.AGENT, role_confidence=1.0, text="甲甲甲", words=tuple(words))
    assert _speech([said]) == (("agent", 1.05, 1.85), ("agent", 3.05, 3.35))


def test_the_reason_is_the_last_line():
    assert last_line("Traceback\n  File\nValueError: what is wrong\n\n") == "ValueError: what is wrong"
    assert last_line("") == ""


@pytest.fixture
def recordings(tmp_path):
    paths = []
    for number, length in enumerate((400, 700)):
        path = tmp_path / f"{number}.wav"
        with wave.open(str(path), "wb") as out:
            out.setparams((1, 2, 100, 0, "NONE", ""))
            out.writeframes(np.arange(length, dtype=np.int16) + 1000 * number)
        paths.append(path)
    return paths


@pytest.mark.parametrize(("seconds", "skip_s"), [(1, 0), (11, 0), (25.5, 0), (3, 2), (3, 5), (3, 12)])
def test_long_calls_are_put_together_without_gaps(recordings, tmp_path, seconds, skip_s):
    growth.write_loop(tmp_path / "long.wav", recordings, seconds, skip_s=skip_s)
    with wave.open(str(tmp_path / "long.wav"), "rb") as read:
        got = np.frombuffer(read.readframes(read.getnframes()), dtype=np.int16)
    whole = np.tile(np.concatenate([np.arange(400), np.arange(700) + 1000]), 5)
    first = round(skip_s * 100)
    assert np.array_equal(got, whole[first : first + round(seconds * 100)])


def test_linear_cost_has_exponent_one():
    grown = [growth.Grown(size=s, seconds=s, cpu=0.1 * s, wall=1, load=1, peak=1) for s in (10, 60, 600)]
    assert growth.slope(grown) == pytest.approx(1)


def test_overlays_become_a_settings_file():
    text = growth._toml({"batch": {"workers": 2}}, {"asr": {"beam_size": 1, "language": "zh"}})
    assert tomllib.loads(text) == {
        "asr": {"threads": 1, "beam_size": 1, "language": "zh"},
        "batch": {"workers": 2},
    }


def test_words_of_a_batch_differ_with_one_character(tmp_path):
    turn = '{"turns": [{"role": "agent", "start": 0, "end": 1, "text": "%s"}]}'
    batches = []
    for workers, text in enumerate("甲甲乙", 1):
        folder = tmp_path / str(workers)
        folder.mkdir()
        for call in ("one", "two"):
            (folder / f"{call}.json").write_text(turn % (text if call == "two" else "丙"), "utf-8")
        words = growth.words_of(folder)
        batches.append(growth.Batch(workers=workers, cpu=1, wall=1, peak=1, words=words))
    console = Console(width=200, file=StringIO())
    console.print(growth.batch_table(batches, calls=2, seconds=10))
    shown = console.file.getvalue()
    assert shown.count("the same") == 2
    assert "differ in 1 of 2 calls" in shown


def test_engines_are_compared_on_characters_that_agree():
    ours = Heard(words=(("甲", 0.0, 0.2, 0.5), ("乙丙，", 0.2, 0.6, 0.9)))
    theirs = Heard(words=(("甲", 0.1, 0.2, 0.25), ("丁丙", 0.2, 0.6, 0.9)))
    found = agreement.agreement([ours, ours], [theirs, ours])
    assert (found.calls, found.same) == (2, 1)
    assert found.differing == pytest.approx(1 / 6)
    assert found.log_probability == pytest.approx(np.log(2) / 5)
    assert found.starts_ms[0] == pytest.approx(20)


def test_sounds_without_speech_are_recordings(tmp_path):
    made = nonspeech.write_sounds(tmp_path)
    assert len({sound.name for sound in made}) == len(nonspeech.SOUNDS)
    for sound in made:
        with wave.open(sound.path, "rb") as read:
            assert read.getframerate() == 8000
            assert read.getnframes() > 5 * 8000
            loud = np.frombuffer(read.readframes(read.getnframes()), dtype=np.int16).any()
        assert loud == (sound.name != "silence"), Path(sound.path).name


def test_invented_characters_are_counted_with_and_without_signs():
    assert nonspeech.characters(" 謝謝 大家。") == (4, 5)
