"""A call as rows of tables for analysis; :mod:`pipeline.export.parquet` writes them.

Times within a call are whole milliseconds, money is yuan with two decimals, offsets are code points.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pipeline.metadata import CallMetadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from pipeline.export.calls import ExportedCall

VERSION: Final = "tinghe.tables/1"
"""In the key-value metadata of every file, under ``tinghe.schema``."""


@cache
def schemas() -> Mapping[str, pa.Schema]:
    """Columns and types of every table, by its name."""
    import pyarrow as pa

    text, whole, real, yes = pa.string(), pa.int32(), pa.float64(), pa.bool_()
    place = {"turn": whole, "text_start": whole, "text_end": whole, "evidence": text}
    columns: dict[str, dict[str, pa.DataType]] = {
        "calls": {
            "call_id": text,
            "status": text,
            "status_reason": text,
            "started_at": pa.timestamp("ms", tz="UTC"),
            "duration_ms": pa.int64(),
            **{
                name: text
                for name in ("agent_id", "lender", "agency", "callee_role", "direction", "disposition")
            },
            "days_overdue": whole,
            "compliance": real,
            "compliance_if_confirmed": real,
            "effectiveness": real,
            "red_line": yes,
            "complete": yes,
            "roles_confidence": real,
            "promise_amount": pa.decimal128(18, 2),
            "promise_date": pa.date32(),
            "promise_confirmed": yes,
            "promise_coerced": yes,
            "promise_certainty": text,
            "not_checked": pa.list_(text),
            **{name: text for name in ("program", "rules_sha256", "config_sha256", "transcript_sha256")},
            "recording_sha256": text,
        },
        "turns": {
            "call_id": text,
            "position": whole,
            "role": text,
            "role_confidence": real,
            "speaker": text,
            "channel": whole,
            "start_ms": pa.int64(),
            "end_ms": pa.int64(),
            "tone": text,
            "overlap": yes,
            "asr_confidence": real,
            "level_db": real,
            "text": text,
        },
        "words": {
            "call_id": text,
            "turn": whole,
            "position": whole,
            "start_ms": pa.int64(),
            "end_ms": pa.int64(),
            "probability": real,
            "text": text,
        },
        "findings": {
            "call_id": text,
            "finding_id": text,
            "rule": text,
            "state": text,
            "severity": text,
            "confidence": real,
            "start_ms": pa.int64(),
            "end_ms": pa.int64(),
            **place,
            "norms": pa.list_(text),
            "reason": text,
            "missing": text,
        },
        "acts": {"call_id": text, "act": text, "role": text, **place},
        "events": {"call_id": text, "event": text, **place},
        "score_items": {
            "call_id": text,
            "score": text,
            "name": text,
            "points": real,
            "possible": real,
            "applicable": yes,
            "reason": text,
            "turns": pa.list_(whole),
        },
        "sound": {
            "call_id": text,
            "channel": whole,
            "codec": text,
            "source_rate": whole,
            "level_dbfs": real,
            "snr_db": real,
            "clipped": real,
            "bandwidth_hz": whole,
            "faults": pa.list_(text),
        },
    }
    return {name: pa.schema(fields, metadata={"tinghe.schema": VERSION}) for name, fields in columns.items()}


def day_of(call: ExportedCall) -> str | None:
    """The day a call began, where it was made; ``None`` where that is not known."""
    started_at = call.content["metadata"].get("started_at")
    return str(started_at)[:10] if started_at else None


def rows_of(call: ExportedCall) -> dict[str, list[dict[str, Any]]]:
    """The rows of a call by table; a column that a row lacks is null."""
    content = call.content
    call_id = {"call_id": call.call_id}
    found = {
        "calls": [_call(content)],
        "turns": [
            {
                **{name: turn[name] for name in ("role", "role_confidence", "speaker", "channel", "tone")},
                **{name: turn[name] for name in ("overlap", "asr_confidence", "level_db", "text")},
                "position": turn["index"],
                **_times(turn),
            }
            for turn in content["turns"]
        ],
        "words": [
            {
                "turn": turn["index"],
                "position": position,
                "probability": word["probability"],
                "text": word["text"],
                **_times(word),
            }
            for turn in content["turns"]
            for position, word in enumerate(turn["words"])
        ],
        "findings": [
            {**finding, "finding_id": finding["id"], **_times(finding)} for finding in content["findings"]
        ],
        "acts": content["acts"],
        "events": content["customer_event_evidence"],
        "score_items": [
            {**item, "score": score}
            for score in ("compliance", "effectiveness")
            for item in content["scores"][f"{score}_items"]
        ],
        "sound": content["quality"],
    }
    return {table: [{**row, **call_id} for row in rows] for table, rows in found.items()}


def _call(content: Mapping[str, Any]) -> dict[str, Any]:
    # The published form has times and days as text.
    metadata = CallMetadata.model_validate(dict(content["metadata"]))
    promise = content["promise_to_pay"] or {}
    amount = promise.get("amount")
    return {
        "status": content["status"],
        "status_reason": content["status_reason"],
        "started_at": metadata.started_at,
        "duration_ms": _ms(content["duration"]),
        **{name: metadata.get(name) for name in ("agent_id", "lender", "agency", "callee_role", "direction")},
        "disposition": metadata.disposition,
        "days_overdue": metadata.days_overdue,
        **{name: value for name, value in content["scores"].items() if not name.endswith("_items")},
        "roles_confidence": content["roles_confidence"],
        "promise_amount": None if amount is None else Decimal(str(amount)).quantize(Decimal("0.01")),
        "promise_date": _day(promise.get("date")),
        "promise_confirmed": promise.get("confirmed"),
        "promise_coerced": promise.get("coerced"),
        "promise_certainty": promise.get("certainty"),
        "not_checked": [one["check"] for one in content["not_checked"]],
        **{
            name: content["provenance"][name]
            for name in ("program", "rules_sha256", "config_sha256", "transcript_sha256", "recording_sha256")
        },
    }


def _times(one: Mapping[str, Any]) -> dict[str, int | None]:
    return {"start_ms": _ms(one["start"]), "end_ms": _ms(one["end"])}


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _day(text: str | None) -> Any:
    from datetime import date

    return None if text is None else date.fromisoformat(text)
