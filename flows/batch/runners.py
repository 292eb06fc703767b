"""Where the chunks of a batch are worked on: threads of this process, or a cluster of Dask or Ray.

Dask and Ray are reached through Prefect's task runners. Where no address is given a cluster of this machine
is started for the flow run, bound to loopback, without dashboards or telemetry.
"""

from __future__ import annotations

import ipaddress
import logging
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pipeline.batch.shards import SHARED
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.settings import Settings

THREADS: Final = "threads"
_PACKAGES: Final = {"dask": "prefect_dask", "ray": "prefect_ray"}
_LOOPBACK: Final = "127.0.0.1"
_RAY_ON_LOOPBACK: Final = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Where it is 0 Ray takes 127.0.0.1 for the address of this machine, whatever the system; else it replaces
that by one that others reach."""
_FOLDER: Final = ".shared"
"""In the results folder, where workers of this machine find their chunks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where chunks are worked on, and where their files are.

    Attributes:
        runner: a task runner of Prefect.
        shared: the folder that all workers see.
    """

    runner: Any
    shared: Path


def is_remote(settings: Settings) -> bool:
    """Whether calls are worked on in processes that this one does not own."""
    return settings.batch.runner != THREADS


def require_runner(settings: Settings) -> None:
    """See whether the runner that the settings name can be used, as far as that can be seen beforehand.

    Raises:
        ConfigError: its package is not installed, or the settings do not fit together.
    """
    batch = settings.batch
    if not is_remote(settings):
        if batch.runner_address:
            raise ConfigError('batch.runner_address: goes with runner = "dask" or "ray"')
        return
    if find_spec(_PACKAGES[batch.runner]) is None:
        raise ConfigError(
            f"batch.runner: {batch.runner} is not installed; pip install 'tinghe[{batch.runner}]'"
        )
    if not batch.runner_address:
        return
    if batch.runner == "ray" and "://" in batch.runner_address:
        raise ConfigError(
            'batch.runner_address: of Ray it is "host:port"; the batch is started on a node of the cluster'
        )
    if not settings.store.url.startswith("postgresql"):
        raise ConfigError(
            "batch.runner_address: workers on other machines need a database that they reach; "
            "set store.url to one of PostgreSQL"
        )
    if not batch.shared or not Path(batch.shared).is_absolute() or "://" in batch.shared:
        raise ConfigError(
            "batch.shared: must be the absolute path of a folder that this machine and all workers see, "
            f"the one that {SHARED} names on the workers"
        )


@contextmanager
def cluster(settings: Settings, out: Path) -> Iterator[Cluster]:
    """A task runner for :func:`flows.batch.nightly.judge_batch`, and what its workers need.

    Raises:
        ConfigError: workers could not reach Prefect's server.
    """
    batch = settings.batch
    shared = Path(batch.shared) if batch.runner_address else out.absolute() / _FOLDER
    with _told(shared, local=not batch.runner_address), _server(batch.runner_address):
        made = _dask if batch.runner == "dask" else _ray
        yield Cluster(runner=made(batch.workers, batch.runner_address), shared=shared)


def _dask(workers: int, address: str) -> Any:
    from prefect_dask.task_runners import DaskTaskRunner

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if address:
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(
        cluster_kwargs={
            "n_workers": workers,
            "threads_per_worker": 1,
            "processes": True,
            "host": _LOOPBACK,
            "dashboard_address": f"{_LOOPBACK}:0",
            "scheduler_kwargs": {"dashboard": False},
            "memory_limit": 0,  # lanes are watched, see lane_memory_mb
            "silence_logs": logging.CRITICAL,
        }
    )


def _ray(workers: int, address: str) -> Any:
    # Both are read when ray is imported, here and in the processes that it starts.
    if address:
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # clusters ask for one; who joins must know that
    else:
        os.environ[_RAY_ON_LOOPBACK] = "0"
    from prefect_ray import RayTaskRunner

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    if address:
        return RayTaskRunner(address=address, init_kwargs={"log_to_driver": False})
    return RayTaskRunner(
        address="local",  # else Ray joins what it finds on this machine, and what it believes to find
        init_kwargs={
            "log_to_driver": False,
            "configure_logging": False,
            "num_cpus": workers,
            "include_dashboard": False,
            "_node_ip_address": _LOOPBACK,
        },
    )


@contextmanager
def _told(shared: Path, *, local: bool) -> Iterator[None]:
    """Workers of this machine are our children: they know from us where chunks are."""
    if not local:
        yield
        return
    before = os.environ.get(SHARED)
    os.environ[SHARED] = str(shared)
    try:
        yield
    finally:
        if before is None:
            del os.environ[SHARED]
        else:
            os.environ[SHARED] = before
        with suppress(OSError):  # there, or not empty after a run that died
            shared.rmdir()


@contextmanager
def _server(address: str) -> Iterator[None]:
    """A Prefect server that workers reach: the one that is configured, or one of this machine for the run.

    Without it each worker would start a server of its own.
    """
    from prefect.settings import PREFECT_API_URL, temporary_settings

    configured = PREFECT_API_URL.value()
    if address and (not configured or (_is_here(str(configured)) and not _is_here(address))):
        raise ConfigError(
            "batch.runner_address: workers on other machines need a Prefect server that they reach; "
            "set PREFECT_API_URL here and there"
        )
    if configured:
        yield
        return
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    server.start()
    try:
        with temporary_settings(updates={PREFECT_API_URL: server.api_url}):
            yield
    finally:
        server.stop()


def _is_here(address: str) -> bool:
    """Whether an address, a URL or ``host:port``, is of this machine alone."""
    host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
