"""The tables of the store, portable between databases.

Times are milliseconds, offsets code points, money whole fen (a hundredth of a yuan): SQLite has no exact
decimal type. A change here needs a revision in ``migrations/versions``, see docs/store.md.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

tables = sa.MetaData()


def text_of(length: int) -> sa.types.TypeEngine[str]:
    """Text that is usually no longer than ``length``; longer is kept by both databases.

    SQLite never looks at the length. PostgreSQL would refuse the call for an agency with a long name.
    """
    return sa.String(length).with_variant(sa.Text(), "postgresql")


def _call_key() -> sa.Column[str]:
    return sa.Column(
        "call_id", text_of(200), sa.ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True
    )


def _row_number() -> sa.Column[int]:
    return sa.Column("position", sa.Integer, primary_key=True, autoincrement=False)


def _place() -> tuple[sa.Column[Any], ...]:
    """Where the evidence of a row stands; all null when it is about the whole call."""
    return (
        sa.Column("turn", sa.Integer),
        sa.Column("text_start", sa.Integer),
        sa.Column("text_end", sa.Integer),
        sa.Column("start_ms", sa.Integer),
        sa.Column("end_ms", sa.Integer),
        sa.Column("evidence", sa.Text),
    )


calls = sa.Table(
    "calls",
    tables,
    sa.Column("call_id", text_of(200), primary_key=True),
    sa.Column("status", text_of(20), nullable=False),
    sa.Column("status_reason", sa.Text),
    sa.Column("agent_id", text_of(100), index=True),
    sa.Column("lender", text_of(200)),
    sa.Column("agency", text_of(200)),
    sa.Column("customer_id", text_of(100), index=True),
    sa.Column("callee_role", text_of(30)),
    sa.Column("started_at", text_of(40), index=True),
    sa.Column("duration_ms", sa.Integer),
    sa.Column("recording_sha256", text_of(64)),
    sa.Column("transcript_sha256", text_of(64), nullable=False),
    sa.Column("rules_sha256", text_of(64), nullable=False),
    sa.Column("config_sha256", text_of(64), nullable=False),
    sa.Column("program", text_of(100), nullable=False),
)

turns = sa.Table(
    "turns",
    tables,
    _call_key(),
    _row_number(),
    sa.Column("role", text_of(20), nullable=False),
    sa.Column("role_confidence", sa.Float, nullable=False),
    sa.Column("start_ms", sa.Integer),
    sa.Column("end_ms", sa.Integer),
    sa.Column("tone", text_of(20)),
    sa.Column("text", sa.Text, nullable=False),
)

findings = sa.Table(
    "findings",
    tables,
    _call_key(),
    _row_number(),
    sa.Column("finding_id", text_of(12), nullable=False),
    sa.Column("rule", text_of(100), nullable=False, index=True),
    sa.Column("state", text_of(20), nullable=False),
    sa.Column("severity", text_of(20), nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    *_place(),
    sa.Column("norms", sa.JSON, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("missing", text_of(100)),
)

acts = sa.Table(
    "acts",
    tables,
    _call_key(),
    _row_number(),
    sa.Column("act", text_of(100), nullable=False),
    sa.Column("role", text_of(20), nullable=False),
    *_place(),
)

scores = sa.Table(
    "scores",
    tables,
    _call_key(),
    sa.Column("compliance", sa.Float),
    sa.Column("compliance_if_confirmed", sa.Float),
    sa.Column("effectiveness", sa.Float),
    sa.Column("red_line", sa.Boolean, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
)

promises = sa.Table(
    "promises",
    tables,
    _call_key(),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("date", sa.Date),
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("coerced", sa.Boolean, nullable=False),
)

events = sa.Table(
    "events",
    tables,
    _call_key(),
    _row_number(),
    sa.Column("event", text_of(100), nullable=False, index=True),
    sa.Column("noted", sa.Boolean, nullable=False),
    *_place(),
)
"""Customer events, and notes for later calls, which no report shows (``noted``)."""

contacts = sa.Table(
    "contacts",
    tables,
    _call_key(),
    sa.Column("number", text_of(64), index=True),
    sa.Column("direction", text_of(20)),
    sa.Column("connected", sa.Boolean),
    sa.Column("talk_ms", sa.Integer),
    sa.Column("asked_for", sa.Boolean, nullable=False),
    sa.Column("paid_fen", sa.BigInteger),
    sa.Column("paid_at", sa.Date),
)
"""What later calls must know of a call beside its row in ``calls``; numbers are hashes."""

sound = sa.Table(
    "sound",
    tables,
    _call_key(),
    sa.Column("channel", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("codec", text_of(30), nullable=False),
    sa.Column("source_rate", sa.Integer, nullable=False),
    sa.Column("level_dbfs", sa.Float, nullable=False),
    sa.Column("snr_db", sa.Float, nullable=False),
    sa.Column("clipped", sa.Float, nullable=False),
    sa.Column("bandwidth_hz", sa.Integer, nullable=False),
    sa.Column("poor", sa.Boolean, nullable=False),
    sa.Column("faults", sa.JSON, nullable=False),
)

certainties = sa.Table(
    "certainties",
    tables,
    _call_key(),
    _row_number(),
    sa.Column("words", sa.Float),
    sa.Column("lowest_word", sa.Float),
    sa.Column("speaker", sa.Float),
    sa.Column("overlap", sa.Boolean),
    sa.Column("faults", sa.JSON, nullable=False),
    sa.Column("if_swapped", text_of(20)),
)
"""How sure the finding of the same call and position is; all null when it is about the whole call."""

speakers = sa.Table(
    "speakers",
    tables,
    _call_key(),
    _row_number(),
    sa.Column("speaker", text_of(40), nullable=False),
)
"""Whose voice the turn of the same call and position is; no row for machines and text."""

promise_terms = sa.Table(
    "promise_terms",
    tables,
    _call_key(),
    sa.Column("proposed_by", text_of(20)),
    sa.Column("certainty", text_of(20), nullable=False),
    *_place(),
)
"""How far the promise of the same call binds, and the words of its condition; null where it has none."""

roles = sa.Table(
    "roles",
    tables,
    _call_key(),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("unsure", sa.Boolean, nullable=False),
    sa.Column("compliance_if_swapped", sa.Float),
    sa.Column("effectiveness_if_swapped", sa.Float),
    sa.Column("red_line_if_swapped", sa.Boolean),
)

conduct = sa.Table(
    "conduct",
    tables,
    _call_key(),
    sa.Column("party", text_of(20), primary_key=True),
    sa.Column("turns", sa.Integer, nullable=False),
    sa.Column("characters", sa.Integer, nullable=False),
    sa.Column("speech_ms", sa.Integer),
    sa.Column("talk_share", sa.Float),
    sa.Column("rate", sa.Float),
    sa.Column("monologue_characters", sa.Integer),
    sa.Column("monologue_ms", sa.Integer),
    sa.Column("interruptions", sa.Integer),
    sa.Column("responses", sa.Integer),
    sa.Column("response_ms", sa.Integer),
    sa.Column("slow_responses", sa.Integer),
    sa.Column("open_questions", sa.Integer, nullable=False),
    sa.Column("closed_questions", sa.Integer, nullable=False),
    sa.Column("opening_tone", text_of(20)),
    sa.Column("middle_tone", text_of(20)),
    sa.Column("closing_tone", text_of(20)),
    sa.Column("escalations", sa.Integer, nullable=False),
    sa.Column("de_escalations", sa.Integer, nullable=False),
)
"""How each party held the call; what is measured is said in docs/conduct.md."""

floor = sa.Table(
    "floor",
    tables,
    _call_key(),
    sa.Column("silences", sa.Integer),
    sa.Column("silent_ms", sa.Integer),
    sa.Column("longest_silence_ms", sa.Integer),
    sa.Column("silent_share", sa.Float),
    sa.Column("overlap_ms", sa.Integer),
    sa.Column("overlap_share", sa.Float),
)
"""Where nobody speaks, and where both do; null without times."""

quarantine = sa.Table(
    "quarantine",
    tables,
    sa.Column("call_id", text_of(200), primary_key=True),
    sa.Column("line", sa.Integer),
    sa.Column("reason", text_of(100), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("file", sa.Text),
    sa.Column("field", text_of(100)),
    sa.Column("attempts", sa.Integer, nullable=False),
)

batches = sa.Table(
    "batches",
    tables,
    sa.Column("batch_id", text_of(100), primary_key=True),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("scored", sa.Integer, nullable=False),
    sa.Column("not_scored", sa.Integer, nullable=False),
    sa.Column("quarantined", sa.Integer, nullable=False),
    sa.Column("skipped", sa.Integer, nullable=False),
)
