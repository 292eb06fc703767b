"""What is hidden in text, at its length, the same wherever the call says it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.personal import Kind
from pipeline.privacy.masks import Masker, mask_text
from pipeline.privacy.spans import personal_spans
from pipeline.redact import MASK


def stars(count):
    return MASK * count


def call(*lines, heard=False, **metadata):
    """Turns from lines such as ``A您好`` and ``C是我``."""
    roles = {"A": "agent", "C": "customer"}
    turns = [
        {
            "index": i,
            "role": roles[line[0]],
            "text": line[1:],
            "words": [{"text": c} for c in line[1:]] * heard,
        }
        for i, line in enumerate(lines)
    ]
    return {"metadata": metadata, "turns": turns}


def shown(*lines, names=(), **more):
    spoken = call(*lines, **more)
    masker = Masker(spoken, names)
    return [masker.turn(turn["index"]) for turn in spoken["turns"]]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13900001234。", f"电话{stars(11)}。"),
        ("打幺三九零零零零幺二三四找我", f"打{stars(11)}找我"),
        ("一三九，零零零零，一二三四", f"{stars(3)}，{stars(4)}，{stars(4)}"),
        ("139-0000-1234", f"{stars(3)}-{stars(4)}-{stars(4)}"),
        ("１３９００００１２３４", stars(11)),
        ("卡号6222020000001234567", f"卡号{stars(19)}"),
        ("身份证11010119900307001X", f"身份证{stars(18)}"),
        ("身份证110101199003070015", f"身份证{stars(18)}"),
        ("座机是8812345", f"座机是{stars(7)}"),
        ("您尾号三三二幺的信用卡", f"您尾号{stars(4)}的信用卡"),
        ("验证码是四七零九二幺", f"验证码是{stars(6)}"),
        ("微信号是wang_8866", f"微信号是{stars(9)}"),
        ("邮箱是abc.def@example.com", f"邮箱是{stars(19)}"),
        ("我生日是八五年三月十二号", f"我生日是{stars(8)}"),
        ("车牌京A幺二三四五", f"车牌京{stars(6)}"),
        ("住朝阳区建国路八十八号", f"住{stars(10)}"),
        ("家住翠湖小区", f"家住{stars(4)}"),
        ("我在上海市徐汇区漕溪路二百五十八号", f"我在{stars(15)}"),
        ("我老家是王家村的", f"我老家是{stars(3)}的"),
        ("还寄到滨河路那个地址", f"还寄到{stars(3)}那个地址"),
        ("我在红星小学教书", f"我在{stars(4)}教书"),
        ("单位是天源商贸", f"单位是{stars(4)}"),
    ],
)
def test_numbers_and_places_are_hidden(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "一共一万八千六百五十二元三角",
        "欠1234567元",
        "欠1234567.50元",
        "二零二六年六月三十号之前还",
        "本期六月三十号到期",
        "工号四零二二",
        "您打幺二三七八投诉，或者幺幺零",
        "客服热线四零零八二零八八二零",
        "我在开会",
        "我在工地上班，老板没发钱",
        "这钱总得还吧，方便的时候",
        "在人民路上等",
        "你们公司怎么回事",
        "祝阿姨早日康复",
        "你叫我马警官就行",
        "我是王律师",
        "老赖这个词我们不说",
        "主任律师找你谈",
        "我儿子马上放学了",
        "我老公于是又去借",
        "去法院立案",
        "在网上借的，在深圳上班",
        "我一个朋友开了家电子厂",
        "您几月几号能还",
        "钱要转到对公账户",
        "稳住最低还款",
    ],
)
def test_what_is_nobodys_stays(text):
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请问是王小明先生吗", f"请问是王{stars(2)}先生吗"),
        ("您是王小明本人吧", f"您是王{stars(2)}本人吧"),
        ("我叫欧阳静", f"我叫欧阳{stars(1)}"),
        ("我是东岭银行卡部的陆远，工号三零二", f"我是东岭银行卡部的陆{stars(1)}，工号三零二"),
        ("他叫刘国栋，是我表哥", f"他叫刘{stars(2)}，是我表哥"),
        ("我姐夫孙建国有钱", f"我姐夫孙{stars(2)}有钱"),
        ("喂，何洁吗", f"喂，何{stars(1)}吗"),
        ("李女士您好", f"李{stars(2)}您好"),
        ("周科长您好", f"周{stars(2)}您好"),
        ("回访一下王磊的情况", f"回访一下王{stars(1)}的情况"),
        ("叫我小郑就行", f"叫我小{stars(1)}就行"),
        ("你找老陈，他知道", f"你找老{stars(1)}，他知道"),
        ("户名是赵一鸣", f"户名是赵{stars(2)}"),
        ("魏丽有个包裹", f"魏{stars(1)}有个包裹"),
        ("麻烦叫一下陈晓东接电话", f"麻烦叫一下陈{stars(2)}接电话"),
        ("钱转给张磊了", f"钱转给张{stars(1)}了"),
        ("你问我们主任孙伟", f"你问我们主任孙{stars(1)}"),
        ("我姓胡，胡小军", f"我姓胡，胡{stars(2)}"),
        ("您和余丽是什么关系", f"您和余{stars(1)}是什么关系"),
        ("你好，是谢婷婷吗", f"你好，是谢{stars(2)}吗"),
        ("您是李建国李师傅吧", f"您是李{stars(2)}李{stars(2)}吧"),
        ("借给我朋友薛峰了", f"借给我朋友薛{stars(1)}了"),
    ],
)
def test_names_are_known_from_how_people_are_named(text, masked):
    assert mask_text(text) == masked


def test_a_name_of_the_file_is_hidden_in_full_and_as_a_given_name():
    names = ("欧阳志远", "周敏")
    assert mask_text("欧阳志远不在，志远出去了，周敏也是", names) == (
        f"欧阳{stars(2)}不在，{stars(2)}出去了，周{MASK}也是"
    )


def test_a_given_name_of_one_character_is_not_hunted_for():
    assert mask_text("您很敏锐", ("周敏",)) == "您很敏锐"


def test_a_name_is_the_same_throughout_the_call():
    spoken = call("A请问是张国强先生吗", "C是我", "A张先生您好", "C国强就是我", "A好的，张国强")
    spans = personal_spans(spoken)
    assert {span.identity for span in spans} == {"name-1"}
    assert shown("A请问是张国强先生吗", "C是我", "A张先生您好", "C国强就是我", "A好的，张国强") == [
        f"请问是张{stars(2)}先生吗",
        "是我",
        f"张{stars(2)}您好",
        f"{stars(2)}就是我",
        f"好的，张{stars(2)}",
    ]


def test_the_answer_to_a_check_of_identity_is_hidden_with_its_repetition():
    texts = shown("A身份证后四位报一下", "C四零幺九", "A四零幺九，核对上了，欠四千零一十九元")
    assert texts[1:] == [stars(4), f"{stars(4)}，核对上了，欠四千零一十九元"]


def test_the_day_of_birth_is_hidden_and_other_days_are_not():
    texts = shown("A您的生日是几月几号", "C九月十二", "A好的，三月十号到期", "C三月十号我还")
    assert texts[1:] == [stars(4), "好的，三月十号到期", "三月十号我还"]


def test_a_number_in_pieces_is_hidden_even_where_a_digit_is_missing():
    texts = shown("A电话多少", "C幺三九", "A嗯", "C零零零", "A好", "C幺二三四", "A零零零对吧")
    assert [texts[1], texts[3], texts[5]] == [stars(3), stars(3), stars(4)]


def test_a_job_number_stays_when_the_customer_repeats_it():
    assert shown("A我的工号是三三零幺", "C三三零幺，我记一下")[1] == "三三零幺，我记一下"


def test_workplaces_are_hidden_and_the_agents_own_firm_is_not():
    texts = shown(
        "A我是诚达信息服务公司的，请问是锦程贸易公司吗",
        "C是锦程贸易",
        "C我在福耀玻璃上班",
        lender="海岳银行",
        agency="诚达信息服务公司",
    )
    assert texts == [
        f"我是诚达信息服务公司的，请问是{stars(4)}公司吗",
        f"是{stars(4)}",
        f"我在{stars(4)}上班",
    ]


def test_names_and_digits_are_found_by_their_sound_in_what_was_heard():
    texts = shown("A请问风雪女士在吗", "A身份证后四位", "C七要三零", names=("冯雪",), heard=True)
    assert "风雪" not in texts[0]
    assert texts[2] == stars(4)


def test_words_about_a_call_are_masked_as_the_call_is():
    masker = Masker(call("A电话", "C幺三九", "A嗯", "C零零零零幺二三四"))
    assert masker.text("客户说了「零零零零幺二三四」") == f"客户说了「{stars(8)}」"


NAMES = ("周敏", "欧阳志远", "孙浩", "陈小燕")
NUMBERS = (
    "幺三九零零零零幺二三四",
    "13812345678",
    "六二二二零二零零零零零零幺二三四五六七",
    "110101199003070015",
)
around = st.text(alphabet="您好是我的在，。吗请问还款元一二百千万月号了不", max_size=12)


@given(around, st.sampled_from(NAMES), around, st.sampled_from(NUMBERS), around)
def test_a_known_name_or_number_never_shows_and_nothing_moves(before, name, between, number, after):
    line = f"{before}，{name}{between}，{number}，{after}"
    spoken = call(f"A{line}", f"C{name}", f"C{number}")
    masker = Masker(spoken, NAMES)
    for index, text in enumerate([line, name, number]):
        masked = masker.turn(index)
        assert len(masked) == len(text)
        assert all(new in (old, MASK) for old, new in zip(text, masked, strict=True))
        assert name not in masked
        assert number not in masked
        assert not re.search(r"[0-9]{7}|[零幺二三四五六七八九]{7}", masked)
    assert len({s.identity for s in masker.spans if s.kind is Kind.NAME and s.turn == 1}) == 1


spoken_text = st.text(alphabet="0123零一二三幺，、 -元万X您好周敏志远先生我是公司小区住", max_size=40)


@given(st.lists(st.tuples(st.sampled_from("AC"), spoken_text), max_size=5), st.booleans())
def test_masking_keeps_length_and_spans_lie_inside_and_apart(lines, heard):
    spoken = call(*(f"{who}{text}" for who, text in lines), heard=heard)
    masker = Masker(spoken, NAMES)
    texts = [turn["text"] for turn in spoken["turns"]]
    for one in masker.spans:
        assert 0 <= one.start <= one.start + one.kept < one.end + 1 <= len(texts[one.turn]) + 1
    for a, b in zip(masker.spans, masker.spans[1:], strict=False):
        assert (a.turn, a.end) <= (b.turn, b.start) or a.turn < b.turn
    assert [len(masker.turn(i)) for i in range(len(texts))] == [len(text) for text in texts]


@given(spoken_text)
def test_masking_twice_hides_no_less(text):
    once = mask_text(text, NAMES)
    assert len(mask_text(once, NAMES)) == len(text)
