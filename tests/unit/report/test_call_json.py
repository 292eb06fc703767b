"""The JSON of a call: the published form, literal evidence, the same bytes, nobody's name in the fields."""

from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest

from pipeline.errors import StoreError, TranscriptError
from pipeline.report.call_json import SCHEMA_FILE, SCHEMA_ID, read_call, to_json, write_call
from pipeline.types import CallStatus, Commitment, NotChecked, Proposer, Transcript
from tests.golden.sample import report, said


@pytest.fixture(scope="module")
def schema():
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def not_scored():
    empty = Transcript(turns=())
    return dataclasses.replace(
        report(),
        status=CallStatus.NOT_SCORED,
        status_reason="voicemail",
        transcript=empty,
        tones=(),
        findings=(),
        acts=(),
        customer_events=(),
        promise=None,
        if_swapped=None,
    )


def test_the_published_schema_is_a_schema_and_knows_every_field(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"] == {"const": SCHEMA_ID}
    assert set(to_json(report())) == set(schema["properties"])
    # what came later is not asked of files that were written before
    assert set(schema["properties"]) - set(schema["required"]) == {"conduct", "quality", "roles"}


def test_every_object_of_the_form_is_closed(schema):
    def objects(node):
        if isinstance(node, dict):
            if "properties" in node and node.get("type") == "object":
                yield node
            for value in node.values():
                yield from objects(value)
        elif isinstance(node, list):
            for value in node:
                yield from objects(value)

    found = list(objects(schema))
    assert len(found) > 8
    assert all(node["additionalProperties"] is False for node in found)


@pytest.mark.parametrize("made", [report, not_scored], ids=["scored", "not_scored"])
def test_what_is_written_is_read_back(tmp_path, made):
    path = write_call(made(), tmp_path)
    assert path.name == "golden-1.json"
    assert read_call(path) == to_json(made())


def test_evidence_is_literal_and_its_offsets_point_at_it():
    content = to_json(report())
    texts = {turn["index"]: turn["text"] for turn in content["turns"]}
    placed = [*content["findings"], *content["acts"], *content["customer_event_evidence"]]
    with_turn = [p for p in placed if p["turn"] is not None]
    assert len(with_turn) >= 10
    for place in with_turn:
        assert texts[place["turn"]][place["text_start"] : place["text_end"]] == place["evidence"]


def test_uncertainty_reaches_the_findings():
    content = to_json(report())
    sure, doubted, whole = content["findings"]
    assert (sure["certainty"]["words"], sure["if_swapped"]) == (0.91, "flips")
    assert doubted["certainty"] == {
        "words": 0.62,
        "lowest_word": 0.11,
        "speaker": 0.97,
        "overlap": True,
        "faults": ["noisy"],
    }
    assert (whole["certainty"], whole["if_swapped"]) == (None, None)
    other = content["roles"]["if_swapped"]
    assert (content["roles"]["confidence"], other["compliance"], other["red_line"]) == (0.72, 60.0, False)
    assert [finding["rule"] for finding in other["findings"]] == ["missing_self_id"]
    assert to_json(not_scored())["roles"]["if_swapped"] is None


def test_the_voice_of_a_turn_and_the_condition_of_a_promise_are_written():
    one = report()
    condition = said(one.transcript.turns[3], "店里生意垮了")
    promise = dataclasses.replace(
        one.promise, certainty=Commitment.CONDITIONAL, condition=condition, proposed_by=Proposer.BOTH
    )
    content = to_json(dataclasses.replace(one, promise=promise))
    assert [turn["speaker"] for turn in content["turns"][:2]] == ["channel 0", "channel 1"]
    made = content["promise_to_pay"]
    assert (made["certainty"], made["proposed_by"]) == ("conditional", "both")
    assert (made["condition"], made["condition_turn"]) == ("店里生意垮了", 3)


def test_a_result_of_an_earlier_version_is_read(tmp_path):
    content = to_json(report())
    del content["quality"], content["roles"]
    for finding in content["findings"]:
        del finding["certainty"], finding["if_swapped"]
    for turn in content["turns"]:
        del turn["speaker"]
    for name in ("proposed_by", "certainty", "condition", "condition_turn"):
        del content["promise_to_pay"][name]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content), "utf-8")
    assert read_call(path) == content


def test_times_are_seconds_with_three_decimals():
    content = to_json(report())
    assert content["duration"] == 23.0
    assert (content["turns"][2]["start"], content["turns"][2]["end"]) == (7.2, 13.45)
    assert content["turns"][0]["words"][0]["end"] == 0.82
    assert content["removals"][0]["start"] == 6.9


def test_the_fields_name_nobody_and_keep_no_unknown_column():
    metadata = to_json(report())["metadata"]
    assert metadata["agent_id"] == "A100"
    assert not metadata.keys() & {"agent_name", "customer_name", "customer_id", "branch"}


def test_a_call_that_was_not_scored_has_no_scores():
    scores = to_json(not_scored())["scores"]
    assert scores["compliance"] is scores["effectiveness"] is None
    assert scores["red_line"] is scores["complete"] is False
    assert scores["effectiveness_items"] == []


def test_a_check_that_did_not_run_makes_the_scores_incomplete():
    blocked = dataclasses.replace(report(), not_checked=(NotChecked(check="tone", reason="示例"),))
    assert to_json(report())["scores"]["complete"] is True
    assert to_json(blocked)["scores"]["complete"] is False


def test_models_are_written_in_the_same_order_whatever_order_they_come_in():
    one = report()
    turned = dict(reversed(list(one.provenance.models.items())))
    other = dataclasses.replace(one, provenance=dataclasses.replace(one.provenance, models=turned))
    assert json.dumps(to_json(one)) == json.dumps(to_json(other))


def test_a_report_outside_the_form_is_not_written_and_the_error_quotes_nothing(tmp_path):
    bad = dataclasses.replace(
        report(), provenance=dataclasses.replace(report().provenance, rules_sha256="松河")
    )
    with pytest.raises(StoreError) as caught:
        write_call(bad, tmp_path)
    assert "golden-1" in str(caught.value)
    assert "rules_sha256" in str(caught.value)
    assert "松河" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_text_that_utf8_cannot_hold_is_a_store_error(tmp_path):
    one = report()
    turns = (dataclasses.replace(one.transcript.turns[0], text="坏\ud800"), *one.transcript.turns[1:])
    bad = dataclasses.replace(one, transcript=Transcript(turns=turns), findings=(), acts=())
    with pytest.raises(StoreError, match="UnicodeEncodeError"):
        write_call(bad, tmp_path)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b"[" * 100_000, b'{"schema": "tinghe.call/2"}'])
def test_a_file_that_is_no_call_is_refused(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(TranscriptError, match=r"x\.json"):
        read_call(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TranscriptError, match="No such file"):
        read_call(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status",), "done"),
        (("scores", "compliance"), 101),
        (("turns", 0, "role"), "boss"),
        (("findings", 0, "state"), "maybe"),
        (("turns", 0, "speaker"), "某某"),
        (("promise_to_pay", "date"), "30.6.2026"),
        (("promise_to_pay", "certainty"), "sure"),
        (("metadata", "customer_name"), "某某"),
        (("scores", "red_line"), True),
    ],
)
def test_the_schema_refuses_what_the_form_does_not_allow(tmp_path, path, value):
    content = to_json(report())
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = tmp_path / "x.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(TranscriptError):
        read_call(file)
