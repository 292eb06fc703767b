"""The tables as of version 0.3, which made them without revisions.

A database of versions 0.1 to 0.3 has some of these tables already, all of them as they are here: what it
lacks is made and it is at this revision.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables that are not there."""
    op.create_table(
        "batches",
        sa.Column("batch_id", _text(100), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("not_scored", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id"),
        if_not_exists=True,
    )
    op.create_table(
        "calls",
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("status", _text(20), nullable=False),
        sa.Column("status_reason", sa.Text()),
        sa.Column("agent_id", _text(100)),
        sa.Column("lender", _text(200)),
        sa.Column("agency", _text(200)),
        sa.Column("customer_id", _text(100)),
        sa.Column("callee_role", _text(30)),
        sa.Column("started_at", _text(40)),
        sa.Column("duration_ms", sa.Integer()),
        sa.Column("recording_sha256", _text(64)),
        sa.Column("transcript_sha256", _text(64), nullable=False),
        sa.Column("rules_sha256", _text(64), nullable=False),
        sa.Column("config_sha256", _text(64), nullable=False),
        sa.Column("program", _text(100), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
        if_not_exists=True,
    )
    op.create_index("ix_calls_agent_id", "calls", ["agent_id"], if_not_exists=True)
    op.create_index("ix_calls_customer_id", "calls", ["customer_id"], if_not_exists=True)
    op.create_index("ix_calls_started_at", "calls", ["started_at"], if_not_exists=True)
    op.create_table(
        "quarantine",
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("reason", _text(100), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("file", sa.Text()),
        sa.Column("field", _text(100)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
        if_not_exists=True,
    )
    op.create_table(
        "acts",
        sa.Column("call_id", _text(200), nullable=False),
        _row_number(),
        sa.Column("act", _text(100), nullable=False),
        sa.Column("role", _text(20), nullable=False),
        *_place(),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id", "position"),
        if_not_exists=True,
    )
    op.create_table(
        "certainties",
        sa.Column("call_id", _text(200), nullable=False),
        _row_number(),
        sa.Column("words", sa.Float()),
        sa.Column("lowest_word", sa.Float()),
        sa.Column("speaker", sa.Float()),
        sa.Column("overlap", sa.Boolean()),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("if_swapped", _text(20)),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id", "position"),
        if_not_exists=True,
    )
    op.create_table(
        "contacts",
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("number", _text(64)),
        sa.Column("direction", _text(20)),
        sa.Column("connected", sa.Boolean()),
        sa.Column("talk_ms", sa.Integer()),
        sa.Column("asked_for", sa.Boolean(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger()),
        sa.Column("paid_at", sa.Date()),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id"),
        if_not_exists=True,
    )
    op.create_index("ix_contacts_number", "contacts", ["number"], if_not_exists=True)
    op.create_table(
        "events",
        sa.Column("call_id", _text(200), nullable=False),
        _row_number(),
        sa.Column("event", _text(100), nullable=False),
        sa.Column("noted", sa.Boolean(), nullable=False),
        *_place(),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id", "position"),
        if_not_exists=True,
    )
    op.create_index("ix_events_event", "events", ["event"], if_not_exists=True)
    op.create_table(
        "findings",
        sa.Column("call_id", _text(200), nullable=False),
        _row_number(),
        sa.Column("finding_id", _text(12), nullable=False),
        sa.Column("rule", _text(100), nullable=False),
        sa.Column("state", _text(20), nullable=False),
        sa.Column("severity", _text(20), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        *_place(),
        sa.Column("norms", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("missing", _text(100)),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id", "position"),
        if_not_exists=True,
    )
    op.create_index("ix_findings_rule", "findings", ["rule"], if_not_exists=True)
    op.create_table(
        "promise_terms",
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("proposed_by", _text(20)),
        sa.Column("certainty", _text(20), nullable=False),
        *_place(),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id"),
        if_not_exists=True,
    )
    op.create_table(
        "promises",
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("amount_fen", sa.BigInteger()),
        sa.Column("date", sa.Date()),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("coerced", sa.Boolean(), nullable=False),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id"),
        if_not_exists=True,
    )
    op.create_table(
        "roles",
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("unsure", sa.Boolean(), nullable=False),
        sa.Column("compliance_if_swapped", sa.Float()),
        sa.Column("effectiveness_if_swapped", sa.Float()),
        sa.Column("red_line_if_swapped", sa.Boolean()),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id"),
        if_not_exists=True,
    )
    op.create_table(
        "scores",
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("compliance", sa.Float()),
        sa.Column("compliance_if_confirmed", sa.Float()),
        sa.Column("effectiveness", sa.Float()),
        sa.Column("red_line", sa.Boolean(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id"),
        if_not_exists=True,
    )
    op.create_table(
        "sound",
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("channel", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("codec", _text(30), nullable=False),
        sa.Column("source_rate", sa.Integer(), nullable=False),
        sa.Column("level_dbfs", sa.Float(), nullable=False),
        sa.Column("snr_db", sa.Float(), nullable=False),
        sa.Column("clipped", sa.Float(), nullable=False),
        sa.Column("bandwidth_hz", sa.Integer(), nullable=False),
        sa.Column("poor", sa.Boolean(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id", "channel"),
        if_not_exists=True,
    )
    op.create_table(
        "speakers",
        sa.Column("call_id", _text(200), nullable=False),
        _row_number(),
        sa.Column("speaker", _text(40), nullable=False),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id", "position"),
        if_not_exists=True,
    )
    op.create_table(
        "turns",
        sa.Column("call_id", _text(200), nullable=False),
        _row_number(),
        sa.Column("role", _text(20), nullable=False),
        sa.Column("role_confidence", sa.Float(), nullable=False),
        sa.Column("start_ms", sa.Integer()),
        sa.Column("end_ms", sa.Integer()),
        sa.Column("tone", _text(20)),
        sa.Column("text", sa.Text(), nullable=False),
        _of_call(),
        sa.PrimaryKeyConstraint("call_id", "position"),
        if_not_exists=True,
    )


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.Text(), "postgresql")


def _of_call() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], ondelete="CASCADE")


def _row_number() -> sa.Column[int]:
    return sa.Column("position", sa.Integer(), autoincrement=False, nullable=False)


def _place() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("turn", sa.Integer()),
        sa.Column("text_start", sa.Integer()),
        sa.Column("text_end", sa.Integer()),
        sa.Column("start_ms", sa.Integer()),
        sa.Column("end_ms", sa.Integer()),
        sa.Column("evidence", sa.Text()),
    )
