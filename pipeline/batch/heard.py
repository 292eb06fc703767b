"""What was heard, kept: a transcript and what is known of the sound, without the sound.

One file a call, ``heard/<call>.json.gz``, readable by its owner only. It holds the key of what it was made
from (:mod:`pipeline.batch.keys`), so that a file can be believed whatever the journal lived to see. Numbers
come back exactly as they were.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from pipeline.errors import StoreError
from pipeline.report.files import file_stem, write_atomically
from pipeline.types import Channel, DecodedAudio, Transcript

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER: Final = "heard"
FORM: Final = "tinghe.heard/1"
_QUICK: Final = 6
"""Level of compression: 9 takes twice as long for 1 % less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was heard of a call.

    Attributes:
        key: of what it was made from.
        listened_by: the models that heard it.
        audio: the recording without samples: every channel is empty, its level and state are there.
    """

    key: str
    listened_by: Mapping[str, str]
    audio: DecodedAudio
    transcript: Transcript


def place_of(folder: Path, call_id: str) -> Path:
    """Where what was heard of a call is kept, under the results folder."""
    return folder / FOLDER / f"{file_stem(call_id)}.json.gz"


def keep(kept: Kept, path: Path) -> str:
    """Write what was heard; the SHA-256 of its content (not of the compressed file).

    Raises:
        StoreError: the file system refuses.
    """
    audio = {f.name: getattr(kept.audio, f.name) for f in dataclasses.fields(kept.audio)}
    audio["channels"] = [
        {"index": c.index, "level_dbfs": float(c.level_dbfs), "dead": bool(c.dead)}
        for c in kept.audio.channels
    ]
    content = {
        "audio": audio,
        "listened_by": dict(sorted(kept.listened_by.items())),
        "transcript": _plain(kept.transcript),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_number)
    sha256 = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    whole = f'{{"form":"{FORM}","key":"{kept.key}","sha256":"{sha256}","heard":{text}}}'
    packed = gzip.compress(whole.encode(errors="surrogatepass"), compresslevel=_QUICK, mtime=0)
    write_atomically(path, packed, mode=0o600)
    return sha256


def take(path: Path) -> tuple[Kept, str] | None:
    """What was kept, and the SHA-256 of its content; ``None`` when there is none that can be used."""
    try:
        text = gzip.decompress(path.read_bytes()).decode(errors="surrogatepass")
        whole = json.loads(text)
        if whole["form"] != FORM:
            return None
        heard = whole["heard"]
        audio = heard["audio"]
        channels = tuple(Channel(samples=np.zeros(0, np.float32), **c) for c in audio.pop("channels"))
        kept = Kept(
            key=whole["key"],
            listened_by=heard["listened_by"],
            audio=DecodedAudio(**audio, channels=channels),
            transcript=_transcripts().validate_python(heard["transcript"]),
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error, ValidationError):
        return None
    return kept, whole["sha256"]


def drop(path: Path) -> None:
    """Remove what was kept, if anything.

    Raises:
        StoreError: the file system refuses.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot remove {path}: {error.strerror}") from error


@cache
def _transcripts() -> TypeAdapter[Transcript]:
    return TypeAdapter(Transcript)


def _plain(value: Any) -> Any:
    """A record as JSON types; empty fields are left out where empty is the default."""
    if dataclasses.is_dataclass(value):
        return {
            f.name: _plain(found)
            for f in dataclasses.fields(value)
            if (found := getattr(value, f.name)) != f.default
        }
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value


def _number(value: Any) -> Any:
    """Numbers of NumPy as Python's: every float32 is a float64."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value).__name__)
