"""A lane that dies, hangs or grows costs the request that did it, and nothing else."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline import errors
from pipeline.batch.lanes import DIED, MEMORY, TIMEOUT, Failure, Lane, LaneLimits, Lanes
from pipeline.errors import BatchStopped, LaneError, ManifestError, RecordingError, StoreError, TingheError
from tests.patience import wait_until
from tests.processes import is_running

CHILD = (sys.executable, "-S", "-E", str(Path(__file__).with_name("lane_child.py")))
LONG = 600
"""Seconds that no lane needs."""
LIMITS = LaneLimits(start_s=LONG, memory_mb=300, asks=1000)


def lane(**limits):
    given = {"start_s": LONG, "memory_mb": 300, "asks": 1000, **limits}
    return Lane(CHILD, hello="hello", limits=LaneLimits(**given))


@pytest.fixture
def lanes():
    pool = Lanes(lane, 2)
    yield pool
    pool.close()


def test_a_lane_answers_and_stays_warm(lanes):
    first, second = lanes.ask(("echo", 1), LONG), lanes.ask(("echo", "字" * 100_000), LONG)
    assert first["pid"] == second["pid"]
    assert (first["got"], second["got"], second["done"]) == (1, "字" * 100_000, 3)


@pytest.mark.parametrize(
    ("request_", "reason", "told"),
    [
        (("kill", signal.SIGKILL), DIED, "SIGKILL"),
        (("kill", signal.SIGSEGV), DIED, "SIGSEGV"),
        (("exit", 3), DIED, "status 3"),
        (("hang", None), TIMEOUT, "longer"),
        (("bloat", 500), MEMORY, "300 MB"),
    ],
)
def test_what_takes_a_lane_down_is_told_and_the_next_request_has_a_new_one(lanes, request_, reason, told):
    before = lanes.ask("hello", LONG)["pid"]
    with pytest.raises(LaneError, match=told) as caught:
        lanes.ask(request_, 0.5 if request_[0] == "hang" else LONG)
    assert caught.value.reason == reason
    assert not is_running(before)
    assert lanes.ask(("echo", 5), LONG)["got"] == 5


def test_what_a_lane_prints_goes_nowhere(lanes, capfd):
    assert lanes.ask("shout", LONG)["done"] == 2
    assert capfd.readouterr() == ("", "")


def test_alone_is_a_lane_that_did_nothing_before_and_does_nothing_after(lanes):
    warm = lanes.ask("hello", LONG)
    alone = lanes.ask("hello", LONG, alone=True)
    after = lanes.ask("hello", LONG)
    assert len({warm["pid"], alone["pid"], after["pid"]}) >= 2
    assert alone["done"] == 2
    assert alone["pid"] != after["pid"]
    assert not is_running(alone["pid"])


def test_a_worn_lane_is_replaced():
    pool = Lanes(lambda: lane(asks=2), 1)
    pids = [pool.ask("hello", LONG)["pid"] for _ in range(4)]
    pool.close()
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_no_more_lanes_than_places():
    pool = Lanes(lane, 2)
    pids = []

    def ask():
        pids.append(pool.ask(("sleep", 0.05), LONG)["pid"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.close()
    assert len(pids) == 8
    assert len(set(pids)) <= 2
    assert not any(map(is_running, pids))


def test_closing_ends_lanes_that_work_and_blames_nobody():
    pool, caught = Lanes(lane, 1), []

    def ask():
        with pytest.raises(TingheError) as error:
            pool.ask("hang", LONG)
        caught.append(error.value)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: pool._living)
    pool.close()
    thread.join()
    assert isinstance(caught[0], BatchStopped)
    with pytest.raises(BatchStopped):
        pool.ask("hello", LONG)


def test_a_lane_that_does_not_start_stops_the_batch():
    pool = Lanes(lambda: Lane((sys.executable, "-c", "raise SystemExit(7)"), hello=1, limits=LIMITS), 1)
    with pytest.raises(BatchStopped, match="status 7"):
        pool.ask("hello", LONG)


def test_a_program_that_is_not_there_is_one_clear_error():
    with pytest.raises(StoreError, match="cannot start a lane"):
        Lane(("/nowhere/python",), hello=1, limits=LIMITS)


def test_no_lane_outlives_a_parent_that_is_killed(tmp_path):
    """Neither while it waits nor in the middle of its work."""
    code = (
        "import sys, threading, time; sys.path.insert(0, sys.argv[1])\n"
        "from tests.unit.batch.test_lanes import Lanes, lane\n"
        "pool = Lanes(lane, 2)\n"
        "print(pool.ask('hello', 600)['pid'], flush=True)\n"
        "time.sleep(600)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    parent = subprocess.Popen([sys.executable, "-c", code, root], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_running(pid))


KNOWN = [
    RecordingError("silent", "every channel is silent"),
    ManifestError("line 3", line=3, field="file"),
    StoreError("disk"),
    LaneError(TIMEOUT, "x"),
]


@pytest.mark.parametrize("error", KNOWN, ids=lambda e: type(e).__name__)
def test_an_error_is_the_same_on_the_other_side(error):
    again = Failure.of(error).error()
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_of_a_foreign_error_only_the_type_travels():
    again = Failure.of(ValueError("李先生")).error()
    assert (type(again), again.reason, str(again)) == (errors.UnexpectedError, "unexpected", "ValueError")


def test_too_little_memory_has_its_own_reason():
    assert Failure.of(MemoryError()).error().reason == MEMORY
