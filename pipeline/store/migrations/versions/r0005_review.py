"""Samples, tasks and decisions of review, after version 0.4; see :mod:`pipeline.review.tables`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables of review."""
    op.create_table(
        "review_samples",
        sa.Column("sample_id", _text(32), nullable=False),
        sa.Column("plan", _text(100), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("saved_at", _text(40), nullable=False),
        sa.PrimaryKeyConstraint("sample_id"),
    )
    op.create_table(
        "review_draws",
        sa.Column("sample_id", _text(32), nullable=False),
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("stratum", _text(200), nullable=False),
        sa.Column("inclusion", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("sample_id", "call_id"),
    )
    op.create_index("ix_review_draws_call_id", "review_draws", ["call_id"])
    op.create_table(
        "review_tasks",
        sa.Column("task_id", _text(32), nullable=False),
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("kind", _text(10), nullable=False),
        sa.Column("finding_id", _text(12)),
        sa.Column("rule", _text(100)),
        sa.Column("state", _text(20)),
        sa.Column("severity", _text(20)),
        sa.Column("confidence", sa.Float()),
        sa.Column("turn", sa.Integer()),
        sa.Column("text_start", sa.Integer()),
        sa.Column("text_end", sa.Integer()),
        sa.Column("evidence_sha256", _text(64), nullable=False),
        sa.Column("transcript_sha256", _text(64), nullable=False),
        sa.Column("rules_sha256", _text(64), nullable=False),
        sa.Column("made_at", _text(40), nullable=False),
        sa.PrimaryKeyConstraint("task_id"),
    )
    op.create_index("ix_review_tasks_call_id", "review_tasks", ["call_id"])
    op.create_index("ix_review_tasks_rule", "review_tasks", ["rule"])
    op.create_table(
        "review_decisions",
        sa.Column("decision_id", _text(32), nullable=False),
        sa.Column("task_id", _text(32), nullable=False),
        sa.Column("call_id", _text(200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", _text(10), nullable=False),
        sa.Column("person", _text(100), nullable=False),
        sa.Column("verdict", _text(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("supersedes", _text(32)),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("decided_at", _text(40), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
        sa.UniqueConstraint("task_id", "number", name="uq_review_decisions_task_id_number"),
    )
    op.create_index("ix_review_decisions_call_id", "review_decisions", ["call_id"])
    for statement in _NEVER_CHANGED[op.get_bind().dialect.name]:
        op.execute(statement)


_WHAT = "what a person decided is never changed"
_NEVER_CHANGED = {
    "sqlite": (
        f"""CREATE TRIGGER review_decisions_stand BEFORE UPDATE ON review_decisions
        BEGIN SELECT RAISE(ABORT, '{_WHAT}'); END""",
    ),
    "postgresql": (
        f"""CREATE FUNCTION review_decisions_stand() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_WHAT}'; END $$""",
        """CREATE TRIGGER review_decisions_stand BEFORE UPDATE ON review_decisions
        FOR EACH ROW EXECUTE FUNCTION review_decisions_stand()""",
    ),
}
"""Nothing, not even by hand, changes a decision; retention deletes with the call."""


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.Text(), "postgresql")
