"""Questions by their form."""

from __future__ import annotations

import pytest

from pipeline.conduct.questions import asks, count_questions


@pytest.mark.parametrize(
    ("text", "opened", "closed"),
    [
        ("您最近怎么没有按时还呢？", 1, 0),
        ("您打算什么时候处理？", 1, 0),
        ("每月能拿出多少？", 1, 0),
        ("您今天能还上吗？", 0, 1),
        ("您是不是换了工作？", 0, 1),
        ("知道是什么原因吗？", 0, 1),
        ("请问您贵姓？", 0, 1),
        ("您的生日是哪天？", 0, 1),
        ("您方便吗？您打算怎么安排？", 1, 1),
        ("凭什么？你算什么？", 0, 0),
        ("喂？", 0, 0),
        ("我不知道什么时候能还。", 0, 0),
        ("您看行吗，", 0, 1),
        ("", 0, 0),
    ],
)
def test_questions(text, opened, closed):
    assert count_questions(text) == (opened, closed)


def test_a_turn_asks_with_its_last_sentence():
    assert asks("您好。您是本人吗？")
    assert asks("喂？")
    assert not asks("您是本人吗？不是就算了。")
