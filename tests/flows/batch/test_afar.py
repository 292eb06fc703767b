"""Chunks handed out to a cluster and taken down: a lost one is handed out again, errors end the batch."""

import threading
from types import SimpleNamespace

import pytest

from flows.batch import afar as module
from flows.batch.afar import Afar
from pipeline.batch.hand import Hand
from pipeline.batch.journal import Journal
from pipeline.batch.lanes import Failure
from pipeline.batch.ownership import Ownership
from pipeline.batch.plan import Recordings
from pipeline.batch.seen import digest_of
from pipeline.batch.shards import Account, Shelf, work_through
from pipeline.batch.units import Stage
from pipeline.errors import BatchStopped, StoreError
from pipeline.settings import load_settings
from tests.batches import BASIS, SETTINGS, FakeBench, batch_of, text_job


class Cluster:
    """Works on chunks at once, in this process; ``plan`` says by number of hand-out what happens instead."""

    def __init__(self, folder, batch, plan=()):
        self.folder, self.batch, self.plan = folder, batch, dict(plan)
        self.bench, self.handed, self.lock = FakeBench(folder), [], threading.Lock()

    def submit(self, batch_id, chunk, alone):
        with self.lock:
            self.handed.append((chunk, alone))
            instead = self.plan.get(len(self.handed))
            return Future(lambda: self.work(chunk, alone), instead, self.batch.halt)

    def work(self, chunk, alone):
        with self.lock:
            journal = Journal(self.batch.store, "b", f"worker {chunk} {len(self.handed)}")
            hand = Hand(
                out=self.folder,
                store=self.batch.store,
                journal=journal,
                basis=BASIS,
                bench=self.bench,
                settings=SETTINGS,
                recordings=Recordings(journal),
                wait=lambda seconds: None,
            )
            looks = Shelf(self.folder / ".shared", "b").read_looks(chunk)
            return work_through(hand, looks, owner="me", alone=alone)


class Future:
    def __init__(self, work, instead, halt):
        self.work, self.instead, self.halt = work, instead, halt

    def result(self, timeout, raise_on_failure):
        match self.instead:
            case "lost":
                raise RuntimeError("the worker is gone")
            case "done, then lost":
                self.work()
                raise RuntimeError("the worker is gone")
            case "slow":
                self.instead = None
                raise TimeoutError
            case "never":
                self.halt()  # somebody stops the batch while it waits
                raise TimeoutError
            case Account():
                return self.instead
        return self.work()


@pytest.fixture
def afar(tmp_path, monkeypatch):
    """A batch of six calls, in chunks of two, and its cluster; ``plan`` as the cluster takes it."""

    def made(plan=(), workers=2):
        settings = {"workers": workers, "chunk_calls": 2, "retry_delay_s": 0.0}
        jobs = [text_job(name, weight=9 - n) for n, name in enumerate("abcdef")]
        batch = batch_of(tmp_path, jobs, settings=settings)
        Ownership(batch.journal, "here").take_over()
        batch.open()
        batch.chunk = 2
        cluster = Cluster(tmp_path, batch, plan)
        monkeypatch.setattr(module, "run_chunk_afar", cluster)
        whole = load_settings()
        night = SimpleNamespace(
            batch=batch,
            settings=whole.model_copy(update={"batch": batch.settings}),
            parameters=SimpleNamespace(batch_id="b"),
            order=SimpleNamespace(out=tmp_path, mode="transcripts", as_kept=False, verify=False),
            basis=BASIS,
        )
        found = Afar(night, tmp_path / ".shared")
        found.open()
        return found, cluster

    return made


def finished(afar):
    afar.work_off()
    afar.night.batch.reopen()
    afar.work_off()
    afar.close()
    return afar.night.batch.close()


def test_all_calls_are_worked_on_in_chunks_and_nothing_is_left_behind(afar, tmp_path):
    head, cluster = afar()
    assert finished(head).not_scored == 6
    assert sorted(chunk for chunk, _ in cluster.handed) == ["00001", "00002", "00003"]
    assert not (tmp_path / ".shared" / "b").exists()


@pytest.mark.parametrize("what", ["lost", "done, then lost", "slow"])
def test_a_chunk_whose_worker_is_gone_is_handed_out_again(afar, what):
    head, cluster = afar({1: what, 3: what})
    summary = finished(head)
    assert (summary.not_scored, summary.skipped) == (6, 0)
    assert sorted(cluster.bench.times("judge")) == list("abcdef")
    assert len(cluster.handed) == (3 if what == "slow" else 5)


def test_a_cluster_that_only_loses_workers_ends_the_batch(afar):
    head, cluster = afar(dict.fromkeys(range(1, 99), "lost"), workers=1)
    with pytest.raises(BatchStopped, match="again and again"):
        head.work_off()
    assert len(cluster.handed) <= 2 * (SETTINGS.losses + 2)


def test_what_concerns_all_calls_ends_the_batch_with_what_is_done(afar):
    account = Account(outcomes=(), failure=Failure.of(StoreError("no space left")))
    head, _ = afar({2: account})
    with pytest.raises(StoreError, match="no space left"):
        head.work_off()
    with pytest.raises(StoreError, match="no space left"):
        head.night.batch.take(1)


def test_a_batch_that_is_stopped_waits_for_no_chunk(afar):
    head, _ = afar(dict.fromkeys(range(1, 99), "never"))
    with pytest.raises(BatchStopped):
        head.work_off()


def test_a_call_that_is_put_off_is_handed_out_alone(afar):
    head, cluster = afar()
    for name in ("x", "y"):  # the workers of two died with it in hand
        journal = Journal(head.night.batch.store, "b", name)
        journal.reclaim(["a"])
        journal.claim("a", Stage.JUDGE, _key(head), lease_s=3600)
    assert finished(head).not_scored == 6
    assert [alone for _, alone in cluster.handed] == [False, False, False, True]
    assert ("judge", "a", True) in cluster.bench.did


def _key(head):
    batch = head.night.batch
    (look,) = batch.take(1)
    batch.give_back([look], BaseException())
    return BASIS.judge_key(look.job.call, look.now.heard, digest_of(look.seen))
