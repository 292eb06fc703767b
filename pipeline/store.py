"""The results of all batches in one database, for questions across calls.

SQLite by default; any database that SQLAlchemy knows by its URL, PostgreSQL first. A call's rows are
replaced as a whole in one transaction, so that judging a call again counts nothing twice.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from pipeline.contacts import contact_after
from pipeline.errors import StoreError
from pipeline.store_history import read_remembered
from pipeline.store_tables import (
    OF_A_CALL,
    acts,
    batches,
    calls,
    certainties,
    contacts,
    events,
    findings,
    promise_terms,
    promises,
    quarantine,
    roles,
    scores,
    sound,
    speakers,
    tables,
    turns,
)
from pipeline.types import BatchSummary, CallStatus, FindingState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.history import Remembered
    from pipeline.types import Call, CallReport, Evidence, Finding, Promise, Quarantined, Scores

BUSY_TIMEOUT_MS = 30_000
"""How long a writer of SQLite waits for another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSummary:
    """What the store holds.

    Attributes:
        mean_compliance: 0..100 over scored calls, ``None`` when there is none; so for effectiveness.
        to_review: calls with a finding that waits for a person.
        poor_sound: calls with a channel whose sound is poor.
        unsure_roles: calls of which it is not sure who is the agent.
    """

    scored: int
    not_scored: int
    quarantined: int
    red_lines: int
    to_review: int
    poor_sound: int
    unsure_roles: int
    mean_compliance: float | None
    mean_effectiveness: float | None


class Store:
    """The database of results.

    Args:
        url: an SQLAlchemy URL, such as ``sqlite:///results.db`` or ``postgresql+psycopg://…``.

    Raises:
        StoreError: the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        with _as_store_error("cannot open the store"):
            self._engine = sa.create_engine(url)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _set_up_sqlite)
            _create_tables(self._engine)

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        self._engine.dispose()

    def save(self, report: CallReport) -> None:
        """Write a call, in place of whatever the store held of it, its quarantine included.

        Raises:
            StoreError: nothing was written; what the store held stands.
        """
        call_id = report.call.call_id
        with self._transaction(f"cannot save call {call_id}") as connection:
            _delete_call(connection, call_id)
            connection.execute(sa.insert(calls), _call_row(report))
            for table, rows in _rows(report).items():
                if rows:
                    connection.execute(sa.insert(table), [{"call_id": call_id, **row} for row in rows])

    def save_quarantined(self, call: Quarantined) -> None:
        """Write a quarantined call; results from an earlier, good run of the call are taken out.

        Raises:
            StoreError: nothing was written.
        """
        with self._transaction(f"cannot save quarantined call {call.call_id}") as connection:
            _delete_call(connection, call.call_id)
            connection.execute(sa.insert(quarantine), asdict(call))

    def save_batch(self, batch_id: str, summary: BatchSummary) -> None:
        """Write the account of a batch, in place of an earlier one of the same id.

        Raises:
            StoreError: the account does not add up, or nothing was written.
        """
        if not summary.balanced:
            raise StoreError(f"batch {batch_id}: planned calls and their outcomes do not add up")
        with self._transaction(f"cannot save batch {batch_id}") as connection:
            connection.execute(sa.delete(batches).where(batches.c.batch_id == batch_id))
            connection.execute(sa.insert(batches), {"batch_id": batch_id, **asdict(summary)})

    def remembered(self, of: Sequence[Call]) -> Remembered:
        """What earlier nights left of the debtors and numbers of these calls; not of the calls themselves.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._transaction("cannot read earlier calls") as connection:
            return read_remembered(connection, of)

    def summary(self) -> StoreSummary:
        """Count what the store holds.

        Raises:
            StoreError: the database cannot be read.
        """
        waiting = findings.c.state == FindingState.NEEDS_REVIEW.value
        with self._transaction("cannot read the store") as connection:

            def count(query: sa.Select[Any]) -> Any:
                return connection.execute(query).scalar_one()

            def calls_with(status: CallStatus) -> Any:
                return count(
                    sa.select(sa.func.count()).select_from(calls).where(calls.c.status == status.value)
                )

            return StoreSummary(
                scored=calls_with(CallStatus.SCORED),
                not_scored=calls_with(CallStatus.NOT_SCORED),
                quarantined=count(sa.select(sa.func.count()).select_from(quarantine)),
                red_lines=count(sa.select(sa.func.count()).select_from(scores).where(scores.c.red_line)),
                to_review=count(sa.select(sa.func.count(findings.c.call_id.distinct())).where(waiting)),
                poor_sound=count(sa.select(sa.func.count(sound.c.call_id.distinct())).where(sound.c.poor)),
                unsure_roles=count(sa.select(sa.func.count()).select_from(roles).where(roles.c.unsure)),
                mean_compliance=count(sa.select(sa.func.avg(scores.c.compliance))),
                mean_effectiveness=count(sa.select(sa.func.avg(scores.c.effectiveness))),
            )

    @contextmanager
    def _transaction(self, what: str) -> Iterator[sa.Connection]:
        with _as_store_error(what), self._engine.begin() as connection:
            yield connection


@contextmanager
def _as_store_error(what: str) -> Iterator[None]:
    # SQLAlchemy's own message quotes the values of the row, which are what was said.
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, ModuleNotFoundError, UnicodeError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(f"{what}: {type(cause).__name__}") from None


def _create_tables(engine: sa.Engine) -> None:
    # IF NOT EXISTS, unlike create_all's look beforehand, lets two processes start at the same time.
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
            for index in sorted(table.indexes, key=lambda i: str(i.name)):
                connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = NORMAL")
    finally:
        cursor.close()


def _delete_call(connection: sa.Connection, call_id: str) -> None:
    for table in (*OF_A_CALL, calls, quarantine):
        connection.execute(sa.delete(table).where(table.c.call_id == call_id))


def _call_row(report: CallReport) -> dict[str, Any]:
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


def _rows(report: CallReport) -> dict[sa.Table, list[dict[str, Any]]]:
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
