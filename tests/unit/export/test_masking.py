"""What leaves the house: listed fields only, people masked, offsets kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.masking import exported, shown_id
from pipeline.redact import MASK
from tests.unit.export.samples import content, said

NAMES = ("欧阳志远", "周敏")


def all_text(one):
    return json.dumps(one, ensure_ascii=False)


def test_without_masking_the_listed_fields_are_as_they_were():
    call = content()
    shown = exported(call, NAMES, mask=False)
    assert [turn["text"] for turn in shown["turns"]] == [turn["text"] for turn in call["turns"]]
    assert [f["evidence"] for f in shown["findings"]] == [f["evidence"] for f in call["findings"]]
    assert shown["call_id"] == "golden-1"


def test_names_and_numbers_are_masked_everywhere():
    text = all_text(exported(content(), NAMES))
    for hidden in ("志远", "周敏", "幺三九零零零零"):
        assert hidden not in text
    assert "欧阳＊＊" in text


def test_a_field_that_is_not_listed_stays_out():
    call = content(secret="a", metadata={**content()["metadata"]})
    call["turns"][0]["secret"] = "b"
    call["findings"][0]["secret"] = "c"
    shown = exported(call, mask=False)
    assert "secret" not in all_text(shown)


def test_evidence_is_the_masked_words_of_its_turn():
    shown = exported(content(), NAMES)
    for one in (*shown["findings"], *shown["acts"], *shown["customer_event_evidence"]):
        if one["turn"] is not None:
            words = shown["turns"][one["turn"]]["text"][one["text_start"] : one["text_end"]]
            assert one["evidence"] == words


def test_a_name_before_a_title_is_masked_without_being_told():
    shown = exported(said(("agent", "您好，请问是王小明先生吗"), ("customer", "我是。")))
    assert "小明" not in shown["turns"][0]["text"]
    assert "小" not in "".join(word["text"] for word in shown["turns"][0]["words"])


def test_a_number_said_in_pieces_is_masked_with_its_repetition():
    shown = exported(
        said(
            ("agent", "您报一下手机号"),
            ("customer", "幺三八"),
            ("agent", "嗯"),
            ("customer", "二二三三"),
            ("agent", "好的"),
            ("customer", "四四五五"),
            ("agent", "二二三三对吧"),
        )
    )
    texts = [turn["text"] for turn in shown["turns"]]
    assert texts[1] == MASK * 3
    assert texts[3] == texts[5] == MASK * 4
    assert texts[6] == f"{MASK * 4}对吧"


def test_a_word_that_its_turn_does_not_hold_is_masked_where_its_turn_is():
    call = said(("customer", "我叫王小明先生"))
    call["turns"][0]["words"][0]["text"] = "鸿"
    shown = exported(call)
    assert shown["turns"][0]["words"][0]["text"] == MASK


@pytest.mark.parametrize(
    ("call_id", "stays"),
    [
        ("dev-001", True),
        ("20260318103000-0017", True),
        ("out_13912345678_1", False),
        ("20260318103000123456", True),
        ("file 110101199003070054", False),
    ],
)
def test_an_id_that_holds_a_number_of_somebody_is_replaced(call_id, stays):
    assert (shown_id(call_id) == call_id) == stays


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["agent", "customer"]),
            st.text("一二三四幺0123456789王先生，我是李小红x", max_size=40),
        )
    )
)
def test_masking_keeps_every_length_and_hides_every_long_number(lines):
    import re

    call = said(*lines)
    shown = exported(call, ("李小红",))
    for before, after in zip(call["turns"], shown["turns"], strict=True):
        assert len(before["text"]) == len(after["text"])
        assert [len(w["text"]) for w in before["words"]] == [len(w["text"]) for w in after["words"]]
        assert not re.search(r"小红|[0-9]{12}", after["text"])
