"""Text and patterns by their sound."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.heard import by_sound, expression_by_sound, expression_either_way
from pipeline.detect.likening import likeness
from pipeline.detect.patterns import compile_all
from pipeline.settings import PROJECT_ROOT

HANZI = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=12)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("收拾", "手实", True),
        ("上门", "桑门", True),  # sh and s, ang
        ("单位", "当位", True),  # an and ang
        ("牛", "刘", True),  # n and l
        ("收拾", "收益", False),
        ("app还钱", "app环钱", False),
    ],
)
def test_what_sounds_alike(one, other, alike):
    assert (by_sound(one) == by_sound(other)) is alike


@given(st.text(max_size=20))
def test_offsets_stay(text):
    assert len(by_sound(text)) == len(text)
    assert [c for c in by_sound(text) if c in "，。？"] == [c for c in text if c in "，。？"]


@pytest.mark.parametrize(
    ("pattern", "written", "misheard"),
    [
        ("找..3收拾", "找几个人收拾你", "找几个人手实你"),
        ("[上登]门", "明天登门", "明天灯门"),
        ("[一-龥]{2}银行", "青山银行", "清三银行"),
        ("(?<!不)去单位", "就去单位", "就去单尾"),
    ],
)
def test_a_pattern_by_its_sound_finds_what_was_misheard(pattern, written, misheard):
    patterns = compile_all((pattern,), {})
    assert not any(p.spans(misheard, {}) for p in patterns) or "一-龥" in pattern
    for text in (written, misheard):
        assert any(p.spans(by_sound(text), {}) for p in patterns.heard)


def test_metadata_are_heard_too():
    (pattern,) = compile_all(("我是{lender}的",), {}).heard
    fields = {"lender": "青山银行"}
    assert pattern.spans(by_sound("我是清三银行的"), fields)
    assert not pattern.spans(by_sound("我是别家银行的"), fields)


@pytest.mark.parametrize(
    ("text", "written", "heard"),
    [
        ("找几个人收拾你", "找收拾", ""),
        ("找几个人手拾你", "找拾", "手"),
        ("找几个人手实你", "找", "手实"),
    ],
)
def test_what_is_written_and_what_is_only_heard(text, written, heard):
    found = likeness(compile_all(("找..4收拾",), {}), {}, text, 0, 6)
    assert "".join(text[i] for i in found.written) == written
    assert "".join(text[i] for i in found.heard) == heard


@given(HANZI)
def test_a_text_matches_itself_by_its_sound(text):
    if text:
        patterns = compile_all((text,), {})
        assert any(p.spans(by_sound(text), {}) for p in patterns.heard)


def test_a_range_of_characters_is_any_of_them():
    assert "-" in expression_by_sound("[一-龥]")


@pytest.mark.parametrize("expression", ["[一-龥]", "[^。一-龥]", "[龥一-龥a]"])
def test_a_range_is_no_range_of_signs_which_are_numbered_as_they_come(expression):
    for sound in ("一", "龥"):
        either = re.compile(expression_either_way(expression))
        assert (either.search(by_sound(sound)) is None) is expression.startswith("[^")
        assert (either.search(sound) is None) is expression.startswith("[^")


def test_hanzi_without_a_reading_stay():
    assert by_sound("收兡拾龦") == by_sound("收") + "兡" + by_sound("拾") + "龦"


def test_signs_are_the_same_in_every_process():
    code = "import sys; from pipeline.detect.heard import by_sound; by_sound(sys.argv[1]); "
    code += "print([ord(c) for c in by_sound('收拾上门还款嗯二')])"
    told = {
        subprocess.run(
            [sys.executable, "-c", code, before], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT
        ).stdout
        for before in ("", "款还门上拾收", "嗯呣哼")
    }
    assert len(told) == 1
