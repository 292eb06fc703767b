"""A row says of a call what its JSON says, and nobody who must not be shown."""

from __future__ import annotations

import copy

import pytest

from pipeline.redact import People
from pipeline.report.call_json import to_json
from pipeline.report.dashboard.rows import LOW_ASR, MAX_QUOTE, TAGS, call_row
from pipeline.report.labels import Labels
from pipeline.report.showing import Showing
from tests.golden.sample import report


def sample(**changes):
    return copy.deepcopy(to_json(report())) | changes


def row_of(call, *, mask=True, base=""):
    showing = Showing(
        labels=Labels("zh"), mask=mask, people={call["call_id"]: People.of(report().call.metadata)}
    )
    showing.reading(call)
    return call_row(call, showing, base=base)


def test_what_a_row_holds():
    row = row_of(sample(), mask=False)
    assert (row.agent_id, row.agent, row.lender, row.agency) == ("A100", "A100 周敏", "松河银行", "")
    assert (row.day, row.hour, row.seconds) == ("2026-06-18", 10, 23.0)
    assert (row.codec, row.faults, row.sure_roles) == ("pcm_alaw 8 kHz", ("noisy",), False)
    assert row.asr == pytest.approx(0.91)
    assert [(f.rule, f.state) for f in row.findings] == [
        ("private_phone_or_im", "violation"),
        ("rude_tone", "needs_review"),
        ("call_time_window", "cannot_decide"),
    ]
    assert row.findings[0].evidence == "记我的私人号幺三九零零零零幺二三四"
    assert row.findings[2].evidence == ""
    assert row.tags == ("violated", "review", "poor", "roles")
    assert (row.promise.amount, row.promise.date) == (1000.0, "2026-06-30")


def test_people_are_masked_in_rows():
    row = row_of(sample())
    assert "周敏" not in row.agent
    assert "零零零" not in row.findings[0].evidence


def test_pages_are_found_from_another_folder():
    assert row_of(sample(call_id="a/b 1")).href == "pages/a%252Fb%201.html"
    assert row_of(sample(), base="../2026-06-18/").href == "../2026-06-18/pages/golden-1.html"


def test_long_evidence_is_cut():
    call = sample()
    call["turns"][2]["text"] = "催" * 300
    call["findings"][0] |= {"text_start": 0, "text_end": 300}
    evidence = row_of(call).findings[0].evidence
    assert len(evidence) == MAX_QUOTE
    assert evidence.endswith("…")


def test_what_somebody_has_to_see_comes_with_its_words():
    call = sample()
    call["customer_events"] = ["self_harm_risk", "hardship"]
    call["customer_event_evidence"].append({**call["customer_event_evidence"][0], "event": "self_harm_risk"})
    row = row_of(call)
    assert [(e.event, e.turn, e.evidence) for e in row.urgent] == [("self_harm_risk", 3, "生意垮了")]
    assert row.tags[0] == "risk"


def test_a_transcript_given_as_text_was_not_heard():
    call = sample(quality=[])
    for turn in call["turns"]:
        turn["asr_confidence"] = None
    row = row_of(call)
    assert (row.asr, row.codec) == (None, "")
    assert "low_asr" not in row.tags


def test_confidence_counts_by_length():
    call = sample()
    for turn in call["turns"]:
        turn["asr_confidence"] = 0.5 if len(turn["text"]) > 6 else 1.0
    row = row_of(call)
    assert 0.5 < row.asr < LOW_ASR
    assert row.tags[-1] == TAGS[-1] == "low_asr"


def test_a_call_without_metadata_has_no_time_and_no_names():
    row = row_of(sample(metadata={}))
    assert (row.day, row.hour, row.lender) == ("", None, "")


def test_the_gravest_call_comes_first():
    calm = row_of(sample(call_id="a"))
    red = row_of(sample(call_id="z", scores={**sample()["scores"], "red_line": True, "compliance": 0.0}))
    risk = row_of(sample(call_id="y", customer_events=["self_harm_risk"]))
    unknown = row_of(sample(call_id="b", scores={**sample()["scores"], "compliance": None}))
    ordered = sorted([calm, unknown, red, risk], key=lambda row: row.gravity)
    assert [row.call_id for row in ordered] == ["y", "z", "a", "b"]


def test_a_row_that_is_only_counted_has_no_words():
    counted = call_row(sample(), Showing(labels=Labels("zh")), words=False)
    whole = row_of(sample())
    assert [f.evidence for f in counted.findings] == ["", "", ""]
    assert (counted.tags, counted.compliance, counted.day) == (whole.tags, whole.compliance, whole.day)
