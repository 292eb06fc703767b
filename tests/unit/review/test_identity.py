"""A decision stays with the same words, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

from pipeline.report.call_json import to_json
from pipeline.review.identity import added_task, call_task, finding_task, pair
from tests.golden.sample import finding
from tests.unit.review.material import made


def tasks(call):
    return [finding_task(call, one) for one in call["findings"]]


def test_the_same_judgement_is_the_same_task():
    call = to_json(made())
    (task,) = tasks(call)
    assert pair(call, [task]) == {task.task_id: (task, False)}


def test_other_rules_carry_the_decision_over_and_say_so():
    (task,) = tasks(to_json(made()))
    now = to_json(made(rules_sha256="e" * 64))
    assert pair(now, [task]) == {task.task_id: (task, True)}


def test_another_state_is_still_about_the_same_words():
    (task,) = tasks(to_json(made()))
    now = to_json(made(states=("needs_review",)))
    (found,) = pair(now, [task]).values()
    assert found == (task, False)


def test_the_same_words_in_another_transcript_keep_their_decision():
    (task,) = tasks(to_json(made()))
    now = to_json(made(last="好的，再见。"))
    (new,) = tasks(now)
    assert new.task_id != task.task_id
    assert pair(now, [task]) == {new.task_id: (task, True)}


def test_other_words_in_the_same_place_do_not():
    before = to_json(made())
    (task,) = tasks(before)
    now = to_json(made(last="好的，再见。"))
    for turn in now["turns"]:
        turn["text"] = turn["text"].replace("别磨蹭", "别着急")
    now["findings"][0]["evidence"] = "别着急"
    assert now["findings"][0]["id"] == before["findings"][0]["id"]
    assert pair(now, [task]) == {}


def test_words_that_are_said_by_somebody_else_now_do_not():
    (task,) = tasks(to_json(made()))
    now = to_json(made(last="好的，再见。"))
    now["turns"][2]["role"] = "customer"
    assert pair(now, [task]) == {}


def test_words_that_are_said_twice_carry_nothing_over():
    (task,) = tasks(to_json(made()))
    now = to_json(made(last="好的，再见。"))
    now["turns"][4]["text"], now["turns"][4]["role"] = now["turns"][2]["text"], now["turns"][2]["role"]
    now["findings"].append({**now["findings"][0], "turn": 4, "id": "another"})
    assert pair(now, [task]) == {}


def test_a_finding_about_the_whole_call_rests_on_all_that_was_said():
    whole = finding("missing_self_id", None, reason="没有表明身份。")
    (task,) = tasks(to_json(replace(made(), findings=(whole,))))
    again = to_json(replace(made(rules_sha256="e" * 64), findings=(whole,)))
    assert list(pair(again, [task]).values()) == [(task, True)]
    assert pair(to_json(replace(made(last="好的，再见。"), findings=(whole,))), [task]) == {}


def test_another_rule_on_the_same_words_is_another_task():
    call = to_json(made())
    other = {**call["findings"][0], "rule": "insult_abuse", "id": "x"}
    assert finding_task(call, other).evidence_sha256 != tasks(call)[0].evidence_sha256


def test_a_call_as_a_whole_is_about_its_recording():
    assert call_task(to_json(made())).task_id == call_task(to_json(made(last="好的，再见。"))).task_id
    text = made()
    text = replace(text, provenance=replace(text.provenance, recording_sha256=None))
    other = made(last="好的，再见。")
    other = replace(other, provenance=replace(other.provenance, recording_sha256=None))
    assert call_task(to_json(text)).task_id != call_task(to_json(other)).task_id


def test_two_persons_who_add_the_same_words_add_one_task():
    call = to_json(made())
    assert added_task(call, "rude_tone", (2, 0, 3)) == added_task(call, "rude_tone", (2, 0, 3))
    assert added_task(call, "rude_tone", (2, 0, 3)).task_id != added_task(call, "rude_tone", None).task_id


def test_no_task_holds_a_word_of_the_call():
    call = to_json(made())
    assert "磨蹭" not in repr([*tasks(call), added_task(call, "rude_tone", (2, 9, 12))])
