"""How many threads an engine may use: the cores are shared out among the workers.

A call is heard in one thread of its own, and calls are independent: a worker a core wastes less than one call
on all cores, so with as many workers as cores each computes with one thread.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.settings import Settings


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_each(settings: Settings) -> int:
    """Threads of one use of an engine: ``asr.threads``, else a worker's share of the cores."""
    return settings.asr.threads or max(cores() // settings.batch.workers, 1)


def limit_torch(settings: Settings) -> None:
    """Give torch one thread, or ``asr.threads``; its setting is the process's.

    Its small recurrent networks gain nothing from more, and on a busy machine lose: threads that wait for
    one another keep their cores busy (a call took up to a hundred times the CPU time with two).
    """
    import torch

    torch.set_num_threads(settings.asr.threads or 1)
