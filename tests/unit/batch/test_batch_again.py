"""What is done stays done, what changed is done again, and nothing else; a batch may die at any moment."""

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.batch.heard import place_of
from pipeline.batch.journal import Journal
from pipeline.batch.lanes import DIED
from pipeline.batch.ownership import Ownership
from pipeline.errors import LaneError, RecordingError, StoreError
from pipeline.store import Store
from tests.batches import BASIS, SETTINGS, FakeBench, batch_of, contents, recorded_job, run, text_job

pytestmark = pytest.mark.slow

SILENT = RecordingError("silent", "every channel is silent")


def recordings(folder, **texts):
    source = folder / "in"
    source.mkdir(exist_ok=True)
    for name, text in texts.items():
        (source / f"{name}.wav").write_text(text, "utf-8")
    return [recorded_job(source / f"{name}.wav") for name in texts]


def done(folder, jobs, **more):
    """Run a batch; what the bench did and the account."""
    bench = more.pop("bench", None) or FakeBench(folder / "out")
    (folder / "out").mkdir(exist_ok=True)
    summary = run(batch_of(folder / "out", jobs, bench=bench, **more))
    return bench, summary


def test_a_second_run_does_nothing(tmp_path):
    jobs = recordings(tmp_path, a="一", b="二")
    bench, first = done(tmp_path, jobs)
    assert (bench.times("hear"), first.not_scored, first.skipped) == (["a", "b"], 2, 0)
    before = contents(tmp_path / "out")
    bench, second = done(tmp_path, jobs)
    assert bench.did == []
    assert (second.planned, second.not_scored, second.skipped) == (2, 0, 2)
    assert contents(tmp_path / "out") == before


def test_new_rules_judge_again_and_hear_nothing(tmp_path):
    jobs = recordings(tmp_path, a="一")
    done(tmp_path, jobs)
    bench, summary = done(tmp_path, jobs, basis=replace(BASIS, judging="j2"))
    assert bench.did == [("judge", "a", False)]
    assert summary.not_scored == 1


def test_new_models_hear_again_and_judge_only_what_sounds_different(tmp_path):
    jobs = recordings(tmp_path, a="一")
    done(tmp_path, jobs)
    basis = replace(BASIS, hearing="h2")
    bench, summary = done(tmp_path, jobs, basis=basis)
    assert (bench.times("hear"), bench.times("judge"), summary.skipped) == (["a"], [], 1)
    bench, summary = done(
        tmp_path, jobs, basis=replace(BASIS, hearing="h3"), bench=FakeBench(tmp_path / "out", version="2")
    )
    assert (bench.times("hear"), bench.times("judge"), summary.not_scored) == (["a"], ["a"], 1)


def test_a_changed_recording_is_heard_again_and_a_touched_one_is_not(tmp_path):
    jobs = recordings(tmp_path, a="一", b="二")
    done(tmp_path, jobs)
    path = tmp_path / "in" / "a.wav"
    path.write_text("三", "utf-8")
    os.utime(tmp_path / "in" / "b.wav", ns=(1, 1))
    bench, summary = done(tmp_path, jobs)
    assert (bench.times("hear"), bench.times("judge")) == (["a"], ["a"])
    assert (summary.not_scored, summary.skipped) == (1, 1)
    bench, summary = done(tmp_path, jobs)
    assert (bench.did, summary.skipped) == ([], 2)


def test_a_change_that_no_stamp_shows_is_found_by_verifying(tmp_path):
    jobs = recordings(tmp_path, a="一")
    done(tmp_path, jobs)
    path = tmp_path / "in" / "a.wav"
    was = path.stat()
    path.write_text("二", "utf-8")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert done(tmp_path, jobs)[0].did == []
    assert done(tmp_path, jobs, verify=True)[0].times("hear") == ["a"]


def test_changed_metadata_are_heard_and_judged_again(tmp_path):
    jobs = recordings(tmp_path, a="一")
    done(tmp_path, jobs)
    jobs = [recorded_job(tmp_path / "in" / "a.wav", lender="示例银行")]
    assert done(tmp_path, jobs)[0].times("judge") == ["a"]


def test_a_result_that_somebody_removed_is_made_again_from_what_was_heard(tmp_path):
    jobs = recordings(tmp_path, a="一")
    done(tmp_path, jobs)
    before = contents(tmp_path / "out")
    (tmp_path / "out" / "calls" / "a.json").unlink()
    assert done(tmp_path, jobs)[0].did == [("judge", "a", False)]
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("damage", ["removed", "cut", "another"])
def test_what_was_heard_and_is_not_usable_is_heard_again(tmp_path, damage):
    jobs = recordings(tmp_path, a="一", b="二")
    done(tmp_path, jobs)
    place = place_of(tmp_path / "out", "a")
    if damage == "removed":
        place.unlink()
    elif damage == "cut":
        place.write_bytes(place.read_bytes()[:-9])
    else:
        place.write_bytes(place_of(tmp_path / "out", "b").read_bytes())
    bench, summary = done(tmp_path, jobs, basis=replace(BASIS, judging="j2"))
    assert bench.times("hear") == ["a"]
    assert (summary.not_scored, summary.quarantined) == (2, 0)


def test_a_call_in_quarantine_stays_there_until_something_changes(tmp_path):
    jobs = recordings(tmp_path, a="一", b="二")
    bench = FakeBench(tmp_path / "out", at_hearing={"a": [SILENT]})
    done(tmp_path, jobs, bench=bench)
    bench, summary = done(tmp_path, jobs)
    assert (bench.did, summary.quarantined, summary.skipped) == ([], 1, 1)
    bench, summary = done(tmp_path, jobs, basis=replace(BASIS, judging="j2"))
    assert bench.did == [("judge", "b", False)]  # new rules are no reason to listen to a
    (tmp_path / "in" / "a.wav").write_text("好了", "utf-8")
    bench, summary = done(tmp_path, jobs, basis=replace(BASIS, judging="j2"))
    assert (bench.times("judge"), summary.quarantined) == (["a"], 0)


def test_a_recording_that_comes_late_is_heard(tmp_path):
    jobs = recordings(tmp_path, a="一")
    path = tmp_path / "in" / "a.wav"
    path.unlink()
    assert done(tmp_path, jobs)[1].quarantined == 1
    assert done(tmp_path, jobs)[0].did == []
    path.write_text("一", "utf-8")
    assert done(tmp_path, jobs)[1].not_scored == 1


def test_a_good_recording_that_was_bad_in_between_is_judged_again(tmp_path):
    jobs = recordings(tmp_path, a="一")
    done(tmp_path, jobs)
    before = contents(tmp_path / "out")
    path = tmp_path / "in" / "a.wav"
    path.unlink()
    done(tmp_path, jobs)
    path.write_text("一", "utf-8")
    assert done(tmp_path, jobs)[1].not_scored == 1
    assert contents(tmp_path / "out") == before


def test_quarantine_is_left_on_request(tmp_path):
    jobs = recordings(tmp_path, a="一", b="二")
    bad = {"a": [SILENT], "b": [SILENT]}
    done(tmp_path, jobs, bench=FakeBench(tmp_path / "out", at_hearing=bad))
    store = Store(f"sqlite:///{tmp_path / 'out' / 'tinghe.db'}")
    assert Journal(store, "b", "me").release(calls=["b", "stranger"]) == ("b",)
    bench, summary = done(tmp_path, jobs)
    assert (bench.times("hear"), summary.quarantined) == (["b"], 1)


def test_what_is_kept_is_judged_whatever_it_was_made_from(tmp_path):
    jobs = recordings(tmp_path, a="一")
    done(tmp_path, jobs)
    (tmp_path / "in" / "a.wav").unlink()
    basis = replace(BASIS, judging="j2", hearing="h2")
    bench, summary = done(tmp_path, jobs, basis=basis, as_kept=True)
    assert bench.did == [("judge", "a", False)]
    assert summary.not_scored == 1


# --- calls of one night matter to each other


DAY = "2026-03-05"


def call_at(name, hour, debtor="k1", text="您好"):
    return text_job(name, text, customer_id=debtor, started_at=f"{DAY} {hour:02}:00")


def told(folder, jobs, events, **more):
    """Run with these events happening; what was seen at last, by call."""
    bench = FakeBench(folder, events=events)
    summary = run(batch_of(folder, jobs, bench=bench, alike=("debtor",), **more))
    return bench, summary


def test_calls_that_an_earlier_one_concerns_are_judged_again_with_all_that_happened(tmp_path):
    jobs = [call_at("noon", 12), call_at("dawn", 6), call_at("dusk", 18), call_at("other", 18, "k2")]
    bench, summary = told(tmp_path, jobs, {"dawn": ["refused"]})
    assert sorted(bench.times("judge")) == ["dawn", "dusk", "dusk", "noon", "noon", "other"]
    events = [set().union(*(c.events for c in seen.contacts)) for seen in bench.seen["dusk"]]
    assert events == [set(), {"refused"}]
    assert (summary.planned, summary.not_scored) == (4, 4)
    bench, summary = told(tmp_path, jobs, {"dawn": ["refused"]})
    assert (bench.did, summary.skipped) == ([], 4)


def test_a_call_that_fails_the_second_time_is_accounted_for_once_and_not_tried_again(tmp_path):
    jobs = [call_at("dawn", 6), call_at("noon", 12)]
    bench = FakeBench(tmp_path, events={"dawn": ["refused"]}, outcomes={"noon": [None, RuntimeError("李")]})
    summary = run(batch_of(tmp_path, jobs, bench=bench, alike=("debtor",)))
    assert (summary.not_scored, summary.quarantined) == (1, 1)
    bench, summary = told(tmp_path, jobs, {"dawn": ["refused"]})
    assert (bench.did, summary.skipped, summary.quarantined) == ([], 1, 1)


def test_a_call_in_quarantine_is_not_judged_again(tmp_path):
    jobs = [call_at("dawn", 6), call_at("noon", 12)]
    bench = FakeBench(tmp_path, events={"dawn": ["refused"]}, outcomes={"noon": [SILENT]})
    summary = run(batch_of(tmp_path, jobs, bench=bench, alike=("debtor",)))
    assert bench.times("judge") == ["noon", "dawn"] or bench.times("judge") == ["dawn", "noon"]
    assert (summary.not_scored, summary.quarantined) == (1, 1)


night = st.lists(
    st.tuples(
        st.integers(0, 5),  # which call
        st.integers(6, 20),  # when
        st.sampled_from(["k1", "k2"]),
        st.sampled_from(["您好", "再见"]),
        st.sampled_from([(), ("refused",), ("complaint",)]),
    ),
    max_size=6,
    unique_by=lambda call: call[0],
)


@settings(max_examples=15)
@given(nights=st.lists(night, min_size=2, max_size=3), seed=st.randoms(use_true_random=False))
def test_going_on_from_any_earlier_run_gives_what_a_fresh_run_gives(tmp_path_factory, nights, seed):
    """Calls come, go and change between runs; the reports are those of a run that knows only the last."""
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")

    def one_run(folder, calls):
        jobs = [call_at(f"c{n}", hour, debtor, text) for n, hour, debtor, text, _ in calls]
        batch_ = batch_of(
            folder,
            jobs,
            bench=FakeBench(folder, events={f"c{n}": events for n, *_, events in calls}),
            alike=("debtor",),
            basis=replace(BASIS, judging=repr(sorted(calls)) if seed.random() < 0.2 else "j1"),
        )
        summary = run(batch_)
        batch_.store.close()
        return summary

    # what happens in a call follows from its words alone, as it does in life
    nights = [
        [
            (n, hour, debtor, text, ("refused",) if text == "再见" else ())
            for n, hour, debtor, text, _ in calls
        ]
        for calls in nights
    ]
    known = {}
    for calls in nights:
        known.update({call[0]: call for call in calls})
    everything = list(known.values())
    for calls in [*nights, everything]:
        assert one_run(one, calls).balanced
    seed.shuffle(everything)
    assert one_run(other, everything).balanced
    assert contents(one)[0] == contents(other)[0]
    tables_of = {"calls", "turns", "contacts", "events"}
    rows = [{name: kept for name, kept in contents(f)[1].items() if name in tables_of} for f in (one, other)]
    assert rows[0] == rows[1]


# --- the batch dies


class Killed(BaseException):
    """The process is gone."""


class MortalStore(Store):
    """A store whose process dies at a given transaction, before or after the commit; nothing works after."""

    left = 10**9
    after = False

    @contextmanager
    def transaction(self, what):
        if self.left <= 0:
            raise Killed
        self.left -= 1
        with super().transaction(what) as connection:
            yield connection
            if self.left <= 0 and not self.after:
                raise Killed
        if self.left <= 0:
            raise Killed


JOBS = [call_at("dawn", 6), call_at("noon", 12), call_at("dusk", 18), call_at("other", 7, "k2")]
EVENTS = {"dawn": ["refused"], "other": ["complaint"]}


def mortal_run(folder, deaths, after):
    """Run until it is done, dying after so many transactions each time."""
    for left in [*deaths, 10**9]:
        store = MortalStore(f"sqlite:///{folder / 'tinghe.db'}")
        store.left, store.after = left, after
        journal = Journal(store, "b", f"me-{left}")
        try:
            Ownership(journal, "here").take_over()
            batch_ = batch_of(
                folder,
                JOBS,
                bench=FakeBench(folder, events=EVENTS),
                alike=("debtor",),
                store=store,
                journal=journal,
                settings={"losses": 1000},
            )
            return run(batch_)
        except Killed:
            store.close()
    raise AssertionError("it never ended")


@settings(max_examples=25)
@given(deaths=st.lists(st.integers(1, 40), min_size=1, max_size=6), after=st.booleans())
def test_a_batch_that_dies_at_any_step_ends_with_the_same_results(tmp_path_factory, deaths, after):
    calm, wild = tmp_path_factory.mktemp("calm"), tmp_path_factory.mktemp("wild")
    mortal_run(calm, [], after=False)
    summary = mortal_run(wild, deaths, after=after)
    assert summary.balanced
    assert contents(calm) == contents(wild)


def test_a_call_over_which_the_batch_dies_again_and_again_is_set_aside(tmp_path):
    for number in range(9):
        store = MortalStore(f"sqlite:///{tmp_path / 'tinghe.db'}")
        journal = Journal(store, "b", f"me-{number}")
        Ownership(journal, "here").take_over()
        bench = DeadlyBench(tmp_path, store=store)
        batch_ = batch_of(
            tmp_path, [text_job("bad"), text_job("good")], bench=bench, store=store, journal=journal
        )
        try:
            summary = run(batch_)
            break
        except Killed:
            continue
    assert number == SETTINGS.losses + 1
    assert (summary.quarantined, summary.not_scored + summary.skipped) == (1, 1)
    assert [call.reason for call in batch_.quarantined] == ["batch_died"]
    assert bench.did == []


@dataclass
class DeadlyBench(FakeBench):
    """The whole process dies over one call."""

    store: MortalStore | None = None

    def judge(self, job, heard_sha256, seen, *, alone):
        if job.call.call_id == "bad":
            self.store.left = 0
            raise Killed
        return super().judge(job, heard_sha256, seen, alone=alone)


def test_an_interrupted_batch_blames_nobody(tmp_path):
    for _ in range(9):
        bench = FakeBench(tmp_path, outcomes={"a": [KeyboardInterrupt()]})
        with pytest.raises(KeyboardInterrupt):
            run(batch_of(tmp_path, [text_job("a")], bench=bench))
    assert run(batch_of(tmp_path, [text_job("a")])).not_scored == 1


def test_a_worker_lost_in_one_run_counts_in_the_next(tmp_path):
    bench = FakeBench(tmp_path, outcomes={"a": [LaneError(DIED, "x"), KeyboardInterrupt()]})
    with pytest.raises(KeyboardInterrupt):
        run(batch_of(tmp_path, [text_job("a")], bench=bench))
    bench = FakeBench(tmp_path, outcomes={"a": [LaneError(DIED, "x")]})
    assert run(batch_of(tmp_path, [text_job("a")], bench=bench)).quarantined == 1
    assert len(bench.did) == 1


# --- the disk, the database


class AwayStore(Store):
    """A database that is away for some transactions."""

    away = 0

    @contextmanager
    def transaction(self, what):
        if self.away > 0 and what.startswith("cannot save call"):
            self.away -= 1
            raise StoreError(f"{what}: OperationalError")
        with super().transaction(what) as connection:
            yield connection


def test_a_database_that_comes_back_costs_nothing_but_time(tmp_path):
    store = AwayStore(f"sqlite:///{tmp_path / 'tinghe.db'}")
    batch_, pauses = batch_of(tmp_path, [text_job("a")], store=store), []
    batch_.wait = pauses.append
    store.away = 2
    assert run(batch_).not_scored == 1
    assert len(pauses) == 2


def test_a_database_that_stays_away_ends_the_run_and_the_next_one_goes_on(tmp_path):
    store = AwayStore(f"sqlite:///{tmp_path / 'tinghe.db'}")
    store.away = 10**6
    with pytest.raises(StoreError, match="cannot save call"):
        run(batch_of(tmp_path, [text_job("a"), text_job("b")], store=store))
    store = Store(f"sqlite:///{tmp_path / 'tinghe.db'}")
    journal = Journal(store, "b", "next")
    Ownership(journal, "here").take_over()
    summary = run(batch_of(tmp_path, [text_job("a"), text_job("b")], store=store, journal=journal))
    assert (summary.not_scored, summary.quarantined) == (2, 0)


def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(tmp_path):
    full = StoreError("cannot write calls/a.json: No space left on device")
    bench = FakeBench(tmp_path, outcomes={"a": [full] * 9})
    with pytest.raises(StoreError, match="No space"):
        run(batch_of(tmp_path, [text_job("a"), text_job("b")], bench=bench))
    assert len(bench.did) == 3
    summary = run(batch_of(tmp_path, [text_job("a"), text_job("b")]))
    assert (summary.not_scored, summary.quarantined) == (2, 0)
