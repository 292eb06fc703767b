import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.text import MARKS, asks, plain, punctuate, simplify, tokens
from pipeline.types import Word


def spell(*pieces, pause_ms=0):
    """Words of 200 ms each with a pause after each."""
    return tuple(
        Word(text=piece, start_ms=i * (200 + pause_ms), end_ms=i * (200 + pause_ms) + 200, probability=0.9)
        for i, piece in enumerate(pieces)
    )


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("請問您現在方便說話嗎?", "请问您现在方便说话吗？"),
        ("他还在睡著", "他还在睡着"),
        ("很有名的著作", "很有名的著作"),
        ("ＡＰＰ裡有１２期", "APP里有12期"),
        ("一共 8,250 元,对吧", "一共8250元，对吧"),
        ("月息1.5%.", "月息1.5%。"),
        ("下午 3:30 以前", "下午3:30以前"),
        ("「好的」（笑）…", "好的笑。"),
    ],
)
def test_one_script_one_width_full_punctuation(written, wanted):
    assert simplify([plain(written)])[0] == wanted


def test_a_number_over_several_words_stays_one_number():
    made = tokens(spell("18", ",600", "元,", "3", ".5", "%"))
    assert punctuate(made) == "18600元，3.5%。"


def test_a_list_of_numbers_is_no_thousand():
    assert punctuate(tokens(spell("期数", "6", ",", "12", ",", "24"))) == "期数6，12，24。"


def test_words_carry_no_marks_and_a_mark_goes_to_the_word_before():
    made = tokens(spell("好的", ",", "。", "我", "?知道"))
    assert [(t.word.text, t.mark) for t in made] == [("好的", "。"), ("我", "？"), ("知道", "")]


@pytest.mark.parametrize(
    ("pause_ms", "wanted"), [(100, "好我看看。"), (400, "好，我看看。"), (800, "好。我看看。")]
)
def test_pauses_become_marks_where_the_engine_left_none(pause_ms, wanted):
    first, *rest = spell("好", "我", "看看")
    shifted = [
        Word(text=w.text, start_ms=w.start_ms + pause_ms, end_ms=w.end_ms + pause_ms, probability=0.9)
        for w in rest
    ]
    assert punctuate(tokens([first, *shifted])) == wanted


@pytest.mark.parametrize(
    "question", ["您收到了吗", "那怎么办", "您是哪位", "这样可以不", "周五之前行不行", "是他的吧好吧"]
)
def test_a_turn_that_asks_ends_with_a_question_mark(question):
    assert punctuate(tokens(spell(*question))).endswith("？")
    assert asks(tokens(spell(*question)))


@pytest.mark.parametrize("statement", ["行吧", "我知道怎么走", "那就明天"])
def test_a_turn_that_states_ends_with_a_full_stop(statement):
    assert punctuate(tokens(spell(*statement))) == statement + "。"


def test_the_engines_own_marks_are_kept():
    assert punctuate(tokens(spell("你好！", "我是", "。", pause_ms=900))) == "你好！我是。"


@given(st.lists(st.text("请问您好,.?!，。 0123456789Ａ該還錢…", max_size=4), max_size=12))
def test_words_spell_the_text_in_order(pieces):
    made = tokens(spell(*pieces))
    text, at = punctuate(made), 0
    for token in made:
        assert token.word.text
        assert not set(token.word.text) & MARKS
        found = text.find(token.word.text, at)
        assert found >= at
        at = found + len(token.word.text)
    assert not made or text[-1] in "。？！"
