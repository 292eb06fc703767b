import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.metadata import CallMetadata
from pipeline.speech.correct import correct, correct_speakers
from pipeline.speech.text import Token
from pipeline.speech.turns import Utterance
from pipeline.types import Word

CALL = CallMetadata(
    lender="岚桥银行",
    agency="恒信达资产管理公司",
    agent_name="周雨桐",
    customer_name="苏文清",
    customer_sex="F",
)


class Words:
    """A dictionary of a few words."""

    identity = "words/test"

    def __init__(self, **known):
        self.known = known

    def frequency(self, word):
        return self.known.get(word, 0)


def spell(text, probability=0.7, pause_ms=0):
    """A token a character; «，» in the text is the mark of the character before it."""
    tokens = []
    for character in text:
        if character == "，":
            last = tokens.pop()
            tokens.append(Token(word=last.word, mark="，"))
            continue
        start = len(tokens) * (200 + pause_ms)
        word = Word(text=character, start_ms=start, end_ms=start + 200, probability=probability)
        tokens.append(Token(word=word))
    return tokens


def written(text, *, metadata=CALL, words=None, **options):
    result = correct(spell(text, **options), metadata, words or Words())
    return "".join(token.word.text + token.mark for token in result.tokens)


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("这个电话是有露音的", "这个电话是有录音的"),
        ("我的公号是三零七", "我的工号是三零七"),
        ("不会影响真信记录", "不会影响征信记录"),
        ("可以申请分析还款", "可以申请分期还款"),
        ("报一下身分正后四位", "报一下身份证后四位"),
        ("请在手机银行IPP上查", "请在手机银行APP上查"),
        ("我是览桥银行的", "我是岚桥银行的"),
        ("这边是恒新达资产管理公司", "这边是恒信达资产管理公司"),
        ("我叫周宇同", "我叫周雨桐"),
        ("是苏文青女士吗", "是苏文清女士吗"),
    ],
)
def test_homophones_of_terms_and_names_are_put_right(heard, said):
    assert written(heard, words=Words(分析=11_000)) == said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我把材料分析好了", Words(分析=11_000)),
        ("你带后面那份合同", Words(后面=9_000)),
        ("您是问征信吗", Words()),
        ("把身份证号吗报一下", Words()),
        ("这个是新的银行卡", Words(是=790_000, 新=62_000)),
        ("昨天公号发了文章", Words(公号=500)),
        ("我在岚山银行上班", Words(岚山=40)),
    ],
)
def test_what_may_be_meant_as_it_stands_is_left(text, words):
    assert written(text, words=words, probability=0.95) == text


def test_without_talk_of_the_trade_two_syllables_are_left():
    assert written("今天去爬山带后", metadata=CallMetadata()) == "今天去爬山带后"


def test_a_sure_word_is_left_where_nothing_asks_for_the_term():
    assert written("逾期以后才有克夫的", probability=0.99) == "逾期以后才有克夫的"
    assert written("逾期以后才有克夫的", probability=0.5) == "逾期以后才有客服的"


@pytest.mark.parametrize("text", ["一共三百零一元", "分十二期还", "第一期还没到", "尾号4217", "一期两千"])
def test_numbers_are_left(text):
    assert written(text, probability=0.3) == text


def test_a_number_that_the_lexicon_gives_up_is_changed_only_where_it_says_so():
    assert written("您已经一期二十天", probability=0.3) == "您已经逾期二十天"
    assert written("您已经一期二十天", probability=0.9) == "您已经一期二十天"


def test_another_surname_is_another_person():
    assert written("舒女士不在家", probability=0.3) == "舒女士不在家"
    assert written("酥女士不在家", probability=0.3) == "苏女士不在家"


def test_a_term_does_not_reach_over_a_mark_or_a_pause():
    assert written("没有露，音乐", probability=0.3) == "没有露，音乐"
    assert written("电话露音", pause_ms=600, probability=0.3) == "电话露音"


def test_letters_do_not_become_characters():
    assert written("贷款逾期的ee", probability=0.3) == "贷款逾期的ee"


def test_the_longer_term_is_preferred():
    result = correct(spell("覆盖不了违约金和罚西，要走客服热线还是科服热线"), CALL, Words())
    assert [c.corrected for c in result.corrections][-1] == "客服热线"


def test_every_change_is_on_record_with_its_time_and_reason():
    result = correct(spell("本次电话有露音", probability=0.4), CALL, Words())
    (change,) = result.corrections
    assert (change.original, change.corrected, change.kind) == ("露音", "录音", "trade")
    assert (change.start_ms, change.end_ms) == (1000, 1400)
    assert change.reason == "context"
    assert change.distance <= 0.05
    assert change.probability == pytest.approx(0.4)


def test_a_name_is_recorded_by_the_metadata_that_has_it():
    result = correct(spell("我是览桥银行的周宇同"), CALL, Words())
    assert [c.kind for c in result.corrections] == ["lender", "agent"]


def test_a_word_of_several_characters_keeps_its_length():
    tokens = [
        Token(word=Word(text=text, start_ms=i * 400, end_ms=i * 400 + 400, probability=0.5), mark=mark)
        for i, (text, mark) in enumerate([("电话", ""), ("露音", "，"), ("好吗", "？")])
    ]
    result = correct(tokens, CALL, Words())
    assert [t.word.text for t in result.tokens] == ["电话", "录音", "好吗"]
    assert [t.mark for t in result.tokens] == ["", "，", "？"]


SAID = st.lists(
    st.sampled_from(
        [
            *"的是我吗一三百4，",
            *("露音", "公号", "真信", "分析还款", "带后", "贷后", "录音", "电话", "一期", "逾期"),
            *("览桥银行", "周宇同", "苏女士", "IPP", "身分证后四位", "二十天", "客服"),
        ]
    ),
    max_size=12,
).map(lambda parts: "".join(parts).lstrip("，").replace("，，", "，"))


@settings(deadline=None)
@given(SAID, st.floats(min_value=0, max_value=1))
def test_times_probabilities_and_lengths_stay_and_digits_are_untouched(text, probability):
    before = spell(text, probability=probability)
    after = correct(before, CALL, Words()).tokens
    assert [
        (len(t.word.text), t.word.start_ms, t.word.end_ms, t.word.probability, t.mark) for t in after
    ] == [(len(t.word.text), t.word.start_ms, t.word.end_ms, t.word.probability, t.mark) for t in before]
    for old, new in zip(before, after, strict=True):
        if old.word.text in "三百4":
            assert new.word.text == old.word.text


@settings(deadline=None)
@given(SAID, st.floats(min_value=0, max_value=1))
def test_what_is_corrected_is_not_corrected_again(text, probability):
    first = correct(spell(text, probability=probability), CALL, Words())
    again = correct(first.tokens, CALL, Words())
    assert again.tokens == first.tokens
    assert again.corrections == ()


@settings(deadline=None)
@given(SAID)
def test_the_record_accounts_for_every_changed_character(text):
    before = spell(text, probability=0.3)
    result = correct(before, CALL, Words())
    changed = [b.word for b, a in zip(before, result.tokens, strict=True) if a.word.text != b.word.text]
    for word in changed:
        assert any(c.start_ms <= word.start_ms and word.end_ms <= c.end_ms for c in result.corrections)
    assert bool(changed) == bool(result.corrections)


def test_each_speaker_is_put_right_alone_and_turns_keep_their_words():
    said = [
        Utterance(speaker=speaker, tokens=tuple(spell(text)))
        for speaker, text in [
            ("a", "电话有露"),
            ("b", "音"),
            ("a", "这边是览桥银行"),
            ("b", "我的公号是多少"),
        ]
    ]
    written, corrections = correct_speakers(said, CALL, Words())
    assert [u.speaker for u in written] == ["a", "b", "a", "b"]
    assert [u.bare for u in written] == ["电话有露", "音", "这边是岚桥银行", "我的工号是多少"]
    assert {c.corrected for c in corrections} == {"岚桥银行", "工号"}


def test_nothing_said_nothing_changed():
    assert correct([], CALL, Words()).tokens == ()
