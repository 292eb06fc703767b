"""Places by URL: the same on a file system and on S3, and silent about what they hold."""

import stat
from pathlib import Path, PurePosixPath

import pytest

from pipeline.errors import ConfigError, StoreError
from pipeline.places import Url, place
from tests.s3 import bucket, s3  # noqa: F401


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.slow)])
def folder(request, tmp_path):
    base = request.getfixturevalue("bucket") if request.param == "s3" else f"file://{tmp_path}"
    return Url(base) / "night"


def test_what_is_put_is_listed_and_fetched(folder, tmp_path):
    (folder / "a.wav").put(b"sound")
    (folder / "deep" / "b.wav").put(b"more sound")
    files = folder.files()
    assert list(files) == [PurePosixPath("a.wav"), PurePosixPath("deep/b.wav")]
    assert [found.size for found in files.values()] == [5, 10]
    copy = tmp_path / "copies" / "a"
    assert (folder / "a.wav").fetch(copy)
    assert copy.read_bytes() == (folder / "a.wav").read_bytes() == b"sound"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert (folder.exists(), folder.is_file(), (folder / "a.wav").is_file()) == (True, False, True)


def test_other_bytes_of_the_same_length_look_different(folder):
    (folder / "a.wav").put(b"sound")
    before = folder.files()[PurePosixPath("a.wav")]
    assert folder.files()[PurePosixPath("a.wav")] == before
    (folder / "a.wav").put(b"noise")
    assert folder.files()[PurePosixPath("a.wav")] != before


def test_what_is_not_there_is_no_error(folder, tmp_path):
    assert not folder.exists()
    assert folder.files() == {}
    assert not (folder / "a.wav").fetch(tmp_path / "a")
    assert not (tmp_path / "a").exists()
    (folder / "a.wav").remove()
    with pytest.raises(FileNotFoundError):
        (folder / "a.wav").read_bytes()


def test_what_is_removed_is_gone(folder):
    (folder / "a.wav").put(b"sound")
    (folder / "a.wav").remove()
    assert folder.files() == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http://host/calls", "not one of s3://, file://"),
        ("gs://bucket/calls", "not one of"),
        ("s3://key:secret@bucket/calls", "environment"),
        ("s3://bucket/calls?key=secret", "environment"),
        ("s3://", "no bucket"),
    ],
)
def test_urls_that_cannot_be_used_are_refused(text, message):
    with pytest.raises(ConfigError, match=message) as raised:
        place(text)
    assert "secret" not in str(raised.value)


def test_without_a_scheme_it_is_a_path():
    assert place("calls/night") == Path("calls/night")
    assert place("s3://bucket/calls/") == Url("s3://bucket/calls")


def test_errors_tell_the_bucket_and_the_kind_and_nothing_else(monkeypatch, tmp_path):
    class Forbidden:
        def __getattr__(self, name):
            def refuse(*_, **__):
                raise PermissionError("13800138000.wav: access denied to key AKIA")

            return refuse

    url = Url("s3://bucket/13800138000.wav")
    monkeypatch.setitem(url.__dict__, "_place", (Forbidden(), "bucket/13800138000.wav"))
    copy = tmp_path / "copy"
    for ask in (url.exists, url.files, url.read_bytes, lambda: url.put(b""), lambda: url.fetch(copy)):
        with pytest.raises(StoreError) as raised:
            ask()
        assert "PermissionError" in str(raised.value)
        assert "138" not in str(raised.value)
        assert "AKIA" not in str(raised.value)
    assert not copy.exists()


def test_a_url_has_of_a_path_what_sources_are_asked_for():
    url = Url("s3://bucket/calls/night.csv")
    assert (url.name, url.suffix, str(url.parent)) == ("night.csv", ".csv", "s3://bucket/calls")
    assert url.absolute() == url
    assert len({url, Url("s3://bucket/calls/night.csv")}) == 1
