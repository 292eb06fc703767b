"""Playable copies hide people where reports do, from the first byte on, and after a new judgement too."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.privacy.clips import pcm_of_wav
from pipeline.privacy.sound import SoundSpan
from pipeline.privacy.vault import is_sealed, read_sound_file
from pipeline.report.playable import (
    cover_call,
    cover_playable,
    is_covered,
    sound_link,
    sound_of,
    write_playable,
)
from pipeline.settings import load_settings
from tests.unit.privacy.test_sound import heard
from tests.unit.report.test_playable import audio

KEY = bytes(range(32))
FIRST = [SoundSpan(start_ms=100, end_ms=200)]
MORE = [*FIRST, SoundSpan(start_ms=300, end_ms=400)]


def sound(path, key=None):
    found = pcm_of_wav(read_sound_file(path, key))
    assert found is not None
    return found[0]


def test_a_covered_copy_is_covered_when_it_is_first_written(tmp_path):
    path = tmp_path / "x.wav"
    write_playable(audio(source_rate=16_000), path, spans=FIRST, mode="silence")
    assert not sound(path)[1600:3200].any()
    assert np.abs(sound(path)[3200:6400, 0]).max() > 1000
    assert is_covered(path.read_bytes())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_later_judgement_covers_more_and_the_same_one_writes_nothing(tmp_path):
    path = tmp_path / "x.wav"
    write_playable(audio(source_rate=16_000), path, spans=FIRST, mode="silence")
    assert not cover_playable(path, FIRST, mode="silence")
    assert cover_playable(path, MORE, mode="silence")
    assert not sound(path)[1600:3200].any()
    assert not sound(path)[4800:6400].any()
    before = path.read_bytes()
    assert not cover_playable(path, MORE, mode="silence")
    assert path.read_bytes() == before


def test_a_copy_that_was_never_covered_is(tmp_path):
    path = tmp_path / "x.wav"
    write_playable(audio(source_rate=8_000), path)
    assert not is_covered(path.read_bytes())
    assert cover_playable(path, [], mode="silence")
    assert is_covered(path.read_bytes())


def test_with_a_key_copies_are_encrypted_and_no_page_plays_them(tmp_path):
    path = sound_of(tmp_path, "call 1")
    write_playable(audio(source_rate=8_000), path)
    assert sound_link(tmp_path, "call 1") == "audio/call 1.wav"
    assert cover_playable(path, FIRST, mode="silence", key=KEY)
    assert is_sealed(path)
    assert sound_link(tmp_path, "call 1") is None
    assert not cover_playable(path, FIRST, mode="silence", key=KEY)
    assert not cover_playable(path, MORE, mode="silence")  # nobody without the key can hear it
    assert cover_playable(path, MORE, mode="silence", key=KEY)
    assert not sound(path, KEY)[2400:3200].any()


def test_what_cannot_be_covered_does_not_stay(tmp_path):
    path = sound_of(tmp_path, "x")
    path.parent.mkdir()
    path.write_bytes(b"no sound")
    assert cover_playable(path, FIRST)
    assert not path.exists()


@pytest.mark.parametrize("names", [(), ("王小明",)])
def test_a_call_is_covered_by_its_result(tmp_path, names):
    call = heard(("agent", "是王小明先生吗")) | {"call_id": "x"}
    for key in ("start", "end"):
        call["turns"][0][key] -= 1
        for word in call["turns"][0]["words"]:
            word[key] -= 1
    write_playable(audio(source_rate=16_000, seconds=3), sound_of(tmp_path, "x"))
    privacy = load_settings().privacy.model_copy(update={"margin_ms": 0, "cover": "silence"})
    assert cover_call(tmp_path, call, names, privacy, None)
    covered = sound(sound_of(tmp_path, "x"))
    assert not covered[int(0.2 * 16_000) : int(0.8 * 16_000)].any()
    assert np.abs(covered[: int(0.2 * 16_000), 0]).max() > 1000
    assert not cover_call(tmp_path, call, names, privacy, None)
    assert not cover_call(tmp_path, call | {"call_id": "y"}, names, privacy, None)
