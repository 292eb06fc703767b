"""Results in the forms of others: tables for analysis, containers, findings, captions, reference formats.

* ``masking``: what of a call leaves the house: listed fields only, people masked
* ``calls``: the results of a folder, one at a time
* ``parquet``, ``sarif``: many calls in one place
* ``vcon``, ``webvtt``, ``rttm``, ``ctm``: a file a call
* ``formats``: all of them by name, and one run over a folder

Writers see only what ``masking`` lets through, so that none of them can forget to mask.
"""
