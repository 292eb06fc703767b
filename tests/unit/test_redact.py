"""Masking hides people and moves nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metadata import CallMetadata
from pipeline.redact import MASK, People, mask_id, mask_name, mask_text


def stars(count):
    return MASK * count


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13900001234。", f"电话{stars(7)}1234。"),
        ("打幺三九零零零零幺二三四找我", f"打{stars(7)}幺二三四找我"),
        ("一三九，零零零零，一二三四", f"{stars(3)}，{stars(4)}，一二三四"),
        ("139-0000-1234", f"{stars(3)}-{stars(4)}-1234"),
        ("１３９００００１２３４", f"{stars(7)}１２３４"),
        ("卡号6222020000001234567", f"卡号{stars(15)}4567"),
        ("身份证11010119900307001X", f"身份证{stars(18)}"),
        ("身份证110101199003070015", f"身份证{stars(18)}"),
        ("座机是8812345", f"座机是{stars(3)}2345"),
    ],
)
def test_long_numbers_are_masked(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "尾号三三二幺",
        "一共一万八千六百五十二元三角",
        "欠1234567元",
        "欠1234567.50元",
        "二零二六年六月三十号",
        "工号四零二二",
        "我在开会",
    ],
)
def test_amounts_and_short_numbers_stay(text):
    assert mask_text(text) == text


def test_names_are_masked_in_full_and_as_given_names():
    names = ("欧阳志远", "周敏")
    assert (
        mask_text("请问欧阳志远在吗，志远，我是周敏", names)
        == f"请问欧阳{stars(2)}在吗，{stars(2)}，我是周{MASK}"
    )


def test_a_given_name_of_one_character_is_not_hunted_for():
    assert mask_text("您很敏锐", ("周敏",)) == "您很敏锐"


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("李建华", f"李{stars(2)}"),
        ("周敏", f"周{MASK}"),
        ("欧阳志远", f"欧阳{stars(2)}"),
        ("欧阳", f"欧{MASK}"),
        ("王", MASK),
        ("", ""),
    ],
)
def test_a_name_keeps_its_surname(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("value", "masked"), [("C00012345", f"{stars(5)}2345"), ("C012", f"{stars(2)}12"), ("", "")]
)
def test_an_id_shows_its_end_and_never_more_than_half(value, masked):
    assert mask_id(value) == masked


def test_people_come_from_metadata_and_never_show_in_a_log():
    people = People.of(CallMetadata(customer_name="欧阳志远", agent_name="周敏", customer_id="C00012345"))
    assert people.names == ("欧阳志远", "周敏")
    assert people.masked().customer_name == f"欧阳{stars(2)}"
    for secret in ("志远", "周敏", "12345"):
        assert secret not in repr(people)


spoken = st.text(alphabet="0123零一二三幺，、 -元万X您好周敏志远", max_size=40)


@given(spoken, st.lists(st.sampled_from(["周敏", "欧阳志远", "好", "一二三"])))
def test_masking_keeps_length_and_changes_only_into_stars(text, names):
    masked = mask_text(text, names)
    assert len(masked) == len(text)
    assert all(new in (old, MASK) for old, new in zip(text, masked, strict=True))


@given(spoken)
def test_masking_twice_is_masking_once(text):
    assert mask_text(mask_text(text)) == mask_text(text)
