"""The path of one call, from a recording to a scored and evidenced report.

Read the package in this order; each step takes one record and returns another:

``manifest``   which calls there are, and what is known of them
``audio``      a recording becomes channels of samples
``speech``     samples become turns: who said what, and when (``phonetics``: how Mandarin sounds)
``detect``     turns become findings, acts and events: which rule, which words, how sure
``outcome``    the promise to pay: amounts, dates, who agreed to what
``tone``       how each turn sounds
``score``      findings and acts become the two scores
``report``     one JSON a call, a table and pages for a batch
``stages``     the steps above as two functions, :func:`~pipeline.stages.hear` and
               :func:`~pipeline.stages.judge`
``batch``      many calls, each accounted for once

Nothing here imports torch, Prefect, ``models`` or ``flows``; models come in through
the protocols of :mod:`pipeline.ports`.
"""

__version__ = "0.7.0"
