"""Encrypted sound opens with its key, and any change is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError, RecordingError
from pipeline.privacy.clips import Clipper, wav_bytes
from pipeline.privacy.vault import is_sealed, key_of, new_key, read_sound_file, seal, unseal
from pipeline.settings import load_settings
from tests.unit.privacy.test_sound import RATE, speech

KEY = bytes(range(32))
CHUNK = 65_536


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_sealed_opens(length):
    content = bytes(i % 251 for i in range(length))
    sealed = seal(content, KEY)
    assert unseal(sealed, KEY) == content
    assert length < 16 or content[:16] not in sealed
    assert seal(content, KEY) != sealed


SEALED = seal(bytes(2 * CHUNK + 100), KEY)


@settings(max_examples=60)
@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_one_changed_byte_is_noticed(at, by):
    changed = bytearray(SEALED)
    changed[at] ^= by
    with pytest.raises(RecordingError):
        unseal(bytes(changed), KEY)


def test_chunks_cannot_be_cut_moved_or_repeated():
    head, body = SEALED[:44], SEALED[44:]
    size = CHUNK + 16
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    for other in (
        chunks[:2],
        chunks[:1],
        [],
        [chunks[1], chunks[0], chunks[2]],
        [*chunks, chunks[2]],
        chunks[1:],
    ):
        with pytest.raises(RecordingError):
            unseal(head + b"".join(other), KEY)


def test_another_key_opens_nothing():
    with pytest.raises(RecordingError, match="another key"):
        unseal(SEALED, bytes(32))


def test_sealed_sound_is_read_with_the_key_and_told_without(tmp_path):
    path = tmp_path / "x.wav"
    wav = wav_bytes(speech(), RATE)
    path.write_bytes(seal(wav, KEY))
    assert is_sealed(path)
    assert read_sound_file(path, KEY) == wav
    assert Clipper(path, [], key=KEY).whole() == wav
    with pytest.raises(RecordingError) as told:
        Clipper(path, [])
    assert told.value.reason == "encrypted"


def test_keys_come_from_the_environment():
    privacy = load_settings().privacy
    name = privacy.encrypt_audio_key_env
    text = new_key()
    assert len(key_of(privacy, {name: text})) == 32
    assert key_of(privacy, {name: KEY.hex()}) == KEY
    assert key_of(privacy, {}) is None
    for wrong in ("short", "x" * 64, text[:-4]):
        with pytest.raises(ConfigError, match="no key"):
            key_of(privacy, {name: wrong})


def test_sound_that_must_be_encrypted_needs_a_key():
    privacy = load_settings().privacy.model_copy(update={"encrypt_audio": True})
    with pytest.raises(ConfigError, match="has no key"):
        key_of(privacy, {})
