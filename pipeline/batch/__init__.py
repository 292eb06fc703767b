"""A batch of calls from its plan to its account: what is to do, who does it, what became of it.

:mod:`~pipeline.batch.plan` compares calls with the :mod:`~pipeline.batch.journal` by their
:mod:`~pipeline.batch.keys`; :mod:`~pipeline.batch.run` hands out :mod:`~pipeline.batch.looks` and accounts
for every call once. A :mod:`~pipeline.batch.hand` does what a look says, with a
:mod:`~pipeline.batch.bench`, here or in :mod:`~pipeline.batch.lanes`; :mod:`~pipeline.batch.shards` are looks
for hands in other processes. Nothing here knows of schedulers or models.
"""
