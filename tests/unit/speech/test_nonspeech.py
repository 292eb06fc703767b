import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.nonspeech import call_tones, closest, find_prompts, load_prompts, reason_from_tones

RATE = 16_000
PROMPTS = load_prompts()


def tone(hertz, on_ms, off_ms, repeats, level=0.1):
    time = np.arange(on_ms * 16) / RATE
    one = np.concatenate([level * np.sin(2 * np.pi * hertz * time), np.zeros(off_ms * 16)])
    noise = np.random.default_rng(0).normal(0, 1e-3, len(one) * repeats)
    return (np.tile(one, repeats) + noise).astype(np.float32)


def test_ringback_that_nobody_answers():
    tones = call_tones(tone(450, 1_000, 4_000, 3))
    assert [round(t.duration_ms, -2) for t in tones] == [1_000] * 3
    assert reason_from_tones(tones) == "no_answer"


def test_busy_tone():
    assert reason_from_tones(call_tones(tone(450, 350, 350, 6))) == "busy"


@pytest.mark.parametrize("hertz", [220, 697, 1_000])
def test_other_tones_are_no_call_tones(hertz):
    assert call_tones(tone(hertz, 1_000, 1_000, 2)) == ()


def test_no_sound_has_no_tones():
    assert call_tones(np.zeros(0, np.float32)) == ()
    assert call_tones(np.zeros(RATE, np.float32)) == ()
    assert reason_from_tones(()) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("对不起您拨打的用户暂时无法接通请稍后再拨", "no_answer"),
        ("您拨打的用户已官机", "switched_off"),
        ("您好请在低声后留言", "voicemail"),
        ("您拨打的号码是空号请查证", "empty_number"),
        ("您拨打的用互正在通话忠请稍后再拨", "busy"),
    ],
)
def test_prompts_are_found_with_characters_wrong(text, kind):
    assert kind in {prompt.kind for prompt in find_prompts(text, PROMPTS)}


@pytest.mark.parametrize("text", ["您拨打我电话有什么事", "他手机关机了我也找不到他", "我给您留言您没回", ""])
def test_people_who_talk_of_telephones_are_no_prompts(text):
    assert find_prompts(text, PROMPTS) == ()


def test_overlapping_phrases_count_once():
    found = find_prompts("您拨打的电话已关机", PROMPTS)
    assert [prompt.kind for prompt in found] == ["switched_off"]


@pytest.mark.parametrize(
    ("phrase", "text", "wanted"),
    [
        ("abc", "xxabcxx", (0, 2, 5)),
        ("abc", "xxadcxx", (1, 2, 5)),
        ("abc", "", (3, 0, 0)),
        ("abc", "ab", (1, 0, 2)),
    ],
)
def test_closest_stretch(phrase, text, wanted):
    assert closest(phrase, text) == wanted


@given(st.text("abcd", min_size=1, max_size=12), st.text("abcdxy", max_size=20))
def test_a_phrase_is_found_where_few_enough_characters_are_wrong_and_nowhere_else(phrase, text):
    distance, start, end = closest(phrase, text)
    found = find_prompts(text, [("menu", phrase)])
    assert bool(found) == (distance <= 0.25 * len(phrase))
    assert all((prompt.start, prompt.end) == (start, end) for prompt in found)
