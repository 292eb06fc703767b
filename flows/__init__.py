"""Thin Prefect flows and the command line over :mod:`pipeline` and :mod:`models`.

``cli``      the commands
``nightly``  the batch flow: plan, chunks, account, reports
``jobs``     one call as a unit of work
``wiring``   the only place where models meet the pipeline
``observe``  progress bars, tables, messages
``sealed``   switches off everything that would leave the machine
"""
