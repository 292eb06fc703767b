"""The batch with real lanes, files and database; engines are fakes, and some calls are poison."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import wave
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from flows.batch import night as night_module
from flows.batch.lane_bench import LaneBench
from flows.batch.night import Order, opened
from flows.cli import app
from flows.deploy.keeper import descendants
from pipeline.batch.bench import Silent
from pipeline.batch.journal import Journal
from pipeline.batch.progress import read_progress, read_set_aside
from pipeline.errors import StoreError
from pipeline.store import Store
from tests.batches import contents
from tests.flows.batch.poisoned import COMMAND
from tests.flows.support import GUARD, ROOT, calls_in, few_rules, homes, quarantine_in, tinghe
from tests.patience import wait_until

pytestmark = pytest.mark.slow

SETTINGS = """
[vad]
engine = "fake"
[asr]
engine = "fake"
[diarization]
engine = "fake"
[opinion]
engine = "none"
[detect]
rules = "{rules}"
[batch]
{batch}
"""
QUICK = """workers = 2
retry_delay_s = 0.01
lane_memory_mb = 800
deadline_s = {deadline}
deadline_factor = 100
"""
LONG = 600
"""Seconds that no call needs."""


def sound(path, seconds, pitch):
    """Four bursts of a tone: enough for fakes to hear speech."""
    t = np.arange(int(8_000 * seconds)) / 8_000
    loud = (np.floor(t * 4 / seconds * 2) % 2 == 0) * 0.3
    samples = (np.sin(2 * np.pi * pitch * t) * loud * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(samples.tobytes())


def source_of(folder, *names):
    source = folder / "in"
    source.mkdir(exist_ok=True)
    for n, name in enumerate(names):
        # One that hangs is short, so that it may only take two seconds.
        sound(source / f"{name}.wav", 0.02 if name.startswith("hang") else 6 + n, 300 + 40 * n)
    return source


def order_of(folder, source, *, out="out", batch=None):
    rules = few_rules(folder)
    config = folder / f"{out}.toml"
    batch = QUICK.format(deadline=LONG) if batch is None else batch
    config.write_text(SETTINGS.format(rules=rules, batch=batch), "utf-8")
    return Order(source=source, out=folder / out, mode="recordings", config=config)


def work(order):
    """A whole run without a scheduler."""
    with opened(order, Silent()) as night:
        for chunks in (lambda: night.first, night.batch.reopen):
            for number in range(chunks()):
                night.batch.run_chunk(number)
            night.batch.run_alone()
        return night.close()


@pytest.fixture
def poisonous(monkeypatch):
    """Lanes that some calls are poison to; the file size that they may write can be limited."""

    def use(*arguments):
        command = (*COMMAND, *arguments)

        def bench(order, settings):
            return LaneBench(settings, order.out, audio=True, command=command)

        monkeypatch.setattr(night_module, "_bench", bench)

    return use


@pytest.mark.flow  # no Prefect, but as slow
def test_poison_costs_itself_alone(tmp_path, poisonous):
    poisonous()
    source = source_of(tmp_path, "good-1", "segv-1", "hang-1", "bloat-1", "good-2")
    order = order_of(tmp_path, source, batch=QUICK.format(deadline=2))
    result = work(order)
    assert {c.call_id: (c.reason, c.attempts) for c in result.quarantined} == {
        "segv-1": ("lane_died", 2),
        "hang-1": ("timeout", 2),
        "bloat-1": ("out_of_memory", 2),
    }
    assert result.summary.planned == 5
    assert result.summary.scored + result.summary.not_scored == 2
    again = work(order)
    assert again.idle
    assert (again.summary.skipped, again.summary.quarantined) == (2, 3)


def test_a_full_disk_ends_the_run_and_the_next_one_finishes_it(tmp_path, poisonous):
    source = source_of(tmp_path, "good-1", "good-2")
    order = order_of(tmp_path, source)
    poisonous("4000")  # no more bytes a file than that
    with pytest.raises(StoreError, match="cannot write"):
        work(order)
    poisonous()
    result = work(order)
    assert (result.summary.planned, result.summary.quarantined) == (2, 0)
    assert not [path for path in order.out.rglob("*.tmp")]


def test_lanes_and_threads_give_the_same_bytes(tmp_path):
    source = source_of(tmp_path, "a", "b", "c")
    work(order_of(tmp_path, source, out="lanes"))
    work(
        order_of(tmp_path, source, out="threads", batch=f'{QUICK.format(deadline=LONG)}\nisolation = "none"')
    )
    lanes, threads = contents(tmp_path / "lanes"), contents(tmp_path / "threads")
    assert lanes[0] == threads[0]
    for table in ("calls", "turns", "findings", "scores", "sound"):
        assert lanes[1][table] == threads[1][table], table


def test_new_rules_judge_what_was_kept_though_the_recordings_are_gone(tmp_path):
    source = source_of(tmp_path, "a", "b")
    order = order_of(tmp_path, source, batch='isolation = "none"')
    work(order)
    for path in source.glob("*.wav"):
        path.write_bytes(b"")
    with sqlite3.connect(order.out / "tinghe.db") as store:
        before = store.execute("SELECT call_id, output FROM work WHERE stage = 'hear'").fetchall()
    store.close()
    config = order.config.read_text("utf-8") + '[score]\nscorecard = "scorecards/default.yaml"\n'
    order.config.write_text(config.replace("[detect]", "[detect]\nviolation_confidence = 0.71"), "utf-8")
    result = work(replace(order, as_kept=True))
    assert (result.summary.planned, result.summary.skipped, result.summary.quarantined) == (2, 0, 0)
    with sqlite3.connect(order.out / "tinghe.db") as store:
        assert store.execute("SELECT call_id, output FROM work WHERE stage = 'hear'").fetchall() == before
    store.close()


def test_two_batches_cannot_write_to_one_folder(tmp_path):
    source = source_of(tmp_path, "a")
    order = order_of(tmp_path, source, batch='isolation = "none"')
    with (
        opened(order, Silent()),
        pytest.raises(StoreError, match="already writing"),
        opened(order, Silent()),
    ):
        pass


def test_progress_can_be_read_while_a_batch_runs(tmp_path):
    source = source_of(tmp_path, "a", "b", "c")
    order = order_of(tmp_path, source, batch='isolation = "none"\nchunk_calls = 1')
    with opened(order, Silent()) as night:
        store = Store(f"sqlite:///{order.out / 'tinghe.db'}")
        batch_id = night.parameters.batch_id
        progress = read_progress(store, batch_id, time.time())
        assert (progress.state, progress.pending, progress.done) == ("running", 3, 0)
        night.batch.run_chunk(0)
        progress = read_progress(store, batch_id, time.time())
        assert (progress.pending, progress.done, progress.planned) == (2, 1, 3)
        assert progress.left_s is not None
        assert progress.cpu_s["hear"] > 0
        night.batch.run_chunk(1)
        night.batch.run_chunk(2)
        night.batch.reopen()
        night.close()
        assert read_progress(store, batch_id, time.time()).state == "done"
        assert read_set_aside(store) == ()
        store.close()


@pytest.mark.flow
@pytest.mark.usefixtures("shared_server")
def test_a_killed_run_is_resumed_and_ends_like_one_that_was_not(tmp_path):
    """The command line, with ``kill -9`` in the middle of a call; then status, resume, quarantine.

    The run that is killed has a server of its own.
    """
    labels = ROOT / "tests" / "data" / "labels"
    calls = [json.loads(path.read_text("utf-8")) for path in sorted(labels.glob("*.json"))]
    source = tmp_path / "calls.jsonl"
    calls.append({**calls[0], "call_id": "hang-1"})
    lines = [json.dumps(call, ensure_ascii=False) for call in calls] + ['{"call_id": "bad"}']
    source.write_text("\n".join(lines), "utf-8")
    config = tmp_path / "settings.toml"
    rules = few_rules(tmp_path)
    config.write_text(
        f"[opinion]\nengine = 'none'\n[detect]\nrules = '{rules}'\n[batch]\nworkers = 2\nchunk_calls = 2\n",
        "utf-8",
    )
    run = ("text", source, "--config", config, "--out")
    env = {
        **os.environ,
        "PYTHONPATH": f"{GUARD}{os.pathsep}{ROOT}",
        "PREFECT_HOME": str(homes.make(tmp_path / "killed")),
    }
    env["TINGHE_TEST_CONNECTIONS"] = str(tmp_path / "connections.log")
    out = tmp_path / "wild"
    killed = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.batch.poisoned", *map(str, (*run, out))],
        env=env,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: killed.poll() is not None or list((out / "calls").glob("*.json")))
    below = [pid for pid in descendants(killed.pid) if is_server(pid)]
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    for pid in below:  # Prefect's server does not end with the run that started it
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def told(*arguments):
        return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "160"})

    assert json.loads(told("status", out, "--json").stdout)["state"] == "died"
    resumed = tinghe(tmp_path, "resume", out)
    assert resumed.code == 3, resumed.stderr
    assert "Nothing to do" in told("resume", out).stdout
    calm = tmp_path / "calm"
    assert tinghe(tmp_path, *run, calm).code == 3
    assert calls_in(out) == calls_in(calm)
    assert quarantine_in(out) == quarantine_in(calm)
    assert contents(out)[0] == contents(calm)[0]

    progress = json.loads(told("status", out, "--json").stdout)
    assert (progress["state"], progress["planned"], progress["quarantined"]) == ("done", len(calls) + 1, 1)
    listed = json.loads(told("quarantine", "list", out, "--json").stdout)
    assert [call["call_id"] for call in listed] == ["bad"]
    wrong = told("quarantine", "retry", out, "nobody")
    assert (wrong.exit_code, "not in quarantine: nobody" in wrong.stderr) == (2, True)
    assert told("status", tmp_path).exit_code == 2


def is_server(pid):
    try:
        return b"uvicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_units_in_quarantine_can_be_released(tmp_path, poisonous):
    poisonous()
    source = source_of(tmp_path, "segv-1")
    order = order_of(tmp_path, source)
    assert work(order).summary.quarantined == 1
    store = Store(f"sqlite:///{order.out / 'tinghe.db'}")
    with opened(order, Silent()) as night:
        batch_id = night.parameters.batch_id
    assert Journal(store, batch_id, "me").release() == ("segv-1",)
    store.close()
    with opened(order, Silent()) as night:
        assert not night.idle
