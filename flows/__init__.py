"""Thin Prefect flows and the command line over :mod:`pipeline` and :mod:`models`.

``cli``       the commands
``deploy``    the night runs by itself: server, schedules, keeper, webhook
``results``   what is made of a results folder afterwards: dashboards, coaching, audit, review, retention
``batch``     a batch from its source to its reports
``show``      what people see in a terminal
``watch``     what programs see: logs, metrics, spans
``training``  learning weights from labelled lines
``privacy``   sealed from the network, unmasking on record, redacted copies
``wiring``    the only place where models meet the pipeline

Imports point one way: ``tests/architecture/test_imports.py`` has the arrows.
"""
