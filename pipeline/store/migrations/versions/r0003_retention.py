"""Legal holds and deletions under way, after version 0.3; see :mod:`pipeline.retention.tables`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of retention."""
    op.create_table(
        "retention_holds",
        sa.Column("hold_id", _text(32), nullable=False),
        sa.Column("kind", _text(10), nullable=False),
        sa.Column("subject", _text(200), nullable=False),
        sa.Column("case_name", _text(200)),
        sa.Column("set_by", _text(100), nullable=False),
        sa.Column("set_why", sa.Text(), nullable=False),
        sa.Column("set_at", _text(40), nullable=False),
        sa.Column("released_by", _text(100)),
        sa.Column("released_why", sa.Text()),
        sa.Column("released_at", _text(40)),
        sa.PrimaryKeyConstraint("hold_id"),
    )
    op.create_index("ix_retention_holds_subject", "retention_holds", ["subject"])
    op.create_index("ix_retention_holds_case_name", "retention_holds", ["case_name"])
    op.create_table(
        "retention_intents",
        sa.Column("deletion_id", _text(32), nullable=False),
        sa.Column("subject", _text(200), nullable=False),
        sa.Column("folder", _text(64), nullable=False),
        sa.Column("state", _text(10), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("deletion_id"),
    )


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.Text(), "postgresql")
