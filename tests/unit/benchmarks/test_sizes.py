"""Who hears how much, and how a run that was cut off goes on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import measure, speech
from tests.benchmarks.answers import Answers
from tests.benchmarks.material import KINDS, MANY_VOICES, MONO, TWO_VOICES, Take
from tests.benchmarks.measure import Bench, SystemFailed
from tests.benchmarks.parts import Outcome
from tests.benchmarks.sizes import FULL, HEAVY, QUICK, STANDARD, Size, shortest
from tests.benchmarks.systems import FASTER_GREEDY, MODES, OPENAI, SYSTEMS, Recorded, Setup

TAKES = [
    Take(name=f"{kind}-{n}", kind=kind, path=Path("x.wav"), seconds=seconds, lines=())
    for kind in KINDS
    for n, seconds in enumerate((30.0, 10.0, 20.0))
]
OWN = next(iter(MODES))


def test_the_shortest_of_each_kind_are_chosen():
    chosen = shortest(TAKES, dict.fromkeys(KINDS, 0) | {MONO: 2, MANY_VOICES: 1})
    assert [take.name for take in chosen] == [f"{MANY_VOICES}-1", f"{MONO}-1", f"{MONO}-2"]
    assert len(shortest(TAKES, {})) == len(TAKES)


@pytest.mark.parametrize("size", [QUICK, STANDARD, FULL])
def test_every_system_hears_every_call_it_should_once_a_round(size):
    turns = size.turns(tuple(SYSTEMS), TAKES)
    for system in SYSTEMS:
        heard = [take.name for who, takes in turns for take in takes if who == system]
        due = [take.name for take in size.calls(system, TAKES)]
        assert sorted(heard) == sorted(due * size.rounds)
    assert all(takes for _, takes in turns)


def test_what_is_compared_is_heard_by_both():
    for size in (QUICK, STANDARD, FULL):
        heavy = {take.name for take in size.calls(OPENAI, TAKES)}
        others = {take.name for take in size.calls(FASTER_GREEDY, TAKES)}
        own = {take.name for take in size.calls(OWN, TAKES)}
        assert heavy <= own
        assert others <= own
        assert all({take.name for take in size.calls(one, TAKES)} == heavy for one in HEAVY)


def test_this_program_hears_all_sounds_and_the_others_some_or_all():
    sounds = [Recorded(name=str(n), path="x.wav") for n in range(7)]
    assert STANDARD.silent(OWN, sounds) == sounds
    assert [sound.name for sound in STANDARD.silent(OPENAI, sounds)] == ["0", "3", "6"]
    assert FULL.silent(OPENAI, sounds) == sounds


def test_another_system_is_first_in_each_leg():
    size = Size(legs=2, rounds=1, lengths_s=(), numbers=())
    turns = size.turns(("a", "b"), TAKES)
    assert [system for system, _ in turns] == ["a", "b", "b", "a"]


def test_the_standard_run_has_both_lengths_that_are_asked_for():
    assert (min(STANDARD.lengths_s), max(STANDARD.lengths_s)) == (10, 7200)
    assert {TWO_VOICES, MONO} <= {take.kind for take in STANDARD.calls(OPENAI, TAKES)}


@pytest.fixture
def order(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"sound")
    recording = {"name": "a", "path": str(tmp_path / "a.wav"), "speakers": 2, "manifest": None}
    return {"system": FASTER_GREEDY, "setup": {"device": "cpu"}, "recordings": [recording]}


def test_an_answer_is_found_wherever_the_recording_lies(order, tmp_path):
    answers = Answers(tmp_path / "answers")
    assert answers.get(order, 0) is None
    answers.put(order, 0, {"heard": "甲"})
    (tmp_path / "b.wav").write_bytes(b"sound")
    moved = order | {"recordings": [order["recordings"][0] | {"path": str(tmp_path / "b.wav")}]}
    assert answers.get(moved, 0) == {"heard": "甲"}
    assert [path.suffix for path in answers.folder.iterdir()] == [".json"]


@pytest.mark.parametrize("other", ["system", "setup", "sound", "name", "number"])
def test_another_order_has_no_answer(order, tmp_path, other):
    answers = Answers(tmp_path / "answers")
    answers.put(order, 0, {})
    recording = order["recordings"][0]
    if other == "sound":
        Path(recording["path"]).write_bytes(b"other")
    asked = order | {
        "system": {"system": OWN},
        "setup": {"setup": {"device": "cuda"}},
        "name": {"recordings": [recording | {"name": "b"}]},
    }.get(other, {})
    assert answers.get(asked, 1 if other == "number" else 0) is None


ANSWER = {
    "system": "a",
    "identity": "a/1",
    "load": [1.0, 1.0],
    "memory": {"loaded": 1, "peak": 2},
    "calls": [{"name": "a", "heard": {"text": "甲"}, "spent": {"decode": [0.1, 0.1]}, "memory": 1}],
}


def test_a_run_that_was_cut_off_asks_only_what_is_missing(tmp_path, monkeypatch):
    asked = []

    def ask(self, order):
        asked.append(order["system"])
        return ANSWER | {"system": order["system"]}

    monkeypatch.setattr(measure.Bench, "_ask", ask)
    (tmp_path / "a.wav").write_bytes(b"sound")
    take = Take(name="a", kind=MONO, path=tmp_path / "a.wav", seconds=1.0, lines=())
    setup = Setup(whisper="", segmentation="", campplus="")
    bench = Bench(setup=setup, answers=Answers(tmp_path / "answers"), keep=tmp_path / "keep")
    kept = []
    runs, _ = bench.take_turns(
        [("one", [take]), ("one", [take])], lambda _: None, lambda r: kept.append(len(r))
    )
    assert (asked, kept) == (["one", "one"], [1, 2])  # rounds of the same are asked each
    again, _ = bench.take_turns([("one", [take]), ("two", [take])], lambda _: None)
    assert asked == ["one", "one", "two"]
    assert again[0] == runs[0]
    without, _ = replace(bench, answers=None).take_turns([("one", [take])], lambda _: None)
    assert asked[-1] == "one"
    assert without == runs[:1]
    assert json.loads((tmp_path / "keep" / "one.json").read_text("utf-8"))["a"]["text"] == "甲"


def test_quick_is_less_than_the_rest():
    def seconds(size: Size) -> float:
        return sum(take.seconds for _, takes in size.turns(tuple(SYSTEMS), TAKES) for take in takes)

    assert seconds(QUICK) < seconds(STANDARD) < seconds(FULL)


def test_sizes_are_chosen_by_option_and_rounds_with_each():
    def size(*given: str) -> Size:
        return speech._size(speech._arguments().parse_args(given))

    assert (size(), size("--quick"), size("--full")) == (STANDARD, QUICK, FULL)
    assert size("--repeat", "3") == replace(STANDARD, rounds=3)
    with pytest.raises(SystemExit):
        size("--quick", "--full")


def test_a_part_that_fails_does_not_take_the_others_with_it(tmp_path, monkeypatch, capsys):
    def fail(job):
        raise SystemFailed("no such thing")

    parts = {"hear": fail, "sounds": lambda job: Outcome(tables=(), content={"silence": {}})}
    monkeypatch.setattr(speech, "PARTS", parts)
    monkeypatch.setattr(speech, "_job", lambda *_: None)
    path = tmp_path / "now.json"
    monkeypatch.setattr("sys.argv", ["speech", "--json", str(path)])
    with pytest.raises(SystemExit) as ended:
        speech.main()
    assert ended.value.code == 1
    assert "hear failed: no such thing" in capsys.readouterr().out
    assert json.loads(path.read_text("utf-8"))["sounds"] == {"silence": {}}
