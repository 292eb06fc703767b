"""A batch loses nothing, counts nothing twice, and outlives its worst call."""

import gc
import json
import tracemalloc
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch import Batch
from pipeline.errors import EngineError, RecordingError, StoreError, WeightsError
from pipeline.history import Ledger
from pipeline.metadata import CallMetadata
from pipeline.settings import load_settings
from pipeline.store import Store
from pipeline.types import (
    Call,
    CallReport,
    CallStatus,
    Provenance,
    Quarantined,
    Role,
    Transcript,
    Turn,
    Word,
)

SETTINGS = load_settings().batch
PROVENANCE = Provenance(
    program="test",
    recording_sha256=None,
    transcript_sha256="0" * 64,
    models={},
    rules_sha256="0" * 64,
    config_sha256="0" * 64,
)


@dataclass
class FakeJob:
    """A call that does what its outcomes say, one after the other; then it succeeds."""

    name: str
    outcomes: list = field(default_factory=list)
    runs: int = 0
    file: str | None = "file.wav"

    @property
    def call(self):
        return Call(call_id=self.name, metadata=CallMetadata(), line=7)

    def run(self):
        self.runs += 1
        if self.outcomes:
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
        return self.report(CallStatus.NOT_SCORED, "no_speech")

    def refuse(self, reason):
        return self.report(CallStatus.QUARANTINED, reason)

    def report(self, status, reason):
        return CallReport(call=self.call, status=status, status_reason=reason, provenance=PROVENANCE)


class Recorder:
    def __init__(self):
        self.events = []

    def planned(self, calls):
        self.events.append(("planned", calls))

    def finished(self, call_id, outcome):
        self.events.append((call_id, outcome.value))


def batch_of(folder, jobs, rejected=(), **kwargs):
    settings = SETTINGS.model_copy(update=kwargs.pop("settings", {}))
    return Batch(
        batch_id="b",
        jobs=jobs,
        rejected=rejected,
        out=folder,
        store=Store(f"sqlite:///{folder / 'tinghe.db'}"),
        settings=settings,
        wait=kwargs.pop("wait", lambda seconds: None),
        **kwargs,
    )


def run(batch):
    for number in range(batch.open()):
        batch.run_chunk(number)
    return batch.close()


def quarantine(folder):
    lines = (folder / "quarantine.jsonl").read_text("utf-8").splitlines()
    return {entry["call_id"]: entry for entry in map(json.loads, lines)}


def status(folder, call_id):
    return json.loads((folder / "calls" / f"{call_id}.json").read_text("utf-8"))["status"]


def test_every_call_is_accounted_for(tmp_path):
    jobs = [FakeJob("good"), FakeJob("bad", [RecordingError("silent", "every channel is silent")])]
    rejected = [Quarantined(call_id="line-9", reason="manifest_row", message="line 9", line=9)]
    recorder = Recorder()
    summary = run(batch_of(tmp_path, jobs, rejected, observer=recorder))
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
    run(batch_of(tmp_path, [FakeJob("a")]))
    assert status(tmp_path, "a") == "not_scored"
    batch = batch_of(tmp_path, [FakeJob("a", [RecordingError("silent", "silent")])])
    run(batch)
    assert status(tmp_path, "a") == "quarantined"
    assert batch.store.summary().not_scored == 0


def test_a_passing_failure_is_retried_with_growing_pauses(tmp_path):
    job, pauses = FakeJob("a", [EngineError("busy"), EngineError("busy")]), []
    summary = run(batch_of(tmp_path, [job], wait=pauses.append))
    assert (summary.not_scored, summary.quarantined, job.runs) == (1, 0, 3)
    assert pauses == [SETTINGS.retry_delay_s, 2 * SETTINGS.retry_delay_s]


def test_retries_have_a_bound(tmp_path):
    job = FakeJob("a", [EngineError("busy")] * 9)
    assert run(batch_of(tmp_path, [job])).quarantined == 1
    assert job.runs == SETTINGS.retries + 1
    assert quarantine(tmp_path)["a"]["attempts"] == SETTINGS.retries + 1


def test_bad_input_is_not_tried_again(tmp_path):
    job = FakeJob("a", [RecordingError("truncated", "short")])
    run(batch_of(tmp_path, [job]))
    assert job.runs == 1


def test_a_foreign_error_costs_one_call_and_leaks_nothing(tmp_path):
    jobs = [FakeJob("a", [RuntimeError("李先生欠五千元")]), FakeJob("b")]
    summary = run(batch_of(tmp_path, jobs))
    assert (summary.quarantined, summary.not_scored) == (1, 1)
    assert quarantine(tmp_path)["a"]["reason"] == "unexpected"
    assert "李" not in (tmp_path / "quarantine.jsonl").read_text("utf-8")


def test_what_concerns_all_calls_stops_the_batch(tmp_path):
    with pytest.raises(WeightsError):
        run(batch_of(tmp_path, [FakeJob("a", [WeightsError("no weights")])]))


def test_a_chunk_that_is_run_again_repeats_nothing(tmp_path):
    jobs = [FakeJob("a"), FakeJob("b", [RecordingError("silent", "silent")])]
    batch = batch_of(tmp_path, jobs)
    batch.open()
    batch.run_chunk(0)
    batch.run_chunk(0)
    assert [job.runs for job in jobs] == [1, 1]
    assert batch.close().balanced


@pytest.mark.parametrize(
    ("calls", "workers", "chunks"), [(0, 4, 0), (3, 1, 1), (3, 2, 2), (3, 8, 3), (60, 2, 3), (10, 4, 4)]
)
def test_every_worker_has_a_chunk_where_there_are_calls_enough(tmp_path, calls, workers, chunks):
    jobs = [FakeJob(f"call-{n}") for n in range(calls)]
    batch = batch_of(tmp_path, jobs, settings={"chunk_calls": 25, "workers": workers})
    assert batch.open() == chunks
    assert sum(batch.run_chunk(number) for number in range(chunks)) == calls


def test_a_call_that_was_never_run_breaks_the_account(tmp_path):
    batch = batch_of(tmp_path, [FakeJob("a"), FakeJob("b")], settings={"chunk_calls": 1})
    assert batch.open() == 2
    batch.run_chunk(0)
    with pytest.raises(StoreError, match="does not balance"):
        batch.close()


@given(
    outcomes=st.lists(st.sampled_from(["good", "bad", "flaky", "odd"]), max_size=12), size=st.integers(1, 5)
)
def test_any_mix_of_outcomes_balances(tmp_path_factory, outcomes, size):
    errors = {
        "good": [],
        "bad": [RecordingError("silent", "silent")],
        "flaky": [EngineError("busy")],
        "odd": [KeyError("x")],
    }
    jobs = [FakeJob(f"call-{n}", list(errors[kind])) for n, kind in enumerate(outcomes)]
    summary = run(batch_of(tmp_path_factory.mktemp("batch"), jobs, settings={"chunk_calls": size}))
    assert summary.balanced
    assert summary.quarantined == sum(kind in ("bad", "odd") for kind in outcomes)


class LongCall(FakeJob):
    """A call whose report is large, as transcripts are."""

    def report(self, status, reason):
        words = tuple(Word(text="话", start_ms=n, end_ms=n + 1, probability=0.5) for n in range(0, 4_000, 2))
        turn = Turn(index=0, role=Role.AGENT, role_confidence=1.0, text="话" * len(words), words=words)
        report = super().report(status, reason)
        return replace(report, transcript=Transcript(turns=(turn,)))


def test_memory_does_not_grow_with_the_batch(tmp_path):
    """What stays behind of a call is its id, outcome and names: some hundred bytes, not its words."""
    batch = batch_of(tmp_path, [LongCall(f"call-{n}") for n in range(9)], settings={"chunk_calls": 3})
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


@dataclass
class FakeAgain(FakeJob):
    """A call of one debtor that remembers which history it was judged with."""

    hour: int = 0
    ledger: Ledger | None = None
    seen: list = field(default_factory=list)

    @property
    def call(self):
        metadata = {"customer_id": "k1", "started_at": f"2026-03-05 {self.hour:02}:00"}
        return Call(call_id=self.name, metadata=CallMetadata.model_validate(metadata))

    def run(self):
        self.seen.append(sum(c.connected is False for c in self.ledger.history.contacts))
        made = super().run()
        return replace(made, transcript=Transcript(turns=(), unreachable="voicemail"))

    def again(self):
        return FakeAgain.run(self)


def batch_with_history(folder, jobs, **kwargs):
    ledger = Ledger(calls=[job.call for job in jobs], alike=frozenset({"debtor"}))
    for job in jobs:
        job.ledger = ledger
    return batch_of(folder, jobs, ledger=ledger, **kwargs)


def run_twice(batch):
    for number in range(batch.open()):
        batch.run_chunk(number)
    for number in range(batch.reopen()):
        batch.rerun_chunk(number)
    return batch.close()


def test_calls_that_an_earlier_one_concerns_are_judged_again_with_all_that_happened(tmp_path):
    jobs = [FakeAgain("noon", hour=12), FakeAgain("dawn", hour=6), FakeAgain("dusk", hour=18)]
    recorder = Recorder()
    batch = batch_with_history(tmp_path, jobs, observer=recorder, settings={"chunk_calls": 1})
    summary = run_twice(batch)
    assert {job.name: job.seen for job in jobs} == {"noon": [0, 3], "dawn": [0], "dusk": [0, 3]}
    assert (summary.planned, summary.not_scored) == (3, 3)
    assert sorted(recorder.events[1:]) == [(name, "not_scored") for name in ("dawn", "dusk", "noon")]


def test_a_chunk_of_second_judgements_repeats_nothing(tmp_path):
    jobs = [FakeAgain("dawn", hour=6), FakeAgain("noon", hour=12)]
    batch = batch_with_history(tmp_path, jobs)
    batch.open()
    batch.run_chunk(0)
    assert batch.reopen() == 1
    batch.rerun_chunk(0)
    batch.rerun_chunk(0)
    assert jobs[1].runs == 2
    assert batch.close().balanced


def test_a_call_that_fails_the_second_time_is_accounted_for_once(tmp_path):
    jobs = [FakeAgain("dawn", hour=6), FakeAgain("noon", hour=12)]
    batch = batch_with_history(tmp_path, jobs)
    batch.open()
    batch.run_chunk(0)
    jobs[1].outcomes.append(RuntimeError("李先生"))
    batch.reopen()
    batch.rerun_chunk(0)
    summary = batch.close()
    assert (summary.not_scored, summary.quarantined) == (1, 1)
    assert quarantine(tmp_path)["noon"]["reason"] == "unexpected"
    assert status(tmp_path, "noon") == "quarantined"


def test_a_call_in_quarantine_is_not_judged_again(tmp_path):
    jobs = [FakeAgain("dawn", hour=6), FakeAgain("noon", [RecordingError("silent", "silent")], hour=12)]
    summary = run_twice(batch_with_history(tmp_path, jobs))
    assert jobs[1].runs == 1
    assert (summary.not_scored, summary.quarantined) == (1, 1)


def test_without_a_history_no_call_is_judged_again(tmp_path):
    jobs = [FakeJob("a"), FakeJob("b")]
    batch = batch_of(tmp_path, jobs)
    batch.open()
    batch.run_chunk(0)
    assert batch.reopen() == 0
