"""Every documented parameter of Alibaba's 智能对话分析 is carried over or listed."""

import pytest

from pipeline.detect.importers.alibaba_rules import import_rules
from tests.unit.detect.importers.alibaba import condition, content, imported, operator
from tests.unit.detect.importers.support import as_json, loaded, packs, told

OPERATOR_PARAMETERS = [
    ("HIT_ANY_KEYWORDS", {"keywords": ["还钱", "还款", "结清"]}, name, value)
    for name, value in {
        "keywordMatchSize": 2,
        "contextChatMatch": True,
        "in_sentence": True,
        "keywordExtension": 1,
        "threshold": 3,
        "case_sensitive": True,
        "synonyms": {"还钱": ["付钱"]},
    }.items()
]
OPERATOR_PARAMETERS += [
    ("REGULAR_EXPRESSION", {"regex": "还"}, name, value)
    for name, value in {"notRegex": "不", "in_sentence": True}.items()
]
OPERATOR_PARAMETERS += [
    ("SIMILAR_MATCH", {"similarlySentences": ["请您尽快还款"]}, name, value)
    for name, value in {"score": 70, "in_sentence": True}.items()
]
OPERATOR_PARAMETERS += [
    ("ADVANCED_REPEAT_DETECT", {}, name, value)
    for name, value in {
        "from": 5,
        "hit_time": 3,
        "threshold": 6,
        "excludes": ["您好"],
        "similarity_threshold": 0.6,
        "target_role": "客户",
        "roleId": 1,
    }.items()
]
OPERATOR_PARAMETERS += [
    ("INTERVAL_GREATER", {"interval": 2000}, name, value)
    for name, value in {
        "different_role": True,
        "target": 2,
        "from_end": True,
        "compareOperator": "lt",
        "checkFirstSentence": True,
        "intervalEnd": 9000,
        "near_dialogue": True,
    }.items()
]
OPERATOR_PARAMETERS += [
    ("SPEECH_SPEED_CHECK", {"velocityInMint": 300}, name, value)
    for name, value in {"minWordSize": 9, "average": True, "compareOperator": "lt", "velocity": 1.0}.items()
]
OPERATOR_PARAMETERS += [
    ("GRAB_WORDS", {"interval": 2000}, name, value)
    for name, value in {"threshold": 9, "delayTime": 500}.items()
]
OPERATOR_PARAMETERS += [
    ("DURATION", {"interval": 2000}, name, value)
    for name, value in {
        "compareOperator": "lt",
        "beginType": "DIALOGUE",
        "endType": "DIALOGUE",
        "target_role": "客服",
    }.items()
]
OPERATOR_PARAMETERS += [
    ("ASR_EMOTION", {"maxEmotionChangeValue": 3, "checkType": 1}, name, value)
    for name, value in {"checkType": 2, "compareOperator": "lt", "maxEmotionChangeValue": 5}.items()
]
OPERATOR_PARAMETERS += [
    ("NER_MODEL", {"dataType": "phone"}, name, value)
    for name, value in {"dataType": 3, "customerParam": {"field": "phone_on_file"}}.items()
]
CALL_DATA = {"Field": "team", "Symbol": "=", "Value": "A"}
OPERATOR_PARAMETERS += [
    ("随录参数", CALL_DATA, name, value)
    for name, value in {
        "Field": "agentLevel",
        "FieldType": 2,
        "DataType": 1,
        "Symbol": "!=",
        "Value": "B",
        "ActualValue": "A",
    }.items()
]
OPERATOR_PARAMETERS += [
    ("意图", {"intents": ["要求减免"]}, name, value)
    for name, value in {"modelScene": "s", "intents": ["要求分期"]}.items()
]
OPERATOR_PARAMETERS += [
    ("知识问答", {"knowledgeTargetId": 1}, name, value)
    for name, value in {
        "knowledgeTargetId": 2,
        "knowledgeTargetType": 1,
        "questionThreshold": 0.5,
        "answerThreshold": 0.5,
        "knowledgeSentenceNum": 3,
    }.items()
]
OPERATOR_PARAMETERS += [
    ("大模型", {"dimensions": [{"dimension": "承诺减免"}]}, name, value)
    for name, value in {
        "llmModelCode": "m",
        "sceneName": "催收",
        "hitCondition": "any",
        "dimensions": [{"dimension": "承诺", "desc": "减免", "weight": 3}],
    }.items()
]
OPERATOR_PARAMETERS += [
    ("流程节点", {"nodeId": 1}, name, value)
    for name, value in {"nodeId": 2, "nodeName": "n", "nodeMatchStatus": 1}.items()
]


def carried_or_listed(before, after, name):
    return (
        packs(before) != packs(after)
        or any(
            name.lower().replace("_", "") in note.parameter.lower().replace("_", "").split(".")
            for note in set(after.notes) - set(before.notes)
        )
        or bool(told(after, name))
    )


@pytest.mark.parametrize(
    ("kind", "param", "name", "value"),
    OPERATOR_PARAMETERS,
    ids=[f"{k}.{n}" for k, _, n, _ in OPERATOR_PARAMETERS],
)
def test_every_parameter_of_an_operator_is_carried_or_listed(tmp_path, kind, param, name, value):
    after = operator(kind, **{**param, name: value})
    assert carried_or_listed(operator(kind, **param), after, name)
    if packs(after):
        loaded(tmp_path, after)


RULE_PARAMETERS = {
    "name": "另一名",
    "triggers": ["1"],
    "business": [{"bid": 3}],
    "type": 2,
    "level": 0,
    "scoreSubId": 5,
    "ruleScoreType": 1,
    "scoreType": 1,
    "scoreNum": 8,
    "scoreNumType": 1,
    "scoreRuleHitType": 1,
    "fullCycle": 1,
    "effectiveStartTime": "2026-03-01 08:30:00",
    "effectiveEndTime": 1_785_513_599_000,
    "autoReview": 1,
    "checkType": 2,
    "qualityCheckType": 1,
    "configType": "simple",
    "dialogues": [{"role": "客服", "words": "快还钱"}],
    "preq_rule": "8",
    "taskFlow": {"nodes": [1]},
    "graph_flow": {"nodes": [1]},
    "something_new": 1,
}


@pytest.mark.parametrize("name", RULE_PARAMETERS)
def test_every_parameter_of_a_rule_is_carried_or_listed(tmp_path, name):
    base = {"effectiveStartTime": "2026-01-01 00:00:00"} if name == "fullCycle" else {}
    two = (condition("1", check_range={"role": "客服"}), condition("2"))
    other = {"rid": "8", "name": "先决", "lambda": "2", "level": 2}

    def given(**more):
        rule = {"rid": "7", "name": "规则", "lambda": "1", "level": 2, **base, **more}
        return import_rules(as_json(content(*two, rules=[rule, other])))

    after = given(**{name: RULE_PARAMETERS[name]})
    assert carried_or_listed(given(), after, name)
    loaded(tmp_path, after)


RANGE_PARAMETERS = {
    "role": "客户",
    "roleId": 1,
    "range": {"from": 1, "to": 3},
    "time_range": {"from": 0, "to": 30000},
    "absolute": True,
    "allSentencesSatisfy": True,
    "anchor": {"cid": "1", "location": "AFTER", "hit_time": 1},
}


@pytest.mark.parametrize("name", RANGE_PARAMETERS)
def test_every_parameter_of_a_range_is_carried_or_listed(tmp_path, name):
    base = {"role": "客服", "range": {"from": 2, "to": 2}} if name == "absolute" else {}

    def given(**more):
        return imported(condition("1"), condition("2", check_range={**base, **more}))

    after = given(**{name: RANGE_PARAMETERS[name]})
    assert carried_or_listed(given(), after, name)
    loaded(tmp_path, after)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "条件"),
        ("exclusion", 1),
        ("userGroup", "g"),
        ("id", 9),
        ("lambda", "!1"),
        ("something_new", 1),
    ],
)
def test_every_parameter_of_a_condition_is_carried_or_listed(name, value):
    assert carried_or_listed(imported(condition()), imported(condition(**{name: value})), name)


def test_the_account_is_listed():
    given = import_rules(as_json({"appKey": "k", "BaseMeAgentId": 1, "what": 2, **content(condition())}))
    assert {note.parameter for note in given.notes} == {"appKey", "BaseMeAgentId", "what"}
