"""Ranges, anchors, expressions and rules of Alibaba's 智能对话分析 behave as documented."""

import pytest

from pipeline.detect.facts import Facts
from pipeline.detect.importers.alibaba_rules import import_rules
from pipeline.errors import RulePackError
from pipeline.types import Tone
from tests.unit.detect.importers.alibaba import KEYWORDS, condition, content, imported, operator
from tests.unit.detect.importers.support import as_json, loaded, packs, raised, told

SPOKEN = ("A: 还钱一", "C: 还钱二", "A: 还钱三", "C: 还钱四", "A: 还钱五", "A: 还钱六")


@pytest.mark.parametrize(
    ("check_range", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"role": "客服", "range": {"from": 1, "to": 3}}, [0, 2, 4]),
        ({"role": "客服", "range": {"from": -1, "to": -3}}, [2, 4, 5]),
        ({"role": "客服", "range": {"from": 2, "to": -2}}, [2, 4]),
        ({"role": "客户", "range": {"from": 1, "to": 1}}, [1]),
        ({"role": "客服", "absolute": True, "range": {"from": 2, "to": 3}}, [2]),
        ({"role": "客户", "absolute": True, "range": {"from": 1, "to": 1}}, []),
    ],
)
def test_ranges(tmp_path, check_range, expected):
    assert raised(loaded(tmp_path, imported(condition(check_range=check_range))), *SPOKEN) == expected


@pytest.mark.parametrize(
    ("location", "role", "bounds", "expected"),
    [
        ("AFTER", "客服", (1, 1), [4]),
        ("AFTER", "客服", (1, -1), [4, 5]),
        ("AFTER", "客服", (0, 1), [2, 4]),
        ("AFTER", "客服", (-1, -1), [5]),
        ("AFTER", "客户", (1, 1), [3]),
        ("AFTER", "客户", (0, 0), []),  # the anchor is not the customer's
        ("BEFORE", "客服", (1, 1), [0]),
        ("BEFORE", "客户", (1, -1), [1]),
        ("BEFORE", None, (-1, -1), [0]),
        ("CURRENT", "客服", None, [2]),
        ("AROUND", "客服", (0, 0), [2]),
        ("AROUND", "客服", (-1, 1), [0, 2, 4]),
        ("AROUND", None, (1, 2), [3, 4]),
    ],
)
def test_anchors(tmp_path, location, role, bounds, expected):
    first = condition("1", [{"type": "HIT_ANY_KEYWORDS", "param": {"keywords": ["钱三"]}}])
    check_range = {"anchor": {"cid": "1", "location": location, "hit_time": 1}}
    check_range |= {"role": role} if role else {}
    check_range |= {"range": dict(zip(("from", "to"), bounds, strict=True))} if bounds else {}
    book = loaded(tmp_path, imported(first, condition("2", check_range=check_range)))
    assert raised(book, *SPOKEN) == expected


@pytest.mark.parametrize(
    ("hit_time", "minus_one", "expected"),
    [
        (1, "any", [1]),
        (2, "any", [3]),
        (3, "any", []),
        (-1, "any", [1, 3]),
        (-1, "last", [3]),
        (0, "any", [1]),
    ],
)
def test_which_hit_of_the_anchor(tmp_path, hit_time, minus_one, expected):
    first = condition("1", check_range={"role": "客服"})
    anchor = {"cid": "1", "location": "AFTER", "hit_time": hit_time}
    second = condition(
        "2",
        [{"type": "REGULAR_EXPRESSION", "param": {"regex": "好"}}],
        {"anchor": anchor, "range": {"from": 1, "to": 1}},
    )
    given = imported(first, second, minus_one=minus_one)
    assert raised(loaded(tmp_path, given), "A: 还钱", "C: 好", "A: 还钱", "C: 好") == expected
    assert bool(told(given, "hit_time", "decided")) is (hit_time == -1)


def test_every_hit_of_the_anchor_must_be_followed(tmp_path):
    first = condition("1", check_range={"role": "客服"})
    anchor = {"cid": "1", "location": "AFTER", "hit_time": 0}
    good = {"type": "REGULAR_EXPRESSION", "param": {"regex": "好"}}
    second = condition("2", [good], {"anchor": anchor, "range": {"from": 1, "to": 1}})
    book = loaded(tmp_path, imported(first, second))
    assert raised(book, "A: 还钱", "C: 好", "A: 还钱", "C: 不") == []


def test_a_condition_without_its_anchor_is_not_carried_over_nor_those_behind_it():
    lost = condition("1", [{"type": "知识问答", "param": {}}])
    second = condition("2", check_range={"anchor": {"cid": "1", "location": "AFTER"}})
    third = condition("3", check_range={"anchor": {"cid": "2", "location": "AFTER"}})
    given = imported(lost, second, third)
    assert packs(given) == []
    assert [note.where.condition for note in told(given, "anchor", "lost")] == ["2", "3"]


def keyword(*words):
    return {"type": "HIT_ANY_KEYWORDS", "param": {"keywords": list(words)}}


@pytest.mark.parametrize(
    ("source", "spoken", "expected"),
    [
        ("1&&2", ("A: 甲乙", "A: 甲"), [0]),
        ("1||2", ("A: 甲", "A: 乙", "A: 丙"), [0, 1]),
        ("1&&!2", ("A: 甲乙", "A: 甲"), [1]),
        ("!1", ("A: 丙", "A: 乙"), [0]),
        ("!1", ("A: 丙", "A: 甲"), []),
        ("(1||2)&&3", ("A: 甲丙", "A: 乙丙", "A: 甲乙"), [0, 1]),
        ("1&&(2||!3)", ("A: 甲乙丙", "A: 甲丙", "A: 甲"), [0, 2]),
        ("!(1||2)&&3", ("A: 丙", "A: 甲丙"), [0]),
    ],
)
def test_an_expression_is_about_one_sentence(tmp_path, source, spoken, expected):
    one = condition(operators=[keyword("甲"), keyword("乙"), keyword("丙")], **{"lambda": source})
    assert sorted(set(raised(loaded(tmp_path, imported(one)), *spoken))) == expected


def test_operators_about_the_call_under_or_stand_apart(tmp_path):
    short = {"type": "DURATION", "param": {"interval": 5000, "compareOperator": "lt"}}
    given = imported(condition(operators=[keyword("甲"), short], **{"lambda": "1||!2"}))
    assert told(given, "lambda", "changed")
    book = loaded(tmp_path, given)
    assert raised(book, "A: 乙", facts=Facts(duration_ms=9000)) == [None]
    assert raised(book, "A: 乙", facts=Facts(duration_ms=3000)) == []
    assert raised(book, "A: 甲", facts=Facts(duration_ms=3000)) == [0]


@pytest.mark.parametrize("source", ["1&&", "1 2", "(1", "1&&?"])
def test_an_expression_that_cannot_be_read_is_listed(source):
    given = imported(condition(**{"lambda": source}))
    assert packs(given) == []
    assert told(given, "lambda", "lost")


def test_rules_join_conditions_and_show_what_they_are_told(tmp_path):
    one, two, three = (condition(cid, [keyword(word)]) for cid, word in zip("abc", "甲乙丙", strict=True))
    book = loaded(tmp_path, imported(one, two, three, **{"lambda": "(a||b)&&!c", "triggers": ["b"]}))
    assert raised(book, "A: 甲", "A: 乙") == [1]
    assert raised(book, "A: 甲", "A: 乙", "A: 丙") == []


def test_a_rule_that_presupposes_another_needs_its_conditions_too(tmp_path):
    one, two = (condition(cid, [keyword(word)]) for cid, word in zip("ab", "甲乙", strict=True))
    rules = [
        {"rid": "1", "name": "一", "lambda": "a", "level": 2},
        {"rid": "2", "name": "二", "lambda": "b", "level": 2, "preq_rule": "1", "triggers": ["b"]},
    ]
    book = loaded(tmp_path, import_rules(as_json(content(one, two, rules=rules))))
    assert raised(book, "A: 甲", "A: 乙", rule="sca_2") == [1]
    assert raised(book, "A: 乙", rule="sca_2") == []


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"level": 0}, {"severity": "critical", "red_line": False}),
        ({"level": 1}, {"severity": "major"}),
        ({"level": 2, "scoreNum": 5}, {"severity": "minor", "points": 5.0}),
        ({"level": 2, "scoreNum": -5, "scoreNumType": 1}, {"points": 5.0, "per": "call"}),
        ({"level": 2, "ruleScoreType": 1}, {"points": 0.0}),
    ],
)
def test_severity_and_points(tmp_path, given, wanted):
    rule = loaded(tmp_path, imported(condition(), **given)).rules[0].rule
    assert {name: getattr(rule, name) for name in wanted} == wanted


def test_days_in_effect(tmp_path):
    given = imported(
        condition(), effectiveStartTime="2026-03-01 00:00:00", effectiveEndTime="2026/06/30 23:59:59"
    )
    rule = loaded(tmp_path, given).rules[0].rule
    assert (str(rule.effective_from), str(rule.effective_to)) == ("2026-03-01", "2026-06-30")
    assert not told(given, "effectiveEndTime")


def test_rules_that_add_points_are_acts_in_a_pack_of_their_own(tmp_path):
    rules = [
        {"rid": "1", "name": "扣分", "lambda": "1", "level": 1, "scoreType": 3, "scoreNum": 3},
        {"rid": "2", "name": "加分", "lambda": "1", "level": 1, "scoreType": 1, "scoreNum": 3},
    ]
    given = import_rules(as_json(content(condition(), rules=rules)))
    assert [(p.name, p.kind) for p in given.packs] == [
        ("imported_sca", "violation"),
        ("imported_sca_acts", "act"),
    ]
    assert {r.rule.rule: r.kind for r in loaded(tmp_path, given).rules} == {
        "sca_1": "violation",
        "sca_2": "act",
    }


def test_what_comes_out_is_a_draft(tmp_path):
    assert all(rule.draft for rule in loaded(tmp_path, imported(condition())).rules)


def test_dialogues_are_examples_where_they_raise_the_rule():
    first = [
        {"role": "客服", "words": "快还钱", "begin": 0, "end": 900, "hourMinSec": "00:00", "identity": "客服"}
    ]
    second = [{"role": "客服", "words": "您好"}]
    given = imported(condition(), dialogues=[first, second])
    assert packs(given)[0][0]["examples"] == {
        "must_hit": [{"dialogue": [{"agent": "快还钱", "at": [0.0, 0.9]}]}]
    }
    assert "dialogue 2 does not raise" in told(given, "dialogues", "lost")[0].why


def test_a_regular_expression_that_has_no_counterpart_is_listed():
    given = operator("REGULAR_EXPRESSION", regex=r"\Qx\E")
    assert packs(given) == []
    assert told(given, "regex", "lost")


def test_values_of_another_form_lose_one_operator_not_the_file():
    wrong = {"type": "INTERVAL_GREATER", "param": {"interval": "long"}}
    given = imported(condition(operators=[wrong, KEYWORDS]))
    assert packs(given)[0][0]["conditions"]["c_1"] == {"says": "anyone", "text": ["还钱"]}
    assert any("another form than documented" in note.why for note in given.notes)


def test_the_answer_of_the_service_is_read_whatever_case_its_keys_have(tmp_path):
    answer = {
        "Data": {
            "Conditions": [
                {
                    "Cid": "a",
                    "Check_range": {
                        "Role": "客服",
                        "Range": {"From": 1, "To": 1},
                        "AllSentencesSatisfy": False,
                    },
                    "Operators": [{"Oid": "a", "Type": "HIT_ANY_KEYWORDS", "Param": {"Keywords": ["还钱"]}}],
                    "Lambda": "a",
                }
            ],
            "Rules": [{"Rid": 3, "Name": "规则", "Lambda": "a", "Level": 1}],
        }
    }
    assert raised(loaded(tmp_path, import_rules(as_json(answer))), "A: 还钱", "A: 还钱") == [0]


def test_the_text_form_of_the_request_is_read():
    request = {"JsonStr": as_json(content(condition()))}
    assert len(packs(import_rules(as_json(request)))[0]) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"conditions": []}'])
def test_something_else_is_refused(text):
    with pytest.raises(RulePackError):
        import_rules(text)


def test_tones_and_events_of_our_own_decide_what_models_decided(tmp_path):
    book = loaded(tmp_path, operator("CUSTOMER_CHECK_MODEL", pvalues=["tousu01"]))
    facts = Facts(events={0: frozenset({"complaint_intent"})}, tones={0: Tone.HOSTILE})
    assert raised(book, "A: 我要投诉", facts=facts) == [0]
