"""Recordings made for tests: good ones in every allowed form, and broken ones with their reasons."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
"""Shape ``(channels, num_samples)``, float32 in -1..1."""

LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 6: "5.1", 8: "7.1"}


def voice(
    seconds: float, rate: int = 8000, *, seed: int = 0, level_dbfs: float = -20.0
) -> NDArray[np.float32]:
    """One channel that goes on and off as speech does: harmonics under a syllable envelope, with noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    pitch = 110.0 + 60.0 * rng.random()
    tone = sum(np.sin(2 * np.pi * pitch * k * t + 6.28 * rng.random()) / k for k in range(1, 8))
    envelope = np.clip(np.sin(2 * np.pi * (2.0 + rng.random()) * t + 6.28 * rng.random()), 0.0, None)
    sound = tone * envelope + 0.02 * rng.standard_normal(len(t))
    sound *= 10 ** (level_dbfs / 20) / max(1e-9, float(np.sqrt(np.mean(sound**2))))
    return np.clip(sound, -1, 1).astype(np.float32)


def channels(*parts: NDArray[np.float32]) -> Sound:
    """Channels side by side."""
    return np.stack(parts).astype(np.float32)


def write_audio(
    path: Path, sound: Sound, rate: int, *, codec: str, container: str, bit_rate: int | None = None
) -> Path:
    """Encode ``sound`` with PyAV; ``container`` is FFmpeg's name of the muxer."""
    sound = np.atleast_2d(sound)
    layout = LAYOUTS[len(sound)]
    with av.open(str(path), "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout=layout, options={"strict": "experimental"})
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        stream.codec_context.open()
        resampler = av.AudioResampler(
            format=stream.format.name, layout=layout, rate=rate, frame_size=stream.frame_size or 1024
        )
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout=layout)
        whole.sample_rate, whole.pts, whole.time_base = rate, 0, Fraction(1, rate)
        for frame in [*resampler.resample(whole), *resampler.resample(None)]:
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def write_wav(path: Path, sound: Sound, rate: int = 8000, codec: str = "pcm_s16le") -> Path:
    """A WAV file; ``codec`` is FFmpeg's name, such as ``pcm_alaw`` or ``adpcm_ms``."""
    return write_audio(path, sound, rate, codec=codec, container="wav")


def pcm_wav_bytes(
    sound: Sound,
    rate: int = 8000,
    *,
    data_size: int | None = None,
    riff_size: int | None = None,
    tail: bytes = b"",
) -> bytes:
    """A 16-bit WAV of which the sizes in the header can be wrong; ``tail`` follows the sound."""
    sound = np.atleast_2d(sound)
    data = (sound.T * 32767).astype("<i2").tobytes()
    count = len(sound)
    fmt = struct.pack("<HHIIHH", 1, count, rate, rate * count * 2, count * 2, 16)
    riff = 36 + len(data) + len(tail) if riff_size is None else riff_size
    header = b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + struct.pack("<I", 16) + fmt
    return header + b"data" + struct.pack("<I", len(data) if data_size is None else data_size) + data + tail


def write_gsm_wav(path: Path, seconds: float, *, seed: int = 0) -> Path:
    """GSM 6.10 in WAV (format 0x31). No encoder exists here, but any bits are valid GSM frames."""
    fmt = struct.pack("<HHIIHHHH", 0x31, 1, 8000, 1625, 65, 0, 2, 320)
    return _write_any_bits(path, fmt, round(seconds * 8000 / 320) * 65, seed)


def write_g729_wav(path: Path, seconds: float, *, seed: int = 0) -> Path:
    """G.729 in WAV (format 0x83), 10 bytes a 10 ms; any bits are valid frames."""
    fmt = struct.pack("<HHIIHHH", 0x83, 1, 8000, 1000, 10, 0, 0)
    return _write_any_bits(path, fmt, round(seconds * 100) * 10, seed)


def _write_any_bits(path: Path, fmt: bytes, length: int, seed: int) -> Path:
    data = np.random.default_rng(seed).integers(0, 256, length, dtype=np.uint8).tobytes()
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def write_amr_wb(path: Path, seconds: float, *, seed: int = 0) -> Path:
    """AMR-WB at 12.65 kbit/s. No encoder exists here, but any bits are valid frames."""
    payload = np.random.default_rng(seed).integers(0, 256, (round(seconds * 50), 32), dtype=np.uint8)
    path.write_bytes(b"#!AMR-WB\n" + b"".join(b"\x14" + row.tobytes() for row in payload))
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenFile:
    """A file that no call can be made of, and the reason that must be given for it."""

    name: str
    path: Path
    reason: str


def broken_files(folder: Path) -> tuple[BrokenFile, ...]:
    """Make one file of every broken kind in ``folder``; names end in ``.wav`` whatever is inside."""
    good = pcm_wav_bytes(channels(voice(4.0)))
    contents: dict[str, tuple[str, bytes]] = {
        "no_bytes": ("empty_file", b""),
        "web_page": ("not_audio", b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"),
        "text": ("not_audio", "录音系统维护中，请稍后再试。\n".encode() * 5),
        "json": ("not_audio", json.dumps({"error": "token expired"}).encode()),
        "random_bytes": ("not_audio", b"\x01\x02" + np.random.default_rng(7).bytes(40000)),
        "picture": ("not_audio", b"\x89PNG\r\n\x1a\n" + bytes(2000)),
        "silk": ("unsupported_container", b"\x02#!SILK_V3" + bytes(range(256)) * 8),
        "playlist": ("unsupported_container", b"#EXTM3U\n#EXTINF:10,\nhttp://192.0.2.1/part1.ts\n"),
        "concat": ("unsupported_container", b"ffconcat version 1.0\nfile other.wav\n"),
        "plain_zip": ("unsupported_container", _zip(encrypted=False)),
        "locked_zip": ("encrypted", _zip(encrypted=True)),
        "openssl": ("encrypted", b"Salted__" + np.random.default_rng(8).bytes(5000)),
        "pgp_armor": ("encrypted", b"-----BEGIN PGP MESSAGE-----\n\nhQEMA5J3\n-----END PGP MESSAGE-----\n"),
        "pgp_binary": ("encrypted", b"\x85\x01\x0c\x03" + np.random.default_rng(9).bytes(3000)),
        "locked_pdf": ("encrypted", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<</Encrypt 5 0 R>>\n%%EOF\n"),
        "locked_office": (
            "encrypted",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + bytes(1016)
            + "EncryptedPackage".encode("utf-16-le")
            + bytes(500),
        ),
        "half": ("truncated", good[: len(good) // 2]),
        "cut_in_header": ("truncated", good[:30]),
        "header_only": ("no_samples", good[:44]),
        "no_sound_in_it": ("no_samples", pcm_wav_bytes(np.zeros((1, 0), np.float32))),
        "silence": ("silent", pcm_wav_bytes(np.zeros((2, 32000), np.float32))),
        "one_blip": ("too_short", pcm_wav_bytes(channels(voice(0.3)))),
        "ten_channels": (
            "too_many_channels",
            pcm_wav_bytes(channels(*(voice(2.0, seed=i) for i in range(10)))),
        ),
        "slow_clock": ("unsupported_rate", pcm_wav_bytes(channels(voice(4.0, 2000)), 2000)),
        "no_such_codec": ("unsupported_container", good[:20] + struct.pack("<H", 0x0133) + good[22:]),
        "damaged_flac": ("decode_failed", b"fLaC" + bytes(60)),
    }
    made = []
    for name, (reason, content) in contents.items():
        path = folder / f"{name}.wav"
        path.write_bytes(content)
        made.append(BrokenFile(name=name, path=path, reason=reason))
    (folder / "a_folder.wav").mkdir()
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    return (
        *made,
        BrokenFile(name="absent", path=folder / "absent.wav", reason="missing_file"),
        BrokenFile(name="a_folder", path=folder / "a_folder.wav", reason="not_a_file"),
        BrokenFile(name="loop", path=folder / "loop.wav", reason="unreadable_file"),
    )


def _zip(*, encrypted: bool) -> bytes:
    """A zip of one file; the flag is what a packer with a password sets."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("call.wav", bytes(500))
    content = bytearray(buffer.getvalue())
    content[6] |= 1 if encrypted else 0
    return bytes(content)
