"""vCon, a container for conversations (IETF, draft-ietf-vcon-vcon-core-03), with a WTF transcript.

The transcript is an analysis of type ``wtf_transcription`` (draft-howe-vcon-wtf-extension-02), findings,
scores, acts and promise are one of type ``report``. The sound is not in it. A masked container says that it
is redacted and names the one that is not.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any, Final

from pipeline import __version__
from pipeline.export.masking import shown_id
from pipeline.types import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.export.calls import ExportedCall

SYNTAX: Final = "0.4.0"
"""Deprecated in the draft, and what readers of earlier drafts ask for."""
WTF: Final = "wtf_transcription"
REDACTION: Final = "tinghe.mask/1"
REPORT_SCHEMA: Final = "tinghe.call/1"
_LANGUAGE: Final = "zh-CN"
_PARTIES: Final = (Role.AGENT, Role.CUSTOMER)
_HIGH_DB, _LOW_DB = 25.0, 12.0
"""Signal to noise from where on sound counts as high, and below which it counts as low, in WTF's words."""


def vcon(call: ExportedCall) -> str:
    """A call as a vCon, JSON in its unsigned form. The same call gives the same text, UUID included."""
    content = call.content
    started_at = content["metadata"].get("started_at")
    dialog = 0 if started_at else None
    timed = bool(content["turns"]) and call.timed
    transcript = _transcript(call, dialog=dialog) if timed else _plain_transcript(content, dialog=dialog)
    document: dict[str, Any] = {
        "vcon": SYNTAX,
        "uuid": _uuid(call, masked=call.masked),
        "extensions": [WTF] if timed else [],
        "created_at": call.judged_at.isoformat(),
        "subject": call.call_id,
        "parties": [_party(role, content["metadata"]) for role in _PARTIES],
        "dialog": [_dialog(content, started_at)] if started_at else [],
        "analysis": [transcript, _report(call, dialog=dialog)],
        "attachments": [],
    }
    if call.masked:
        document["redacted"] = {"uuid": _uuid(call, masked=False), "type": REDACTION}
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _uuid(call: ExportedCall, *, masked: bool) -> str:
    """A UUID of version 8 (RFC 9562) from what the call is, so that it stays the same."""
    named = (shown_id(call.call_id), call.content["provenance"]["transcript_sha256"], masked)
    digest = bytearray(hashlib.sha256(repr(named).encode(errors="surrogatepass")).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


def _party(role: Role, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A party, without a name: the agent first, then whom the agent speaks to."""
    if role is Role.CUSTOMER:
        return {"name": "anonymous"}
    known = {"org": metadata.get("agency") or metadata.get("lender"), "uuid": metadata.get("agent_id")}
    return {"type": "person"} | {name: value for name, value in known.items() if value}


def _dialog(content: Mapping[str, Any], started_at: str) -> dict[str, Any]:
    """The call without its sound, which stays where it is."""
    inbound = content["metadata"].get("direction") == "inbound"
    duration = {} if content["duration"] is None else {"duration": content["duration"]}
    return {
        "type": "recording",
        "start": started_at,
        "parties": [0, 1],
        "originator": 1 if inbound else 0,
        **duration,
    }


def _analysis(kind: str, dialog: int | None, body: Mapping[str, Any] | str, schema: str) -> dict[str, Any]:
    return {
        "type": kind,
        **({} if dialog is None else {"dialog": dialog}),
        "mediatype": "application/json",
        "vendor": "Tinghe",
        "product": f"tinghe {__version__}",
        "schema": schema,
        "encoding": "json",
        "body": body,
    }


def _report(call: ExportedCall, *, dialog: int | None) -> dict[str, Any]:
    left_out = ("turns", "quality", "roles_confidence")
    body = {name: value for name, value in call.content.items() if name not in left_out}
    return _analysis("report", dialog, body, REPORT_SCHEMA)


def _plain_transcript(content: Mapping[str, Any], *, dialog: int | None) -> dict[str, Any]:
    """What was said without times, for which WTF has no place."""
    text = "".join(f"{turn['role']}: {turn['text']}\n" for turn in content["turns"])
    return _analysis("transcript", dialog, text, "text") | {"mediatype": "text/plain", "encoding": "none"}


def _transcript(call: ExportedCall, *, dialog: int | None) -> dict[str, Any]:
    turns = [turn for turn in call.content["turns"] if turn["end"] > turn["start"]]
    segments, words = _segments(turns)
    confidence = _mean([segment["confidence"] for segment in segments])
    ends = call.content["duration"]
    duration = turns[-1]["end"] if ends is None and turns else ends or 0.0
    body = {
        "transcript": {
            "text": "\n".join(turn["text"] for turn in turns),
            "language": _LANGUAGE,
            "duration": duration,
            "confidence": confidence,
        },
        "segments": segments,
        "words": words,
        "speakers": _speakers(turns),
        "metadata": _metadata(call, duration),
        "quality": _quality(call.content, turns, words, confidence),
    }
    return _analysis(WTF, dialog, body, "draft-howe-vcon-wtf-extension-02")


def _segments(turns: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    segments: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    for number, turn in enumerate(turns):
        speaker = _speaker(turn)
        first = len(words)
        words += [
            {
                "id": first + at,
                "start": word["start"],
                "end": word["end"],
                "text": word["text"],
                "confidence": word["probability"],
                "speaker": speaker,
                "is_punctuation": not any(c.isalnum() for c in word["text"]),
            }
            for at, word in enumerate(turn["words"])
        ]
        segments.append(
            {
                "id": number,
                "start": turn["start"],
                "end": turn["end"],
                "text": turn["text"].strip(),
                # a transcript that was given as text was written by somebody who was sure of it
                "confidence": 1.0 if turn["asr_confidence"] is None else turn["asr_confidence"],
                "speaker": speaker,
                "words": list(range(first, len(words))),
            }
        )
    return segments, words


def _speaker(turn: Mapping[str, Any]) -> str:
    return f"{turn['role']}/{turn['speaker']}" if turn["speaker"] else str(turn["role"])


def _speakers(turns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        speaker: {
            "id": speaker,
            "label": speaker,
            "segments": [number for number, turn in mine],
            "total_time": round(sum(turn["end"] - turn["start"] for _, turn in mine), 3),
            "confidence": _mean([turn["role_confidence"] for _, turn in mine]),
        }
        for speaker in dict.fromkeys(map(_speaker, turns))
        if (mine := [(n, turn) for n, turn in enumerate(turns) if _speaker(turn) == speaker])
    }


def _metadata(call: ExportedCall, duration: float) -> dict[str, Any]:
    at = call.judged_at.isoformat()
    models = call.content["provenance"]["models"]
    quality = call.content["quality"]
    sound = {"sample_rate": quality[0]["source_rate"], "channels": len(quality)} if quality else {}
    return {
        "created_at": at,
        "processed_at": at,
        "provider": "tinghe",
        "model": models.get("transcriber", "text"),
        "audio": {"duration": duration, **sound},
        "options": {},
    }


def _quality(
    content: Mapping[str, Any],
    turns: Sequence[Mapping[str, Any]],
    words: Sequence[Mapping[str, Any]],
    confidence: float,
) -> dict[str, Any]:
    noise = [one["snr_db"] for one in content["quality"]]
    grade = (
        "high"
        if min(noise, default=0.0) >= _HIGH_DB
        else "medium"
        if min(noise, default=0.0) >= _LOW_DB
        else "low"
    )
    return {
        **({"audio_quality": grade} if noise else {}),
        "multiple_speakers": len({_speaker(turn) for turn in turns}) > 1,
        "overlapping_speech": any(turn["overlap"] for turn in turns),
        "average_confidence": confidence,
        "low_confidence_words": sum(word["confidence"] < 0.5 for word in words),
        "processing_warnings": sorted({fault for one in content["quality"] for fault in one["faults"]}),
    }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
