"""Thin Prefect flows and the command line over :mod:`pipeline` and :mod:`models`.

``cli``      the commands
``night``    a batch from its source to its reports; ``nightly`` runs it as a Prefect flow
``runners``  threads, Dask or Ray; for these ``afar`` hands out chunks and ``posts`` is their worker's side
``jobs``     hearing and judging one call; in a process of its own: ``lane``, asked by ``lane_bench``
``wiring``   the only place where models meet the pipeline
``observe``  progress bars, tables, messages
``sealed``   switches off everything that would leave the machine
"""
