"""What a voice says of a tone, and how it joins the words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tone import sound as tone_sound
from pipeline.tone.sound import LIMIT, NEUTRAL_LIMIT, abstains, activation, fuse, tone_log_odds
from pipeline.types import Abstention, Prosody, SoundFault, Tone

ACTIVATION = st.floats(-50, 50)


def prosody(**values):
    return Prosody(**{"voiced_ms": 4000, "spoken_ms": 5000, "baseline_ms": 30_000, **values})


def normal(weights):
    total = sum(weights)
    return {tone: weight / total for tone, weight in zip(Tone, weights, strict=True)}


WORDS = st.lists(st.floats(0.001, 1), min_size=5, max_size=5).map(normal)


@given(ACTIVATION)
def test_no_two_tones_are_moved_apart_by_more_than_the_limit(raised):
    says = tone_log_odds(raised)
    assert says.pop(Tone.NEUTRAL) == 0
    assert max(map(abs, says.values())) <= NEUTRAL_LIMIT + 1e-9
    assert max(says.values()) - min(says.values()) <= LIMIT + 1e-9


@given(WORDS, ACTIVATION)
def test_clear_words_are_never_overruled(words, raised):
    first, second = sorted(words.values(), reverse=True)[:2]
    joint = fuse(words, tone_log_odds(raised))
    assert math.isclose(sum(joint.values()), 1)
    is_neutral = max(words, key=words.get) is Tone.NEUTRAL
    if first > second * math.exp(NEUTRAL_LIMIT if is_neutral else LIMIT) * 1.001:
        assert max(joint, key=joint.get) is max(words, key=words.get)


@given(WORDS)
def test_an_ordinary_voice_says_nothing(words):
    assert fuse(words, tone_log_odds(0.0)) == pytest.approx(words)


def test_a_raised_voice_speaks_for_hostile_a_subdued_one_for_distressed():
    raised, subdued = tone_log_odds(3.0), tone_log_odds(-3.0)
    assert max(raised, key=raised.get) is Tone.HOSTILE
    assert raised[Tone.PRESSING] > raised[Tone.DISTRESSED] > raised[Tone.WARM] > 0
    assert max(subdued, key=subdued.get) is Tone.DISTRESSED
    assert subdued[Tone.HOSTILE] < 0.2


def test_more_is_never_less():
    rising = [tone_log_odds(step / 4)[Tone.HOSTILE] for step in range(25)]
    assert rising == pytest.approx(sorted(rising))


def test_words_without_any_tone_stay_as_they_are():
    assert fuse({Tone.WARM: 0.0}, tone_log_odds(3.0)) == {Tone.WARM: 0.0}


def test_every_tone_is_spoken_in_some_way():
    for shares in tone_sound._SPOKEN.values():
        assert sum(shares) == pytest.approx(1)


def test_activation_adds_up_what_a_voice_does():
    loud = activation(prosody(loudness_db=4.0, pitch_semitones=0.0, brightness_db=0.0, rate_ratio=1.0))
    all_of_it = activation(prosody(loudness_db=4.0, pitch_semitones=3.0, brightness_db=3.0, rate_ratio=1.15))
    assert 0 < loud < all_of_it
    soft = activation(prosody(loudness_db=-4.0, pitch_semitones=-2.0, brightness_db=-3.0, rate_ratio=0.8))
    assert soft < -1.5
    assert activation(prosody(loudness_db=0.0, pitch_semitones=0.0)) == 0


def test_a_little_voice_and_a_short_baseline_say_less():
    values = {"loudness_db": 5.0, "pitch_semitones": 3.0}
    sure = activation(prosody(**values))
    assert activation(prosody(voiced_ms=700, **values)) < sure
    assert activation(prosody(baseline_ms=2000, **values)) < sure


@pytest.mark.parametrize(
    "measured",
    [
        prosody(),
        prosody(loudness_db=9.0),
        prosody(abstains=Abstention.NO_BASELINE, loudness_db=9.0, pitch_semitones=9.0),
    ],
)
def test_without_two_measures_there_is_no_activation(measured):
    assert activation(measured) is None


def test_poor_sound_is_not_listened_to():
    fine = prosody(loudness_db=1.0)
    assert abstains(fine) is None
    assert abstains(fine, [SoundFault.NARROW]) is None
    assert abstains(fine, [SoundFault.NOISY]) is Abstention.NOISY
    assert abstains(fine, [SoundFault.NOISY, SoundFault.CLIPPED]) is Abstention.CLIPPED
    assert abstains(prosody(abstains=Abstention.NO_BASELINE)) is Abstention.NO_BASELINE
    assert abstains(None, [SoundFault.CLIPPED]) is None
