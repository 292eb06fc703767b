"""Fetching from the model hub, in a child process.

The program runs with ``HF_HUB_OFFLINE=1``, which the hub's library reads once at import: only a
process of its own can lift it without touching the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from pipeline.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

_SCRIPT = """
import sys
from huggingface_hub import snapshot_download
repo, revision, folder, *files = sys.argv[1:]
snapshot_download(repo, revision=revision, local_dir=folder, allow_patterns=files)
"""


def fetch(repo: str, revision: str, files: tuple[str, ...], to: Path) -> None:
    """Download ``files`` of ``repo`` at ``revision`` into the folder ``to``.

    Raises:
        WeightsError: the hub cannot be reached or refuses; the message ends with its last line.
    """
    environment = os.environ | {
        "HF_HUB_OFFLINE": "0",
        "TRANSFORMERS_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    command = [sys.executable, "-c", _SCRIPT, repo, revision, str(to), *files]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise WeightsError(f"{repo}@{revision} cannot be fetched from the hub: {last[0]}")
