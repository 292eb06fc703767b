"""How far a batch is, for Prometheus: a file for the textfile collector, and a port while it runs.

Labels are codes of ours: states, stages, reasons. There is no series a call.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline import __version__
from pipeline.errors import ConfigError
from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

    from pipeline.batch.progress import Progress

STATES: Final = ("running", "done", "stopped", "died")
_REASON: Final = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")


@dataclass(eq=False)  # collectors are kept in a dictionary
class BatchMetrics:
    """The metrics of a batch, as a collector of ``prometheus_client``.

    Attributes:
        batch_id: of the batch.
        progress: how far it is; set by whoever knows.
    """

    batch_id: str
    progress: Progress | None = None

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        from prometheus_client.core import GaugeMetricFamily as Gauge

        info = Gauge("tinghe_batch_info", "The batch and the program.", labels=["batch", "program"])
        info.add_metric([self.batch_id, __version__], 1)
        yield info
        now = self.progress
        if now is None:
            return
        yield Gauge("tinghe_batch_run", "How often the batch was started.", value=now.run)
        state = Gauge("tinghe_batch_state", "1 for the state of the run.", labels=["state"])
        for name in STATES:
            state.add_metric([name], float(name == now.state))
        yield state
        yield Gauge("tinghe_batch_planned_calls", "Calls in all, bad rows included.", value=now.planned)
        calls = Gauge("tinghe_batch_calls", "Calls by what became of them.", labels=["state"])
        for name in ("skipped", "done", "running", "pending", "quarantined"):
            calls.add_metric([name], getattr(now, name))
        yield calls
        failures = Gauge("tinghe_batch_failures", "Calls in quarantine by reason.", labels=["reason"])
        for reason, count in _by_code(now.failures.items()):
            failures.add_metric([reason], count)
        yield failures
        cpu = Gauge("tinghe_batch_cpu_seconds", "Seconds of computing by stage.", labels=["stage"])
        for stage, seconds in now.cpu_s.items():
            cpu.add_metric([stage], seconds)
        yield cpu
        for name, text, value in (
            ("started_timestamp_seconds", "When the run began.", now.started_at),
            ("finished_timestamp_seconds", "When it ended.", now.finished_at),
            ("calls_per_hour", "Calls an hour of late.", now.calls_per_hour),
            ("left_seconds", "How long the rest will take.", now.left_s),
        ):
            if value is not None:
                yield Gauge(f"tinghe_batch_{name}", text, value=value)

    def registry(self) -> CollectorRegistry:
        """A registry that holds nothing else."""
        from prometheus_client import CollectorRegistry

        made = CollectorRegistry()
        made.register(self)
        return made

    def write(self, path: Path) -> None:
        """Write the file; a reader sees the old one or the new one.

        Raises:
            StoreError: it cannot be written.
        """
        from prometheus_client import generate_latest

        write_atomically(path, generate_latest(self.registry()), mode=0o644)  # counts only, for a collector


@contextmanager
def served(metrics: BatchMetrics, port: int) -> Iterator[None]:
    """Answer Prometheus on a port of this machine; on none when it is 0.

    Raises:
        ConfigError: the port cannot be used.
    """
    if port == 0:
        yield
        return
    from prometheus_client import start_http_server

    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=metrics.registry())
    except OSError as error:
        raise ConfigError(f"watch.metrics_port: {port}: {error.strerror}") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _by_code(failures: Any) -> Iterator[tuple[str, int]]:
    """Counts by reason; what is no code counts as ``other``."""
    counts: dict[str, int] = {}
    for reason, count in failures:
        name = reason if _REASON.fullmatch(reason) else "other"
        counts[name] = counts.get(name, 0) + count
    yield from sorted(counts.items())
