"""The revisions of the database, run by Alembic when a store is opened; see :mod:`pipeline.store.migrate`."""
