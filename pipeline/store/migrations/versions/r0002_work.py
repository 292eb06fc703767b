"""The journal of the work, after version 0.3; see :mod:`pipeline.batch.journal_tables`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the journal."""
    op.create_table(
        "work",
        sa.Column("batch_id", sa.String(100), nullable=False),
        sa.Column("call_id", sa.String(200), nullable=False),
        sa.Column("stage", sa.String(10), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("key", sa.String(64)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(100)),
        sa.Column("lease_until", sa.Float()),
        sa.Column("reason", sa.String(100)),
        sa.Column("message", sa.Text()),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("finished_at", sa.Float()),
        sa.Column("cpu_s", sa.Float()),
        sa.Column("wall_s", sa.Float()),
        sa.Column("output", sa.String(64)),
        sa.Column("first_key", sa.String(64)),
        sa.Column("after", sa.JSON()),
        sa.PrimaryKeyConstraint("batch_id", "call_id", "stage"),
    )
    op.create_index("ix_work_batch_id_run", "work", ["batch_id", "run"])
    op.create_table(
        "work_files",
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_table(
        "work_owners",
        sa.Column("batch_id", sa.String(100), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("host", sa.String(100), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_table(
        "work_runs",
        sa.Column("batch_id", sa.String(100), nullable=False),
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(100)),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float()),
        sa.PrimaryKeyConstraint("batch_id", "run"),
    )
