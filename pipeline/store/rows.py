"""A report as rows of the store's tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.contacts import contact_after
from pipeline.store.conduct_rows import conduct_rows, floor_rows
from pipeline.store.tables import (
    acts,
    certainties,
    conduct,
    contacts,
    events,
    findings,
    floor,
    promise_terms,
    promises,
    roles,
    scores,
    sound,
    speakers,
    turns,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipeline.types import CallReport, Evidence, Finding, Promise, Scores


def call_row(report: CallReport) -> dict[str, Any]:
    """The row of ``calls``."""
    metadata = report.call.metadata
    provenance = report.provenance
    return {
        "call_id": report.call.call_id,
        "status": report.status.value,
        "status_reason": report.status_reason,
        "agent_id": metadata.agent_id,
        "lender": metadata.lender,
        "agency": metadata.agency,
        "customer_id": metadata.customer_id,
        "callee_role": metadata.callee_role,
        "started_at": metadata.started_at.isoformat() if metadata.started_at else None,
        "duration_ms": report.duration_ms,
        "recording_sha256": provenance.recording_sha256,
        "transcript_sha256": provenance.transcript_sha256,
        "rules_sha256": provenance.rules_sha256,
        "config_sha256": provenance.config_sha256,
        "program": provenance.program,
    }


def rows_of(report: CallReport) -> dict[sa.Table, list[dict[str, Any]]]:
    """The rows of every other table, without their ``call_id``."""
    tones = {frame.turn: frame.tone.value for frame in report.tones}
    return {
        turns: [
            {
                "position": turn.index,
                "role": turn.role.value,
                "role_confidence": turn.role_confidence,
                "start_ms": turn.start_ms,
                "end_ms": turn.end_ms,
                "tone": tones.get(turn.index),
                "text": turn.text,
            }
            for turn in report.transcript.turns
        ],
        speakers: [
            {"position": turn.index, "speaker": turn.speaker}
            for turn in report.transcript.turns
            if turn.speaker is not None
        ],
        findings: [
            {
                "position": position,
                "finding_id": finding.finding_id,
                "rule": finding.rule,
                "state": finding.state.value,
                "severity": finding.severity.value,
                "confidence": finding.confidence,
                **_place_row(finding.evidence),
                "norms": list(finding.norms),
                "reason": finding.reason,
                "missing": finding.missing,
            }
            for position, finding in enumerate(report.findings)
        ],
        acts: [
            {"position": position, "act": act.act, "role": act.role.value, **_place_row(act.evidence)}
            for position, act in enumerate(report.acts)
        ],
        events: [
            {"position": position, "event": event.event, "noted": noted, **_place_row(event.evidence)}
            for position, (event, noted) in enumerate(
                [*((e, False) for e in report.customer_events), *((e, True) for e in report.notes)]
            )
        ],
        contacts: _contact_rows(report),
        scores: _score_rows(report.scores, complete=not report.not_checked),
        promises: _promise_rows(report.promise),
        promise_terms: _terms_rows(report.promise),
        sound: [asdict(one) | {"poor": bool(one.faults)} for one in report.transcript.quality],
        certainties: [
            _certainty_row(finding) | {"position": position}
            for position, finding in enumerate(report.findings)
        ],
        roles: _role_rows(report),
        conduct: conduct_rows(report.conduct),
        floor: floor_rows(report.conduct),
    }


def _certainty_row(finding: Finding) -> dict[str, Any]:
    sure = finding.certainty
    return {
        "words": sure.words if sure else None,
        "lowest_word": sure.lowest_word if sure else None,
        "speaker": sure.speaker if sure else None,
        "overlap": sure.overlap if sure else None,
        "faults": list(sure.faults) if sure else [],
        "if_swapped": finding.if_swapped.value if finding.if_swapped else None,
    }


def _role_rows(report: CallReport) -> list[dict[str, Any]]:
    if report.roles_confidence is None:
        return []
    other = report.if_swapped.scores if report.if_swapped else None
    return [
        {
            "confidence": report.roles_confidence,
            "unsure": other is not None,
            "compliance_if_swapped": other.compliance if other else None,
            "effectiveness_if_swapped": other.effectiveness if other else None,
            "red_line_if_swapped": other.red_line if other else None,
        }
    ]


def _score_rows(of: Scores | None, *, complete: bool) -> list[dict[str, Any]]:
    if of is None:
        return []
    return [
        {
            "compliance": of.compliance,
            "compliance_if_confirmed": of.compliance_if_confirmed,
            "effectiveness": of.effectiveness,
            "red_line": of.red_line,
            "complete": complete,
        }
    ]


def _promise_rows(promise: Promise | None) -> list[dict[str, Any]]:
    if promise is None:
        return []
    return [
        {
            "amount_fen": None if promise.amount is None else round(promise.amount * 100),
            "date": promise.date,
            "confirmed": promise.confirmed,
            "coerced": promise.coerced,
        }
    ]


def _terms_rows(promise: Promise | None) -> list[dict[str, Any]]:
    if promise is None:
        return []
    return [
        {
            "proposed_by": promise.proposed_by.value if promise.proposed_by else None,
            "certainty": promise.certainty.value,
            **_place_row(promise.condition),
        }
    ]


def _contact_rows(report: CallReport) -> list[dict[str, Any]]:
    contact, metadata = contact_after(report), report.call.metadata
    if contact is None:
        return []
    return [
        {
            "number": contact.number,
            "direction": contact.direction,
            "connected": contact.connected,
            "talk_ms": contact.talk_ms,
            "asked_for": contact.asked_for,
            "paid_fen": None if metadata.paid_amount is None else round(metadata.paid_amount * 100),
            "paid_at": metadata.paid_at,
        }
    ]


def _place_row(evidence: Evidence | None) -> dict[str, Any]:
    return {
        "turn": evidence.turn if evidence else None,
        "text_start": evidence.start if evidence else None,
        "text_end": evidence.end if evidence else None,
        "start_ms": evidence.start_ms if evidence else None,
        "end_ms": evidence.end_ms if evidence else None,
        "evidence": evidence.quote if evidence else None,
    }
