"""Files a call: read back by the readers that others use."""

from __future__ import annotations

import json
import uuid

import pytest

from pipeline.export.ctm import ctm
from pipeline.export.rttm import rttm
from pipeline.export.vcon import vcon
from pipeline.export.webvtt import webvtt
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


def test_rttm_is_read_by_a_diarization_reader(tmp_path):
    load_rttm = pytest.importorskip("pyannote.database.util").load_rttm
    one = said(("agent", "您好"), ("customer", "嗯"), ("system", "嘟"), call_id="a b")
    one["turns"][1]["channel"] = 1
    path = tmp_path / "a.rttm"
    path.write_text(rttm(call(one)), encoding="utf-8")
    (annotation,) = load_rttm(path).values()
    heard = [(s.start, s.end, label) for s, _, label in annotation.itertracks(yield_label=True)]
    assert heard == [(0.0, 2.0, "agent_voice_1"), (3.0, 5.0, "customer_voice_2")]
    lines = [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(len(line), line[1], line[2]) for line in lines] == [(10, "a_b", "1"), (10, "a_b", "2")]


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
