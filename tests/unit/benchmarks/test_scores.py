"""From what was heard to rows, and from rows to figures; rows survive the file."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.benchmarks import results
from tests.benchmarks.clock import DECODE, REST, SPEAKERS, SPEECH, WORDS
from tests.benchmarks.material import MANY_VOICES, MONO, TWO_VOICES, Line, Take
from tests.benchmarks.measure import Costly, Run
from tests.benchmarks.metrics import Estimate, difference, ratio
from tests.benchmarks.parts import Outcome
from tests.benchmarks.report import accuracy, against, compared, estimate, paired, shown, speakers, stages
from tests.benchmarks.scores import counts_of, nearest_speaker, rows_of
from tests.benchmarks.systems import FASTER_GREEDY, OPENAI, PYANNOTE, PYANNOTE_CUT, RECIPES, Heard


def take(name="one", kind=TWO_VOICES, voices=("a", "b"), manifest=None):
    lines = (
        Line(speaker=voices[0], text="甲乙，丙", start_s=0.0, end_s=3.0),
        Line(speaker=voices[1], text="丁戊", start_s=3.0, end_s=5.0),
    )
    return Take(name=name, kind=kind, path=Path("x.wav"), seconds=10.0, lines=lines, manifest=manifest)


CALL = take(kind=MONO, voices=("agent", "customer"), manifest=Path("manifest.csv"))


def run(system, heard, *, cpu=1.0, names=("one",)):
    spent = {
        DECODE: (0.1, 0.2),
        SPEECH: (0.2, 0.2),
        WORDS: (cpu, 2 * cpu),
        SPEAKERS: (2.0, 2.0),
        REST: (0.5, 0.5),
    }
    calls = tuple(Costly(name=name, heard=heard, spent=spent, memory=1) for name in names)
    return Run(system=system, identity=system, load=(1.0, 1.0), loaded=10**6, peak=2 * 10**6, calls=calls)


def test_words_alone_have_no_speakers():
    assert counts_of(take(), Heard(text="甲乙丙丁")) == {"CER": (1, 5)}


def test_speakers_alone_have_no_words():
    counts = counts_of(take(), Heard(spans=(("x", 0, 3), ("y", 3, 5))))
    assert counts["DER, collar 0"] == (0, 5)
    assert "CER" not in counts


def test_pauses_of_a_turn_count_as_speech_or_not():
    line = Line(speaker="a", text="甲", start_s=0.0, end_s=4.0, spoken=((0.5, 2.0), (2.5, 4.0)))
    paused = Take(name="one", kind=TWO_VOICES, path=Path("x.wav"), seconds=5.0, lines=(line,))
    counts = counts_of(paused, Heard(spans=(("x", 0.5, 2.0), ("x", 2.5, 4.0))))
    assert counts["missed, collar 0"] == pytest.approx((1, 4))
    assert counts["spoken, missed, collar 0"] == pytest.approx((0, 3))


def test_nothing_heard_is_all_wrong():
    assert counts_of(take(), Heard())["CER"] == (5, 5)


def test_roles_count_where_there_are_roles():
    told = {"agent": "丁戊", "customer": "甲乙丙"}
    counts = counts_of(CALL, Heard(text="甲乙丙丁戊", parties=told, roles=told))
    assert counts["cpCER"] == (0, 5)
    assert counts["role CER"] == (6, 5)
    assert counts["roles exchanged"] == (1.0, 1)
    assert "role CER" not in counts_of(take(), Heard(text="甲", parties=told, roles=told))


def test_voices_that_answer_once_are_no_speakers_to_tell():
    heard = Heard(text="甲", parties={"x": "甲"}, spans=(("x", 0, 5),), turns=(("x", 0, 5),))
    assert counts_of(take(kind=MANY_VOICES), heard) == {"CER": (4, 5)}


def test_words_go_to_the_speaker_they_overlap_most_or_the_nearest():
    spans = [("a", 0.0, 2.0), ("b", 2.0, 4.0)]
    words = [("甲", 0.5, 1.0, 1.0), ("乙", 1.8, 2.6, 1.0), ("丙", 4.2, 4.4, 1.0), ("丁", 9.0, 9.5, 1.0)]
    assert nearest_speaker(words, spans) == {"a": "甲", "b": "乙丙", "": "丁"}
    assert nearest_speaker(words[:1], []) == {"": "甲"}


def test_turns_and_speech_are_each_held_against_their_own():
    line = Line(speaker="a", text="甲", start_s=0.0, end_s=4.0, spoken=((0.5, 2.0), (2.5, 4.0)))
    paused = Take(name="one", kind=TWO_VOICES, path=Path("x.wav"), seconds=5.0, lines=(line,))
    heard = Heard(
        spans=(("x", 0.0, 5.0),),
        turns=(("x", 0.0, 4.0),),
        speech=(("x", 0.5, 2.0), ("x", 2.5, 4.0)),
    )
    counts = counts_of(paused, heard)
    assert counts["DER, collar 0"] == pytest.approx((1, 4))
    assert counts["turns, DER, collar 0"] == pytest.approx((0, 4))
    assert counts["speech, DER, collar 0"] == pytest.approx((0, 3))
    alone = counts_of(paused, Heard(spans=heard.spans))
    assert alone["speech, DER, collar 0"] == alone["spoken, DER, collar 0"] == pytest.approx((2, 3))


@pytest.mark.parametrize(("recipe", "pyannote"), RECIPES.items())
def test_a_plain_recipe_is_put_together(recipe, pyannote):
    words = Heard(text="甲乙丙丁戊", words=(("甲乙丙", 0.0, 2.9, 1.0), ("丁戊", 3.1, 5.0, 1.0)))
    spans = Heard(spans=(("x", 0, 3), ("y", 3, 5)))
    rows = rows_of([run(OPENAI, words), run(pyannote, spans)], [take()])
    (plain,) = (row for row in rows if row.system in RECIPES)
    assert plain.system == recipe
    assert plain.counts["cpCER"] == (0, 5)
    assert plain.counts["DER, collar 0.25"][0] == pytest.approx(0)
    assert plain.get("cpu") == pytest.approx((3.8, 10.0))


def test_costs_are_means_of_the_rounds():
    heard = Heard(text="甲乙丙丁戊")
    (row,) = rows_of([run(FASTER_GREEDY, heard, cpu=1.0), run(FASTER_GREEDY, heard, cpu=3.0)], [take()])
    assert row.get("cpu words") == pytest.approx((2.3, 10.0))
    assert row.get("wall words with times") == pytest.approx((4.0, 10.0))
    assert estimate([row], "cpu").value == pytest.approx(0.48)


def test_pairs_are_calls_that_both_heard():
    takes = [take(name) for name in ("one", "two")]
    ours = rows_of([run("a", Heard(text="甲乙丙丁戊"), cpu=0.7)], takes)
    theirs = rows_of([run("b", Heard(text="甲乙丙"), cpu=2.7, names=("one", "two"))], takes)
    assert paired(ours, theirs, "CER", difference).value == pytest.approx(-0.4)
    assert paired(ours, theirs, "cpu words", ratio).value == pytest.approx(1 / 3)
    assert paired(ours, theirs, "role CER", difference) is None


def test_rows_survive_the_file_and_no_word_is_in_it(tmp_path):
    runs = [run("a", Heard(text="甲乙丙丁戊", parties={"x": "甲"}, spans=(("x", 0, 3),)))]
    rows = rows_of(runs, [take()])
    path = tmp_path / "figures.json"
    results.Kept(path=path, repeats=1, mode="").add("hear", Outcome(tables=(), rows=rows, runs=runs))
    assert "甲" not in path.read_text("utf-8")
    assert results.read(path) == rows


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "rows": [{"a": 1}]}'])
def test_another_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"other\.json: no result"):
        results.read(path)


def test_tables_have_what_is_known():
    told = {"agent": "甲乙丙", "customer": "丁戊"}
    heard = Heard(text="甲乙丙丁戊", parties=told, roles=told, spans=(("x", 0, 3),), turns=(("x", 0, 3),))
    runs = [run("tinghe fast", heard, cpu=1.0), run(FASTER_GREEDY, Heard(text="甲"), cpu=2.0)]
    rows = rows_of(runs, [CALL])
    console = Console(width=200, file=StringIO())
    for table in (
        *accuracy(rows),
        *speakers(rows),
        stages(rows, runs),
        against(rows),
        compared(rows, rows, "x"),
    ):
        console.print(table)
    text = console.file.getvalue()
    assert "0.400" in text  # DER: the second party's two seconds of five are missed
    assert "-0.800" in text  # CER against faster-whisper's
    assert "0.565" in text  # 1.3 seconds of CPU against 2.3


def test_figures_are_shown_with_their_interval():
    assert shown(None) == "–"
    assert shown(Estimate(value=float("nan"), low=0, high=0)) == "–"
    assert shown(Estimate(value=0.5, low=0.5, high=0.5)) == "0.500"
    assert shown(Estimate(value=-0.1, low=-0.2, high=0.05), signed=True) == "-0.100 (-0.200–+0.050)"


def test_each_recipe_has_the_calls_that_its_parts_heard():
    words, spans = Heard(text="甲"), Heard(spans=(("x", 0, 3),))
    takes = [take(name) for name in ("one", "two")]
    runs = [
        run(OPENAI, words, names=("one", "two")),
        run(PYANNOTE, spans, names=("one",)),
        run(PYANNOTE_CUT, spans, names=("two",)),
    ]
    recipes = [(row.system, row.take) for row in rows_of(runs, takes) if row.system in RECIPES]
    assert recipes == [("plain recipe", "one"), ("plain recipe, frames cut", "two")]
