"""A recording becomes channels of samples, or a named reason why it cannot be judged.

Read in this order: ``sniff`` (what the bytes are; names do not matter), ``decoding`` (the
allow-listed decoders, frame by frame under a cap), ``headers`` (does the file hold what its header
says), ``channels`` (dead, silent, doubled and mixed channels). ``raw``, ``mpeg`` and ``ebml`` are small
formats that several of them need.

Messages of the errors raised here never hold the file's name, since diallers put telephone numbers
into names; the caller knows which call it asked for.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.audio.channels import judge_channels
from pipeline.audio.decoding import SAMPLE_RATE, read_sound
from pipeline.audio.headers import check_index, check_whole, wav_data
from pipeline.audio.raw import parse_raw_format
from pipeline.audio.sniff import Source, identify
from pipeline.errors import RecordingError
from pipeline.types import DecodedAudio

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

    from pipeline.settings import AudioSettings
    from pipeline.types import Recording

__all__ = ["SAMPLE_RATE", "decode"]


def decode(recording: Recording, limits: AudioSettings) -> DecodedAudio:
    """Decode one recording to 16 kHz float32 channels.

    The file is read once for its digest and once for its sound; the sound is streamed, so memory is
    bounded by ``limits.max_seconds`` times the number of channels whatever the file claims.

    Args:
        recording: the file; ``raw_format`` is heeded only when the bytes carry no header of their own.
        limits: what a call may be.

    Returns:
        One channel for mono and doubled sound, two for two parties, or the live channels of more than
        two, each with its index in the file.

    Raises:
        RecordingError: the file cannot be judged; ``reason`` is one of
            :data:`pipeline.errors.RECORDING_REASONS`.
    """
    try:
        with _open_regular(recording.path) as file:
            return _decode(file, recording.raw_format, limits)
    except OSError as error:
        raise RecordingError("unreadable_file", f"the file cannot be read: {error.strerror}") from error


def _decode(file: BufferedReader, raw_format: str | None, limits: AudioSettings) -> DecodedAudio:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise RecordingError("empty_file", "the file has no bytes")
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    source = identify(file, size, _declared(raw_format))
    check_index(file, size, source)
    sound = read_sound(file, _with_all_data(file, size, source), limits)
    if sound.num_samples == 0:
        raise RecordingError("no_samples", f"the {source.container} file has a header but no sound")
    seconds = sound.num_samples / SAMPLE_RATE
    check_whole(file, size, source, sound, seconds=seconds, tolerance_s=limits.truncation_tolerance_s)
    if seconds < limits.min_seconds:
        raise RecordingError(
            "too_short", f"{seconds:.2f} s of sound, a call has {limits.min_seconds:g} or more"
        )
    channels, dual_mono = judge_channels(sound.channels, limits)
    return DecodedAudio(
        channels=channels,
        sample_rate=SAMPLE_RATE,
        duration_ms=round(seconds * 1000),
        sha256=sha256,
        container=source.container,
        codec=sound.codec,
        source_rate=sound.source_rate,
        source_channels=len(sound.channels),
        dual_mono=dual_mono,
    )


def _declared(raw_format: str | None) -> Source | None:
    if raw_format is None:
        return None
    try:
        raw = parse_raw_format(raw_format)
    except ValueError as error:
        raise RecordingError("unsupported_container", f"raw_format: {error}") from error
    options = {"sample_rate": str(raw.rate_hz)}
    if raw.codec != "gsm":
        options["ch_layout"] = f"{raw.channels}C"
    return Source(container=raw.codec, demuxer=raw.codec, options=options)


def _with_all_data(file: BufferedReader, size: int, source: Source) -> Source:
    """Have the demuxer read to the end of a WAV file whose header was never updated."""
    data = wav_data(file, size, source.offset) if source.container == "wav" else None
    return replace(source, options={"ignore_length": "1"}) if data is not None and data.stale else source


def _open_regular(path: Path) -> BufferedReader:
    """Open a regular file; a pipe or a device is refused before ``open`` could hang on it."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        # ValueError: a path with a null byte, which no file can have
        raise RecordingError("missing_file", "the file does not exist") from error
    if not stat.S_ISREG(mode):
        raise RecordingError("not_a_file", "the path is a folder or a device")
    return path.open("rb")
