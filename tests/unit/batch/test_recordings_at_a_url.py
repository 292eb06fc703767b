"""Recordings that lie elsewhere: copied for as long as they are heard, known by their stamps."""

from dataclasses import replace

import pytest

from pipeline.batch.hand import INCOMING
from pipeline.batch.keys import FileStamp
from pipeline.batch.plan import Job
from pipeline.errors import ConfigError, StoreError
from pipeline.manifest import plan_recordings
from pipeline.places import Url
from tests.batches import FakeBench, batch_of, run


@pytest.fixture
def source(tmp_path):
    url = Url(f"file://{tmp_path}/calls")
    for name in ("a", "b"):
        (url / f"{name}.wav").put(f"words of {name}".encode())
    return url


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def jobs_of(source):
    files = {str(source / name): found for name, found in source.files().items()}
    jobs = []
    for call in plan_recordings(source).calls:
        found = files.get(call.recording.url)
        stamp = FileStamp(size=found.size, mtime_ns=found.changed_ns, inode=found.tag) if found else None
        jobs.append(Job(call=call, file=call.recording.path.name, stamp=stamp))
    return jobs


def test_a_source_at_a_url_is_planned_as_one_in_a_folder(tmp_path, source):
    here, there = plan_recordings(tmp_path / "calls").calls, plan_recordings(source).calls
    assert [call.call_id for call in here] == [call.call_id for call in there] == ["a", "b"]
    assert [call.recording.url for call in there] == [str(source / "a.wav"), str(source / "b.wav")]


def test_a_manifest_at_a_url_names_what_lies_beside_it(tmp_path, source):
    rows = "call_id,file,customer_id\nx,a.wav,C1\ny,deep/b.wav,C2\nz,../c.wav,C3\n"
    (source / "manifest.csv").put(rows.encode())
    here, there = plan_recordings(tmp_path / "calls"), plan_recordings(source)
    assert [replace(call, recording=None) for call in here.calls] == [
        replace(call, recording=None) for call in there.calls
    ]
    assert here.rejected == there.rejected
    assert there == plan_recordings(source / "manifest.csv")
    assert there.calls[1].recording.url == str(source / "deep" / "b.wav")


def test_sources_at_a_url_that_hold_nothing_are_refused(source):
    with pytest.raises(ConfigError, match="no manifest and no recordings"):
        plan_recordings(source / "empty")
    with pytest.raises(ConfigError, match="no such file"):
        plan_recordings(source / "absent.csv")
    for name in ("manifest.csv", "manifest.jsonl"):
        (source / name).put(b"")
    with pytest.raises(ConfigError, match="name the one to use"):
        plan_recordings(source)


def test_each_is_copied_while_it_is_heard_and_then_removed(source, out):
    places = []

    class Looking(FakeBench):
        def hear(self, job, key, recording_sha256, *, alone):
            places.append(job.call.recording.path)
            assert job.call.recording.path.read_bytes() == f"words of {job.call.call_id}".encode()
            assert [path.name for path in (out / INCOMING).iterdir()] == [job.call.recording.path.name]
            return super().hear(job, key, recording_sha256, alone=alone)

    assert run(batch_of(out, jobs_of(source), bench=Looking(out))).not_scored == 2
    assert [place.parent for place in places] == [out / INCOMING] * 2
    assert list((out / INCOMING).iterdir()) == []


def test_an_unchanged_recording_is_not_even_fetched(source, out, monkeypatch):
    run(batch_of(out, jobs_of(source)))
    monkeypatch.setattr(Url, "fetch", lambda *_: pytest.fail("fetched"))
    bench = FakeBench(out)
    summary = run(batch_of(out, jobs_of(source), bench=bench))
    assert (summary.skipped, bench.did) == (2, [])


def test_a_changed_one_is_heard_again_and_the_others_are_not(source, out):
    run(batch_of(out, jobs_of(source)))
    (source / "a.wav").put(b"other words")
    bench = FakeBench(out)
    run(batch_of(out, jobs_of(source), bench=bench))
    assert bench.times("hear") == ["a"]


def test_one_that_is_not_there_goes_to_quarantine(source, out):
    (source / "manifest.csv").put(b"call_id,file\na,a.wav\nx,absent.wav\n")
    batch = batch_of(out, jobs_of(source))
    summary = run(batch)
    assert (summary.not_scored, summary.quarantined) == (1, 1)
    assert batch.quarantined[0].reason == "missing_file"


def test_one_that_went_while_the_batch_ran_goes_to_quarantine(source, out):
    jobs = jobs_of(source)
    (source / "a.wav").remove()
    assert run(batch_of(out, jobs)).quarantined == 1


def test_a_bucket_that_is_away_ends_the_run_and_blames_no_call(source, out, monkeypatch):
    pauses = []

    def away(self, path):
        raise StoreError("s3://bucket: cannot be fetched: EndpointConnectionError")

    with monkeypatch.context() as patched:
        patched.setattr(Url, "fetch", away)
        with pytest.raises(StoreError, match="EndpointConnectionError"):
            run(batch_of(out, jobs_of(source), wait=pauses.append))
    assert pauses
    assert run(batch_of(out, jobs_of(source))).not_scored == 2
