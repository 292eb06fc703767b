"""Whatever a decoder raises, a recording ends with a reason of ours."""

from __future__ import annotations

import builtins
import random
from pathlib import Path

import av
import av.error
import numpy as np
import pytest

from pipeline.audio import decode
from pipeline.audio.decoding import DECODERS, as_recording_error
from pipeline.errors import RECORDING_REASONS, RecordingError
from pipeline.settings import AudioSettings, load_settings
from pipeline.types import DecodedAudio, Recording
from tests.audio_files import (
    channels,
    voice,
    write_audio,
)

LIMITS = load_settings().audio


def decoded(path: Path, raw_format: str | None = None, within: AudioSettings = LIMITS) -> DecodedAudio:
    return decode(Recording(path=path, raw_format=raw_format), within)


def _av_errors() -> list[type[av.error.FFmpegError]]:
    found = {
        cls
        for cls in vars(av.error).values()
        if isinstance(cls, type) and issubclass(cls, av.error.FFmpegError)
    }
    return sorted(found, key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", _av_errors(), ids=lambda cls: cls.__name__)
def test_every_error_of_pyav_has_a_reason(cls: type[av.error.FFmpegError]) -> None:
    mapped = as_recording_error(cls(1, "what FFmpeg says", "13900000000.wav"))
    assert mapped.reason in RECORDING_REASONS
    assert "13900000000" not in str(mapped)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (av.error.InvalidDataError(1, "bad"), "decode_failed"),
        (av.error.DecoderNotFoundError(1, "none"), "unsupported_container"),
        (av.error.HTTPNotFoundError(1, "404"), "unsupported_container"),
        (av.error.ProtocolNotFoundError(1, "none"), "unsupported_container"),
        (av.error.OSError(5, "no"), "decode_failed"),  # FFmpeg's own word for content that ends too soon
        (builtins.OSError(5, "Input/output error"), "unreadable_file"),
        (builtins.PermissionError(13, "Permission denied"), "unreadable_file"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "tags"), "decode_failed"),
        (builtins.MemoryError(), "decode_failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_errors_and_their_reasons(error: Exception, expected: str) -> None:
    assert as_recording_error(error).reason == expected


def test_allowed_decoders_exist() -> None:
    assert {name for name in DECODERS if name not in av.codecs_available} == set()


@pytest.mark.parametrize(
    ("codec", "muxer"),
    [
        ("pcm_s16le", "wav"),
        ("pcm_f32le", "wav"),
        ("adpcm_ms", "wav"),
        ("libmp3lame", "mp3"),
        ("aac", "ipod"),
        ("libopus", "ogg"),
        ("libopus", "webm"),
        ("g722", "wav"),
        ("pcm_mulaw", "au"),
        ("flac", "flac"),
        ("wmav2", "asf"),
    ],
)
def test_damage_never_raises_anything_else(tmp_path: Path, codec: str, muxer: str) -> None:
    path = tmp_path / "a"
    write_audio(path, channels(voice(1.2, 16000)), 16000, codec=codec, container=muxer, bit_rate=32000)
    whole = path.read_bytes()
    rng = random.Random(f"{codec} {muxer}")
    for _ in range(25):
        content = bytearray(whole)
        for _ in range(rng.choice([0, 1, 8, 64])):
            content[rng.randrange(min(len(content), rng.choice([100, len(content)])))] = rng.randrange(256)
        path.write_bytes(content[: rng.randrange(1, len(content) + 1)])
        try:
            audio = decoded(path)
        except RecordingError:
            continue
        assert all(np.isfinite(channel.samples).all() for channel in audio.channels)
