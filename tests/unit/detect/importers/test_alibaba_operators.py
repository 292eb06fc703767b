"""Operators of Alibaba's 智能对话分析 behave as documented, or are listed."""

import pytest

from pipeline.detect.facts import Facts
from tests.unit.detect.conditions.support import turn
from tests.unit.detect.importers.alibaba import KEYWORDS, condition, imported, operator
from tests.unit.detect.importers.support import loaded, packs, raised, told


@pytest.mark.parametrize(
    ("kind", "param", "spoken", "expected"),
    [
        ("HIT_ANY_KEYWORDS", {"keywords": ["还钱", "a+b <x> {y} .."]}, ("A: 快还钱",), [0]),
        ("HIT_ANY_KEYWORDS", {"keywords": ["a+b <x> {y} .."]}, ("A: 说A+B <X> {Y} ..了",), [0]),
        ("HIT_ANY_KEYWORDS", {"keywords": ["还钱"]}, ("C: 快还钱",), []),
        ("INCLUDE_KEYWORDS", {"keywords": ["还钱", "今天"]}, ("A: 今天还钱", "A: 还钱"), [0, 0]),
        ("INCLUDE_KEYWORDS", {"keywords": ["a", "b", "c"], "keywordMatchSize": 2}, ("A: ac", "A: a"), [0, 0]),
        (
            "INCLUDE_KEYWORDS",
            {"keywords": ["还钱", "今天"], "contextChatMatch": True},
            ("A: 今天", "A: 还钱"),
            [0, 1],
        ),
        ("INCLUDE_KEYWORDS", {"keywords": ["还钱", "今天"], "in_sentence": True}, ("A: 今天，还钱",), []),
        ("INCLUDE_KEYWORDS", {"keywords": ["工号"], "keywordMatchSize": 0}, ("A: 喂", "A: 还钱"), [0]),
        ("INCLUDE_KEYWORDS", {"keywords": ["工号"], "keywordMatchSize": 0}, ("A: 喂", "A: 工号"), []),
        ("HIT_ANY_KEYWORDS", {"keywords": ["还钱"], "threshold": 2}, ("A: 还钱", "A: 还钱"), [0, 1]),
        ("HIT_ANY_KEYWORDS", {"keywords": ["还钱"], "threshold": 2}, ("A: 还钱", "A: 喂"), []),
        ("HIT_ANY_KEYWORDS", {"keywords": ["钱"], "synonyms": {"钱": ["款"]}}, ("A: 还款",), [0]),
        ("REGULAR_EXPRESSION", {"regex": r"还(钱|款)\d{2,3}"}, ("A: 还款120",), [0]),
        ("REGULAR_EXPRESSION", {"regex": "还.*吗", "notRegex": "可以"}, ("A: 还了吗", "A: 可以还吗"), [0]),
        ("REGULAR_EXPRESSION", {"regex": "今天.*还", "in_sentence": True}, ("A: 今天，还", "A: 今天还"), [1]),
        ("ADVANCED_REPEAT_DETECT", {"threshold": 4}, ("A: 你快点还钱", "C: 嗯", "A: 你快点还钱"), [2]),
        ("ADVANCED_REPEAT_DETECT", {"hit_time": 2}, ("A: 你快点还钱", "A: 你快点还钱"), []),
        ("ADVANCED_REPEAT_DETECT", {"excludes": ["还钱"]}, ("A: 你快点还钱", "A: 你快点还钱"), []),
        ("ADVANCED_REPEAT_DETECT", {"threshold": 7}, ("A: 你快点还钱", "A: 你快点还钱"), []),
        ("ROLE_CHECK", {"target_role": "客服"}, ("A: 喂", "C: 谁"), [0]),
        ("NER_MODEL", {"dataType": "phone"}, ("A: 打13912345678",), [0]),
        ("对话语句数", {"interval": 1, "compareOperator": "gt"}, ("A: 喂", "A: 在吗"), [None]),
    ],
)
def test_operators_over_words(tmp_path, kind, param, spoken, expected):
    assert raised(loaded(tmp_path, operator(kind, **param)), *spoken) == expected


TIMED = (
    turn(0, "A: 您好请问", 0, 2),
    turn(1, "C: 我现在没有钱还", 2.5, 8.5),
    turn(2, "A: 那您什么时候能还", 6, 8),
)


@pytest.mark.parametrize(
    ("kind", "param", "expected"),
    [
        ("INTERVAL_GREATER", {"interval": 3000}, []),
        ("INTERVAL_GREATER", {"interval": 1500, "target": 0}, [0, 2]),
        ("INTERVAL_GREATER", {"interval": 2500, "target": 0, "compareOperator": "lt"}, [0, 2]),
        ("GRAB_WORDS", {"interval": 2000}, [2]),
        ("GRAB_WORDS", {"interval": 2001}, []),
        ("GRAB_WORDS", {"interval": 1000, "threshold": 20}, []),
        ("GRAB_WORDS", {"interval": 1000, "delayTime": 4000}, []),
        ("SPEECH_SPEED_CHECK", {"velocityInMint": 200}, [2]),
        ("SPEECH_SPEED_CHECK", {"velocityInMint": 170, "average": True}, [None]),
        ("SPEECH_SPEED_CHECK", {"velocityInMint": 200, "minWordSize": 30}, []),
        ("DURATION", {"interval": 15000, "compareOperator": "lt"}, [None]),
        ("DURATION", {"interval": 15000, "compareOperator": "gt"}, []),
        (
            "DURATION",
            {"interval": 1000, "compareOperator": "gt", "beginType": "DIALOGUE", "target_role": "客户"},
            [1],
        ),
        ("DURATION", {"interval": 9000, "compareOperator": "gt", "beginType": "DIALOGUE"}, []),
    ],
)
def test_operators_over_sound(tmp_path, kind, param, expected):
    book = loaded(tmp_path, operator(kind, **param))
    assert raised(book, *TIMED, facts=Facts(duration_ms=10_000)) == expected


def test_silence_of_the_other_role(tmp_path):
    spoken = (
        turn(0, "A: 喂", 0, 1),
        turn(1, "C: 谁", 5, 6),
        turn(2, "A: 我", 10, 11),
        turn(3, "A: 您好", 15, 16),
    )
    different = operator("INTERVAL_GREATER", interval=3000, different_role=True)
    assert raised(loaded(tmp_path, different), *spoken) == [2]


@pytest.mark.parametrize(
    ("check", "levels", "expected"), [(1, (-40, -15), [1]), (1, (-40, -35), []), (2, (-40, -15), None)]
)
def test_energy_changes_are_steps_of_ten_decibels(tmp_path, check, levels, expected):
    book = loaded(tmp_path, operator("ASR_EMOTION", maxEmotionChangeValue=2, checkType=check))
    spoken = (turn(n, "A: 您好", n, n + 1, level_db=level) for n, level in enumerate(levels))
    found = raised(book, *spoken)
    assert bool(found) if expected is None else found == expected


def test_levels_have_no_common_zero():
    given = operator("ASR_EMOTION", maxEmotionChangeValue=7, checkType=3)
    assert packs(given) == []
    assert told(given, "checkType", "lost")


@pytest.mark.parametrize("symbol", ["=", "in", "!=", ">=", "gt", "<", "lte"])
def test_call_data(tmp_path, symbol):
    value = {"in": ["5", "6"], "!=": "9"}.get(symbol, "5")
    param = {
        "customerParam": {
            "Field": "remarkOne",
            "FieldType": 2,
            "DataType": 1,
            "Symbol": symbol,
            "Value": value,
        }
    }
    given = imported(condition(operators=[{"type": "随录参数", "param": param}]))
    test = packs(given)[0][0]["conditions"]["c_1"]["field"]["remark_one"]
    assert (
        test
        == {
            "=": "5",
            "in": ["5", "6"],
            "!=": {"not_in": ["9"]},
            ">=": {"gte": 5.0},
            "gt": {"gt": 5.0},
            "<": {"lt": 5.0},
            "lte": {"lte": 5.0},
        }[symbol]
    )
    assert told(given, "Field", "decided")
    loaded(tmp_path, given)


def test_call_data_of_the_service_is_ours_where_we_have_it(tmp_path):
    param = {"Field": "callType", "FieldType": 1, "Symbol": "=", "Value": 1}
    both = condition(operators=[{"type": "JUDGE", "param": param}, KEYWORDS])
    book = loaded(tmp_path, imported(both))
    assert raised(book, "A: 还钱", metadata={"direction": "outbound"}) == [0]
    assert raised(book, "A: 还钱", metadata={"direction": "inbound"}) == []


def test_a_symbol_that_is_a_number_is_not_guessed():
    given = operator("随录参数", customerParam={"Field": "remark1", "Symbol": 1, "Value": "5"})
    assert packs(given) == []
    assert "'1' is not documented" in told(given, "Symbol")[0].why


@pytest.mark.parametrize(
    ("kind", "value", "key"),
    [
        ("EMOTION_MODEL", "ruma01", "learned"),
        ("EMOTION_MODEL", "goawei01", "llm"),
        ("CUSTOMER_CHECK_MODEL", "tousu01", "event"),
        ("CUSTOMER_CHECK_MODEL", "zhaozhuguan01", "llm"),
        ("CUSTOMER_CHECK_MODEL", "zhiyitaidu01", "llm"),
        ("CUSTOMER_CHECK_MODEL", "internal_complain01", "event"),
        ("CUSTOMER_CHECK_MODEL", "public_opinion", "llm"),
        ("ABUSE_MODEL", "jifeng01", "llm"),
    ],
)
def test_models_of_the_service_are_asked_of_ours(tmp_path, kind, value, key):
    given = operator(kind, pvalues=[value])
    assert key in packs(given)[0][0]["conditions"]["c_1"]
    assert told(given, "pvalues", "changed")
    loaded(tmp_path, given)


def test_language_model_rules_are_questions(tmp_path):
    dimension = {
        "dimension": "承诺",
        "desc": "坐席承诺减免利息",
        "includeCondition": ["口头答应"],
        "excludeCondition": "按制度申请",
    }
    given = operator("大模型", llmModelCode="m", sceneName="催收", hitCondition="any", dimensions=[dimension])
    assert packs(given)[0][0]["conditions"]["c_1"]["llm"] == {
        "question": "催收：承诺，坐席承诺减免利息",
        "include": ["口头答应"],
        "exclude": ["按制度申请"],
    }
    assert raised(loaded(tmp_path, given), "A: 给您免了") == ["llm"]


def test_intents_are_questions():
    given = operator("意图", IntentModelCheckParm={"modelScene": "s", "intents": ["要求减免", "要求分期"]})
    assert [part["llm"]["question"] for part in packs(given)[0][0]["conditions"]["c_1"]["any"]] == [
        "说话人的意图是否为：要求减免？",
        "说话人的意图是否为：要求分期？",
    ]


def test_what_needs_the_service_is_listed_and_left_out_of_the_expression():
    for kind in ("知识问答", "流程节点", "非正常接听", "SOMETHING_NEW"):
        given = imported(condition(operators=[{"type": kind, "param": {"a": 1}}, KEYWORDS]))
        assert packs(given)[0][0]["conditions"]["c_1"] == {"says": "anyone", "text": ["还钱"]}
        assert any("left out of the expression" in note.why for note in told(given, "type", "lost"))
