"""A batch of calls from its plan to its account: what is to do, who does it, what became of it.

:mod:`~pipeline.batch.plan` compares calls with the :mod:`~pipeline.batch.journal` by their
:mod:`~pipeline.batch.keys`; :mod:`~pipeline.batch.run` has the work done by a :mod:`~pipeline.batch.bench`,
here or in :mod:`~pipeline.batch.lanes`, and accounts for every call once. Nothing here knows of schedulers or
models.
"""
