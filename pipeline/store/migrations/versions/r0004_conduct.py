"""How calls were held, after version 0.4; see :mod:`pipeline.store.tables`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables of conduct."""
    op.create_table(
        "conduct",
        _call_key(),
        sa.Column("party", _text(20), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("speech_ms", sa.Integer()),
        sa.Column("talk_share", sa.Float()),
        sa.Column("rate", sa.Float()),
        sa.Column("monologue_characters", sa.Integer()),
        sa.Column("monologue_ms", sa.Integer()),
        sa.Column("interruptions", sa.Integer()),
        sa.Column("responses", sa.Integer()),
        sa.Column("response_ms", sa.Integer()),
        sa.Column("slow_responses", sa.Integer()),
        sa.Column("open_questions", sa.Integer(), nullable=False),
        sa.Column("closed_questions", sa.Integer(), nullable=False),
        sa.Column("opening_tone", _text(20)),
        sa.Column("middle_tone", _text(20)),
        sa.Column("closing_tone", _text(20)),
        sa.Column("escalations", sa.Integer(), nullable=False),
        sa.Column("de_escalations", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "party"),
    )
    op.create_table(
        "floor",
        _call_key(),
        sa.Column("silences", sa.Integer()),
        sa.Column("silent_ms", sa.Integer()),
        sa.Column("longest_silence_ms", sa.Integer()),
        sa.Column("silent_share", sa.Float()),
        sa.Column("overlap_ms", sa.Integer()),
        sa.Column("overlap_share", sa.Float()),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id"),
    )


def _call_key() -> sa.Column[str]:
    return sa.Column("call_id", _text(200), nullable=False)


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.Text(), "postgresql")
