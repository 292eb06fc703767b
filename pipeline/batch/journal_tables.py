"""The tables of the work: what is to be done, by whom, what became of it, what it cost.

They are in the database of the results, so that "result saved" and "marked done" are one transaction. Times
of day are seconds since 1970 (UTC), costs are seconds.
"""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.tables import tables

work = sa.Table(
    "work",
    tables,
    sa.Column("batch_id", sa.String(100), primary_key=True),
    sa.Column("call_id", sa.String(200), primary_key=True),
    sa.Column("stage", sa.String(10), primary_key=True),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("key", sa.String(64)),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("lost", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(100)),
    sa.Column("lease_until", sa.Float),
    sa.Column("reason", sa.String(100)),
    sa.Column("message", sa.Text),
    sa.Column("weight", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("finished_at", sa.Float),
    sa.Column("cpu_s", sa.Float),
    sa.Column("wall_s", sa.Float),
    sa.Column("output", sa.String(64)),
    sa.Column("first_key", sa.String(64)),
    sa.Column("after", sa.JSON),
    sa.Index("ix_work_batch_id_run", "batch_id", "run"),
)
"""One row a call and stage; see :class:`pipeline.batch.journal.Unit`."""

work_runs = sa.Table(
    "work_runs",
    tables,
    sa.Column("batch_id", sa.String(100), primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(100), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(100)),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("skipped", sa.Integer, nullable=False),
    sa.Column("quarantined", sa.Integer, nullable=False),
    sa.Column("started_at", sa.Float, nullable=False),
    sa.Column("finished_at", sa.Float),
)
"""One row each time that a batch was started."""

work_owners = sa.Table(
    "work_owners",
    tables,
    sa.Column("batch_id", sa.String(100), primary_key=True),
    sa.Column("owner", sa.String(100), nullable=False),
    sa.Column("host", sa.String(100), nullable=False),
    sa.Column("lease_until", sa.Float, nullable=False),
)
"""Who works on a batch, and until when that is believed without word from them."""

work_files = sa.Table(
    "work_files",
    tables,
    sa.Column("place", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("inode", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
)
"""Digests of files that were read; ``place`` is the SHA-256 of the path, which may name a person."""
