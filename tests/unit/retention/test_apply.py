"""Deleting: all of a call that is due, nothing of another, wherever it is interrupted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pipeline.batch.ownership import locked
from pipeline.errors import ConfigError, StoreError
from pipeline.retention import proof
from pipeline.retention.holds import Subjects, TooLate, release_holds, set_holds
from pipeline.retention.inventory import PLACES, place_of
from pipeline.retention.plan import Standing
from pipeline.retention.profiles import Item
from pipeline.retention.proof import Key, read, verify
from pipeline.retention.tables import intents
from tests.retained import KEY, NOW, PROFILES, Results, files_with, phrase

pytestmark = pytest.mark.slow

OLD = "2026-06-18T10:30:00+08:00"
YOUNG = "2029-06-18T10:30:00+08:00"


@pytest.fixture
def results(tmp_path):
    made = Results(tmp_path)
    yield made
    made.store.close()


def standing(results, **changes):
    return {d.call.call_id: d.standing for d in results.retention(**changes).plan()}


def kinds(results, call_id):
    return {kind for kind in PLACES if place_of(results.out, kind, call_id).exists()}


def rows(results, call_id):
    """Tables in which a call has rows."""
    found = sa.MetaData()
    with results.store.transaction("test") as connection:
        found.reflect(connection)
        return {
            table.name
            for table in found.sorted_tables
            if "call_id" in table.c
            and connection.execute(sa.select(table).where(table.c.call_id == call_id)).first()
        }


def test_nothing_that_was_said_is_left_in_any_byte(results):
    results.add("no-7-old", started_at=OLD, promise=True).add("young", started_at=YOUNG).show()
    before = results.files_with(phrase("no-7-old"))
    places = {"calls", "heard", "inputs", "audio", "pages", "tinghe.db-wal"}
    assert {path.split("/")[0] for path in before} == places
    done = results.retention().apply()
    assert done.calls == ("no-7-old",)
    assert results.files_with(phrase("no-7-old")) == []
    assert results.files_with("D-no-7-old") == []
    assert [path for path in results.files_with("no-7-old") if path != "tinghe.db"] == []
    assert kinds(results, "young") == set(PLACES)
    assert rows(results, "no-7-old") == set()
    assert {"calls", "turns", "findings", "work"} <= rows(results, "young")
    assert results.files_with(phrase("young"))
    results.store.close()
    assert results.files_with(phrase("no-7-old")) == []


def test_the_whole_of_it_with_real_summaries(tmp_path, monkeypatch):
    from flows.results.retaining import opened_retention

    monkeypatch.setenv("TINGHE_RETENTION_KEY", "0123456789abcdef")
    results = Results(tmp_path)
    results.add("old", started_at=OLD).add("young", started_at=YOUNG)
    results.set_aside("bad")
    results.show()
    results.store.close()
    assert set(results.files_with("old")) >= {"summary.html", "summary.csv", "summary.xlsx"}
    with opened_retention(results.out, None, clock=lambda: NOW) as retention:
        assert retention.apply().calls == ("old",)
    for name in (phrase("old"), "D-old", "old.wav", ">old<", "old,"):
        assert results.files_with(name) == [], name
    assert set(results.files_with("young")) >= {"summary.html", "summary.csv", "summary.xlsx"}
    assert "summary.csv" not in results.files_with("old")
    assert "quarantine.jsonl" in results.files_with("bad")


def test_postgresql_forgets_too(tmp_path, postgres):
    results = Results(tmp_path, postgres.new_database())
    results.add("old", started_at=OLD).add("young", started_at=YOUNG).show()
    assert results.retention().apply().calls == ("old",)
    assert rows(results, "old") == set()
    assert "calls" in rows(results, "young")
    assert results.retention().apply().calls == ()
    results.store.close()


def test_the_proof_says_what_was_deleted_and_nothing_of_it(results):
    results.add("old", started_at=OLD).show()
    sound = place_of(results.out, "sound", "old")
    content = sound.read_bytes()
    results.retention().apply()
    (line,) = read(results.out)
    assert line["call"] == KEY.of("old")
    assert {part["kind"] for part in line["files"]} == set(PLACES)
    assert {"kind": "sound", "sha256": _sha256(content), "bytes": len(content)} in line["files"]
    assert line["rows"]["count"] > 10
    assert line["kept_to"] == "2028-06-18"
    assert line["rules"] == [
        {
            "profile": "standard",
            "norms": ["gbt_45251_retention", "card_68_recording"],
            "kept_to": "2028-06-18",
        }
    ]
    assert line["at"] == NOW.isoformat()
    text = (results.out / "deletions.jsonl").read_text("utf-8")
    assert not {name for name in ("old", "D-old", "松河银行", "2026") if name in text}


def _sha256(content):
    import hashlib

    return hashlib.sha256(content).hexdigest()


def test_a_second_time_nothing_happens(results):
    results.add("old", started_at=OLD).add("young", started_at=YOUNG).show()
    first = results.retention().apply()
    again = results.retention().apply()
    assert again.calls == ()
    assert again.head == first.head
    assert verify(results.out).lines == 1


def test_nothing_is_deleted_that_could_not_be_proven(results):
    results.add("old", started_at=OLD).show()
    results.retention().apply()
    results.add("older", started_at=OLD).show()
    with pytest.raises(ConfigError, match="another key"):
        results.retention(key=Key(b"yet another key, long enough")).apply()
    path = results.out / "deletions.jsonl"
    path.write_bytes(path.read_bytes().replace(b"standard", b"Standard"))
    with pytest.raises(StoreError, match="line 1"):
        results.retention().apply()
    assert kinds(results, "older") == set(PLACES)
    assert "turns" in rows(results, "older")


def test_the_last_day_is_kept_and_the_next_is_not(results):
    results.add("call", started_at=OLD)
    day = NOW.replace(year=2028, month=6, day=18, hour=15)  # 23:00 in China
    assert standing(results, clock=lambda: day) == {"call": Standing.YOUNG}
    assert standing(results, clock=lambda: day + timedelta(hours=2)) == {"call": Standing.DUE}


def test_what_the_manifest_says_is_not_undercut(results):
    results.add("call", started_at=OLD, retention_until="2031-01-01")
    assert standing(results) == {"call": Standing.YOUNG}


def test_a_batch_that_works_in_the_folder_stops_it(results):
    results.add("old", started_at=OLD)
    with locked(results.out), pytest.raises(StoreError, match="already"):
        results.retention().apply()
    assert kinds(results, "old") >= {"result", "heard", "sound"}


def test_a_call_in_hand_is_left(results):
    results.add("old", started_at=OLD)
    results.journal.clock = NOW.timestamp
    results.journal.begin([], planned=0, skipped=0, quarantined=0)
    from pipeline.batch.units import Pending, Stage

    results.journal.add([Pending(call_id="old", stage=Stage.JUDGE, weight=1)])
    results.journal.claim("old", Stage.JUDGE, "k", lease_s=60)
    assert standing(results) == {"old": Standing.IN_WORK}


def test_a_result_that_cannot_be_read_is_kept(results):
    results.add("old", started_at=OLD)
    place_of(results.out, "result", "old").write_text("{", "utf-8")
    assert standing(results) == {"old": Standing.UNREADABLE}


def test_ids_that_look_like_each_others_files_are_kept_apart(results):
    results.add("a", started_at=OLD).add("a.json", started_at=YOUNG).add("a.wav", started_at=YOUNG).show()
    results.retention().apply()
    assert kinds(results, "a") == set()
    assert kinds(results, "a.json") == set(PLACES)
    assert kinds(results, "a.wav") == set(PLACES)


def test_a_hold_that_comes_after_the_plan_still_holds(results, monkeypatch):
    results.add("old", started_at=OLD).show()
    retention = results.retention()
    plan = retention._content

    def held_meanwhile(decision):
        set_holds(results.store, Subjects(calls=("old",)), by="a", why="b", at=NOW)
        return plan(decision)

    monkeypatch.setattr(type(retention), "_content", lambda self, decision: held_meanwhile(decision))
    done = retention.apply()
    assert done.calls == ()
    assert done.stopped == ("old",)
    assert kinds(results, "old") == set(PLACES)


class Interrupted(Exception):
    """As good as a power cut: nothing below runs."""


STEPS = (
    ("pipeline.retention.apply.Retention._carry_out", 0),
    ("pipeline.retention.files.unlink", 0),
    ("pathlib.Path.unlink", 2),
    ("pipeline.retention.rows.CallTables.delete", 0),
    ("pipeline.retention.apply.Retention._conclude", 0),
    ("pipeline.store.results.Store.compact", 0),
    ("pipeline.store.results.Store.compact", 1),
    ("pipeline.retention.proof.append", 0),
    ("pipeline.retention.apply.Retention._proof", 1),
)


@pytest.mark.parametrize(("step", "after"), STEPS)
def test_an_interrupted_deletion_is_finished_by_the_next(results, monkeypatch, step, after):
    results.add("old", started_at=OLD).add("older", started_at=OLD).add("young", started_at=YOUNG).show()
    times = iter(range(10_000))

    def interrupt(original):
        def instead(*arguments, **named):
            if next(times) == after:
                raise Interrupted
            return original(*arguments, **named)

        return instead

    with monkeypatch.context() as patch:
        _patch(patch, step, interrupt)
        with pytest.raises(Interrupted):
            results.retention().apply()
    results.retention().apply()
    assert results.files_with(phrase("old")) == results.files_with(phrase("older")) == []
    assert {line["call"] for line in read(results.out)} == {KEY.of("old"), KEY.of("older")}
    assert verify(results.out).lines == 2
    assert kinds(results, "young") == set(PLACES)
    with results.store.transaction("test") as connection:
        assert connection.execute(sa.select(intents)).first() is None


def _patch(patch, step, interrupt):
    import importlib

    parts = step.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            owner = importlib.import_module(".".join(parts[:cut]))
            break
        except ModuleNotFoundError:
            continue
    for name in parts[cut:-1]:
        owner = getattr(owner, name)
    replaced = interrupt(getattr(owner, parts[-1]))
    patch.setattr(owner, parts[-1], replaced)
    if step == "pipeline.retention.files.unlink":
        patch.setattr("pipeline.retention.apply.unlink", replaced)


def test_a_proof_that_was_half_written_is_written_anew(results, monkeypatch):
    results.add("old", started_at=OLD).show()
    append = proof.append

    def tear(folder, proofs):
        append(folder, proofs)
        path = folder / proof.FILE_NAME
        path.write_bytes(path.read_bytes()[:-40])
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(proof, "append", tear)
        with pytest.raises(Interrupted):
            results.retention().apply()
    assert verify(results.out).broken == 1
    results.retention().apply()
    assert verify(results.out).lines == 1


def test_a_hold_in_the_middle_of_a_deletion_keeps_what_is_left(results, monkeypatch):
    results.add("old", started_at=OLD).show()
    with monkeypatch.context() as patch:
        times = iter(range(100))
        unlink = type(results.out).unlink

        def instead(path, **named):
            if next(times) == 2:
                raise Interrupted
            unlink(path, **named)

        patch.setattr("pathlib.Path.unlink", instead)
        with pytest.raises(Interrupted):
            results.retention().apply()
    with pytest.raises(TooLate, match="1 of its calls"):
        set_holds(results.store, Subjects(debtors=("D-old",)), by="a", why="b", at=NOW)
    left = kinds(results, "old")
    assert left
    done = results.retention().apply()
    assert done.stopped == ("old",)
    assert kinds(results, "old") == left
    assert "turns" in rows(results, "old")
    (line,) = read(results.out)
    assert line["stopped_by_hold"] is True
    assert {part["kind"] for part in line["files"]} == set(PLACES) - left


def test_released_holds_of_a_deleted_call_go_with_it(results):
    results.add("old", started_at=OLD).show()
    named = Subjects(calls=("old",), debtors=("D-old",), case="the case of old")
    set_holds(results.store, named, by="a", why="of old", at=NOW)
    assert results.retention().apply().calls == ()
    release_holds(results.store, named, by="a", why="b", at=NOW)
    assert results.retention().apply().calls == ("old",)
    assert results.files_with("the case of old") == []


def deleting_originals(results):
    file = [p if p.when.asked else p.model_copy(update={"recordings": "delete"}) for p in PROFILES.profiles]
    return replace(PROFILES, profiles=tuple(file))


def test_originals_stay_unless_profile_and_settings_say_otherwise(results):
    for name in ("one", "two"):
        results.add(name, started_at=OLD)
    results.show()
    profiles = deleting_originals(results)
    results.retention(may_delete_in=(results.originals,)).apply()
    assert all(path.exists() for path in results.recordings.values())
    results.add("three", started_at=OLD).show()
    results.retention(profiles=profiles).apply()
    assert results.recordings["three"].exists()


def test_originals_in_the_named_folders_go_with_their_calls(results, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("inside", "link", "outside", "changed", "shared"):
        results.add(name, started_at=OLD)
    results.add("young", started_at=YOUNG).show()
    outside = shutil.move(results.recordings["outside"], elsewhere / "outside.wav")
    results.recordings["outside"] = elsewhere / "outside.wav"
    target = shutil.move(results.recordings["link"], elsewhere / "link.wav")
    results.recordings["link"].symlink_to(target)
    results.recordings["changed"].write_bytes(b"another one")
    results.recordings["young-too"] = results.recordings["shared"]
    done = results.retention(profiles=deleting_originals(results), may_delete_in=(results.originals,)).apply()
    assert len(done.calls) == 5
    assert not results.recordings["inside"].exists()
    for name in ("link", "changed", "shared", "young"):
        assert results.recordings[name].exists(), name
    assert outside.exists()
    lines = {line["call"]: line for line in read(results.out)}
    deleted = {name: [p["kind"] for p in lines[KEY.of(name)]["files"]] for name in ("inside", "changed")}
    assert "recording" in deleted["inside"]
    assert "recording" not in deleted["changed"]


def test_sound_alone_can_go_first(results):
    standard = PROFILES.profiles[0]
    first = standard.model_copy(
        update={"profile": "sound", "protects": (Item.SOUND,), "deletes": (Item.SOUND,)}
    )
    keep = standard.keep.model_copy(update={"years": 5})
    rest = (Item.RECORDS, Item.RECORDING)
    second = standard.model_copy(update={"keep": keep, "protects": rest, "deletes": (Item.RECORDS,)})
    profiles = replace(PROFILES, profiles=(first, second))
    pages = []
    results.add("old", started_at=OLD).show()
    done = results.retention(profiles=profiles, rebuild=pages.append).apply()
    assert done.calls == ("old",)
    assert kinds(results, "old") == set(PLACES) - {"sound"}
    assert pages == [frozenset({"old"})]
    assert "turns" in rows(results, "old")
    assert results.retention(profiles=profiles, rebuild=pages.append).apply().calls == ()


def test_a_shared_database_keeps_what_is_of_other_folders(tmp_path):
    url = sa.URL.create("sqlite", database=str(tmp_path / "shared.db"))
    here, there = Results(tmp_path / "a", url), Results(tmp_path / "b", url)
    here.add("here", started_at=OLD).show()
    there.add("there", started_at=OLD).show()
    assert here.retention().apply().calls == ("here",)
    assert kinds(there, "there") == set(PLACES)
    assert "turns" in rows(there, "there")
    assert files_with(tmp_path, phrase("there"))


def test_what_tinghe_did_not_make_is_pointed_out(results):
    results.add("old", started_at=OLD).show()
    (results.out / "notes.txt").write_text(phrase("old"), "utf-8")
    assert results.retention().apply().unknown == ("notes.txt",)
