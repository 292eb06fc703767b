"""Files a call: read back by the readers that others use."""

from __future__ import annotations

import json
import uuid
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.ctm import ctm
from pipeline.export.rttm import (
    LATE_END_MS,
    LATE_START_MS,
    PAUSE_MS,
    rttm,
    rttm_turns,
    runs_of_speech,
)
from pipeline.export.vcon import vcon
from pipeline.export.webvtt import webvtt
from pipeline.types import Interval
from tests.unit.export.samples import call, content, fits, said, turn


def test_captions_are_read_by_a_webvtt_reader(tmp_path):
    reader = pytest.importorskip("webvtt")
    one = said(("agent", "您好 <b> & --> 再见\n\n好"), ("customer", "嗯。"))
    one["turns"].append(turn(2, "customer", "对", start=3725.5, end=3725.5))
    path = tmp_path / "a.vtt"
    path.write_text(webvtt(call(one)), encoding="utf-8")
    cues = list(reader.read(path))
    assert [(cue.start, cue.end, cue.voice) for cue in cues] == [
        ("00:00:00.000", "00:00:02.000", "坐席"),
        ("00:00:03.000", "00:00:05.000", "客户"),
        ("01:02:05.500", "01:02:05.501", "客户"),
    ]
    assert cues[1].text == "嗯。"
    assert "-->" not in cues[0].raw_text
    assert "&lt;b&gt; &amp; --&gt; 再见 好" in path.read_text(encoding="utf-8")


def test_captions_name_parties_in_english_too():
    assert "<v Agent>" in webvtt(call(), "en")


def read_rttm(tmp_path, text):
    """Spans and names, as a program that scores diarization reads them."""
    load_rttm = pytest.importorskip("pyannote.database.util").load_rttm
    path = tmp_path / "a.rttm"
    path.write_text(text, encoding="utf-8")
    (annotation,) = load_rttm(path).values()
    return [(s.start, s.end, label) for s, _, label in annotation.itertracks(yield_label=True)]


def test_rttm_is_read_by_a_diarization_reader(tmp_path):
    one = said(("agent", "您好"), ("customer", "嗯"), ("system", "嘟"), call_id="a b")
    one["turns"][1]["channel"] = 1
    text = rttm_turns(call(one))
    assert read_rttm(tmp_path, text) == [(0.0, 2.0, "agent_voice_1"), (3.0, 5.0, "customer_voice_2")]
    lines = [line.split(" ") for line in text.splitlines()]
    assert [(len(line), line[1], line[2]) for line in lines] == [(10, "a_b", "1"), (10, "a_b", "2")]


def timed(index, role, *words, **changes):
    """A turn with words from start to end, from its first to its last."""
    told = [{"text": "甲", "start": a, "end": b, "probability": 0.9} for a, b in words]
    whole = {"start": words[0][0], "end": words[-1][1]}
    return turn(index, role, "甲" * len(words), words=told, **whole) | changes


def test_rttm_leaves_out_pauses_and_machines(tmp_path):
    one = said(("agent", "甲"))
    one["turns"] = [
        timed(0, "agent", (1.0, 1.2), (1.7, 1.9), (3.0, 3.4)),
        timed(1, "system", (4.0, 4.5)),
        timed(2, "customer", (3.3, 3.5), role_confidence=0.8),
    ]
    text = rttm(call(one))
    assert read_rttm(tmp_path, text) == [
        (1.05, 2.05, "agent_voice_1"),
        (3.05, 3.55, "agent_voice_1"),
        (3.35, 3.65, "customer_voice_2"),
    ]
    assert [line.split(" ")[8] for line in text.splitlines()] == ["0.9500", "0.9500", "0.8000"]


def test_lines_of_a_speaker_do_not_overlap_and_end_with_the_recording(tmp_path):
    one = said(("agent", "甲"))
    one["duration"] = 3.0
    one["turns"] = [
        timed(0, "agent", (1.0, 1.9)),
        timed(1, "agent", (2.0, 2.95), role_confidence=0.7),
    ]
    text = rttm(call(one))
    assert read_rttm(tmp_path, text) == [(1.05, 3.0, "agent_voice_1")]
    assert text.split(" ")[8] == "0.7000"


def test_a_turn_whose_words_are_not_known_is_spoken_throughout(tmp_path):
    one = said(("agent", "您好"))
    one["turns"][0]["words"] = []
    assert read_rttm(tmp_path, rttm(call(one))) == [(0.0, 2.0, "agent_voice_1")]


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 600)), min_size=1, max_size=20))
def test_every_word_is_in_one_run_and_runs_are_apart(words):
    spans = [Interval(start_ms=start, end_ms=start + length) for start, length in words]
    runs = runs_of_speech(spans)
    assert all(before.end_ms < after.start_ms for before, after in pairwise(runs))
    for span in spans:
        start, end = span.start_ms + LATE_START_MS, span.end_ms + LATE_END_MS
        assert sum(run.start_ms <= start and end <= run.end_ms for run in runs) == 1
    assert sum(run.duration_ms for run in runs) <= sum(
        span.duration_ms + LATE_END_MS - LATE_START_MS for span in spans
    ) + PAUSE_MS * (len(spans) - 1)


def test_ctm_is_sorted_by_channel_and_time_with_fields_that_hold_no_blanks():
    one = said(("agent", "您好"), ("customer", "嗯"))
    one["turns"][0]["channel"], one["turns"][1]["channel"] = 1, 0
    one["turns"][1]["words"][0]["text"] = " ok go "
    lines = [line.split(" ") for line in ctm(call(one, mask=False)).splitlines()]
    assert lines == [
        ["golden-1", "1", "3.000", "0.050", "ok_go", "0.9000"],
        ["golden-1", "2", "0.000", "0.050", "您", "0.9000"],
        ["golden-1", "2", "0.050", "0.050", "好", "0.9000"],
    ]


@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize("one", [content(), said(("agent", "您好"), ("system", "嘟"))])
def test_a_vcon_is_of_the_draft_with_a_transcript_of_its_draft(one, mask):
    made = json.loads(vcon(call(one, mask=mask)))
    fits(made, "vcon")
    transcript, judged = made["analysis"]
    assert (transcript["type"], judged["type"]) == ("wtf_transcription", "report")
    assert made["extensions"] == ["wtf_transcription"]
    body = transcript["body"]
    fits(body, "wtf")
    assert [segment["id"] for segment in body["segments"]] == list(range(len(body["segments"])))
    for segment in body["segments"]:
        assert segment["end"] > segment["start"]
        assert all(body["words"][i]["speaker"] == segment["speaker"] for i in segment["words"])
    assert sorted(i for s in body["speakers"].values() for i in s["segments"]) == list(
        range(len(body["segments"]))
    )
    assert made["dialog"][transcript["dialog"]]["start"] == one["metadata"]["started_at"]


def test_a_masked_vcon_names_the_one_that_is_not():
    shown, masked = (json.loads(vcon(call(mask=mask))) for mask in (False, True))
    assert "redacted" not in shown
    assert masked["redacted"] == {"uuid": shown["uuid"], "type": "tinghe.mask/1"}
    assert masked["uuid"] != shown["uuid"]
    assert uuid.UUID(masked["uuid"]).version == 8
    assert vcon(call()) == vcon(call())


def test_a_text_without_times_is_a_plain_transcript():
    one = said(("agent", "您好"), ("customer", "嗯"))
    for said_turn in one["turns"]:
        said_turn.update(start=None, end=None, words=[])
    one["metadata"] = {}
    made = json.loads(vcon(call(one)))
    fits(made, "vcon")
    assert made["dialog"] == []
    assert made["extensions"] == []
    assert made["analysis"][0]["body"] == "agent: 您好\ncustomer: 嗯\n"
    assert "dialog" not in made["analysis"][0]
