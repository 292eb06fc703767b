"""The head's side of chunks that are worked on elsewhere: handed out, waited for, taken down.

As many threads as there may be chunks under way wait for one chunk each, so that what is handed out is
bounded and the longest calls are begun first. A chunk whose worker is gone is handed out again.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from pipeline.batch.shards import Account, Errand, Shelf
from pipeline.errors import BatchStopped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flows.batch.night import Night
    from pipeline.batch.looks import Look

_POLL_S: Final = 1.0
"""How often a thread that waits for a chunk looks whether the batch was stopped."""


@task(name="chunk", task_run_name="chunk-{chunk}", cache_policy=NO_CACHE, persist_result=False)
def run_chunk_afar(batch_id: str, chunk: str, alone: bool) -> Account:
    """Work on a chunk in the process of a worker; nothing of this module goes there with it."""
    from flows.batch.posts import work_on

    return work_on(batch_id, chunk, alone=alone)


@dataclass
class Afar:
    """Has a batch worked on by a cluster.

    Attributes:
        shared: the folder that all workers see.
    """

    night: Night
    shared: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def shelf(self) -> Shelf:
        """Where chunks are put."""
        return Shelf(self.shared, self.night.parameters.batch_id)

    def open(self) -> None:
        """Put down what all chunks have in common.

        Raises:
            StoreError: the shared folder cannot be used.
        """
        night = self.night
        self.shelf.write_errand(
            Errand(
                batch_id=night.parameters.batch_id,
                owner=night.batch.journal.owner,
                out=night.order.out.absolute(),
                audio=night.order.mode == "recordings",
                as_kept=night.order.as_kept,
                verify=night.order.verify,
                settings=night.settings,
                basis=night.basis,
            )
        )

    def work_off(self) -> None:
        """Have all calls of a pass worked on, then those that are to be tried alone.

        Raises:
            TingheError: why the batch ends; what is under way is not waited for.
        """
        batch = self.night.batch
        under_way = 2 * self.night.settings.batch.workers
        with ThreadPoolExecutor(under_way, thread_name_prefix="chunks") as pool:
            try:
                # Each in the context of the flow run: tasks belong to it.
                waiting = [pool.submit(copy_context().run, self._hand_out) for _ in range(under_way)]
                for future in as_completed(waiting):  # the first to fail says why
                    future.result()
            except BaseException:
                batch.halt()
                raise
        while (look := batch.take_alone()) is not None:
            self._work([look], alone=True)

    def close(self) -> None:
        """Remove the files of chunks."""
        self.shelf.remove()

    def _hand_out(self) -> None:
        batch = self.night.batch
        while looks := batch.take(batch.chunk):
            try:
                self._work(looks, alone=False)
            except BaseException as error:
                batch.give_back((), error)
                batch.halt()
                raise

    def _work(self, looks: Sequence[Look], *, alone: bool) -> None:
        """Have a chunk worked on, and take down what came of it."""
        batch, shelf = self.night.batch, self.shelf
        chunk = f"{next(self._numbers):05}"
        shelf.write_looks(chunk, looks)
        account = self._account_of(chunk, alone=alone)
        shelf.drop(chunk)
        for outcome in account.outcomes:
            batch.note(outcome)
        if account.failure is not None:
            error = account.failure.error()
            batch.give_back(looks[len(account.outcomes) :], error)
            raise error

    def _account_of(self, chunk: str, *, alone: bool) -> Account:
        """The account of a chunk, by the first worker that lives to give it.

        A call that takes workers with it is set aside by the journal's count of losses before this ends.
        """
        settings = self.night.settings.batch
        for attempt in range(settings.losses + 2):
            if attempt:
                time.sleep(settings.retry_delay_s)
            future: Any = run_chunk_afar.submit(self.night.parameters.batch_id, chunk, alone)
            account = self._wait_for(future)
            if account is not None:
                return account
        raise BatchStopped(f"workers were lost again and again over one chunk ({settings.losses + 2} times)")

    def _wait_for(self, future: Any) -> Account | None:
        """The account that a worker gives; ``None`` when the worker is gone.

        Raises:
            TingheError: the batch was stopped meanwhile.
        """
        while True:
            try:
                account: Account = future.result(timeout=_POLL_S, raise_on_failure=True)
            except TimeoutError:
                if self.night.batch.stopped is not None:
                    raise self.night.batch.stopped from None
            except Exception:  # the task itself gives its errors as an account: this is the cluster's
                return None
            else:
                return account
