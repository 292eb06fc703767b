"""The part of the recognizer specifications that a call can hold comes out as the specification says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.recognizers import summary
from tests.benchmarks.specs import Case, Left, cases_of

DATA = Path(__file__).resolve().parents[2] / "data" / "recognizers"
FOUND = cases_of(DATA)
LEAST = 0.9
BY_HAND = frozenset(
    {
        "帮我统计一下2010年之后2018年之前的销量",  # two ends without a word between them
        "可以给我三月和九月之间的数据吗?",  # the one of six months ago, where the next is as near
        "我今年18周岁了",  # the specification ends this year today
        "2点-明天4点",
        "2:00-明天4:00",  # begin at an hour of today
        "正月三十",
        "这些看起来都不像电话号：1 506 64，37 41 4，38 5145，20 15 11，58 2105，19 32 2，25 32 2，15 3  20，"
        "10 41 20，8196 12，8198 27，8244 45，46 358 1",
        "19) 35831647看起来区号缺少了起始括号",
        "电子技术教研室83792841金陵院316",
        "学生工作办公室（九龙湖）52090833桃园5#2楼",  # seven or eight digits that nobody calls a number
        "股票十天收盘价的百分之七十百分位大于1",
    }
)
"""What does not come out, each with its reason where it needs one."""


def test_the_data_hold_only_what_a_call_can_hold() -> None:
    assert not [case for case in FOUND if isinstance(case, Left)]
    assert len(FOUND) > 400


@pytest.mark.parametrize("group", ["date", "amount", "share", "phone"])
def test_nine_of_ten_come_out(group: str) -> None:
    cases = [case for case in FOUND if isinstance(case, Case) and case.group == group]
    assert sum(case.passes() for case in cases) >= LEAST * len(cases)


def test_what_fails_is_known() -> None:
    failed = {case.text for case in FOUND if isinstance(case, Case) and not case.passes()}
    assert failed <= BY_HAND


def test_the_summary_counts_every_case_once() -> None:
    rows = summary([*FOUND, Left(group="date", reason="history", text="康熙三年")])
    assert sum(row["of"] for row in rows["passed"].values()) == len(FOUND)
    assert rows["left_out"] == {"date": {"history": 1}}
