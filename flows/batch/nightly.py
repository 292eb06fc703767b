"""The batch as a flow: plan, work in chunks, account, report.

Prefect schedules and shows; it is not the record. Its tasks take a few scalars, because Prefect stores
parameters in clear and walks large arguments object by object; the work itself waits in ``_RUNNING`` under
the batch's id, or for workers in other processes in files (:mod:`flows.batch.afar`).
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from flows.batch.afar import Afar
from flows.batch.night import BatchResult, Night
from flows.batch.own_port import use_own_port
from flows.batch.runners import cluster, is_remote
from pipeline.batch.parameters import Mode
from pipeline.errors import ConfigError, StoreError, TingheError, UnexpectedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.batch.run import Batch

_OPENED: ContextVar[Night | None] = ContextVar("opened", default=None)
"""The batch that the flow run is about."""

_AFAR: ContextVar[Afar | None] = ContextVar("afar", default=None)
"""Where its chunks are worked on, when that is not here."""

_RUNNING: dict[str, Batch] = {}


def work_in_flow(night: Night) -> BatchResult:
    """Do the work of an open batch in a flow run, by as many workers as the settings name.

    Raises:
        TingheError: as :func:`judge_batch`.
    """
    use_own_port()
    token = _OPENED.set(night)
    try:
        if not is_remote(night.settings):
            return _run(night, ThreadPoolTaskRunner(max_workers=night.settings.batch.workers))
        with cluster(night.settings, night.order.out) as found:
            afar = _AFAR.set(Afar(night, found.shared))
            try:
                return _run(night, found.runner)
            finally:
                _AFAR.reset(afar)
    finally:
        _OPENED.reset(token)


def _run(night: Night, runner: Any) -> BatchResult:
    return judge_batch.with_options(task_runner=runner)(
        batch_id=night.parameters.batch_id, mode=night.order.mode
    )


@flow(name="tinghe-batch", flow_run_name="{mode} {batch_id}", persist_result=False, validate_parameters=True)
def judge_batch(batch_id: str, mode: Mode) -> BatchResult:
    """Judge every call of the batch that :func:`work_in_flow` holds open and write the results.

    Args:
        batch_id: which one; no path, for Prefect keeps parameters in clear.
        mode: what its source holds.

    Raises:
        ConfigError: the rules cannot be used, or no such batch is open.
        ModelError: weights are missing.
        StoreError: results cannot be written, or somebody else writes to the folder.
        BatchStopped: too many calls failed alike.
    """
    # The flow travels to the workers of a cluster with what its code names: that must be nothing of ours.
    from flows.batch.nightly import judge_opened

    return judge_opened(batch_id)


def judge_opened(batch_id: str) -> BatchResult:
    """The body of :func:`judge_batch`."""
    night = _OPENED.get()
    if night is None or night.parameters.batch_id != batch_id:
        raise ConfigError(f"batch {batch_id} is not open in this process; tinghe run opens one")
    with _foreign_errors_told_by_type():
        return _work(night)


def _work(night: Night) -> BatchResult:
    afar = _AFAR.get()
    with _running(night) as batch_id:
        try:
            if afar is not None:
                afar.open()
            _pass(night, batch_id, night.first)
            if night.second is None:
                night.second = night.batch.reopen()
            _pass(night, batch_id, night.second)
        except BaseException:
            # Before Prefect waits for its threads: they wait for lanes, which may have long to work.
            night.batch.halt()
            night.bench.close()
            raise
        finally:
            if afar is not None:
                afar.close()
    return night.close()


def _pass(night: Night, batch_id: str, chunks: int) -> None:
    afar = _AFAR.get()
    if afar is not None:
        afar.work_off()
        return
    _wait_for([run_chunk.submit(batch_id, number) for number in range(chunks)])
    night.batch.run_alone()


@task(name="chunk", task_run_name="chunk-{number}", cache_policy=NO_CACHE, persist_result=False)
def run_chunk(batch_id: str, number: int) -> int:
    """Work on a chunk of calls. What may be tried again is tried again in there."""
    with _foreign_errors_told_by_type():
        return _RUNNING[batch_id].run_chunk(number)


@contextmanager
def _foreign_errors_told_by_type() -> Iterator[None]:
    """Prefect keeps messages and tracebacks of errors in clear; those that are not ours may quote a call."""
    try:
        yield
    except TingheError:
        raise
    except Exception as error:
        raise UnexpectedError(f"the batch failed: {type(error).__name__}") from None


@contextmanager
def _running(night: Night) -> Iterator[str]:
    batch_id = night.parameters.batch_id
    if batch_id in _RUNNING:
        raise StoreError(f"a batch is already writing to {night.order.out}")
    _RUNNING[batch_id] = night.batch
    try:
        yield batch_id
    finally:
        del _RUNNING[batch_id]


def _wait_for(futures: Sequence[Any]) -> None:
    """Wait for all chunks, then raise the first error."""
    for future in futures:
        future.wait()
    for future in futures:
        future.result(raise_on_failure=True)
