"""A copy of a recording that every browser plays: 16-bit PCM WAV, the channels as they were.

Where people are masked in reports they are covered in the copy too, before it is first written. A covered
copy says so in a comment at its end (``LIST INFO ICMT``) with a digest of what is covered, so that a later
judgement knows whether it must cover more.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import RecordingError
from pipeline.privacy.clips import pcm_of_wav, wav_bytes
from pipeline.privacy.hearing import sound_spans
from pipeline.privacy.sound import cover
from pipeline.privacy.vault import is_sealed, read_sound_file, seal
from pipeline.report.files import file_stem, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.privacy.sound import Cover, SoundSpan
    from pipeline.settings import PrivacySettings
    from pipeline.types import DecodedAudio, Samples

FOLDER: Final = "audio"

PLAYABLE_RATE = 8_000
"""Hz; telephone sound has nothing above 4 kHz, and half the rate is half the disk."""

_COMMENT: Final = b"tinghe.redacted/1 "
_DIGEST: Final = 64
_CHUNK_BYTES: Final = 8 + 4 + 8 + len(_COMMENT) + _DIGEST + 2
"""LIST header, INFO, ICMT header, the comment and two zero bytes that end it evenly."""


def write_playable(
    audio: DecodedAudio,
    path: Path,
    *,
    spans: Sequence[SoundSpan] | None = None,
    mode: Cover = "beep",
    key: bytes | None = None,
) -> None:
    """Write ``audio`` to ``path`` as WAV, at 8 kHz where the recording was a telephone's, else as decoded.

    Args:
        audio: the recording.
        path: the file.
        spans: what is covered; ``None`` where people are not masked.
        mode: how.
        key: encrypts the file.

    Raises:
        StoreError: the file cannot be written.
    """
    halve = audio.source_rate <= PLAYABLE_RATE and audio.sample_rate == 2 * PLAYABLE_RATE
    rate = PLAYABLE_RATE if halve else audio.sample_rate
    channels = [_halved(c.samples) if halve else c.samples for c in audio.channels]
    length = max((len(samples) for samples in channels), default=0)
    interleaved = np.zeros((length, len(channels)), dtype="<i2")
    for column, samples in enumerate(channels):
        interleaved[: len(samples), column] = np.clip(np.rint(samples * 32767.0), -32768, 32767)
    if spans is None:
        content = wav_bytes(interleaved, rate)
    else:
        content = _marked(wav_bytes(cover(interleaved, rate, spans, mode=mode), rate), spans, mode)
    write_atomically(path, content if key is None else seal(content, key))


def cover_playable(
    path: Path, spans: Sequence[SoundSpan], *, mode: Cover = "beep", key: bytes | None = None
) -> bool:
    """Cover ``spans`` in a copy that is there; whether it had to be written anew.

    What was covered before stays so. With a key, a copy that was not encrypted becomes it; one that is
    encrypted and has no key here stays as it is, for nobody can hear it. What is no sound is removed: what
    cannot be covered must not stay.

    Args:
        path: the copy; nothing is done where there is none.
        spans: what must be covered.
        mode: how.
        key: of encrypted copies.

    Raises:
        StoreError: the copy cannot be written.
    """
    sealed = is_sealed(path)
    if not path.exists() or (sealed and key is None) or (key is None and _covers(path, spans, mode)):
        return False
    try:
        content = read_sound_file(path, key)
        sound = pcm_of_wav(content)
    except RecordingError:
        content, sound = b"", None
    if sealed == (key is not None) and _digest(spans, mode) in content[-_CHUNK_BYTES:]:
        return False
    if sound is None:
        path.unlink(missing_ok=True)
        return True
    samples, rate = sound
    anew = _marked(wav_bytes(cover(samples, rate, spans, mode=mode), rate), spans, mode)
    write_atomically(path, anew if key is None else seal(anew, key))
    return True


def cover_call(
    folder: Path, call: Mapping[str, Any], names: Iterable[str], privacy: PrivacySettings, key: bytes | None
) -> bool:
    """Cover in a call's copy what is personal by its result; whether the copy had to be written anew.

    Args:
        folder: the results folder.
        call: the JSON of the call in the published form.
        names: full names that the file holds.
        privacy: how sound is covered.
        key: of encrypted copies.

    Raises:
        StoreError: the copy cannot be written.
    """
    path = sound_of(folder, call["call_id"])
    if not path.exists():
        return False
    spans = sound_spans(call, names=names, margin_ms=privacy.margin_ms)
    return cover_playable(path, spans, mode=privacy.cover, key=key)


def sound_of(folder: Path, call_id: str) -> Path:
    """Where a call's playable copy is, under the results folder."""
    return folder / FOLDER / f"{file_stem(call_id)}.wav"


def sound_link(folder: Path, call_id: str) -> str | None:
    """The copy as a path relative to the results folder; ``None`` where no page can play one."""
    path = sound_of(folder, call_id)
    return f"{FOLDER}/{path.name}" if path.exists() and not is_sealed(path) else None


def is_covered(content: bytes) -> bool:
    """Whether a WAV file says that personal data are covered in it."""
    return _COMMENT in content[-_CHUNK_BYTES:]


def says_covered(path: Path) -> bool:
    """The same of a file, of which only the end is read; ``False`` where it cannot be."""
    return is_covered(_end_of(path))


def _covers(path: Path, spans: Sequence[SoundSpan], mode: Cover) -> bool:
    """Whether a copy that is not encrypted says that it covers just these; only its end is read."""
    return _digest(spans, mode) in _end_of(path)


def _end_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(-min(_CHUNK_BYTES, path.stat().st_size), os.SEEK_END)
            return file.read()
    except OSError:
        return b""


def _marked(wav: bytes, spans: Sequence[SoundSpan], mode: Cover) -> bytes:
    comment = _COMMENT + _digest(spans, mode) + b"\0\0"
    chunk = b"INFO" + b"ICMT" + len(comment).to_bytes(4, "little") + comment
    whole = wav[8:] + b"LIST" + len(chunk).to_bytes(4, "little") + chunk
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


def _digest(spans: Sequence[SoundSpan], mode: Cover) -> bytes:
    places = [mode, *([span.start_ms, span.end_ms] for span in spans)]
    return hashlib.sha256(json.dumps(places).encode()).hexdigest().encode()


def _halved(samples: Samples) -> Samples:
    """Half the rate. The source had nothing above the new limit, so every second sample is enough."""
    return samples[::2]
