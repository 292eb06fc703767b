"""Originals are recognised in what was heard again, by digits, homophones and sound."""

from __future__ import annotations

import pytest

from pipeline.personal import Kind
from pipeline.privacy.leaks import Original, leaks, originals
from pipeline.privacy.spans import personal_spans
from tests.unit.privacy.test_masks import call

MOBILE = Original(kind=Kind.MOBILE, value="13900001234")
TAIL = Original(kind=Kind.ID_TAIL, value="4019")
NAME = Original(kind=Kind.NAME, value="冯雪")


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (MOBILE, "号码是幺三九零零零零幺二三四"),
        (MOBILE, "号码是139 0000 1234"),
        (MOBILE, "后面那个零零幺二三四"),
        (MOBILE, "要三九零零零零要二三四"),
        (TAIL, "四零幺九。"),
        (TAIL, "是4019"),
        (TAIL, "四，零，腰，九"),
        (NAME, "请问冯雪在吗"),
        (NAME, "请问风雪女士"),
    ],
)
def test_what_comes_back_is_recognised(one, text):
    (leak,) = leaks([one], ["您好", text])
    assert (leak.original, leak.kind, leak.channel) == (0, one.kind, 1)
    assert one.value not in repr(one)


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (MOBILE, "号码是，您记一下，一二三四"),
        (TAIL, "一共四千零一十九元"),
        (TAIL, "四零，然后幺九"),
        (NAME, "请问在吗，下雪了"),
    ],
)
def test_what_is_covered_is_not(one, text):
    assert leaks([one], [text]) == ()


def test_originals_are_the_numbers_and_full_names_of_a_call():
    spoken = call("A请问是王小明先生吗", "C是", "A王先生，身份证后四位", "C四零幺九，我住翠湖小区")
    spans = personal_spans(spoken)
    found = originals({t["index"]: t["text"] for t in spoken["turns"]}, spans, ("周敏",))
    assert [(one.kind, one.value) for one in found] == [
        (Kind.NAME, "周敏"),
        (Kind.NAME, "王小明"),
        (Kind.ID_TAIL, "4019"),
    ]
