"""Conditions: what may be asked of a call, and how the answers are joined.

:mod:`~pipeline.detect.schema.conditions` says what can be written, the modules here what it means:
``outcome`` (what an answer is), ``scope`` (which turns are looked at), the operators by what they
look at (``text``, ``sound``, ``meaning``, ``data``, ``across``, ``ask``), ``condition`` (one condition),
``logic`` and ``flow`` (several).
"""
