"""Decisions as labelled lines: only what is decided, masked, and readable by the training."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models.opinion_ngrams import further_lines
from models.opinion_training import read_lines
from pipeline.errors import ConfigError
from pipeline.review.files import MissedRow
from pipeline.review.lines import lines_of
from pipeline.settings import load_settings
from pipeline.types import Role
from tests.golden.sample import finding, said
from tests.unit.review.material import Results, answered, made
from tests.unit.review.test_answers import blind_sample


@pytest.fixture
def results(tmp_path):
    found = Results(tmp_path / "results").save(made("c1"), made("c2"), made("p1", states=()))
    yield found
    found.store.close()


def lines(results):
    reviewed = results.reviewed()
    return {call_id: list(lines_of(results.read(call_id), reviewed)) for call_id in results.ids}


def test_nothing_is_learned_from_what_nobody_decided(results):
    assert lines(results) == {"c1": [], "c2": [], "p1": []}


def test_upheld_and_rejected_turns_become_lines(results):
    file = results.export()
    verdicts = {"c1": "confirmed", "c2": "rejected"}
    rows = tuple(
        row.model_copy(update={"verdict": verdicts[row.call_id], "reason": "x"}) for row in file.findings
    )
    results.take(file.model_copy(update={"findings": rows}))
    found = lines(results)
    (upheld,), (rejected,) = found["c1"], found["c2"]
    assert (upheld["violations"], rejected["violations"]) == (["rude_tone"], [])
    assert upheld["text"].startswith("卡上欠四千二，别磨蹭")
    assert "幺三九零零零零" not in upheld["text"]
    assert upheld["context"] == [{"speaker": "customer", "text": "是我，什么事？"}]
    assert (upheld["speaker"], upheld["acts"]) == ("agent", ["inform_facts"])
    assert upheld["metadata"]["lender"] == "松河银行"
    assert not {"customer_name", "customer_id", "agent_name", "total_due"} & set(upheld["metadata"])
    assert upheld["family"] != rejected["family"]
    assert "c1" not in json.dumps(upheld, ensure_ascii=False)


def test_a_turn_of_which_something_is_open_is_left_out(results):
    call = made("c1")
    other = finding("private_phone_or_im", said(call.transcript.turns[2], "记我的私人号"))
    results.save(replace(call, findings=(*call.findings, other)))
    file = results.export()
    first = tuple(
        row.model_copy(update={"verdict": "confirmed" if at == 0 else "", "reason": "x" if at == 0 else ""})
        for at, row in enumerate(file.findings)
    )
    results.take(file.model_copy(update={"findings": first}))
    assert lines(results)["c1"] == []


def test_what_a_person_added_is_learned_and_what_is_disputed_is_not(results):
    file = answered(results.export(sample=blind_sample(results)), "missed", "", part="calls")
    row = MissedRow(call_id="p1", rule="rude_tone", turn=2, words="别磨蹭", reason="命令")
    results.take(file.model_copy(update={"missed": (row,)}))
    (line,) = lines(results)["p1"]
    assert line["violations"] == ["rude_tone"]
    second = results.export("李雷")
    rows = tuple(
        row.model_copy(update={"verdict": "rejected", "reason": "x"})
        for row in second.findings
        if row.call_id == "p1"
    )
    results.take(second.model_copy(update={"findings": rows}))
    assert lines(results)["p1"] == []


def test_the_training_reads_the_lines(results, tmp_path):
    results.take(answered(results.export()))
    path = tmp_path / "review.jsonl"
    made_lines = [line for found in lines(results).values() for line in found]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in made_lines), "utf-8")
    read = read_lines(path)
    assert [line.rules for line in read] == [frozenset({"rude_tone"})] * 2
    assert [line.turns[-1][0] for line in read] == [Role.AGENT] * 2
    assert {line.family for line in read} == {f"review/{line['family']}" for line in made_lines}


def test_a_file_of_lines_that_is_not_there_is_wrong_configuration(tmp_path):
    with pytest.raises(ConfigError, match="no labelled lines"):
        read_lines(tmp_path / "nothing.jsonl")


def test_lines_are_learned_only_where_the_settings_name_them(tmp_path):
    overlay = tmp_path / "own.toml"
    overlay.write_text(f'[opinion]\nlines = ["{tmp_path}/june.jsonl"]\n', encoding="utf-8")
    assert further_lines(load_settings()) == ()
    assert further_lines(load_settings(overlay)) == (tmp_path / "june.jsonl",)
    assert load_settings().sha256 != load_settings(overlay).sha256, "they change what is found"
