"""Chunks that workers elsewhere do: nothing is lost, nothing done twice, the results are the same."""

import os
import stat
from dataclasses import replace

import pytest

from pipeline.batch.hand import Hand
from pipeline.batch.journal import Journal
from pipeline.batch.ownership import Ownership
from pipeline.batch.plan import Recordings
from pipeline.batch.run import Batch
from pipeline.batch.seen import digest_of
from pipeline.batch.shards import SHARED, Errand, Shelf, work_through
from pipeline.batch.units import Stage, UnitState
from pipeline.errors import BatchStopped, ConfigError, EngineError, LaneError, RecordingError, StoreError
from pipeline.settings import load_settings
from pipeline.store import Store
from tests.batches import BASIS, SETTINGS, FakeBench, batch_of, contents, recorded_job, run, text_job

SILENT = RecordingError("silent", "every channel is silent")


class Killed(BaseException):
    """The worker is gone in the middle of its work."""


class Head:
    """A batch that is worked on by workers of their own, each with its own connection and journal."""

    def __init__(self, folder, jobs, bench=None, **more):
        self.folder, self.bench = folder, bench or FakeBench(folder)
        self.batch: Batch = batch_of(folder, jobs, bench=FakeBench(folder), **more)
        self.shelf = Shelf(folder / ".shared", "b")
        self.stores = []
        Ownership(self.batch.journal, "here").take_over()
        self.batch.open()

    def worker(self, name, bench=None):
        store = Store(f"sqlite:///{self.folder / 'tinghe.db'}")
        self.stores.append(store)
        journal = Journal(store, "b", name)
        return Hand(
            out=self.folder,
            store=store,
            journal=journal,
            basis=BASIS,
            bench=bench or self.bench,
            settings=SETTINGS,
            recordings=Recordings(journal),
            wait=lambda seconds: None,
        )

    def put(self, calls=99, name="1"):
        looks = self.batch.take(calls)
        self.shelf.write_errand(errand(self.folder))
        self.shelf.write_looks(name, looks)
        return looks

    def work(self, name, worker, *, alone=False):
        """A worker's account, of what it reads from the shelf."""
        return work_through(
            self.worker(worker), self.shelf.read_looks(name), owner=self.batch.journal.owner, alone=alone
        )

    def finish(self):
        """Both passes, chunk by chunk, until nothing is left."""
        for passing in range(2):
            if passing:
                self.batch.reopen()
            number = 0
            while looks := self.batch.take(self.batch.chunk):
                number += 1
                self.shelf.write_looks(f"{passing}-{number}", looks)
                self.note(self.work(f"{passing}-{number}", f"worker {passing} {number}"))
            while (look := self.batch.take_alone()) is not None:
                self.shelf.write_looks("alone", [look])
                self.note(self.work("alone", f"alone {look.job.call.call_id} {number}", alone=True))
        for store in self.stores:
            store.close()
        return self.batch.close()

    def note(self, account):
        for outcome in account.outcomes:
            self.batch.note(outcome)
        if account.failure is not None:
            raise account.failure.error()


def errand(folder):
    return Errand(
        batch_id="b",
        owner="me",
        out=folder,
        audio=False,
        as_kept=False,
        verify=False,
        settings=load_settings(),
        basis=BASIS,
    )


def recordings(folder, *names):
    source = folder.parent / f"{folder.name}-in"
    source.mkdir(exist_ok=True)
    for name in names:
        (source / f"{name}.wav").write_text(f"words of {name}", "utf-8")
    return [recorded_job(source / f"{name}.wav") for name in names]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "far").mkdir()
    return tmp_path / "far"


def near(tmp_path, jobs, **more):
    """The contents of a folder that was made in this process."""
    (tmp_path / "near").mkdir()
    bench = FakeBench(tmp_path / "near", **more.pop("bench", {}))
    batch = batch_of(tmp_path / "near", jobs, bench=bench, **more)
    summary = run(batch)
    batch.store.close()
    return contents(tmp_path / "near"), summary


DEBTOR = {"customer_id": "C1", "called_number": "13800000000"}
CONCERNED = [
    text_job("a", started_at="2026-03-01T09:00:00", **DEBTOR),
    text_job("b", started_at="2026-03-01T10:00:00", **DEBTOR),
    text_job("c", started_at="2026-03-01T11:00:00", customer_id="C2"),
]


def test_the_results_are_those_of_one_process_second_looks_and_quarantine_included(tmp_path, folder):
    jobs = [*recordings(folder, "r1", "r2", "bad"), *CONCERNED]
    more = {"events": {"a": ("hardship",)}}
    failing = {"at_hearing": {"bad": [SILENT]}, "outcomes": {"c": [EngineError("busy")]}}
    head = Head(
        folder,
        jobs,
        FakeBench(folder, **more, at_hearing={"bad": [SILENT]}, outcomes={"c": [EngineError("busy")]}),
        alike=("debtor",),
    )
    summary = head.finish()
    (_, rows), alone = near(tmp_path, jobs, bench={**more, **failing}, alike=("debtor",))
    assert (summary, summary.quarantined) == (alone, 1)
    assert head.bench.times("judge").count("b") == 2  # what happened in a is known in its second look
    head.batch.store.close()
    files, there = contents(folder)
    assert there == rows
    near_files, _ = contents(tmp_path / "near")
    shared = {name for name in files if not name.startswith(".shared")}
    assert {n: files[n] for n in shared} == {n: near_files[n] for n in shared}


def test_a_worker_that_dies_costs_only_what_it_had_in_hand(folder):
    jobs = recordings(folder, "a", "b", "c")
    bench = FakeBench(folder, outcomes={"b": [Killed()]})
    head = Head(folder, jobs, bench)
    head.put()
    with pytest.raises(Killed):
        head.work("1", "first")
    # Its process is gone: nobody gave the unit back.
    store = head.batch.journal
    account = head.work("1", "second")
    assert account.failure is None
    assert [outcome.call_id for outcome in account.outcomes] == ["a", "b", "c"]
    assert all(outcome.now.worked for outcome in account.outcomes)
    assert (bench.times("hear"), bench.times("judge")) == (["a", "b", "c"], ["a", "b", "b", "c"])
    head.note(account)
    summary = head.finish()
    assert (summary.planned, summary.not_scored, summary.skipped) == (3, 3, 0)
    assert store.units(Stage.JUDGE, ["a"])["a"].cpu_s == 0.5


def test_a_call_with_which_workers_die_is_put_off_then_tried_alone_then_set_aside(folder):
    jobs = [text_job("a", weight=9), text_job("b")]
    head = Head(folder, jobs)
    head.put()
    lost = 0
    for name in ("1", "2"):  # two workers die over a
        journal = Journal(head.batch.store, "b", name)
        journal.reclaim(["a", "b"])
        journal.claim("a", Stage.JUDGE, _key(head, "a"), lease_s=3600)
        lost += 1
    account = head.work("1", "3")
    assert [(o.call_id, o.kind.value) for o in account.outcomes] == [("a", "put_off"), ("b", "done")]
    head.note(account)
    look = head.batch.take_alone()
    head.shelf.write_looks("alone", [look])
    for name in range(SETTINGS.losses - lost + 1):
        journal = Journal(head.batch.store, "b", f"alone {name}")
        journal.reclaim(["a"])
        journal.claim("a", Stage.JUDGE, _key(head, "a"), lease_s=3600)
    account = head.work("alone", "last", alone=True)
    (outcome,) = account.outcomes
    assert (outcome.kind.value, outcome.record.reason) == ("aside", "batch_died")


def _key(head, call_id):
    look = next(look for look in head.shelf.read_looks("1") if look.job.call.call_id == call_id)
    return BASIS.judge_key(look.job.call, look.now.heard, digest_of(look.seen))


def test_a_worker_that_was_taken_for_dead_saves_nothing(folder):
    head = Head(folder, [text_job("a"), text_job("b")])

    class Late(FakeBench):
        def judge(self, job, heard_sha256, seen, *, alone):
            judged = super().judge(job, heard_sha256, seen, alone=alone)
            if job.call.call_id == "a" and len(self.did) == 1:
                head.note(head.work("1", "second"))
            return judged

    head.put()
    first = work_through(
        head.worker("first", Late(folder)), head.shelf.read_looks("1"), owner="me", alone=False
    )
    assert first.outcomes == ()
    assert isinstance(first.failure.error(), BatchStopped)
    assert "taken over" in first.failure.message
    summary = head.finish()
    assert (summary.planned, summary.not_scored) == (2, 2)
    assert head.bench.times("judge") == ["a", "b"]


def test_a_call_that_another_has_in_hand_is_put_off_and_then_an_error(folder):
    head = Head(folder, [text_job("a")])
    head.put()
    hand, looks = head.worker("mine"), head.shelf.read_looks("1")
    Journal(head.batch.store, "b", "other").claim("a", Stage.JUDGE, "k", lease_s=3600)
    assert hand.do(looks[0], alone=False).kind.value == "put_off"
    with pytest.raises(StoreError, match="in hand elsewhere"):
        hand.do(looks[0], alone=True)


def test_workers_stop_when_the_batch_has_another_owner(folder):
    head = Head(folder, [text_job("a")])
    head.put()
    Ownership(Journal(head.batch.store, "b", "another"), "here").take_over()
    account = head.work("1", "worker")
    assert (account.outcomes, isinstance(account.failure.error(), BatchStopped)) == ((), True)
    assert head.bench.did == []


def test_what_concerns_all_calls_ends_a_chunk_with_what_is_done(folder):
    bench = FakeBench(folder, outcomes={"b": [StoreError("no space left")] * 9})
    head = Head(folder, [text_job("a", weight=9), text_job("b")], bench)
    head.put()
    account = head.work("1", "worker")
    assert [outcome.call_id for outcome in account.outcomes] == ["a"]
    assert "no space left" in str(account.failure.error())


def test_a_foreign_error_of_a_worker_is_told_by_type(folder, monkeypatch):
    head = Head(folder, [text_job("a")])
    head.put()
    monkeypatch.setattr(Journal, "reclaim", lambda *_: (_ for _ in ()).throw(RuntimeError("李先生欠五千元")))
    failure = head.work("1", "worker").failure
    assert "李" not in failure.message
    assert "RuntimeError" in failure.message


def test_a_report_that_stands_is_no_work_also_where_its_chunk_was_begun_twice(folder):
    jobs = recordings(folder, "a", "b")
    run(batch_of(folder, jobs))
    for job in jobs:  # other bytes of the same content are read again, and judged no more
        path = job.call.recording.path
        text = path.read_text("utf-8")
        path.unlink()
        path.write_text(text, "utf-8")
    head = Head(folder, recordings(folder, "a", "b"), verify=True)
    head.put()
    head.work("1", "first")
    head.note(head.work("1", "second"))
    assert head.bench.did == []
    summary = head.finish()
    assert (summary.planned, summary.skipped) == (2, 2)


def test_a_call_that_took_its_lane_down_is_tried_alone(folder):
    bench = FakeBench(folder, outcomes={"a": [LaneError("lane_died", "x")]})
    head = Head(folder, [text_job("a", weight=9), text_job("b")], bench)
    assert head.finish().not_scored == 2
    assert bench.did == [("judge", "a", False), ("judge", "b", False), ("judge", "a", True)]


def test_quarantine_of_a_worker_that_died_afterwards_is_recalled(folder):
    jobs = recordings(folder, "a", "b")
    bench = FakeBench(folder, at_hearing={"a": [SILENT]}, outcomes={"b": [Killed()]})
    head = Head(folder, jobs, bench)
    head.put()
    with pytest.raises(Killed):
        head.work("1", "first")
    account = head.work("1", "second")
    assert {o.call_id: o.record.reason for o in account.outcomes if o.record} == {"a": "silent"}
    head.note(account)
    assert head.finish().quarantined == 1


def test_looks_come_back_as_they_were(folder):
    (job,) = recordings(folder, "r")
    odd = job.call.recording.path.with_name(os.fsdecode(b"\xff\xfe.wav"))  # a name that is no text
    call = replace(job.call, recording=replace(job.call.recording, path=odd))
    jobs = [replace(job, call=call, file=odd.name), *CONCERNED]
    head = Head(folder, jobs, alike=("debtor", "number"))
    looks = head.put()
    assert head.shelf.read_looks("1") == tuple(looks)
    assert head.shelf.read_errand() == errand(folder)


def test_files_of_chunks_are_private_and_go_with_the_batch(folder):
    head = Head(folder, CONCERNED)
    head.put()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in head.shelf.folder.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(head.shelf.folder.stat().st_mode) == 0o700
    head.shelf.remove()
    assert not head.shelf.folder.exists()


def test_what_a_worker_cannot_read_is_an_error_without_content_or_path(folder, monkeypatch):
    monkeypatch.delenv(SHARED, raising=False)
    with pytest.raises(ConfigError, match=SHARED):
        Shelf.from_environment("b")
    monkeypatch.setenv(SHARED, str(folder))
    shelf = Shelf.from_environment("b")
    with pytest.raises(ConfigError) as absent:
        shelf.read_errand()
    head = Head(folder, CONCERNED)
    head.put()
    (head.shelf.folder / "1.json").write_text('[{"job": "李先生"}]', "utf-8")
    with pytest.raises(ConfigError, match="another version") as other:
        head.shelf.read_looks("1")
    for error in (absent, other):
        assert str(folder) not in str(error.value)
        assert "李" not in str(error.value)


def test_units_that_workers_have_in_hand_go_back_when_the_owner_leaves(folder):
    head = Head(folder, [text_job("a")])
    owner = Ownership(head.batch.journal, "here")
    Journal(head.batch.store, "b", "worker").claim("a", Stage.JUDGE, "k", lease_s=3600)
    owner.leave()
    unit = head.batch.journal.units(Stage.JUDGE, ["a"])["a"]
    assert (unit.state, unit.attempts, unit.lost) == (UnitState.PENDING, 0, 0)


def test_whoever_was_replaced_leaves_the_units_of_the_next_owner_alone(folder):
    head = Head(folder, [text_job("a")])
    old = Ownership(head.batch.journal, "here")
    new = Journal(head.batch.store, "b", "new")
    Ownership(new, "here").take_over()
    new.claim("a", Stage.JUDGE, "k", lease_s=3600)
    old.leave()
    assert new.units(Stage.JUDGE, ["a"])["a"].state is UnitState.RUNNING


def test_a_look_is_replaced_not_changed_when_it_is_read(folder):
    head = Head(folder, CONCERNED)
    (first, *_) = head.put()
    (read, *_) = head.shelf.read_looks("1")
    replace(read, first=False)
    read.now.worked = True
    assert not first.now.worked
