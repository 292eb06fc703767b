"""One batch, one owner."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.batch.journal import Journal
from pipeline.batch.ownership import OWNER_LEASE_S, Ownership, locked
from pipeline.batch.units import Pending, Stage, UnitState
from pipeline.errors import StoreError
from pipeline.store import Store


@pytest.fixture
def store(tmp_path):
    opened = Store(f"sqlite:///{tmp_path / 'tinghe.db'}")
    yield opened
    opened.close()


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


def owner(store, name, host="here", clock=None):
    return Ownership(Journal(store, "b", name, clock or Clock()), host)


def test_a_folder_is_locked_for_other_processes_and_free_when_the_process_ends(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from pipeline.batch.ownership import locked\n"
        "with locked(Path(sys.argv[1])): print('mine')\n"
    )
    root = str(Path(__file__).resolve().parents[2])

    def other():
        return subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), root], capture_output=True, text=True
        )

    with locked(tmp_path):
        assert "already writing" in other().stderr
    assert other().stdout == "mine\n"
    with locked(tmp_path):
        pass


def test_another_host_waits_for_the_lease(store):
    clock = Clock()
    mine, other = owner(store, "a", "here", clock), owner(store, "b", "there", clock)
    mine.take_over()
    with pytest.raises(StoreError, match="another host"):
        other.take_over()
    clock.now += OWNER_LEASE_S - 1
    assert mine.renew()
    clock.now += OWNER_LEASE_S - 1
    with pytest.raises(StoreError, match="another host"):
        other.take_over()
    clock.now += 2
    other.take_over()
    assert not mine.renew()
    assert other.renew()


def test_on_one_host_the_lock_decides_and_what_was_in_hand_is_pending_again(store):
    clock = Clock()
    dead = owner(store, "a", clock=clock)
    dead.take_over()
    dead.journal.begin(
        [Pending(call_id="x", stage=Stage.JUDGE, weight=1)], planned=1, skipped=0, quarantined=0
    )
    assert dead.journal.claim("x", Stage.JUDGE, "k", lease_s=60).attempts == 1
    with pytest.raises(StoreError, match="in hand"):
        dead.journal.claim("x", Stage.JUDGE, "k", lease_s=60)
    heir = owner(store, "b", clock=clock)
    assert heir.take_over() == 1
    unit = heir.journal.unit("x", Stage.JUDGE)
    assert (unit.state, unit.attempts, unit.lost) == (UnitState.PENDING, 0, 1)


def test_who_leaves_gives_back_what_is_in_hand_without_blame(store):
    mine = owner(store, "a")
    with mine.held():
        mine.journal.begin(
            [Pending(call_id="x", stage=Stage.JUDGE, weight=1)], planned=1, skipped=0, quarantined=0
        )
        mine.journal.claim("x", Stage.JUDGE, "k", lease_s=60)
    unit = mine.journal.unit("x", Stage.JUDGE)
    assert (unit.state, unit.attempts, unit.lost) == (UnitState.PENDING, 0, 0)
    owner(store, "b", "there").take_over()


def test_a_claim_whose_lease_is_over_can_be_taken(store):
    clock = Clock()
    one, other = (owner(store, name, clock=clock).journal for name in "ab")
    one.begin([Pending(call_id="x", stage=Stage.HEAR, weight=1)], planned=1, skipped=0, quarantined=0)
    one.claim("x", Stage.HEAR, "k", lease_s=60)
    clock.now += 61
    assert other.claim("x", Stage.HEAR, "k", lease_s=60).attempts == 2


def test_attempts_with_another_key_do_not_count(store):
    journal = owner(store, "a").journal
    journal.begin([Pending(call_id="x", stage=Stage.HEAR, weight=1)], planned=1, skipped=0, quarantined=0)
    for _ in range(3):
        journal.claim("x", Stage.HEAR, "k", lease_s=60)
        journal.give_back("x", Stage.HEAR, blamed=True)
    assert journal.unit("x", Stage.HEAR).attempts == 3
    assert journal.claim("x", Stage.HEAR, "k2", lease_s=60).attempts == 1
