"""A batch of calls: from its source to its reports.

``night``       planned, opened, closed, shown, without a scheduler; ``nightly`` is the same as a Prefect flow
``jobs``        hearing and judging one call, in this process
``lane``        the same in a process of its own; ``lane_bench`` asks it and stops it when it takes too much
``runners``     where chunks are worked on: threads, Dask or Ray; for these ``afar`` hands them out and
                ``posts`` is their worker's side
``before``      the day before, for the dashboard to compare with
``publishing``  results copied to where others read them
"""
