"""A batch loses nothing, counts nothing twice, and outlives its worst call."""

import gc
import json
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.batch.lanes import DIED, TIMEOUT
from pipeline.errors import (
    BatchStopped,
    EngineError,
    FormError,
    LaneError,
    RecordingError,
    StoreError,
    WeightsError,
)
from pipeline.types import Quarantined
from tests.batches import SETTINGS, FakeBench, Recorder, batch_of, report_of, run, text_job


def quarantine(folder):
    lines = (folder / "quarantine.jsonl").read_text("utf-8").splitlines()
    return {entry["call_id"]: entry for entry in map(json.loads, lines)}


def status(folder, call_id):
    return json.loads((folder / "calls" / f"{call_id}.json").read_text("utf-8"))["status"]


def failing(folder, **outcomes):
    return FakeBench(folder, outcomes={name: list(errors) for name, errors in outcomes.items()})


SILENT = RecordingError("silent", "every channel is silent")


def test_every_call_is_accounted_for(tmp_path):
    jobs = [text_job("good"), text_job("bad")]
    rejected = [Quarantined(call_id="line-9", reason="manifest_row", message="line 9", line=9)]
    recorder = Recorder()
    batch = batch_of(tmp_path, jobs, rejected, bench=failing(tmp_path, bad=[SILENT]), observer=recorder)
    summary = run(batch)
    assert (summary.planned, summary.not_scored, summary.quarantined) == (3, 1, 2)
    assert {name: entry["reason"] for name, entry in quarantine(tmp_path).items()} == {
        "bad": "silent",
        "line-9": "manifest_row",
    }
    assert quarantine(tmp_path)["bad"]["line"] == 7
    assert recorder.events[0] == ("planned", 3)
    assert sorted(recorder.events[1:]) == [
        ("bad", "quarantined"),
        ("good", "not_scored"),
        ("line-9", "quarantined"),
    ]
    assert (status(tmp_path, "good"), status(tmp_path, "bad")) == ("not_scored", "quarantined")


def test_a_quarantined_call_keeps_no_result_of_an_earlier_run(tmp_path):
    run(batch_of(tmp_path, [text_job("a")]))
    batch = batch_of(tmp_path, [text_job("a", "新的")], bench=failing(tmp_path, a=[SILENT]))
    run(batch)
    assert status(tmp_path, "a") == "quarantined"
    assert batch.store.summary().not_scored == 0


def test_a_passing_failure_is_retried_with_growing_pauses(tmp_path):
    pauses, bench = [], failing(tmp_path, a=[EngineError("busy"), EngineError("busy")])
    summary = run(batch_of(tmp_path, [text_job("a")], bench=bench, wait=pauses.append))
    assert (summary.not_scored, summary.quarantined, len(bench.did)) == (1, 0, 3)
    assert pauses == [SETTINGS.retry_delay_s, 2 * SETTINGS.retry_delay_s]


def test_retries_have_a_bound(tmp_path):
    bench = failing(tmp_path, a=[EngineError("busy")] * 9)
    assert run(batch_of(tmp_path, [text_job("a")], bench=bench)).quarantined == 1
    assert len(bench.did) == SETTINGS.retries + 1
    assert quarantine(tmp_path)["a"]["attempts"] == SETTINGS.retries + 1


def test_bad_input_is_not_tried_again(tmp_path):
    bench = failing(tmp_path, a=[SILENT])
    run(batch_of(tmp_path, [text_job("a")], bench=bench))
    assert len(bench.did) == 1


def test_a_foreign_error_costs_one_call_and_leaks_nothing(tmp_path):
    bench = failing(tmp_path, a=[RuntimeError("李先生欠五千元")])
    summary = run(batch_of(tmp_path, [text_job("a"), text_job("b")], bench=bench))
    assert (summary.quarantined, summary.not_scored) == (1, 1)
    assert quarantine(tmp_path)["a"]["reason"] == "unexpected"
    for path in (tmp_path / "quarantine.jsonl", tmp_path / "tinghe.db"):
        assert "李".encode() not in path.read_bytes()


def test_a_result_that_no_file_can_hold_costs_one_call(tmp_path):
    bench = failing(tmp_path, a=[FormError("call a: holds what JSON cannot")])
    summary = run(batch_of(tmp_path, [text_job("a"), text_job("b")], bench=bench))
    assert (summary.quarantined, summary.not_scored) == (1, 1)
    assert quarantine(tmp_path)["a"]["reason"] == "form"


def test_what_concerns_all_calls_ends_the_run_and_blames_nobody(tmp_path):
    batch = batch_of(tmp_path, [text_job("a")], bench=failing(tmp_path, a=[WeightsError("no weights")]))
    with pytest.raises(WeightsError):
        run(batch)
    again = batch_of(tmp_path, [text_job("a")])
    assert run(again).not_scored == 1


def test_a_call_that_takes_its_worker_down_is_tried_again_alone_and_last(tmp_path):
    bench = failing(tmp_path, a=[LaneError(DIED, "its process was ended by SIGSEGV")])
    jobs = [text_job("a", weight=9), text_job("b"), text_job("c")]
    assert run(batch_of(tmp_path, jobs, bench=bench)).not_scored == 3
    assert bench.did == [
        ("judge", "a", False),
        ("judge", "b", False),
        ("judge", "c", False),
        ("judge", "a", True),
    ]


def test_a_call_that_always_takes_its_worker_down_is_set_aside_with_its_reason(tmp_path):
    bench = failing(tmp_path, a=[LaneError(DIED, "x"), LaneError(TIMEOUT, "it took longer than it may")])
    summary = run(batch_of(tmp_path, [text_job("a"), text_job("b")], bench=bench))
    assert (summary.not_scored, summary.quarantined) == (1, 1)
    entry = quarantine(tmp_path)["a"]
    assert (entry["reason"], entry["attempts"]) == (TIMEOUT, SETTINGS.lane_retries + 1)


def test_a_chunk_that_is_run_again_repeats_nothing(tmp_path):
    bench = failing(tmp_path, b=[SILENT])
    batch = batch_of(tmp_path, [text_job("a"), text_job("b")], bench=bench)
    batch.open()
    batch.run_chunk(0)
    assert batch.run_chunk(0) == 0
    assert len(bench.did) == 2
    batch.reopen()
    assert batch.close().balanced


def test_the_longest_calls_come_first(tmp_path):
    bench = FakeBench(tmp_path)
    weights = {"short": 1, "long": 9, "middle": 5}
    run(batch_of(tmp_path, [text_job(name, weight=w) for name, w in weights.items()], bench=bench))
    assert bench.times("judge") == ["long", "middle", "short"]


@pytest.mark.parametrize(
    ("calls", "workers", "chunks"), [(0, 4, 0), (3, 1, 1), (3, 2, 3), (60, 2, 8), (60, 1, 3)]
)
def test_every_worker_has_several_chunks_where_there_are_calls_enough(tmp_path, calls, workers, chunks):
    jobs = [text_job(f"call-{n}") for n in range(calls)]
    batch = batch_of(tmp_path, jobs, settings={"chunk_calls": 25, "workers": workers})
    assert batch.open() == chunks
    assert sum(batch.run_chunk(number) for number in range(chunks)) == calls


def test_a_call_that_was_never_run_breaks_the_account(tmp_path):
    batch = batch_of(tmp_path, [text_job("a"), text_job("b")], settings={"chunk_calls": 1})
    assert batch.open() == 2
    batch.run_chunk(0)
    with pytest.raises(StoreError, match="does not balance"):
        batch.close()


def test_a_call_of_an_earlier_run_that_was_not_run_now_breaks_the_account(tmp_path):
    run(batch_of(tmp_path, [text_job("a")]))
    batch = batch_of(tmp_path, [text_job("a", "新的")])
    batch.open()
    with pytest.raises(StoreError, match="does not balance"):
        batch.close()


@pytest.mark.parametrize("error", [EngineError("no GPU"), LaneError(DIED, "x"), RuntimeError("x")])
def test_many_failures_alike_end_the_run_and_put_nobody_in_quarantine(tmp_path, error):
    names = [f"call-{n:02}" for n in range(40)]
    bench = FakeBench(tmp_path, outcomes={name: [error] * 9 for name in names})
    batch = batch_of(tmp_path, list(map(text_job, names)), bench=bench)
    with pytest.raises(BatchStopped):
        run(batch)
    again = FakeBench(tmp_path)
    summary = run(batch_of(tmp_path, list(map(text_job, names)), bench=again))
    assert (summary.not_scored, summary.quarantined) == (40, 0)
    assert sorted(again.times("judge")) == names


def test_much_bad_input_does_not_end_the_run(tmp_path):
    names = [f"call-{n:02}" for n in range(40)]
    bench = FakeBench(tmp_path, outcomes={name: [SILENT] for name in names})
    assert run(batch_of(tmp_path, list(map(text_job, names)), bench=bench)).quarantined == 40


@settings(max_examples=25)
@given(
    outcomes=st.lists(st.sampled_from(["good", "bad", "flaky", "odd", "killer"]), max_size=12),
    size=st.integers(1, 5),
    runs=st.integers(1, 3),
)
def test_any_mix_of_outcomes_balances(tmp_path_factory, outcomes, size, runs):
    errors = {
        "good": [],
        "bad": [SILENT],
        "flaky": [EngineError("busy")],
        "odd": [KeyError("x")],
        "killer": [LaneError(DIED, "x")],
    }
    folder = tmp_path_factory.mktemp("batch")
    jobs = [text_job(f"call-{n}") for n in range(len(outcomes))]
    bench = FakeBench(folder, outcomes={f"call-{n}": list(errors[kind]) for n, kind in enumerate(outcomes)})
    for number in range(runs):
        batch = batch_of(folder, jobs, bench=bench, settings={"chunk_calls": size})
        summary = run(batch)
        batch.store.close()
        assert summary.balanced
        assert summary.quarantined == sum(kind in ("bad", "odd") for kind in outcomes)
        assert summary.skipped == (len(outcomes) - summary.quarantined if number else 0)


class LongCalls(FakeBench):
    """Reports that are large, as transcripts are."""

    def judge(self, job, heard_sha256, seen, *, alone):
        judged = super().judge(job, heard_sha256, seen, alone=alone)
        return replace(judged, report=report_of(job.call, "话" * 100_000))


def test_memory_does_not_grow_with_the_batch(tmp_path):
    """What stays behind of a call is its standing and names: some hundred bytes, not its words."""
    jobs = [text_job(f"call-{n}") for n in range(9)]
    batch = batch_of(tmp_path, jobs, bench=LongCalls(tmp_path), settings={"chunk_calls": 3})
    held = []
    tracemalloc.start()
    try:
        for number in range(batch.open()):
            batch.run_chunk(number)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    _, second, third = held
    assert third - second < 3 * 20_000  # a report of this size takes some 300 kB
