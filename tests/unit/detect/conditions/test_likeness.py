"""Sentences that say nearly the same, phrases that sound nearly the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.detect.conditions.likeness import needed
from pipeline.errors import RulePackError
from pipeline.types import Word
from tests.unit.detect.conditions.support import answer, call_view, turn


def words(text: str, probability: float) -> tuple[Word, ...]:
    return tuple(
        Word(text=c, start_ms=i * 200, end_ms=i * 200 + 200, probability=probability)
        for i, c in enumerate(text)
    )


@pytest.mark.parametrize(
    ("said", "score", "expected"),
    [
        ("您可以分三期来还这笔款", 0.8, True),
        ("你可以分三期来还这笔款。", 0.8, True),  # 您 and 你 are the same word
        ("那个，您可以分三期还这笔款", 0.8, True),
        ("您可以分三七来还这笔款", 0.8, True),  # one word misheard
        ("您什么时候方便接电话", 0.8, False),
        ("您可以分三期", 0.95, False),
        ("好的。您可以分三期来还这笔款。再见", 0.8, True),  # one sentence of three
    ],
)
def test_similar(said, score, expected):
    condition = {"similar": {"sentences": ["您可以分三期来还这笔款"], "score": score}}
    assert answer(condition, call_view(f"A: {said}")).holds is expected


def test_similar_points_at_the_sentence():
    found = answer(
        {"similar": {"sentences": ["您可以分三期来还这笔款"]}}, call_view("A: 好的。您可以分三期来还这笔款。")
    )
    (place,) = found.places
    assert "好的。您可以分三期来还这笔款。"[place.start : place.end] == "您可以分三期来还这笔款"


@pytest.mark.parametrize(
    ("said", "phrase", "score", "expected"),
    [
        ("我们去单位找您", "去单位", 0.8, True),
        ("我们去单尾找您", "去单位", 0.8, True),  # the same sound
        ("我们去当位找您", "去单位", 0.8, True),  # an and ang
        ("请刘女士接电话", "请牛女士接", 0.8, True),  # n and l
        ("他姓胡", "他姓福", 0.6, True),  # f and h
        ("我们去公司找您", "去单位", 0.8, False),
        ("录的音", "录音", 0.6, True),  # a syllable between
        ("录的音", "录音", 0.95, False),
        ("重庆那边", "重庆", 0.95, True),  # a character with two readings
        ("从庆那边", "重庆", 0.8, True),
        ("重新来过", "重庆", 0.9, False),
        ("催收，函", "催收函", 0.95, True),  # marks make no sound
    ],
)
def test_sounds_like(said, phrase, score, expected):
    condition = {"sounds_like": {"phrases": [phrase], "score": score}}
    assert answer(condition, call_view(f"A: {said}")).holds is expected


def test_sounds_like_points_at_what_was_written():
    found = answer({"sounds_like": {"phrases": ["去单位"]}}, call_view("A: 我们去单尾找您"))
    (place,) = found.places
    assert "我们去单尾找您"[place.start : place.end] == "去单尾"


def test_words_that_were_only_guessed_need_less():
    condition = {"sounds_like": {"phrases": ["分期还款"], "score": 0.9}}
    text = "他说芬期华款"
    sure = call_view(turn(0, f"A: {text}", 0, 2, words=words(text, 1.0), asr_confidence=1.0))
    guessed = call_view(turn(0, f"A: {text}", 0, 2, words=words(text, 0.1), asr_confidence=0.1))
    assert answer(condition, sure).holds is False
    assert answer(condition, guessed).holds is True


def test_an_exclusion_counts_for_sounds_too():
    condition = {"sounds_like": {"phrases": ["去单位"]}, "without": "不会"}
    assert answer(condition, call_view("A: 我们不会去单尾找您")).holds is False


@pytest.mark.parametrize(
    "condition",
    [
        {"similar": {"sentences": []}},
        {"similar": {"sentences": ["短"]}},
        {"similar": {"sentences": ["您可以分三期来还这笔款"], "score": 1.2}},
        {"sounds_like": {"phrases": ["单"]}},
        {"sounds_like": {"phrases": ["单位"], "score": -0.1}},
        {"sounds_like": {"phrases": ["单位"], "distance": 1}},
    ],
)
def test_bad_parameters_are_refused(condition):
    with pytest.raises(ValidationError):
        answer(condition, call_view("A: 有"))


def test_a_phrase_without_a_sound_is_refused():
    with pytest.raises(RulePackError, match="without a sound"):
        answer({"sounds_like": {"phrases": ["单位？"]}}, call_view("A: 有"))


@given(st.floats(0.5, 1), st.integers(2, 20), st.floats(0, 1), st.floats(0, 1))
def test_the_bar_falls_with_length_and_doubt(score, syllables, one, other):
    low, high = sorted((one, other))
    assert needed(score, syllables, low) <= needed(score, syllables, high) <= 1
    assert needed(score, syllables + 1, high) <= needed(score, syllables, high)
