"""The tables of retention, in the database of the results: holds, and deletions that are under way."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.tables import tables, text_of

holds = sa.Table(
    "retention_holds",
    tables,
    sa.Column("hold_id", text_of(32), primary_key=True),
    sa.Column("kind", text_of(10), nullable=False),
    sa.Column("subject", text_of(200), nullable=False, index=True),
    sa.Column("case_name", text_of(200), index=True),
    sa.Column("set_by", text_of(100), nullable=False),
    sa.Column("set_why", sa.Text, nullable=False),
    sa.Column("set_at", text_of(40), nullable=False),
    sa.Column("released_by", text_of(100)),
    sa.Column("released_why", sa.Text),
    sa.Column("released_at", text_of(40)),
)
"""Legal holds; ``kind`` is ``call`` or ``debtor``, ``subject`` its id. A released one stays as a record."""

intents = sa.Table(
    "retention_intents",
    tables,
    sa.Column("deletion_id", text_of(32), primary_key=True),
    sa.Column("subject", text_of(200), nullable=False),
    sa.Column("folder", text_of(64), nullable=False),
    sa.Column("state", text_of(10), nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
)
"""Deletions that have no proof yet; ``subject`` is the call, ``content`` what is deleted of it."""

OWN = frozenset({holds.name, intents.name})
"""Names of the tables of retention: they are no records of a call."""
