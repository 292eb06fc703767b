"""The demo, as a stranger runs it: real recordings, real models, sealed from the network."""

import pytest

from tests.audio_accuracy import speech_errors
from tests.flows.support import calls_in, guarded, homes, labels

pytestmark = [pytest.mark.audio, pytest.mark.flow]


MEASURED = """
import resource, subprocess, sys
code = subprocess.call([sys.executable, "-m", "flows.cli", *sys.argv[2:]])
with open(sys.argv[1], "w") as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=file)
sys.exit(code)
"""
"""Runs ``tinghe`` and writes down how large the largest of its processes became (KiB on Linux)."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    outcome = guarded(
        ["-c", MEASURED, str(folder / "peak"), "demo", "--out", str(folder / "out")],
        folder / "connections.log",
        PREFECT_HOME=str(homes.make(folder / "prefect")),
    )
    assert outcome.code == 0, outcome.stderr
    return outcome, folder / "out"


@pytest.fixture(scope="module")
def calls(demo):
    return calls_in(demo[1])


def test_every_recording_ends_in_a_scored_call(calls):
    assert {name: call["status"] for name, call in calls.items()} == dict.fromkeys(labels(), "scored")
    for call in calls.values():
        assert 0 <= call["scores"]["compliance"] <= 100
        assert 0 <= call["scores"]["effectiveness"] <= 100


def test_a_table_and_the_page_are_shown_at_the_end(demo):
    outcome, out = demo
    for name in labels():
        assert name in outcome.stdout
        assert (out / "pages" / f"{name}.html").exists()
        assert (out / "audio" / f"{name}.wav").exists()
    assert "summary.html" in outcome.stdout


def test_nothing_left_the_machine(demo):
    assert demo[0].connections == ""


def test_memory_stays_in_bounds(demo):
    """The largest process of the run, all models loaded."""
    _, out = demo
    assert int((out.parent / "peak").read_text()) / 2**20 < 2.5


def test_turns_are_in_time_and_words_in_their_turns(calls):
    for call in calls.values():
        starts = [turn["start"] for turn in call["turns"]]
        assert starts == sorted(starts)
        for turn in call["turns"]:
            assert turn["start"] < turn["end"] <= call["duration"] + 0.001
            assert turn["words"]
            for word in turn["words"]:
                assert turn["start"] - 0.001 <= word["start"] <= word["end"] <= turn["end"] + 0.001


def test_nobody_is_taken_for_the_other(calls):
    for name, label in labels().items():
        errors = speech_errors(label, calls[name])
        assert errors.by_role <= errors.swapped, name


def test_the_words_are_mostly_right(calls):
    """Far from what is measured (docs/accuracy.md), so that only a real break fails."""
    errors = [speech_errors(label, calls[name]) for name, label in labels().items()]
    assert sum(e.by_role for e in errors) / len(errors) < 0.35


def test_evidence_is_literal_and_has_its_sound(calls):
    seen = 0
    for call in calls.values():
        for finding in call["findings"]:
            if finding["turn"] is None:
                continue
            turn = call["turns"][finding["turn"]]
            assert finding["evidence"] in turn["text"]
            assert turn["start"] - 0.001 <= finding["start"] < finding["end"] <= turn["end"] + 0.001
            seen += 1
    assert seen


def test_red_lines_are_confirmed_or_up_for_review_and_never_invented(calls):
    """Words in doubt turn a red line into a question for a person, never into nothing."""
    for name, label in labels().items():
        scores = calls[name]["scores"]
        crossed = label["call_level"]["red_line"]
        assert (scores["compliance_if_confirmed"] == 0) == crossed, name
        assert crossed or not scores["red_line"], name
