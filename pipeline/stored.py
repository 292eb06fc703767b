"""Reading a stored result back: the inverse of :mod:`pipeline.report.call_json`.

A result holds what is needed to judge its call again: the turns with all that was heard of them, the
length, the quality of the sound and whether a channel was dead, the tones, the metadata. What names a
person is not stored, nor are columns that Tinghe does not know and what was known of other calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pipeline.errors import TranscriptError
from pipeline.metadata import CallMetadata
from pipeline.report.call_json import SCHEMA_ID, read_call
from pipeline.report.prosody_json import read_prosody
from pipeline.rows import decode_text, parse_json_object
from pipeline.transcripts import TranscriptSource, read_transcript
from pipeline.types import AudioQuality, Call, CallStatus, Role, SoundFault, Tone, Transcript, Turn, Word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCall:
    """A call that can be judged again.

    Attributes:
        status: what became of it; a transcript that nobody judged counts as ``scored``.
        duration_ms: length of the recording; ``None`` for text.
        one_sided: whether a channel of the recording is dead; ``None`` for text.
        tones: tone by turn index; empty where none was judged.
    """

    call: Call
    transcript: Transcript
    status: CallStatus = CallStatus.SCORED
    duration_ms: int | None = None
    one_sided: bool | None = None
    tones: Mapping[int, Tone] = field(default_factory=dict)


def read_stored(path: Path) -> StoredCall:
    """Read a result, ``DIR/calls/<id>.json``.

    Raises:
        TranscriptError: the file cannot be read or is not of the published form.
    """
    try:
        return from_json(read_call(path))
    except ValidationError as error:
        names = sorted({str(part["loc"][0]) if part["loc"] else "metadata" for part in error.errors()})
        raise TranscriptError(f"{path}: metadata: {', '.join(names)}: not usable") from None


def read_call_or_transcript(path: Path) -> StoredCall:
    """Read a stored result, or a transcript in the form of ``call.json``, whichever the file is.

    Raises:
        TranscriptError: it is neither, or cannot be read.
    """
    try:
        document = parse_json_object(decode_text(path.read_bytes()))
    except OSError as error:
        raise TranscriptError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise TranscriptError(f"{path}: {error}") from error
    if document.get("schema") == SCHEMA_ID:
        return read_stored(path)
    call, transcript = read_transcript(TranscriptSource(path=path))
    return StoredCall(call=call, transcript=transcript)


def from_json(content: Mapping[str, Any]) -> StoredCall:
    """The call of a result that fits the published form.

    Probabilities come back as they were rounded, to 4 decimals; times to the millisecond.

    Raises:
        ValidationError: metadata have values that no manifest may have.
    """
    recorded = content["provenance"]["recording_sha256"] is not None
    dead = any(n["check"] == "both_parties" for n in content["not_checked"])
    return StoredCall(
        call=Call(
            call_id=content["call_id"], metadata=CallMetadata.model_validate(dict(content["metadata"]))
        ),
        transcript=Transcript(
            turns=tuple(map(_turn, content["turns"])),
            # results of earlier versions have none
            quality=tuple(map(_quality, content.get("quality", ()))),
        ),
        status=CallStatus(content["status"]),
        duration_ms=_ms(content["duration"]),
        one_sided=dead if recorded else None,
        tones={turn["index"]: Tone(turn["tone"]) for turn in content["turns"] if turn["tone"]},
    )


def _turn(turn: Mapping[str, Any]) -> Turn:
    return Turn(
        index=turn["index"],
        role=Role(turn["role"]),
        role_confidence=turn["role_confidence"],
        text=turn["text"],
        start_ms=_ms(turn["start"]),
        end_ms=_ms(turn["end"]),
        words=tuple(map(_word, turn["words"])),
        channel=turn["channel"],
        speaker=turn.get("speaker"),
        overlap=turn["overlap"],
        asr_confidence=turn["asr_confidence"],
        level_db=turn.get("level_db"),
        prosody=read_prosody(turn.get("prosody")),
    )


def _word(word: Mapping[str, Any]) -> Word:
    return Word(
        text=word["text"],
        start_ms=round(word["start"] * 1000),
        end_ms=round(word["end"] * 1000),
        probability=word["probability"],
    )


def _quality(quality: Mapping[str, Any]) -> AudioQuality:
    return AudioQuality(**{**quality, "faults": tuple(map(SoundFault, quality["faults"]))})


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
