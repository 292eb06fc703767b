"""Reading results back."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import TranscriptError
from pipeline.report.call_json import to_json, write_call
from pipeline.stored import from_json, read_call_or_transcript, read_stored
from pipeline.types import CallStatus, NotChecked, Role, Tone, ToneFrame, Transcript, Turn, Word
from tests.golden.sample import report

MS = st.integers(0, 4 * 3600 * 1000)
CHANCE = st.integers(0, 10_000).map(lambda n: n / 10_000)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def turns(draw):
    """Turns with whatever is heard of one; probabilities as a result keeps them, to 4 decimals."""
    made = []
    for index in range(draw(st.integers(0, 4))):
        timed = draw(st.booleans())
        start = draw(MS)
        word = st.builds(Word, text=TEXT, start_ms=MS, end_ms=MS, probability=CHANCE)
        made.append(
            Turn(
                index=index,
                role=draw(st.sampled_from(Role)),
                role_confidence=draw(CHANCE),
                text=draw(TEXT),
                start_ms=start if timed else None,
                end_ms=start + draw(MS) if timed else None,
                words=tuple(draw(st.lists(word, max_size=3))),
                channel=draw(st.none() | st.integers(0, 7)),
                speaker=draw(st.none() | st.sampled_from(["channel 1", "voice 3"])),
                overlap=draw(st.booleans()),
                asr_confidence=draw(st.none() | CHANCE),
                level_db=draw(st.none() | st.floats(-90, 0)),
            )
        )
    return tuple(made)


@given(turns(), st.none() | MS)
def test_what_is_written_is_read_back(made, duration_ms):
    written = replace(report(), transcript=Transcript(turns=made), duration_ms=duration_ms)
    stored = from_json(json.loads(json.dumps(to_json(written))))
    assert stored.transcript.turns == made
    assert stored.duration_ms == duration_ms


def test_the_quality_of_the_sound_comes_back_and_results_without_it_are_read():
    content = to_json(report())
    assert from_json(content).transcript.quality == report().transcript.quality
    del content["quality"], content["roles"]
    for turn in content["turns"]:
        del turn["level_db"], turn["speaker"]
    earlier = from_json(content).transcript
    assert earlier.quality == ()
    assert {(turn.level_db, turn.speaker) for turn in earlier.turns} == {(None, None)}


def test_metadata_come_back_but_for_those_of_persons():
    stored = from_json(to_json(report()))
    known = stored.call.metadata
    kept = ("agent_id", "lender", "callee_role", "started_at", "days_overdue", "total_due")
    for name in kept:
        assert known.get(name) == report().call.metadata.get(name), name
    assert known.customer_name is None
    assert stored.call.call_id == "golden-1"


def test_tones_and_status_come_back():
    tones = (ToneFrame(turn=0, tone=Tone.HOSTILE), ToneFrame(turn=3, tone=Tone.WARM))
    stored = from_json(to_json(replace(report(), tones=tones)))
    assert stored.tones == {0: Tone.HOSTILE, 3: Tone.WARM}
    unscored = replace(report(), status=CallStatus.NOT_SCORED, status_reason="voicemail")
    assert from_json(to_json(unscored)).status is CallStatus.NOT_SCORED


@pytest.mark.parametrize(
    ("not_checked", "recorded", "one_sided"),
    [
        ((), True, False),
        ((NotChecked(check="both_parties", reason="dead_channel"),), True, True),
        ((), False, None),
    ],
)
def test_a_dead_channel_is_remembered(not_checked, recorded, one_sided):
    sound = replace(report().provenance, recording_sha256="a" * 64 if recorded else None)
    assert (
        from_json(to_json(replace(report(), not_checked=not_checked, provenance=sound))).one_sided
        is one_sided
    )


def test_a_file_is_a_result_or_a_transcript(tmp_path):
    stored = read_call_or_transcript(write_call(report(), tmp_path))
    assert stored.duration_ms == 23_000
    path = tmp_path / "call.json"
    turns = [{"speaker": "agent", "text": "您好"}]
    path.write_text(json.dumps({"call_id": "c-1", "turns": turns}), "utf-8")
    given_text = read_call_or_transcript(path)
    assert (given_text.call.call_id, given_text.duration_ms, given_text.tones) == ("c-1", None, {})


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": "tinghe.call/1"}', '{"call_id": "a"}'])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content, "utf-8")
    with pytest.raises(TranscriptError, match=r"x\.json"):
        read_call_or_transcript(path)


def test_metadata_that_no_call_has_are_refused_without_their_value(tmp_path):
    content = to_json(report())
    content["metadata"]["direction"] = "sideways"
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(TranscriptError, match="direction") as caught:
        read_stored(path)
    assert "sideways" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TranscriptError, match="nothing"):
        read_call_or_transcript(tmp_path / "nothing.json")
