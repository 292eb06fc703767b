"""kill -9, fifty times, of workers and of the batch itself: the same results as on a quiet night."""

import mmap
import os
import random
import signal
import struct
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.batch.journal import Journal
from pipeline.batch.lanes import Lane, LaneLimits, Lanes
from pipeline.batch.ownership import Ownership, locked
from pipeline.errors import TingheError
from pipeline.report.files import remove_unfinished
from pipeline.store import Store
from tests.batches import FakeBench, batch_of, contents, recorded_job
from tests.patience import wait_until
from tests.processes import is_running

pytestmark = pytest.mark.slow

CHILD = (sys.executable, "-S", "-E", str(Path(__file__).with_name("lane_child.py")))
CALLS, KILLS, WORKERS = 200, 50, 2
PATIENT = {"workers": WORKERS, "chunk_calls": 10, "retry_delay_s": 0.0, "losses": 1000, "lane_retries": 10}
AHEAD = 2
"""Steps that go on while the killer gets there: it may be stopped, and the work must not be over before."""
FREE = 2**63
_COUNT = struct.Struct("Q")


@dataclass
class LaneBench(FakeBench):
    """Every step goes through a lane, as in life, counted where the killer sees it, and waits for leave."""

    lanes: Lanes = None
    steps: mmap.mmap = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, job, key, recording_sha256, *, alone):
        self.through_a_lane(alone)
        return super().hear(job, key, recording_sha256, alone=alone)

    def judge(self, job, heard_sha256, seen, *, alone):
        self.through_a_lane(alone)
        return super().judge(job, heard_sha256, seen, alone=alone)

    def through_a_lane(self, alone):
        wait_until(lambda: counted(self.steps) < allowed(self.steps), every_s=0.001)
        self.lanes.ask(("sleep", 0.002), 600, alone=alone)
        with self.lock:
            self.steps[:8] = _COUNT.pack(counted(self.steps) + 1)


def shared_steps():
    """How many steps were made, and how many may be, for this process and those below it."""
    steps = mmap.mmap(-1, 16)
    allow(steps, FREE)
    return steps


def counted(steps):
    return _COUNT.unpack(steps[:8])[0]


def allowed(steps):
    return _COUNT.unpack(steps[8:])[0]


def allow(steps, number):
    steps[8:] = _COUNT.pack(number)


def a_lane():
    return Lane(CHILD, hello="hello", limits=LaneLimits(start_s=600, memory_mb=500, asks=100))


def jobs_of(source):
    """Calls of 40 debtors, five each, who refuse or complain at times."""
    return [
        recorded_job(
            path,
            customer_id=f"k{n % 40}",
            started_at=f"2026-03-05 {7 + n // 40 * 2:02}:{n % 60:02}",
        )
        for n, path in enumerate(sorted(source.iterdir()))
    ]


def events_of(source):
    return {path.stem: ["refused"] for n, path in enumerate(sorted(source.iterdir())) if n % 7 == 0}


def one_run(source, out, steps, url=None):
    """One life of the batch: workers in threads, lanes below them."""
    with locked(out):
        store = Store(url or f"sqlite:///{out / 'tinghe.db'}")
        journal = Journal(store, "b", f"me-{os.getpid()}")
        lanes = Lanes(a_lane, WORKERS)
        with Ownership(journal, "here").held():
            remove_unfinished(out)
            bench = LaneBench(out, lanes=lanes, steps=steps, events=events_of(source))
            batch = batch_of(
                out,
                jobs_of(source),
                bench=bench,
                store=store,
                journal=journal,
                alike=("debtor",),
                settings=PATIENT,
            )
            try:
                for begin in (batch.open, batch.reopen):
                    in_threads(batch, begin())
                    batch.run_alone()
                return batch.close()
            finally:
                lanes.close()
                store.close()


def in_threads(batch, chunks):
    errors, numbers, lock = [], list(range(chunks)), threading.Lock()

    def work():
        while True:
            with lock:
                if not numbers or errors:
                    return
                number = numbers.pop()
            try:
                batch.run_chunk(number)
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def life(source, out, steps, url):
    """A life in a process of its own; its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 9
    try:
        code = 0 if one_run(source, out, steps, url).balanced else 8
    except TingheError:
        code = 7
    except BaseException:
        traceback.print_exc()
    os._exit(code)


def children_of(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            continue
    return sorted(filter(is_running, found))


def has_ended(pid):
    """Whether a child is done; its status can be asked for afterwards."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def disturbed_run(source, out, steps, seed, *, planned=KILLS, url=None, shake=lambda kills: None):
    """Lives of the batch until it is done, killed at random moments, half of the time a lane; all lanes.

    ``shake`` is called after each kill, to break something else.
    """
    chance, kills, lanes = random.Random(seed), 0, set()
    victims = ["batch", "lane"] * (planned // 2)
    chance.shuffle(victims)
    for _ in range(10 * planned):
        pid = life(source, out, steps, url)
        while kills < planned and not has_ended(pid):
            until = counted(steps) + chance.randint(0, 6)
            allow(steps, until + AHEAD)
            wait_until(lambda: counted(steps) >= until or has_ended(pid), every_s=0.0005)  # noqa: B023
            time.sleep(chance.random() * 0.01)
            if victims[kills] == "batch":
                kills += kill(pid)
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            else:
                below = lanes_of(pid, steps)
                lanes.update(below)
                kills += bool(below) and kill(chance.choice(below))
            allow(steps, counted(steps) + AHEAD)
            shake(kills)
        if kills == planned:
            allow(steps, FREE)
        _, status = os.waitpid(pid, 0)
        if kills == planned and os.waitstatus_to_exitcode(status) == 0:
            return lanes
    raise AssertionError(f"it never ended: {kills} kills")


def lanes_of(pid, steps):
    """Lanes of a batch as soon as it has some; none where it ends before."""

    def found():
        allow(steps, counted(steps) + 1)
        return children_of(pid) or has_ended(pid)

    below = wait_until(found, every_s=0.0005)
    return [] if below is True else below


def a_night(folder, calls):
    source = folder / "in"
    source.mkdir()
    for n in range(calls):
        (source / f"call-{n:03}.wav").write_text("字" * (n % 17 + 1), "utf-8")
    return source


def test_fifty_kills_change_nothing(tmp_path):
    source = a_night(tmp_path, CALLS)
    steps = shared_steps()
    for name in ("calm", "wild"):
        (tmp_path / name).mkdir()
    assert one_run(source, tmp_path / "calm", steps).not_scored == CALLS
    lanes = disturbed_run(source, tmp_path / "wild", steps, seed=20260305)
    assert len(lanes) >= KILLS // 2
    calm, wild = contents(tmp_path / "calm"), contents(tmp_path / "wild")
    assert [name for name in wild[0] if ".tmp" in name] == []
    assert calm == wild
    assert len(calm[0]) == 2 * CALLS + 1  # what was heard, results, the account
    wait_until(lambda: not any(map(is_running, lanes)))
    # and once more: nothing is left to do
    before = counted(steps)
    assert one_run(source, tmp_path / "wild", steps).skipped == CALLS
    assert counted(steps) == before


def test_kills_and_a_server_that_fails_change_nothing_on_postgresql(tmp_path, postgres):
    """The same with the journal on a server, which dies as well, and against a quiet night on SQLite."""
    calls, planned, falls = 60, 12, []

    def shake(kills):
        if kills in (4, 8) and kills not in falls:
            falls.append(kills)
            postgres.stop()
            time.sleep(0.2)
            postgres.start()

    source = a_night(tmp_path, calls)
    steps, url = shared_steps(), postgres.new_database()
    for name in ("calm", "wild"):
        (tmp_path / name).mkdir()
    assert one_run(source, tmp_path / "calm", steps).not_scored == calls
    disturbed_run(source, tmp_path / "wild", steps, seed=7, planned=planned, url=url, shake=shake)
    assert falls == [4, 8]
    assert contents(tmp_path / "calm") == contents(tmp_path / "wild", url)
    before = counted(steps)
    assert one_run(source, tmp_path / "wild", steps, url).skipped == calls
    assert counted(steps) == before
