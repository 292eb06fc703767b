"""``tinghe redact``: copies without people, and listening again whether any is left."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from flows import wiring
from flows.cli import app
from models.fakes import FakeSpeechDetector, FakeTranscriber
from pipeline.audio import decode
from pipeline.privacy.clips import pcm_of_wav, wav_bytes
from pipeline.privacy.codecs import Codec, encode
from pipeline.settings import load_settings
from pipeline.types import Recording
from tests.unit.export.samples import results, said
from tests.unit.privacy.test_sound import RATE, speech

LINES = (
    ("agent", "请问是王小明先生吗"),
    ("customer", "是我"),
    ("agent", "身份证后四位"),
    ("customer", "四零幺九"),
)


@pytest.fixture
def folder(tmp_path):
    made = results(tmp_path / "results", said(*LINES, call_id="c1"))
    (made / "audio").mkdir()
    (made / "audio" / "c1.wav").write_bytes(wav_bytes(speech(12.0), RATE))
    return made


def run(*arguments):
    return CliRunner().invoke(app, ["redact", *map(str, arguments)])


def test_text_and_sound_are_redacted_alike(folder, tmp_path):
    done = run(folder / "calls" / "c1.json", "--to", tmp_path / "to", "--cover", "silence", "--json")
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout)["calls"]
    assert (told["call_id"], told["spans"], told["recognisable"]) == ("c1", {"id_tail": 1, "name": 1}, None)
    written = (tmp_path / "to" / "c1.json").read_text(encoding="utf-8")
    for original in ("小明", "四零幺九"):
        assert original not in written
    content = json.loads(written)
    assert [span["kind"] for span in content["personal"]] == ["name", "id_tail"]
    sound, rate = pcm_of_wav((tmp_path / "to" / "c1.wav").read_bytes())
    for place in content["covered"]:
        assert not sound[round(place["start"] * rate) : round(place["end"] * rate)].any()
    assert sound.any()
    assert sum(p["end"] - p["start"] for p in content["covered"]) == pytest.approx(told["covered_s"])


def test_what_is_written_is_for_its_owner(folder, tmp_path):
    assert run(folder, "--to", tmp_path / "to").exit_code == 0
    assert (tmp_path / "to").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "to").iterdir()} == {0o600}


def test_a_call_without_sound_has_only_a_transcript(folder, tmp_path):
    (folder / "audio" / "c1.wav").unlink()
    done = run(folder / "calls" / "c1.json", "--to", tmp_path / "to", "--json")
    (told,) = json.loads(done.stdout)["calls"]
    assert (told["sound"], told["no_sound"]) == (None, "missing_file")
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["c1.json"]


@pytest.mark.parametrize(("form", "codec"), [("same", "opus"), ("mp3", "mp3"), ("wav", "pcm_s16le")])
def test_the_codec_can_be_kept_or_chosen(folder, tmp_path, form, codec):
    recording = tmp_path / "original.opus"
    recording.write_bytes(encode(wav_bytes(speech(12.0), RATE), Codec.OPUS))
    arguments = ["--recording", recording, "--sound", form, "--to", tmp_path / "to", "--json"]
    done = run(folder / "calls" / "c1.json", *arguments)
    (told,) = json.loads(done.stdout)["calls"]
    audio = decode(Recording(path=tmp_path / "to" / told["sound"]), load_settings().audio)
    assert audio.codec == codec
    assert abs(audio.duration_ms - 12_000) < 200


def ears(text):
    return SimpleNamespace(detector=FakeSpeechDetector(), transcriber=FakeTranscriber(text))


@pytest.mark.parametrize(
    ("text", "kinds"), [("今天天气不错。", set()), ("四零幺九。", {"id_tail"}), ("王晓明先生。", {"name"})]
)
def test_what_is_still_recognisable_is_told(folder, tmp_path, monkeypatch, text, kinds):
    monkeypatch.setattr(wiring, "load_ears", lambda settings: ears(text))
    done = run(folder / "calls" / "c1.json", "--to", tmp_path / "to", "--verify", "--json")
    (told,) = json.loads(done.stdout)["calls"]
    assert told["looked_for"] == 2
    assert {leak["kind"] for leak in told["recognisable"]} == kinds
    assert done.exit_code == (3 if kinds else 0)
    assert "4019" not in done.stdout
    assert "小明" not in done.stdout


def test_a_new_key_is_printed_and_is_one():
    from pipeline.privacy.vault import key_of

    privacy = load_settings().privacy
    done = run("--new-key")
    assert len(key_of(privacy, {privacy.encrypt_audio_key_env: done.stdout})) == 32


@pytest.mark.parametrize("arguments", [[], ["x"], ["nowhere", "--to", "y"]])
def test_wrong_use_is_told(tmp_path, arguments, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments).exit_code == 2
