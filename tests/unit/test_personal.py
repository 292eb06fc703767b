"""Personal data are found as people say them, whole or in pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.personal import Kind, digits_of, find_personal, identity_is_valid, split_numbers
from pipeline.types import Role, Turn


def found(text: str, names: tuple[str, ...] = ()) -> list[tuple[str, str, bool | None]]:
    return [(one.kind.value, text[one.start : one.end], one.valid) for one in find_personal(text, names)]


@pytest.mark.parametrize(
    ("text", "kind", "said", "valid"),
    [
        ("手机是幺三九零零零零幺二三四", "mobile", "幺三九零零零零幺二三四", None),
        ("打幺三九洞洞洞洞幺两三四", "mobile", "幺三九洞洞洞洞幺两三四", None),
        ("+86 139-0000-1234", "mobile", "86 139-0000-1234", None),
        ("座机零幺零，八二八零三幺五九", "landline", "零幺零，八二八零三幺五九", None),
        ("电话是七六二九二三六", "landline", "七六二九二三六", None),
        ("拨打四零零八二零八八二零", "hotline", "四零零八二零八八二零", None),
        (
            "身份证幺幺零幺零幺幺九九零零三零七零零一三",
            "id_card",
            "幺幺零幺零幺幺九九零零三零七零零一三",
            False,
        ),
        ("身份证11010119900307001X", "id_card", "11010119900307001X", False),
        ("卡号四一一一 一一一一 一一一一 一一一一", "bank_card", "四一一一 一一一一 一一一一 一一一一", True),
        ("卡号四一一一一一一一一一一一一一一二", "bank_card", "四一一一一一一一一一一一一一一二", False),
        ("车牌京A幺二三四五", "plate", "京A幺二三四五", None),
        ("粤B·D12345吧", "plate", "粤B·D12345", None),
        (
            "住在朝阳区建国路八十八号三号楼二单元五零一",
            "address",
            "朝阳区建国路八十八号三号楼二单元五零一",
            None,
        ),
        ("就在幸福小区六栋一单元三零二室", "address", "幸福小区六栋一单元三零二室", None),
    ],
)
def test_finds(text: str, kind: str, said: str, valid: bool | None) -> None:
    assert found(text) == [(kind, said, valid)]


@pytest.mark.parametrize(
    "text",
    [
        "还五千六百元",
        "我的工号是幺零三二，这边有录音",
        "我走路去的，在人民路上",
        "去年住三号楼那边",
        "这条路一号公里",
        "二零二六年六月三十号",
        "江苏路那边",
        "云A股一二三",
    ],
)
def test_finds_nothing(text: str) -> None:
    assert found(text) == []


def test_names_of_the_file_and_with_a_title() -> None:
    assert found("请问欧阳志远在吗", ("欧阳志远",)) == [("name", "欧阳志远", None)]
    assert found("是王女士吧") == [("name", "王女士", None)]


def test_the_value_is_in_plain_digits_and_never_shown() -> None:
    (one,) = find_personal("幺三九，洞洞洞洞，幺二三四")
    assert one.value == "13900001234"
    assert one.value not in repr(one)


@given(st.text(alphabet="0123456789", min_size=17, max_size=17))
def test_an_identity_number_has_one_check_digit(body: str) -> None:
    right = [check for check in "0123456789X" if identity_is_valid(body + check)]
    assert len(right) == 1


@given(
    st.text(alphabet="0123456789", min_size=17, max_size=17),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_one_misheard_digit_is_noticed(body: str, at: int, by: int) -> None:
    check = next(c for c in "0123456789X" if identity_is_valid(body + c))
    changed = body[:at] + str((int(body[at]) + by) % 10) + body[at + 1 :]
    assert not identity_is_valid(changed + check)


def turns(*lines: str) -> tuple[Turn, ...]:
    roles = {"A": Role.AGENT, "C": Role.CUSTOMER}
    return tuple(
        Turn(index=i, role=roles[line[0]], role_confidence=1.0, text=line[1:]) for i, line in enumerate(lines)
    )


def test_a_number_in_pieces_with_the_other_reading_back() -> None:
    (number,) = split_numbers(
        turns(
            "A您报一下手机号",
            "C幺三九",
            "A嗯",
            "C零零零零",
            "A零零零零，好",
            "C幺二三四",
            "A幺三九零零零零幺二三四对吧",
        )
    )
    assert (number.kind, number.value, number.valid) == (Kind.MOBILE, "13900001234", None)
    assert [piece.turn for piece in number.pieces] == [1, 3, 5]
    assert [piece.turn for piece in number.read_back] == [4, 6]
    assert number.value not in repr(number)


def test_a_card_in_pieces_has_its_check_digit() -> None:
    (number,) = split_numbers(
        turns("A卡号", "C四幺幺幺幺幺幺幺", "A嗯，继续", "C幺幺幺幺", "A好", "C幺幺幺幺")
    )
    assert (number.kind, number.valid) == (Kind.BANK_CARD, True)


@pytest.mark.parametrize(
    "lines",
    [
        ("C幺三九", "A您说的是哪个号码我没有听清楚您的意思", "C零零零零幺二三四"),  # talk between them
        ("C五百二十", "A嗯", "C一千三百"),
        ("C幺三九零零零零幺二三四", "A好的", "C对"),
        ("A嗯", "C嗯"),
    ],
)
def test_what_is_no_split_number(lines: tuple[str, ...]) -> None:
    assert split_numbers(turns(*lines)) == ()


@given(st.text(alphabet="京A幺三九零12路号区朝阳住，嗯X", max_size=30))
def test_spans_lie_inside_and_apart(text: str) -> None:
    spans = find_personal(text)
    assert all(0 <= one.start < one.end <= len(text) for one in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_digits_as_they_are_said() -> None:
    assert digits_of("幺三八，零〇洞 两拐勾x") == "13800" + "0279X"
