"""``tinghe voices``: nothing without consent, a file for its owner only, and forgetting."""

import json
import wave

import numpy as np
import pytest
from typer.testing import CliRunner

from flows import wiring
from flows.cli import app
from models.fakes import FakeSpeechDetector, FakeVoicePrinter

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, ["voices", *map(str, arguments)])


@pytest.fixture(autouse=True)
def _fakes(monkeypatch):
    monkeypatch.setattr(wiring, "load_enroller", lambda _: (FakeSpeechDetector(), FakeVoicePrinter()))


def recording(path, *voices):
    """A channel a voice: a hum of so many hertz for so many seconds."""
    seconds = max(length for _, length in voices)
    sound = np.zeros((seconds * 8_000, len(voices)))
    for index, (hertz, length) in enumerate(voices):
        time = np.arange(length * 8_000) / 8_000
        sound[: len(time), index] = 0.3 * np.sin(2 * np.pi * hertz * time)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(voices))
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes((sound * 32_767).astype("<i2").tobytes())
    return path


@pytest.fixture
def alone(tmp_path):
    return recording(tmp_path / "agent.wav", (300, 12))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "kept" / "voices.json"


def test_without_consent_nothing_is_stored_and_the_law_is_told(alone, file):
    result = run("enrol", "A1", alone, "--file", file)
    assert result.exit_code == 2
    assert "--consent" in result.stderr
    assert "个人信息保护法" in result.stderr
    assert not file.exists()


def test_an_agent_is_enrolled_listed_and_forgotten(alone, file):
    assert run("enrol", "A1", alone, "--consent", "--note", "form 17", "--file", file).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    (listed,) = json.loads(run("list", "--file", file, "--json").stdout)
    assert (listed["agent_id"], listed["consent"]) == ("A1", "form 17")
    assert set(listed) == {"agent_id", "enrolled_on", "model", "consent"}
    assert "form 17" in run("list", "--file", file).stdout
    assert run("forget", "A1", "--file", file).exit_code == 0
    assert json.loads(run("list", "--file", file, "--json").stdout) == []
    assert "vector" not in file.read_text("utf-8")


def test_enrolling_again_replaces_and_others_stay(alone, file):
    for agent in ("A1", "A2", "A1"):
        assert run("enrol", agent, alone, "--consent", "--file", file).exit_code == 0
    listed = json.loads(run("list", "--file", file, "--json").stdout)
    assert [voice["agent_id"] for voice in listed] == ["A1", "A2"]


def test_a_recording_with_two_channels_asks_which(tmp_path, file):
    both = recording(tmp_path / "call.wav", (300, 12), (900, 12))
    result = run("enrol", "A1", both, "--consent", "--file", file)
    assert result.exit_code == 2
    assert "--channel" in result.stderr
    assert run("enrol", "A1", both, "--consent", "--file", file, "--channel", 5).exit_code == 2
    assert not file.exists()
    assert run("enrol", "A1", both, "--consent", "--file", file, "--channel", 1).exit_code == 0


def test_too_little_speech_is_an_error_and_nothing_is_stored(tmp_path, file):
    result = run("enrol", "A1", recording(tmp_path / "short.wav", (300, 4)), "--consent", "--file", file)
    assert result.exit_code == 2
    assert "10 s" in result.stderr
    assert not file.exists()


def test_forgetting_somebody_unknown_is_an_error(alone, file):
    run("enrol", "A1", alone, "--consent", "--file", file)
    result = run("forget", "A2", "--file", file)
    assert result.exit_code == 2
    assert "A2 is not enrolled" in result.stderr


def test_without_a_file_in_the_settings_one_must_be_named():
    result = run("list")
    assert result.exit_code == 2
    assert "[roles] enrolled" in result.stderr


def test_the_settings_name_the_file(tmp_path, alone, file):
    config = tmp_path / "own.toml"
    config.write_text(f'[roles]\nenrolled = "{file}"\n', encoding="utf-8")
    assert run("enrol", "A1", alone, "--consent", "--config", config).exit_code == 0
    assert file.exists()
