"""What is published is what people may read, and no more of it than the results folder holds."""

import os

import pytest

from pipeline.errors import StoreError
from pipeline.places import Url
from pipeline.publish import LIST, Published, publish
from tests.retained import Results, phrase
from tests.s3 import bucket, s3  # noqa: F401

FILES = {
    "calls/a.json": b"{}",
    "calls/b.json": b"{}",
    "pages/a.html": b"<p>",
    "audio/a.wav": b"RIFF",
    "summary.html": b"<p>",
    "quarantine.jsonl": b"",
}
PRIVATE = ("tinghe.db", "batch.json", "log.jsonl", ".lock", "heard/a.json.gz", "calls/.a.json.1-1.tmp")


@pytest.fixture
def results(tmp_path):
    for name, content in {**FILES, **dict.fromkeys(PRIVATE, b"secret")}.items():
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "results"


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.slow)])
def url(request, tmp_path):
    base = request.getfixturevalue("bucket") if request.param == "s3" else f"file://{tmp_path}"
    return Url(base) / "published"


def there(url):
    return {str(name): (url / name).read_bytes() for name in url.files() if name.name != LIST}


def test_what_people_read_is_there_and_what_is_private_is_not(results, url):
    assert publish(results, url) == Published(sent=len(FILES), removed=0)
    assert there(url) == FILES


def test_only_what_changed_is_sent_and_what_is_gone_is_removed(results, url):
    publish(results, url)
    assert publish(results, url) == Published(sent=0, removed=0)
    (results / "calls" / "a.json").write_bytes(b'{"anew": 1}')
    for name in ("calls/b.json", "audio/a.wav"):
        (results / name).unlink()
    assert publish(results, url) == Published(sent=1, removed=2)
    assert there(url) == {
        name: content for name, content in FILES.items() if name not in ("calls/b.json", "audio/a.wav")
    } | {"calls/a.json": b'{"anew": 1}'}


def test_what_an_early_end_left_there_is_known(results, url, monkeypatch):
    put = Url.put

    def full(self, content):
        if self.name == "summary.html":
            raise StoreError("no room")
        put(self, content)

    monkeypatch.setattr(Url, "put", full)
    with pytest.raises(StoreError):
        publish(results, url)
    monkeypatch.setattr(Url, "put", put)
    (results / "calls" / "b.json").unlink()  # deleted before anybody published again
    publish(results, url)
    assert there(url) == {name: content for name, content in FILES.items() if name != "calls/b.json"}


def test_a_list_of_somebody_else_is_not_overwritten(results, tmp_path):
    url = Url(f"file://{tmp_path}/published")
    (url / LIST).put(b"[]")
    with pytest.raises(StoreError, match="not of the form"):
        publish(results, url)


def test_a_file_that_cannot_be_read_is_an_error_of_ours(results, tmp_path):
    os.remove(results / "summary.html")
    os.symlink(tmp_path, results / "summary.html")
    assert publish(results, Url(f"file://{tmp_path}/published")).sent == len(FILES) - 1


def test_what_retention_deletes_is_deleted_there_too(tmp_path):
    from flows.results.retaining import count_or_delete

    made = Results(tmp_path)
    made.add("old", started_at="2020-06-18T10:30:00+08:00")
    made.add("young", started_at="2090-01-01T10:00:00+08:00").show()
    made.store.close()
    config = tmp_path / "settings.toml"
    config.write_text(f'[batch]\npublish = "file://{tmp_path}/published"\n', "utf-8")
    url = Url(f"file://{tmp_path}/published/out")
    publish(made.out, url)
    assert {"calls/old.json", "calls/young.json", "audio/old.wav"} <= set(there(url))
    assert count_or_delete(made.out, config, delete=True)["deleted"] == 1
    left = there(url)
    assert "calls/young.json" in left
    assert not {name for name in left if "old" in name}
    assert not [name for name, content in left.items() if phrase("old").encode() in content]
