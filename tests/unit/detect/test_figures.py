"""Shares are read in per cent, however they are said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipeline.detect.figures import percents_in


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("百分之二十四", "24"),
        ("百分之百", "100"),
        ("千分之五", "0.5"),
        ("万分之五", "0.05"),
        ("24%", "24"),
        ("三十六个百分点", "36"),
        ("给您打八折", "80"),
        ("七五折", "75"),
        ("8.5折", "85"),
        ("打对折", "50"),
        ("减免三成", "30"),
        ("三成半", "35"),
        ("七成六", "76"),
    ],
)
def test_reads(said: str, value: str) -> None:
    assert [figure.value for figure in percents_in(said)] == [Decimal(value)]


@pytest.mark.parametrize(
    "said", ["一成不变", "三成年人", "八折腾", "五百分之二", "对折", "完成三千", "成功了"]
)
def test_is_no_share(said: str) -> None:
    assert list(percents_in(said)) == []
