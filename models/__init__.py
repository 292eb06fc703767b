"""Adapters: each port of :mod:`pipeline.ports` implemented with an engine.

Heavy libraries are imported inside functions only, so that importing ``models`` is cheap.
Start reading at :mod:`models.registry`; weights are found by :mod:`models.weights`.
"""
