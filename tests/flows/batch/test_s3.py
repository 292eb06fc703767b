"""A night whose recordings lie in a bucket and whose results are published to one, over HTTP."""

import shutil

import pytest

from pipeline.places import Url
from pipeline.publish import LIST
from tests.flows.batch.test_batch import order_of, source_of
from tests.flows.support import calls_in, quarantine_in, tinghe
from tests.s3 import bucket, s3  # noqa: F401

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("shared_server")]

MANIFEST = "call_id,file,customer_id\na,day/a.wav,C1\nb,day/b.wav,C2\ngone,day/gone.wav,C3\n"


def test_a_bucket_is_as_good_as_a_folder(tmp_path, bucket):  # noqa: F811
    source = source_of(tmp_path, "a", "b")
    day = Url(f"{bucket}/calls")
    (tmp_path / "local" / "day").mkdir(parents=True)
    for path in source.glob("*.wav"):
        (day / "day" / path.name).put(path.read_bytes())
        shutil.copy(path, tmp_path / "local" / "day")
    (day / "manifest.csv").put(MANIFEST.encode())
    (tmp_path / "local" / "manifest.csv").write_text(MANIFEST, "utf-8")
    batch = f'isolation = "none"\npublish = "{bucket}/results"'
    config = order_of(tmp_path, source, batch=batch).config
    near, far = tmp_path / "near", tmp_path / "far"
    for out, calls in ((near, tmp_path / "local"), (far, day)):
        outcome = tinghe(tmp_path, "run", calls, "--config", config, "--out", out)
        assert outcome.code == 3, outcome.stderr
        assert outcome.connections == ""
    assert calls_in(far) == calls_in(near)
    assert quarantine_in(far)["gone"]["reason"] == "missing_file"
    for path in (near / "heard").iterdir():
        assert (far / "heard" / path.name).read_bytes() == path.read_bytes()
    assert list((far / "incoming").iterdir()) == []

    published = Url(f"{bucket}/results/far")
    there = {str(name) for name in published.files()}
    assert {"calls/a.json", "pages/b.html", "audio/a.wav", "summary.html", LIST} <= there
    assert not {name for name in there if name.startswith(("heard", "tinghe.db", "batch.json"))}
    assert (published / "calls" / "a.json").read_bytes() == (far / "calls" / "a.json").read_bytes()

    again = tinghe(tmp_path, "resume", far)
    assert "Nothing to do" in again.stdout, again.stderr
    (day / "day" / "a.wav").put((source / "b.wav").read_bytes())
    summary = tinghe(tmp_path, "resume", far, "--json").json()["summary"]
    assert (summary["scored"] + summary["not_scored"], summary["skipped"]) == (1, 1)
    (far / "audio" / "b.wav").unlink()
    sent = tinghe(tmp_path, "publish", far, "--json").json()
    assert sent == {"sent": 0, "removed": 1}


def test_other_places_are_refused(tmp_path):
    outcome = tinghe(tmp_path, "run", "gs://bucket/calls", "--out", tmp_path / "out")
    assert (outcome.code, "not one of s3://" in outcome.stderr) == (2, True)
