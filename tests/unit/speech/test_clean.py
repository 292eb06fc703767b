import pytest

from pipeline.errors import ConfigError
from pipeline.speech.clean import clean, load_hallucinations, spoken
from pipeline.types import Interval
from tests.unit.speech.sounding import segment, words

LEXICON = load_hallucinations()


def run(*segments, speech=None):
    whole = (Interval(start_ms=0, end_ms=600_000),) if speech is None else speech
    kept, removals = clean(segments, whole, LEXICON)
    return [s.text for s in kept], [r.reason for r in removals]


def said(text, start_ms=0, **scores):
    return segment(words(text, start_ms), **scores)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("請不吝點贊訂閱轉發打賞支持明鏡與點點欄目", "credit"),
        ("字幕由Amara.org社区提供", "credit"),
        ("谢谢大家收看我们下期再见", "credit"),
        ("以下是普通话的句子", "prompt_echo"),
        ("ご視聴ありがとうございました", "foreign_script"),
        ("Субтитры", "foreign_script"),
        ("♪♪", "no_words"),
    ],
)
def test_what_nobody_says_in_a_call_is_removed_with_its_reason(text, reason):
    assert run(said(text)) == ([], [reason])


@pytest.mark.parametrize("text", ["谢谢", "嗯", "再见", "好的", "拜拜"])
def test_real_courtesies_stay(text):
    assert run(said(text)) == ([text], [])


@pytest.mark.parametrize("text", ["谢谢", "嗯", "再见"])
def test_courtesies_without_speech_go(text):
    speech = (Interval(start_ms=0, end_ms=150),)
    assert run(said(text), speech=speech) == ([], ["filler_without_speech"])
    doubtful = said(text, logprob=-0.9, no_speech=0.7)
    assert run(doubtful) == ([], ["filler_without_speech"])


def test_a_sentence_is_not_a_filler_however_doubtful():
    text = "谢谢您配合我们的工作"
    assert run(said(text, logprob=-0.9, no_speech=0.7)) == ([text], [])


def test_silence_by_the_engines_own_scores_goes():
    assert run(said("你认得我吗", logprob=-1.3, no_speech=0.8)) == ([], ["no_speech"])
    assert run(said("你认得我吗", logprob=-1.3, no_speech=0.3))[1] == []


def test_a_credit_on_real_words_is_stripped_and_the_words_stay():
    kept, reasons = run(said("那我下周先还一部分行不行请不吝点赞"))
    assert kept == ["那我下周先还一部分行不行"]
    assert reasons == ["credit"]


def test_a_loop_keeps_its_first_round():
    kept, reasons = run(said("我马上还" * 6))
    assert kept == ["我马上还"]
    assert reasons == ["loop"]


def test_a_loop_over_several_segments_is_one_loop():
    segments = [said("请尽快处理", i * 1_000) for i in range(5)]
    kept, reasons = run(*segments)
    assert kept == ["请尽快处理"]
    assert set(reasons) == {"loop"}


def test_the_same_answer_in_turn_after_turn_is_no_loop():
    segments = [said("好的", i * 4_000) for i in range(6)]
    assert run(*segments) == (["好的"] * 6, [])


@pytest.mark.parametrize("text", ["好好好好", "喂喂喂", "对对对我知道"])
def test_people_do_repeat_themselves(text):
    assert run(said(text)) == ([text], [])


def test_more_words_than_can_be_said_are_removed():
    crammed = segment(words("您这笔账单已经逾期很久了请您处理", 0, per_ms=30))
    assert run(crammed) == ([], ["too_fast"])


def test_removals_count_characters_and_say_when_but_not_what():
    _, (removal,) = clean([said("字幕志愿者", 5_000)], (Interval(start_ms=0, end_ms=9_000),), LEXICON)
    assert (removal.start_ms, removal.end_ms, removal.characters) == (5_000, 6_000, 5)
    assert not hasattr(removal, "text")


def test_spoken_is_what_can_be_compared():
    assert spoken("您好，ＡＰＰ 還 3,000 元！") == "您好app还3000元"


@pytest.mark.parametrize("content", ["credits: 谢谢观看", "谢谢观看", "credit:"])
def test_a_malformed_list_names_its_line(tmp_path, content):
    path = tmp_path / "list.txt"
    path.write_text(f"# comment\n{content}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"list\.txt:2"):
        load_hallucinations(path)


def test_a_missing_list_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError):
        load_hallucinations(tmp_path / "none.txt")
