"""The tables of review, in the database of the results.

A call's rows are replaced when it is judged again; these stay, so that nothing refers to ``calls``. They have
a column ``call_id``, by which retention finds and deletes them with the call.
"""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.tables import tables, text_of

samples = sa.Table(
    "review_samples",
    tables,
    sa.Column("sample_id", text_of(32), primary_key=True),
    sa.Column("plan", text_of(100), nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("saved_at", text_of(40), nullable=False),
)
"""How calls were drawn: plan, seed, counts by stratum; names no call."""

draws = sa.Table(
    "review_draws",
    tables,
    sa.Column("sample_id", text_of(32), primary_key=True),
    sa.Column("call_id", text_of(200), primary_key=True, index=True),
    sa.Column("stratum", text_of(200), nullable=False),
    sa.Column("inclusion", sa.Float, nullable=False),
)
"""The calls of each sample, with the probability with which each was drawn."""

tasks = sa.Table(
    "review_tasks",
    tables,
    sa.Column("task_id", text_of(32), primary_key=True),
    sa.Column("call_id", text_of(200), nullable=False, index=True),
    sa.Column("kind", text_of(10), nullable=False),
    sa.Column("finding_id", text_of(12)),
    sa.Column("rule", text_of(100), index=True),
    sa.Column("state", text_of(20)),
    sa.Column("severity", text_of(20)),
    sa.Column("confidence", sa.Float),
    sa.Column("turn", sa.Integer),
    sa.Column("text_start", sa.Integer),
    sa.Column("text_end", sa.Integer),
    sa.Column("evidence_sha256", text_of(64), nullable=False),
    sa.Column("transcript_sha256", text_of(64), nullable=False),
    sa.Column("rules_sha256", text_of(64), nullable=False),
    sa.Column("made_at", text_of(40), nullable=False),
)
"""What persons are asked: about a finding, a call as a whole, a violation that a person added.

It holds what the machine had said when it was asked, and no word of the call.
"""

decisions = sa.Table(
    "review_decisions",
    tables,
    sa.Column("decision_id", text_of(32), primary_key=True),
    sa.Column("task_id", text_of(32), nullable=False),
    sa.Column("call_id", text_of(200), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("step", text_of(10), nullable=False),
    sa.Column("person", text_of(100), nullable=False),
    sa.Column("verdict", text_of(10), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("supersedes", text_of(32)),
    sa.Column("blind", sa.Boolean, nullable=False),
    sa.Column("decided_at", text_of(40), nullable=False),
    sa.UniqueConstraint("task_id", "number", name="uq_review_decisions_task_id_number"),
)
"""What persons said, in order within a task; rows are only ever added."""
