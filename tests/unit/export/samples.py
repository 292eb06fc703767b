"""Calls to export, and the published forms to hold them against."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema

from pipeline.export.calls import ExportedCall
from pipeline.export.masking import exported
from pipeline.report.call_json import to_json, write_call
from pipeline.types import CallStatus
from tests.golden.sample import report

SCHEMAS = Path(__file__).resolve().parents[2] / "data" / "schemas"
_NOTHING: dict[str, Any] = {
    "findings": [],
    "overruled": [],
    "acts": [],
    "customer_event_evidence": [],
    "promise_to_pay": None,
}
JUDGED_AT = datetime(2026, 6, 19, 5, 0, tzinfo=UTC)


def content(**changes: Any) -> dict[str, Any]:
    """The JSON of a call, with changes."""
    return to_json(report()) | changes


def turn(index: int, role: str, text: str, **changes: Any) -> dict[str, Any]:
    """A turn of a call's JSON: two seconds, its characters as words."""
    start = 3.0 * index
    return {
        "index": index,
        "start": start,
        "end": start + 2.0,
        "role": role,
        "role_confidence": 0.95,
        "text": text,
        "tone": None,
        "channel": None,
        "speaker": "voice 1" if role == "agent" else "voice 2",
        "overlap": False,
        "asr_confidence": 0.9,
        "level_db": None,
        "words": [
            {"text": c, "start": start + 0.05 * i, "end": start + 0.05 * (i + 1), "probability": 0.9}
            for i, c in enumerate(text)
            if c not in "，。？！"
        ],
    } | changes


def said(*lines: tuple[str, str], **changes: Any) -> dict[str, Any]:
    """The JSON of a call in which only these lines are said, and nothing was found."""
    turns = [turn(i, role, text) for i, (role, text) in enumerate(lines)]
    return content() | _NOTHING | {"turns": turns} | changes


def quarantined(call_id: str) -> dict[str, Any]:
    """The JSON of a call that could not be judged."""
    away = replace(report(), status=CallStatus.QUARANTINED, status_reason="silent", scores=None)
    return to_json(away) | _NOTHING | {"call_id": call_id, "turns": []}


def call(of: dict[str, Any] | None = None, names: tuple[str, ...] = (), *, mask: bool = True) -> ExportedCall:
    """A call as writers get it."""
    return ExportedCall(content=exported(of or content(), names, mask=mask), judged_at=JUDGED_AT, masked=mask)


def results(folder: Path, *others: dict[str, Any]) -> Path:
    """A results folder with the sample call and others."""
    write_call(report(), folder / "calls")
    for other in others:
        text = json.dumps(other, ensure_ascii=False)
        (folder / "calls" / f"{other['call_id']}.json").write_text(text, encoding="utf-8")
    return folder


def fits(document: Any, form: str) -> None:
    """Fail unless a document is of a published form."""
    schema = json.loads((SCHEMAS / f"{form}.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    problems = [f"{e.json_path}: {e.message}" for e in validator.iter_errors(document)]
    assert problems == []
