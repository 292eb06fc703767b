"""The worker's side of a chunk that is worked on in another process, here or on another machine.

A worker of Dask or Ray is told two names (:mod:`pipeline.batch.shards`), finds the rest in the folder that
``TINGHE_SHARED`` names, opens the batch's database and lanes of its own, and keeps both for the next chunk.
What nobody used for a minute is closed.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from flows.batch.lane_bench import bench_for
from flows.privacy.sealed import seal
from pipeline.batch.hand import Hand
from pipeline.batch.journal import Journal
from pipeline.batch.keys import Basis
from pipeline.batch.lanes import Failure
from pipeline.batch.plan import Recordings
from pipeline.batch.shards import Account, Shelf, work_through
from pipeline.errors import ConfigError, TingheError, UnexpectedError
from pipeline.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.batch.jobs import LocalBench
    from flows.batch.lane_bench import LaneBench
    from pipeline.batch.shards import Errand
    from pipeline.store import Store

KEPT_S: Final = 60.0
"""Seconds after which lanes that nobody asks are ended: they hold gigabytes."""


@dataclass
class Post:
    """What one batch needs in this process: its database, and lanes or models."""

    errand: Errand
    store: Store
    bench: LaneBench | LocalBench

    @classmethod
    def opened(cls, errand: Errand) -> Post:
        """Open both.

        Raises:
            ConfigError: this worker would make other results than the batch asks for.
            StoreError: the database or the results folder cannot be used.
        """
        if Basis.of(errand.settings) != errand.basis:
            raise ConfigError(
                f"the worker on {socket.gethostname()} has another version of the program, its packages, "
                "rules or models than the machine that runs the batch"
            )
        store = open_store(errand.out, errand.settings.store, os.environ)
        return cls(errand, store, bench_for(errand.settings, errand.out, audio=errand.audio))

    def close(self) -> None:
        """End lanes and connections."""
        self.bench.close()
        self.store.close()


@dataclass
class Posts:
    """The posts of this process, one a batch."""

    kept_s: float = KEPT_S
    _open: dict[str, Post] = field(default_factory=dict)
    _users: dict[str, int] = field(default_factory=dict)
    _ends: dict[str, threading.Timer] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def at(self, shelf: Shelf) -> Iterator[Post]:
        """The post of a batch; opened when it is first needed, or when the batch has a new owner.

        Raises:
            TingheError: it cannot be opened.
        """
        name, errand = shelf.batch_id, shelf.read_errand()
        with self._lock:
            timer = self._ends.pop(name, None)
            if timer is not None:
                timer.cancel()
            post = self._open.get(name)
            if post is not None and post.errand != errand:
                self._open.pop(name).close()  # whoever still works there works for nobody
                post, self._users[name] = None, 0
            if post is None:
                post = self._open[name] = Post.opened(errand)
            self._users[name] = self._users.get(name, 0) + 1
        try:
            yield post
        finally:
            self._leave(name, post)

    def _leave(self, name: str, post: Post) -> None:
        with self._lock:
            if self._open.get(name) is not post:
                return
            self._users[name] -= 1
            if self._users[name] == 0:
                timer = threading.Timer(self.kept_s, self._close_idle, (name, post))
                timer.daemon = True
                self._ends[name] = timer
                timer.start()

    def _close_idle(self, name: str, post: Post) -> None:
        with self._lock:
            if self._open.get(name) is not post or self._users[name]:
                return
            self._ends.pop(name, None)
            self._open.pop(name).close()


_POSTS: Final = Posts()


def work_on(batch_id: str, chunk: str, *, alone: bool) -> Account:
    """Work on a chunk; no error leaves this process but as a part of the account.

    Args:
        batch_id: of the batch.
        chunk: name of the chunk.
        alone: whether its calls may harm no other.
    """
    seal()
    try:
        shelf = Shelf.from_environment(batch_id)
        with _POSTS.at(shelf) as post:
            looks = shelf.read_looks(chunk)
            errand = post.errand
            owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{chunk}:{uuid.uuid4().hex[:8]}"
            journal = Journal(post.store, batch_id, owner)
            recordings = Recordings(journal, verify=errand.verify)
            recordings.load([look.job for look in looks])
            hand = Hand(
                out=errand.out,
                store=post.store,
                journal=journal,
                basis=errand.basis,
                bench=post.bench,
                settings=errand.settings.batch,
                recordings=recordings,
                as_kept=errand.as_kept,
            )
            return work_through(hand, looks, owner=errand.owner, alone=alone)
    except TingheError as error:
        return Account(outcomes=(), failure=Failure.of(error))
    except Exception as error:  # its message may quote a call
        foreign = UnexpectedError(f"a chunk failed: {type(error).__name__}")
        return Account(outcomes=(), failure=Failure.of(foreign))
