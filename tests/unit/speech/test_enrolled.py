import json
import os
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fakes import FakeVoicePrinter
from pipeline.errors import ConfigError, StoreError
from pipeline.speech.enrolled import (
    LIMIT,
    EnrolledVoice,
    KnownVoices,
    known_voices,
    print_of,
    read_voices,
    same_voice_log_odds,
    voice_evidence,
    write_voices,
)
from pipeline.speech.text import tokens
from pipeline.speech.turns import Utterance
from pipeline.types import Interval
from tests.unit.speech.sounding import PER_MS, channel, words

PRINTER = FakeVoicePrinter()


def hum(hertz, seconds):
    """A voice, as far as the fake can tell."""
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * 16_000)) / 16_000).astype(np.float32)


def enrolled(hertz, agent_id="A1", model=PRINTER.identity):
    vector = tuple(map(float, PRINTER.voice_print(hum(hertz, 12))))
    return EnrolledVoice(
        agent_id=agent_id, model=model, enrolled_on=date(2026, 3, 1), consent="form 17", vector=vector
    )


def known(*voices):
    return KnownVoices(printer=PRINTER, voices={v.agent_id: v for v in voices})


def say(speaker, start_ms, end_ms, index=None):
    return Utterance(speaker=speaker, tokens=tokens(words("好", start_ms, end_ms - start_ms)), channel=index)


def whole(sound):
    return [Interval(start_ms=0, end_ms=len(sound) // PER_MS)]


def test_the_parties_of_two_channels_are_compared_with_the_agents_voice():
    live = [channel(0, hum(2_000, 5)), channel(1, hum(300, 5))]
    said = [say("channel 0", 0, 4_000, 0), say("channel 1", 500, 4_500, 1)]
    found = voice_evidence(said, live, "A1", known(enrolled(300)))
    assert found == {"channel 0": -LIMIT, "channel 1": LIMIT}


def test_the_parties_of_a_mono_recording_are_too():
    live = [channel(0, np.concatenate([hum(300, 4), hum(2_000, 4)]))]
    said = [say("voice 1", 0, 4_000), say("voice 2", 4_000, 8_000)]
    assert voice_evidence(said, live, "A1", known(enrolled(300))) == {"voice 1": LIMIT, "voice 2": -LIMIT}


def test_a_word_is_too_little_to_tell_a_voice():
    live = [channel(0, hum(300, 5))]
    assert voice_evidence([say("voice 1", 0, 900)], live, "A1", known(enrolled(300))) == {}


@pytest.mark.parametrize("agent_id", [None, "A2"])
def test_nobody_is_printed_unless_the_calls_own_agent_is_enrolled(agent_id):
    class Forbidden(FakeVoicePrinter):
        def voice_print(self, samples):
            raise AssertionError("a print was made")

    live, said = [channel(0, hum(300, 5))], [say("voice 1", 0, 4_000)]
    voices = KnownVoices(printer=Forbidden(), voices={"A1": enrolled(300)})
    assert voice_evidence(said, live, agent_id, voices) == {}
    assert voice_evidence(said, live, "A1", None) == {}


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_more_alike_the_likelier_within_limits(one, other):
    low, high = sorted((one, other))
    assert -LIMIT <= same_voice_log_odds(low) <= same_voice_log_odds(high) <= LIMIT


def test_a_print_is_a_unit_vector_of_one_voice():
    sound = hum(300, 12)
    vector = print_of(sound, whole(sound), PRINTER)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
    assert float(np.array(vector) @ PRINTER.voice_print(sound)) > 0.99


def test_too_little_speech_is_not_enrolled():
    sound = hum(300, 12)
    with pytest.raises(ConfigError, match=r"3\.0 s of speech"):
        print_of(sound, [Interval(start_ms=0, end_ms=3_000)], PRINTER)


def test_two_voices_are_not_enrolled_as_one():
    sound = np.concatenate([hum(300, 10), hum(2_000, 10)])
    with pytest.raises(ConfigError, match="more than one voice"):
        print_of(sound, whole(sound), PRINTER)


def test_what_is_written_is_read_by_its_owner_only(tmp_path):
    path = tmp_path / "made" / "voices.json"
    voices = {v.agent_id: v for v in (enrolled(300), enrolled(500, "A2"))}
    write_voices(path, voices)
    assert read_voices(path) == voices
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["voices.json"]
    record = json.loads(path.read_text("utf-8"))["voices"][0]
    assert set(record) == {"agent_id", "model", "enrolled_on", "consent", "vector"}


def test_a_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "voices.json"
    write_voices(path, {})
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="mode 600"):
        read_voices(path)


def test_a_folder_in_the_way_is_a_store_error(tmp_path):
    (tmp_path / "voices.json").mkdir()
    (tmp_path / "voices.json" / "full").touch()
    with pytest.raises(StoreError):
        write_voices(tmp_path / "voices.json", {})
    assert [p.name for p in tmp_path.iterdir()] == ["voices.json"]


def test_a_voice_of_another_model_is_refused_and_named(tmp_path):
    path = tmp_path / "voices.json"
    write_voices(path, {"A1": enrolled(300), "A2": enrolled(300, "A2", model="old@1")})
    with pytest.raises(ConfigError, match=r"voices\[1\]\.model: enrolled with old@1"):
        known_voices(path, PRINTER)


def test_identity_tells_who_is_known():
    assert known(enrolled(300)).identity != known(enrolled(500)).identity
    assert known(enrolled(300)).identity == known(enrolled(300)).identity


GOOD = {"agent_id": "A1", "model": "m", "enrolled_on": "2026-03-01", "consent": "", "vector": [1.0, 0.0]}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("{", "cannot be read"),
        ("[]", "version"),
        ('{"version": 2, "voices": []}', "version"),
        ('{"version": 1}', "voices"),
        *(
            (json.dumps({"version": 1, "voices": [GOOD, {**GOOD, name: value}]}), r"voices\[1\]")
            for name, value in [("vector", [2.0]), ("vector", []), ("vector", "x"), ("enrolled_on", "May")]
        ),
    ],
)
def test_a_malformed_file_is_a_config_error_that_names_the_field(tmp_path, content, field):
    path = tmp_path / "voices.json"
    path.write_text(content, encoding="utf-8")
    os.chmod(path, 0o600)
    with pytest.raises(ConfigError, match=field):
        read_voices(path)


def test_a_missing_file_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError):
        read_voices(tmp_path / "voices.json")
