"""What a worker of a cluster keeps between chunks, what it refuses, and what it tells."""

import pytest

from flows.batch import posts
from flows.batch.posts import Posts, work_on
from flows.batch.runners import _is_here, require_runner
from pipeline.batch.keys import Basis
from pipeline.batch.ownership import Ownership
from pipeline.batch.shards import SHARED, Errand, Shelf
from pipeline.errors import ConfigError
from pipeline.settings import load_settings
from tests.batches import BASIS, FakeBench, batch_of, text_job
from tests.patience import wait_until

SETTINGS = load_settings()


class Bench(FakeBench):
    def close(self):
        self.did.append(("close", "", False))


@pytest.fixture
def benches(monkeypatch):
    """Every bench that is made, in this process instead of lanes; the basis is that of the errand."""
    made = []

    def bench_for(settings, out, *, audio):
        made.append(Bench(out))
        return made[-1]

    monkeypatch.setattr(posts, "bench_for", bench_for)
    monkeypatch.setattr(posts, "_POSTS", Posts())
    monkeypatch.setattr(Basis, "of", classmethod(lambda cls, settings: BASIS))
    yield made
    end_timers(posts._POSTS)
    for post in posts._POSTS._open.values():
        post.close()


def end_timers(kept):
    """Cancel the timers of these posts and wait for those that had begun: then nothing else closes a post."""
    with kept._lock:
        timers = list(kept._ends.values())
    for timer in timers:
        timer.cancel()
        timer.join()


@pytest.fixture
def batch(tmp_path, monkeypatch):
    """Two calls that are handed out in chunks of one, ``1`` and ``2``."""
    monkeypatch.setenv(SHARED, str(tmp_path / "shared"))
    made = batch_of(tmp_path, [text_job("a", weight=2), text_job("b")])
    Ownership(made.journal, "here").take_over()
    made.open()
    shelf = Shelf(tmp_path / "shared", "b")
    shelf.write_errand(errand(tmp_path))
    for chunk in ("1", "2"):
        shelf.write_looks(chunk, made.take(1))
    return made


def errand(folder, owner="me"):
    return Errand(
        batch_id="b",
        owner=owner,
        out=folder,
        audio=False,
        as_kept=False,
        verify=False,
        settings=SETTINGS,
        basis=BASIS,
    )


def test_chunks_of_a_batch_share_what_was_opened_for_the_first(batch, benches):
    accounts = [work_on("b", chunk, alone=False) for chunk in ("1", "2")]
    assert [account.failure for account in accounts] == [None, None]
    assert [bench.times("judge") for bench in benches] == [["a", "b"]]


def test_a_new_owner_gets_a_new_post(batch, benches, tmp_path):
    work_on("b", "1", alone=False)
    Shelf(tmp_path / "shared", "b").write_errand(errand(tmp_path, owner="another"))
    failure = work_on("b", "2", alone=False).failure
    assert "another owner" in failure.message  # of whom the journal knows nothing
    assert [len(bench.times("close")) for bench in benches] == [1, 0]


def test_what_nobody_uses_is_closed(batch, benches, monkeypatch):
    kept = Posts(kept_s=0.0)
    monkeypatch.setattr(posts, "_POSTS", kept)
    work_on("b", "1", alone=False)
    wait_until(lambda: benches[0].times("close"))
    assert kept._open == {}
    assert [len(bench.times("close")) for bench in benches] == [1]
    assert work_on("b", "2", alone=False).failure is None


def test_a_worker_of_another_version_refuses(batch, benches, monkeypatch):
    other = Basis(hearing="h2", judging="j1", showing="s1", rules="r1")
    monkeypatch.setattr(Basis, "of", classmethod(lambda cls, settings: other))
    account = work_on("b", "1", alone=False)
    assert account.outcomes == ()
    error = account.failure.error()
    assert isinstance(error, ConfigError)
    assert "another version" in str(error)
    assert benches == []


def test_a_worker_that_was_told_nothing_says_so(batch, benches, monkeypatch):
    monkeypatch.delenv(SHARED)
    assert SHARED in work_on("b", "1", alone=False).failure.message


def test_a_foreign_error_is_told_by_type(batch, benches, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("李先生欠五千元")

    monkeypatch.setattr(posts, "work_through", broken)
    message = work_on("b", "1", alone=False).failure.message
    assert "RuntimeError" in message
    assert "李" not in message


def with_batch(store="", **values):
    return SETTINGS.model_copy(
        update={
            "batch": SETTINGS.batch.model_copy(update=values),
            "store": SETTINGS.store.model_copy(update={"url": store}),
        }
    )


POSTGRES = "postgresql://tinghe@db.example/tinghe"
AWAY = {"runner": "dask", "runner_address": "tcp://head.example:8786"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (with_batch(runner_address="tcp://head.example:8786"), "goes with runner"),
        (with_batch(runner="ray", runner_address="ray://head.example:10001"), "host:port"),
        (with_batch(**AWAY), "database that they reach"),
        (with_batch(**AWAY, store=POSTGRES), "batch.shared"),
        (with_batch(**AWAY, store=POSTGRES, shared="chunks"), "absolute path"),
        (with_batch(**AWAY, store=POSTGRES, shared="s3://bucket/chunks"), "absolute path"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings, message):
    pytest.importorskip("prefect_dask")
    with pytest.raises(ConfigError, match=message):
        require_runner(settings)


@pytest.mark.parametrize("runner", ["dask", "ray"])
def test_a_runner_that_is_not_installed_is_named_with_its_extra(runner, monkeypatch):
    monkeypatch.setattr("flows.batch.runners.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=rf"tinghe\[{runner}\]"):
        require_runner(with_batch(runner=runner))


def test_settings_that_fit_are_taken():
    pytest.importorskip("prefect_dask")
    require_runner(with_batch())
    require_runner(with_batch(runner="dask"))
    require_runner(with_batch(**AWAY, store=POSTGRES, shared="/mnt/chunks"))


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://127.0.0.1:4200/api", True),
        ("localhost:10001", True),
        ("ray://[::1]:10001", True),
        ("tcp://head.example:8786", False),
        ("192.0.2.1:8786", False),
        ("auto", False),
    ],
)
def test_addresses_of_this_machine_alone_are_known(address, here):
    assert _is_here(address) is here
