"""Operators over words: phrases, counts, closeness, figures, and what spares them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.detect.conditions.operators import Toolbox
from pipeline.detect.context import compile_contexts
from pipeline.detect.schema import Context
from pipeline.errors import RulePackError
from tests.unit.detect.conditions.support import answer, call_view

NEGATED = Context.model_validate({"scope": "before", "text": "不会"})
TOOLS = Toolbox(words={"kin": ("妈妈", "哥哥")}, contexts=compile_contexts({"negated": (NEGATED,)}, {}))


def quotes(condition, said):
    view = call_view(f"A: {said}")
    found = answer(condition, view, TOOLS)
    return [view.turns[p.turn].text[p.start : p.end] for p in found.places] if found.holds else None


@pytest.mark.parametrize(
    ("condition", "said", "expected"),
    [
        ("上门", "明天上门，后天也上门", ["上门", "上门"]),
        (["登门", "上门"], "明天上门", ["上门"]),
        ({"text": "告诉<kin>"}, "我告诉哥哥", ["告诉哥哥"]),
        ({"text": "上门"}, "明天到家", None),
        ({"text": "上门", "without": "预约"}, "预约好了上门", None),
        ({"text": "上门", "without": "预约"}, "预约好了。我上门", ["上门"]),
        ({"text": "上门", "without_turn": "预约"}, "预约好了。我上门", None),
        ({"text": "上门", "unless": ["negated"]}, "我们不会上门", None),
        ({"text": "上门", "unless": ["negated"]}, "不会的。我上门", ["上门"]),
        ({"text": "钱..9还", "clause_only": True}, "钱呢，什么时候还", None),
        ({"text": "钱..9还", "clause_only": True}, "钱什么时候还", ["钱什么时候还"]),
        ({"number": {"unit": "yuan"}, "without_turn": "不是"}, "不是的。您欠500元", None),
        ({"near": {"words": ["钱", "还"], "distance": 3}, "clause_only": True}, "钱呢，还", None),
        ({"near": {"words": ["钱", "还"], "distance": 3}, "clause_only": True}, "钱就还", ["钱就还"]),
    ],
)
def test_phrases(condition, said, expected):
    assert quotes(condition, said) == expected


@pytest.mark.parametrize(
    ("condition", "said", "expected"),
    [
        ({"all_of": ["单位", "老家"]}, "去单位，再去老家", ["单位", "老家"]),
        ({"all_of": ["单位", "老家"]}, "去单位", None),
        ({"all_of": ["单位", "老家"], "clause_only": True}, "去单位，再去老家", None),
        ({"all_of": ["单位", "老家"], "clause_only": True}, "单位和老家都去，走", ["单位", "老家"]),
        ({"at_least": {"n": 2, "of": ["单位", "老家", "学校"]}}, "去单位和学校", ["单位", "学校"]),
        ({"at_least": {"n": 2, "of": ["单位", "老家", "学校"]}}, "去单位，就去单位", None),
        ({"at_least": {"n": 1, "of": ["单位|公司"]}}, "去公司", ["公司"]),
        ({"at_least": {"n": 2, "of": ["单位", "老家"]}, "without_turn": "预约"}, "预约去单位和老家", None),
    ],
)
def test_several_phrases(condition, said, expected):
    assert quotes(condition, said) == expected


def test_phrases_may_be_spread_over_the_turns_of_the_scope():
    condition = {"at_least": {"n": 2, "of": ["单位", "老家"], "across": True}}
    view = call_view("A: 去单位", "C: 哦", "A: 去老家", "C: 老家")
    found = answer(condition, view)
    assert [place.turn for place in found.places] == [0, 2]
    assert answer(condition, call_view("A: 去单位", "C: 老家")).holds is False


@pytest.mark.parametrize(
    ("near", "said", "expected"),
    [
        ({"words": ["孩子", "学校"], "distance": 3}, "孩子在学校门口", ["孩子在学校"]),
        ({"words": ["孩子", "学校"], "distance": 3}, "学校里的孩子", ["学校里的孩子"]),
        ({"words": ["孩子", "学校"], "distance": 3, "ordered": True}, "学校里的孩子", None),
        ({"words": ["孩子", "学校"], "distance": 3}, "孩子明天要去那个学校", None),
        ({"words": ["孩子", "学校"], "distance": 3, "apart": True}, "孩子明天要去那个学校", ["孩子"]),
        ({"words": ["孩子", "学校"], "distance": 3, "apart": True}, "孩子在学校", None),
        ({"words": ["孩子", "学校", "放学"], "distance": 2}, "孩子学校放学", ["孩子学校放学"]),
    ],
)
def test_words_close_to_each_other(near, said, expected):
    assert quotes({"near": near}, said) == expected


@pytest.mark.parametrize(
    ("number", "said", "expected"),
    [
        ({"unit": "yuan", "value": {"gt": 500}}, "收您三百块和六百块", ["六百块"]),
        ({"unit": "yuan"}, "您还没还", None),
        ({"unit": "days", "value": {"gte": 30}}, "宽限一个月", ["一个月"]),
        ({"unit": "days", "value": {"gte": 31}}, "宽限一个月", None),
        ({"unit": "percent", "value": {"gt": 20}}, "利息百分之二十四", ["百分之二十四"]),
        ({"unit": "percent", "value": {"gt": 20}}, "利息3.5%", None),
        ({"value": {"lt": 5}}, "打了3次", ["3"]),
        ({"decimal": True}, "利率3.5，三次", ["3.5"]),
        ({"decimal": False}, "利率3.5，三次", ["三"]),
        ({"unit": "yuan", "value": {"gt": 100}, "about": "手续费"}, "手续费两百块。本金五千块", ["两百块"]),
    ],
)
def test_figures(number, said, expected):
    assert quotes({"number": number}, said) == expected


@pytest.mark.parametrize(
    "condition",
    [
        {"at_least": {"n": 3, "of": ["单位", "老家"]}},
        {"at_least": {"n": 0, "of": ["单位"]}},
        {"near": {"words": ["单位"], "distance": 3}},
        {"near": {"words": ["单位", "老家"], "distance": -1}},
        {"near": {"words": ["单位", "老家"]}},
        {"number": {"unit": "dollars"}},
        {"number": {"value": {}}},
        {"number": {"value": {"not_in": [3]}}},
        {"txet": "上门"},
    ],
)
def test_bad_parameters_are_refused(condition):
    with pytest.raises(ValidationError):
        answer(condition, call_view("A: 有"))


@pytest.mark.parametrize("condition", ["(上门", {"text": r"\b上门"}, {"all_of": ["<friends>"]}])
def test_bad_patterns_name_the_condition(condition):
    with pytest.raises(RulePackError, match="condition asked"):
        answer(condition, call_view("A: 有"))
