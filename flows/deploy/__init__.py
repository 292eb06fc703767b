"""The night runs by itself: a Prefect server of this machine and what is scheduled on it.

``runs``       the scheduled runs: the night, new rules, retention; ``periodic``: weekly and monthly reports
``serving``    the server: its folder, its settings, talking to it; ``automations``: what it is told once
``keeper``     the process that keeps server and worker alive; in it ``watchman`` looks at their runs
``webhook``    telling another system what became of a run
``artifacts``  what Prefect's page shows of a batch; ``progress_artifact``: its bar
"""
