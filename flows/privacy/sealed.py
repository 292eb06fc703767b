"""Nothing leaves the machine: hubs, telemetry and analytics are switched off before they load.

What may call a host calls one that settings or a command name, and no other; all of it is off by default: a
language model (``[judge]``, :mod:`models.judge_openai`), a webhook (``[watch]``,
:mod:`flows.deploy.webhook`), a database (``[store]``), a cluster (``[batch] runner_address``), a bucket
(``s3://``, :mod:`pipeline.places`).
"""

from __future__ import annotations

import os

_SWITCHES = {
    # model hubs
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # pyannote.audio sends the duration of every file by default
    "PYANNOTE_METRICS_ENABLED": "false",
    # Prefect: the client's and the server's telemetry are two switches
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # a cluster of Ray that is started for a batch
    "RAY_USAGE_STATS_ENABLED": "0",
}

_DEFAULTS = {
    # The terminal shows our progress and our errors; Prefect's own lines would say them twice.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}


def seal() -> None:
    """Set the switches for this process and its children. Call it before importing any of them.

    The first group is set whatever the environment says; the second only where it says nothing.
    """
    os.environ.update(_SWITCHES)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
