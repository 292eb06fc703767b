"""The results of all batches in one database, for questions across calls.

SQLite in the results folder by default, PostgreSQL by URL. Start reading at :mod:`pipeline.store.results`.

* ``address``: where the database is; the password comes from the environment
* ``database``: connections, and errors that quote nothing
* ``migrate``, ``migrations``: bringing a database up to date when it is opened
* ``tables``: what it holds
* ``results``: writing calls, batches, quarantine; counting what is there
* ``rows``: a report as rows
* ``history``: what later calls must know of earlier ones
"""

from pipeline.store.address import open_store
from pipeline.store.results import Store, StoreSummary

__all__ = ["Store", "StoreSummary", "open_store"]
