"""One call as JSON: the form ``tinghe.call/1``.

The form is published as ``configs/schema/call.schema.json`` (JSON Schema, Draft 2020-12) and
described in ``docs/results.md``. The same report gives the same bytes, always.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.errors import FormError, TranscriptError
from pipeline.metadata import PERSONAL_FIELDS, CallMetadata
from pipeline.report.conduct_json import conduct_json
from pipeline.report.files import file_stem, write_atomically
from pipeline.report.prosody_json import basis_json, prosody_json
from pipeline.report.routing import in_routing_order
from pipeline.settings import CONFIGS
from pipeline.types import CallStatus

if TYPE_CHECKING:
    from pathlib import Path

    import jsonschema_rs
    from jsonschema.protocols import Validator

    from pipeline.types import (
        Act,
        AudioQuality,
        CallReport,
        Certainty,
        Correction,
        CustomerEvent,
        Evidence,
        Finding,
        Promise,
        Robustness,
        ScoreItem,
        Scores,
        ToneFrame,
        Turn,
    )

SCHEMA_ID = "tinghe.call/1"
SCHEMA_FILE = CONFIGS / "schema" / "call.schema.json"
_PUBLIC_METADATA = tuple(name for name in CallMetadata.model_fields if name not in PERSONAL_FIELDS)


def to_json(report: CallReport) -> dict[str, Any]:
    """A report as JSON types, in the order of the published form.

    Times are seconds with 3 decimals. Metadata are the known fields that name no person; columns that
    Tinghe does not know stay out, since nobody says what is in them.
    """
    tones = {frame.turn: frame for frame in report.tones}
    scores = report.scores if report.status is CallStatus.SCORED else None
    return {
        "schema": SCHEMA_ID,
        "call_id": report.call.call_id,
        "status": report.status.value,
        "status_reason": report.status_reason,
        "duration": _seconds(report.duration_ms),
        "metadata": _metadata(report.call.metadata),
        "turns": [_turn(turn, tones.get(turn.index)) for turn in report.transcript.turns],
        "findings": [_finding(finding) for finding in report.findings],
        "overruled": [_finding(finding) for finding in report.overruled],
        "not_checked": [{"check": n.check, "reason": n.reason} for n in report.not_checked],
        "acts": [_act(act) for act in report.acts],
        "customer_events": in_routing_order(event.event for event in report.customer_events),
        "customer_event_evidence": [_event(event) for event in report.customer_events],
        "promise_to_pay": _promise(report.promise),
        "scores": _scores(scores, complete=not report.not_checked),
        "removals": [
            {
                "start": _seconds(removal.start_ms),
                "end": _seconds(removal.end_ms),
                "reason": removal.reason,
                "characters": removal.characters,
            }
            for removal in report.transcript.removals
        ],
        "corrections": [_correction(c) for c in report.transcript.corrections],
        "quality": [_quality(quality) for quality in report.transcript.quality],
        "roles": _roles(report),
        "conduct": conduct_json(report.conduct),
        "provenance": {
            "program": report.provenance.program,
            "recording_sha256": report.provenance.recording_sha256,
            "transcript_sha256": report.provenance.transcript_sha256,
            "models": dict(sorted(report.provenance.models.items())),
            "rules_sha256": report.provenance.rules_sha256,
            "config_sha256": report.provenance.config_sha256,
        },
    }


def write_call(report: CallReport, folder: Path) -> Path:
    """Write ``folder/<call_id>.json`` and return its path; an earlier file is replaced.

    Raises:
        FormError: the report does not fit the published form.
        StoreError: the file cannot be written.
    """
    content = to_json(report)
    _check(content)
    path = folder / f"{file_stem(report.call.call_id)}.json"
    try:
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        write_atomically(path, text.encode())
    except ValueError as error:
        # A lone surrogate or a number that is none; the message of Python would quote the text.
        raise FormError(
            f"call {report.call.call_id}: holds what JSON cannot: {type(error).__name__}"
        ) from None
    return path


def read_call(path: Path) -> dict[str, Any]:
    """Read a call's JSON back, as checked as when it was written.

    Raises:
        TranscriptError: the file cannot be read or is not in the published form.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TranscriptError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"{path}: not JSON in UTF-8: {type(error).__name__}") from None
    problem = _problem(content)
    if problem:
        raise TranscriptError(f"{path}: not of the form {SCHEMA_ID}: {problem}")
    return content


@cache
def _quick_validator() -> jsonschema_rs.Draft202012Validator:
    """Only says yes or no, 200 times as fast: a call of 400 words took 23 ms, for each reader of it."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


@cache
def _validator() -> Validator:
    """Says where and why, in stable words."""
    import jsonschema

    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _problem(content: Any) -> str | None:
    """Where and how the content is not in the form; never the value, which may be what was said."""
    try:
        if _quick_validator().is_valid(content):
            return None
    except ValueError:  # a key that is no text; the other one says where
        pass
    error = min(_validator().iter_errors(content), key=lambda e: e.json_path, default=None)
    return f"{error.json_path} fails {error.validator!r}" if error else None


def _check(content: dict[str, Any]) -> None:
    problem = _problem(content)
    if problem:
        raise FormError(f"call {content['call_id']}: not of the form {SCHEMA_ID}: {problem}")


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _metadata(metadata: CallMetadata) -> dict[str, Any]:
    values = metadata.model_dump(include=set(_PUBLIC_METADATA), exclude_none=True)
    return {name: _plain(values[name]) for name in _PUBLIC_METADATA if name in values}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _turn(turn: Turn, frame: ToneFrame | None) -> dict[str, Any]:
    return {
        "index": turn.index,
        "start": _seconds(turn.start_ms),
        "end": _seconds(turn.end_ms),
        "role": turn.role.value,
        "role_confidence": round(turn.role_confidence, 4),
        "text": turn.text,
        "tone": frame.tone.value if frame else None,
        "tone_basis": basis_json(frame),
        "channel": turn.channel,
        "speaker": turn.speaker,
        "overlap": turn.overlap,
        "asr_confidence": None if turn.asr_confidence is None else round(turn.asr_confidence, 4),
        "level_db": turn.level_db,
        "prosody": prosody_json(turn.prosody),
        "words": [
            {
                "text": word.text,
                "start": _seconds(word.start_ms),
                "end": _seconds(word.end_ms),
                "probability": round(word.probability, 4),
            }
            for word in turn.words
        ],
    }


def _place(evidence: Evidence | None) -> dict[str, Any]:
    """Where the evidence stands: its turn, its words and their code-point offsets in the turn's text."""
    if evidence is None:
        return {"turn": None, "evidence": None, "text_start": None, "text_end": None}
    return {
        "turn": evidence.turn,
        "evidence": evidence.quote,
        "text_start": evidence.start,
        "text_end": evidence.end,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    evidence = finding.evidence
    return {
        "id": finding.finding_id,
        "rule": finding.rule,
        "state": finding.state.value,
        "severity": finding.severity.value,
        "start": _seconds(evidence.start_ms) if evidence else None,
        "end": _seconds(evidence.end_ms) if evidence else None,
        **_place(evidence),
        "confidence": round(finding.confidence, 4),
        "norms": list(finding.norms),
        "reason": finding.reason,
        "missing": finding.missing,
        "witnesses": [witness.value for witness in finding.witnesses],
        "certainty": _certainty(finding.certainty),
        "if_swapped": finding.if_swapped.value if finding.if_swapped else None,
        "stability": finding.stability.value if finding.stability else None,
    }


def _certainty(certainty: Certainty | None) -> dict[str, Any] | None:
    if certainty is None:
        return None
    return {
        "words": certainty.words,
        "lowest_word": certainty.lowest_word,
        "speaker": round(certainty.speaker, 4),
        "overlap": certainty.overlap,
        "faults": [fault.value for fault in certainty.faults],
    }


def _quality(quality: AudioQuality) -> dict[str, Any]:
    return {
        "channel": quality.channel,
        "codec": quality.codec,
        "source_rate": quality.source_rate,
        "level_dbfs": quality.level_dbfs,
        "snr_db": quality.snr_db,
        "clipped": quality.clipped,
        "bandwidth_hz": quality.bandwidth_hz,
        "faults": [fault.value for fault in quality.faults],
    }


def _roles(report: CallReport) -> dict[str, Any]:
    """How sure the roles are, and the other verdict where they are not sure enough."""
    confidence, other = report.roles_confidence, report.if_swapped
    return {
        "confidence": None if confidence is None else round(confidence, 4),
        "if_swapped": None
        if other is None
        else {
            "compliance": other.scores.compliance,
            "compliance_if_confirmed": other.scores.compliance_if_confirmed,
            "effectiveness": other.scores.effectiveness,
            "red_line": other.scores.red_line,
            "findings": [_finding(finding) for finding in other.findings],
        },
    }


def _act(act: Act) -> dict[str, Any]:
    return {"act": act.act, "role": act.role.value, **_place(act.evidence)}


def _event(event: CustomerEvent) -> dict[str, Any]:
    return {"event": event.event, "witness": event.witness.value, **_place(event.evidence)}


def _correction(correction: Correction) -> dict[str, Any]:
    """What was put right; a person's name stands in the turn already and is not repeated here."""
    named = correction.kind in ("agent", "customer")
    return {
        "start": _seconds(correction.start_ms),
        "end": _seconds(correction.end_ms),
        "original": None if named else correction.original,
        "corrected": None if named else correction.corrected,
        "kind": correction.kind,
        "reason": correction.reason,
        "distance": round(correction.distance, 4),
        "probability": round(correction.probability, 4),
    }


def _promise(promise: Promise | None) -> dict[str, Any] | None:
    if promise is None:
        return None
    return {
        "amount": None if promise.amount is None else float(promise.amount),
        "date": promise.date.isoformat() if promise.date else None,
        "confirmed": promise.confirmed,
        "coerced": promise.coerced,
        "turns": list(promise.turns),
        "proposed_by": promise.proposed_by.value if promise.proposed_by else None,
        "certainty": promise.certainty.value,
        "condition": promise.condition.quote if promise.condition else None,
        "condition_turn": promise.condition.turn if promise.condition else None,
    }


def _scores(scores: Scores | None, *, complete: bool) -> dict[str, Any]:
    """The scores; ``complete`` is false when a check could not run, so that no score is a clean bill."""
    return {
        "compliance": scores.compliance if scores else None,
        "compliance_if_confirmed": scores.compliance_if_confirmed if scores else None,
        "effectiveness": scores.effectiveness if scores else None,
        "red_line": scores.red_line if scores else False,
        "complete": bool(scores) and complete,
        "compliance_items": [_score_item(item) for item in scores.compliance_items] if scores else [],
        "effectiveness_items": [_score_item(item) for item in scores.effectiveness_items] if scores else [],
        "robustness": _robustness(scores.robustness if scores else None),
    }


def _robustness(robustness: Robustness | None) -> dict[str, Any] | None:
    if robustness is None:
        return None
    return {
        "outcome": robustness.outcome.value,
        "stability": robustness.stability.value,
        "turns": list(robustness.turns),
        "otherwise": robustness.otherwise.value if robustness.otherwise else None,
    }


def _score_item(item: ScoreItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "points": item.points,
        "possible": item.possible,
        "applicable": item.applicable,
        "reason": item.reason,
        "turns": list(item.turns),
        "evidence": [_place(at) for at in item.evidence],
    }
