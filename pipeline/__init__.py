"""The path of one call, from a recording to a scored and evidenced report.

Read the package in this order; each step takes one record and returns another:

``manifest``   which calls there are, and what is known of them
``audio``      a recording becomes channels of samples
``speech``     samples become turns: who said what, and when
``detect``     turns become findings: which rule, which words, how sure
``outcome``    acts, customer events, promise to pay, tone
``score``      findings and acts become the two scores
``report``     one JSON a call, a table and pages for a batch
``stages``     the steps above in one function, :func:`pipeline.stages.judge`

Nothing here imports torch, Prefect, ``models`` or ``flows``; models come in through
the protocols of :mod:`pipeline.ports`.
"""

__version__ = "0.1.0"
