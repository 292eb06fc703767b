import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.safeguards import Doubt, doubt, loops
from tests.unit.speech.sounding import segment, words


def said(text, *, logprob=-0.3):
    return (segment(words(text, 0), logprob=logprob),)


@pytest.mark.parametrize(
    ("segments", "speech_ms", "found"),
    [
        (said("您上个月的账单还没有处理"), 3_000, None),
        (said("好好好好"), 1_000, None),
        (said("是的是的"), 1_000, None),
        (said("好的" * 6), 5_000, Doubt.LOOP),
        (said("我们这边会帮您" * 5), 9_000, Doubt.LOOP),
        (said("您上个月的账单还没有处理", logprob=-1.2), 3_000, Doubt.IMPROBABLE),
        (said("您上个月的账单还没有处理"), 800, Doubt.TOO_FAST),
        (said("好"), 6_000, Doubt.TOO_LITTLE),
        ((), 6_000, Doubt.TOO_LITTLE),
        ((), 400, None),
        (said("。"), 400, None),
    ],
)
def test_doubts(segments, speech_ms, found):
    assert doubt(segments, speech_ms) is found


@given(st.text(alphabet="天地玄黄宇宙洪荒日月盈昃", min_size=2, max_size=6), st.integers(5, 20))
def test_any_phrase_said_five_times_over_is_a_loop(phrase, times):
    distinct = len(set(phrase)) > 1
    assert loops(phrase * times, 1.0) or not distinct


def test_whisper_s_ratio_catches_what_is_no_plain_loop():
    text = "今天去公司的路上看见一个人在卖花然后又看见一个人在卖花"
    assert not loops(text, 1.2)
    assert loops(text, 2.0)
