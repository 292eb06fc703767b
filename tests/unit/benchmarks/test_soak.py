"""The made night is the same for the same seed, kept as the batch asks for it; its account is checked."""

import json
import os
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.batch import heard
from pipeline.batch.keys import Basis, file_sha256
from pipeline.batch.plan import Job
from pipeline.manifest import plan_recordings
from pipeline.settings import load_settings
from pipeline.types import DecodedAudio, Role, Transcript, Turn, Word
from tests.benchmarks.soak_child import Meter
from tests.benchmarks.soak_night import BAD_KINDS, STORED_S, NightPlan, make_night, read_pool
from tests.benchmarks.soak_report import Size, cost_table, exponent, further, growth_table, size_table
from tests.benchmarks.soak_run import Passed, cpu_of, faults_of, is_server, peak_of, what_stands

PLAN = NightPlan(calls=24, recordings=2, seconds=1.0, bad=0.25)


def _kept(name, turns=6):
    said = tuple(
        Turn(
            index=i,
            role=(Role.AGENT, Role.CUSTOMER)[i % 2],
            role_confidence=0.9,
            text=f"{name}{i}",
            start_ms=1000 + 3000 * i,
            end_ms=3500 + 3000 * i,
            words=(Word(text=name, start_ms=1000 + 3000 * i, end_ms=3500 + 3000 * i, probability=0.5),),
        )
        for i in range(turns)
    )
    audio = DecodedAudio(
        channels=(),
        sample_rate=16_000,
        duration_ms=20_000,
        sha256="0" * 64,
        container="wav",
        codec="pcm",
        source_rate=8_000,
        source_channels=1,
    )
    return heard.Kept(key="k", listened_by={"asr": "x"}, audio=audio, transcript=Transcript(turns=said))


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A small night with bad calls of every kind."""
    return make_night(PLAN, tmp_path_factory.mktemp("soak") / "night", [_kept("甲"), _kept("乙")])


def test_the_same_seed_gives_the_same_night(night, tmp_path):
    again = make_night(PLAN, tmp_path / "night", [_kept("甲"), _kept("乙")])
    for name in ("manifest.csv", "dials.csv"):
        assert (again.manifest.parent / name).read_bytes() == (night.manifest.parent / name).read_bytes()
    for folder in ("recordings", "results/heard"):
        one, other = (
            {p.name: p.read_bytes() for p in (n.manifest.parent / folder).iterdir()} for n in (night, again)
        )
        assert one == other


def test_another_seed_gives_another_night(night, tmp_path):
    plan = NightPlan(calls=24, recordings=2, seconds=1.0, bad=0.25, seed=2)
    other = make_night(plan, tmp_path / "night", [_kept("甲")])
    assert other.manifest.read_bytes() != night.manifest.read_bytes()


def test_stored_calls_lie_under_the_key_that_the_batch_asks_for(night):
    basis = Basis.of(load_settings(night.config))
    found = plan_recordings(night.manifest)
    kept = 0
    for call in found.calls:
        had = heard.take(heard.place_of(night.out, call.call_id))
        number = int(call.call_id.removeprefix("soak-"))
        if number < PLAN.recordings or call.call_id in night.bad:
            assert had is None
            continue
        assert had[0].key == basis.hear_key(call, file_sha256(call.recording.path))
        kept += 1
    assert kept == PLAN.calls - PLAN.recordings - len(night.bad)


def test_stored_calls_last_three_minutes_in_order_and_differ(night):
    calls = [heard.take(path)[0] for path in sorted((night.out / "heard").iterdir()) if heard.take(path)]
    for kept in calls:
        turns = kept.transcript.turns
        assert [turn.index for turn in turns] == list(range(len(turns)))
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(turns))
        assert STORED_S * 900 < turns[-1].end_ms <= STORED_S * 1000
        assert all(turn.words[0].start_ms == turn.start_ms for turn in turns)
    assert len({tuple(turn.text for turn in kept.transcript.turns) for kept in calls}) > 1


def test_every_recording_is_another(night):
    there = Counter(path.read_bytes() for path in (night.manifest.parent / "recordings").iterdir())
    assert max(there.values()) == 1


def test_bad_calls_of_every_kind_are_where_it_says(night):
    assert set(night.bad.values()) == set(BAD_KINDS)
    assert len(night.bad) == round(PLAN.bad * PLAN.calls)
    rejected = {row.call_id for row in plan_recordings(night.manifest).rejected}
    assert rejected == {call_id for call_id, kind in night.bad.items() if kind == "bad row"}
    for call_id, kind in night.bad.items():
        there = (night.manifest.parent / "recordings" / f"{call_id}.wav").exists()
        assert there == (kind != "missing file")


def test_debtors_and_numbers_come_back(night):
    calls = plan_recordings(night.manifest).calls
    debtors = Counter(call.metadata.customer_id for call in calls)
    assert max(debtors.values()) > 1
    assert Job(call=calls[0]).call.metadata.called_number.startswith("+86")


def test_no_pool_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing that was heard"):
        read_pool(tmp_path)


def _passed(counts):
    return Passed(
        wall=1,
        cpu=1,
        own=1,
        lanes=0,
        starts=[],
        parts={},
        stages={},
        parent_peak=1,
        lane_peak=1,
        counts=counts,
    )


def _write_results(night, *, without=(), aside=None):
    (night.out / "calls").mkdir(exist_ok=True)
    for path in (night.out / "calls").iterdir():
        path.unlink()
    rows = {call_id for call_id, kind in night.bad.items() if kind == "bad row"}
    for number in range(PLAN.calls):
        call_id = f"soak-{number:06}"
        if call_id not in rows and call_id not in without:
            (night.out / "calls" / f"{call_id}.json").write_text("{}")
    lines = [json.dumps({"call_id": call_id}) for call_id in (night.bad if aside is None else aside)]
    (night.out / "quarantine.jsonl").write_text("\n".join(lines))


def test_an_account_that_holds(night):
    _write_results(night)
    assert faults_of(night, _passed({"scored": PLAN.calls})) == []


def test_an_account_that_lacks_a_call(night):
    good = next(f"soak-{n:06}" for n in range(PLAN.calls) if f"soak-{n:06}" not in night.bad)
    _write_results(night, without=[good])
    assert len(faults_of(night, _passed({"scored": PLAN.calls - 1}))) == 2


def test_a_good_call_in_quarantine_and_a_bad_one_that_is_not(night):
    good = next(f"soak-{n:06}" for n in range(PLAN.calls) if f"soak-{n:06}" not in night.bad)
    _write_results(night, aside=[*list(night.bad)[1:], good])
    (said,) = faults_of(night, _passed({"scored": PLAN.calls}))
    assert "lacks 1 bad calls and holds 1 good ones" in said


def test_a_call_twice_in_quarantine(night):
    _write_results(night, aside=[*night.bad, next(iter(night.bad))])
    assert faults_of(night, _passed({"scored": PLAN.calls})) == ["a call is in quarantine twice"]


def test_a_file_written_anew_shows(night):
    (night.out / "pages").mkdir(exist_ok=True)
    _write_results(night)
    before = what_stands(night)
    path = next((night.out / "calls").iterdir())
    os.utime(path, ns=(1, 1))
    after = what_stands(night)
    assert {name for name in before if before[name] != after[name]} == {str(path)}


def test_a_part_within_another_is_counted_once():
    meter = Meter()
    inner = meter.around("inner", lambda: sum(i * i for i in range(300_000)))
    meter.around("outer", lambda: [inner(), inner()])()
    assert meter.spent["inner"] > 10 * meter.spent["outer"]


def _size(calls, *, own, cpu, work, sound_s=0.0):
    first = replace(
        _passed({"scored": calls}), own=own, cpu=cpu, stages={"hear": work / 2, "judge": work / 2}
    )
    return Size(calls=calls, workers=1, recordings=0, sound_s=sound_s, bad=0, first=first, second=_passed({}))


def test_what_each_further_call_costs_is_free_of_what_starts_once():
    small, large = _size(10, own=3, cpu=15, work=4), _size(110, own=5, cpu=37, work=24)
    assert (small.overhead, large.overhead) == (11, 13)
    assert further(small, large) == pytest.approx(20.0)


def test_twice_the_calls_at_twice_the_cost_is_linear():
    assert exponent(_size(10, own=2, cpu=9, work=1), _size(20, own=4, cpu=9, work=1)) == pytest.approx(1.0)


def test_hearing_is_known_only_where_something_was_listened_to():
    assert _size(10, own=1, cpu=9, work=4).hearing is None
    assert _size(10, own=1, cpu=9, work=4, sound_s=20).hearing == pytest.approx(0.1)


def test_tables_show_a_night_without_hearing():
    size = _size(10, own=1, cpu=9, work=4)
    assert cost_table(size, None).row_count == 5
    assert size_table(size).row_count > 5
    assert growth_table([size, _size(20, own=2, cpu=18, work=8)]).row_count == 2


def test_a_process_is_looked_at_and_a_gone_one_costs_nothing():
    assert cpu_of(os.getpid()) > 0
    assert peak_of(os.getpid()) > 1e7
    assert not is_server(os.getpid())
    assert (cpu_of(2**22 + 1), peak_of(2**22 + 1), is_server(2**22 + 1)) == (0.0, 0, False)
