"""Who is really saying it."""

import pytest

from pipeline.detect.context import clause_at, compile_contexts, sentence_at
from pipeline.detect.schema import Context
from pipeline.detect.turn_text import TurnText

TURNING = {"turning": ("不过|但是", "再不还")}


def spared(said, quote, words=TURNING, **context):
    compiled = compile_contexts({"c": (Context.model_validate(context),)}, words)["c"][0]
    start = said.index(quote)
    return compiled.spares(TurnText(said, {}), start, start + len(quote))


@pytest.mark.parametrize(
    ("text", "scope", "expected"),
    [
        ("我们不会上门找你", "before", True),
        ("不会的，我就上门找你", "before", False),  # another clause
        ("不会的，我就上门找你", "sentence", True),
        ("不会的。我就上门找你", "sentence", False),
        ("不会的。我就上门找你", "turn", True),
        ("上门找你这种事不会有", "behind", True),
        ("上门找你这种事不会有", "before", False),
    ],
)
def test_scopes(text, scope, expected):
    assert spared(text, "上门找你", scope=scope, text="不会") is expected


@pytest.mark.parametrize(
    ("text", "scope", "expected"),
    [
        ("抱歉。我上门找你", "passage", True),
        ("抱歉，不过我上门找你", "passage", False),
        ("抱歉，不过我上门找你", "sentence", False),
        ("抱歉不过我上门找你", "turn", True),
        ("抱歉你再不还我上门找你", "passage", False),
        ("不过抱歉，我上门找你", "passage", True),
        ("我上门找你，不过抱歉", "passage", False),
        ("我上门找你，抱歉，不过", "passage", True),
    ],
)
def test_who_changes_course_is_no_longer_softened(text, scope, expected):
    assert spared(text, "上门找你", scope=scope, text="抱歉") is expected


def test_without_the_word_list_a_passage_is_the_turn():
    assert spared("抱歉。不过我上门找你", "上门找你", words={}, scope="passage", text="抱歉")


def test_near_limits_the_distance():
    assert spared("不会上门找你", "上门找你", scope="before", text="不会", near=0)
    assert not spared("不会随随便便上门找你", "上门找你", scope="before", text="不会", near=2)


def test_look_alikes_are_ignored():
    assert not spared("会不会上门找你，你猜", "上门找你", scope="before", text="不会", ignore="会不会")


def test_clauses_and_sentences_end_where_marks_stand():
    text = "一，二三。四五，六"
    start = text.index("三")
    assert text[slice(*_ends(clause_at(text, start, start + 1)))] == "二三。"
    assert text[slice(*_ends(sentence_at(text, start, start + 1)))] == "一，二三。"


def _ends(span):
    return span.start, span.end
