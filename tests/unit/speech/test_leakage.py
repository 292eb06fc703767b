import numpy as np

from pipeline.speech.leakage import drop_echoes, overlaps, own_speech
from pipeline.types import Interval
from tests.unit.speech.sounding import PER_MS, channel, segment, words

LEAKAGE_DB = 8.0


def noise(duration_ms, *bursts, seed=0):
    """Noise at -60 dBFS with bursts of (start_ms, end_ms, dBFS)."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 1e-3, duration_ms * PER_MS)
    for start_ms, end_ms, dbfs in bursts:
        size = (end_ms - start_ms) * PER_MS
        sound[start_ms * PER_MS : end_ms * PER_MS] = rng.normal(0, 10 ** (dbfs / 20), size)
    return sound.astype(np.float32)


def gate(first, second, speech):
    return own_speech([channel(0, first), channel(1, second)], speech, leakage_db=LEAKAGE_DB)


def at(start_ms, end_ms):
    return Interval(start_ms=start_ms, end_ms=end_ms)


def test_an_echo_is_not_speech_of_the_channel():
    speaks = noise(10_000, (1_000, 4_000, -20), seed=1)
    echoes = noise(10_000, (1_050, 4_050, -38), (6_000, 9_000, -20), seed=2)
    own = gate(speaks, echoes, [(at(1_000, 4_000),), (at(1_050, 4_050), at(6_000, 9_000))])
    assert own == ((at(1_000, 4_000),), (at(6_000, 9_000),))


def test_two_people_at_once_are_both_kept():
    first = noise(10_000, (1_000, 5_000, -20), seed=1)
    second = noise(10_000, (3_000, 6_000, -24), seed=2)
    own = gate(first, second, [(at(1_000, 5_000),), (at(3_000, 6_000),)])
    assert own == ((at(1_000, 5_000),), (at(3_000, 6_000),))


def test_a_quiet_leg_is_measured_against_itself():
    loud = noise(10_000, (1_000, 5_000, -15), seed=1)
    quiet = noise(10_000, (3_000, 6_000, -40), seed=2)
    own = gate(loud, quiet, [(at(1_000, 5_000),), (at(3_000, 6_000),)])
    assert own[1] == (at(3_000, 6_000),)


def test_a_party_who_hardly_speaks_does_not_make_an_echo_of_the_other():
    talks = noise(60_000, (1_000, 50_000, -20), seed=1)
    interrupts = noise(60_000, (20_000, 22_000, -22), seed=2)
    own = gate(talks, interrupts, [(at(1_000, 50_000),), (at(20_000, 22_000),)])
    assert own == ((at(1_000, 50_000),), (at(20_000, 22_000),))


def test_a_short_word_of_ones_own_stays():
    first = noise(5_000, (3_000, 4_500, -20), seed=1)
    second = noise(5_000, (1_000, 1_180, -20), (2_000, 2_600, -20), seed=2)
    own = gate(first, second, [(at(3_000, 4_500),), (at(1_000, 1_180),)])
    assert own[1] == (at(1_000, 1_180),)


def test_a_single_channel_is_left_alone():
    speech = (at(0, 100),)
    assert own_speech([channel(0, noise(200))], [speech], leakage_db=LEAKAGE_DB) == (speech,)


def test_a_sentence_heard_again_on_the_other_channel_is_dropped_and_logged():
    clear = segment(words("您这边什么时候方便处理", 1_000), logprob=-0.2)
    echo = segment(words("您这边什么时候方便出里", 1_150), logprob=-0.7)
    (first, second), (removal,) = drop_echoes([(clear,), (echo,)])
    assert (first, second) == ((clear,), ())
    assert (removal.reason, removal.characters) == ("echo_of_other_channel", 11)


def test_the_same_words_later_or_in_short_are_no_echo():
    asked = segment(words("您是说下周三还吗", 1_000), logprob=-0.2)
    repeated = segment(words("您是说下周三还吗", 6_000), logprob=-0.7)
    both = segment(words("好的", 1_000), logprob=-0.7)
    kept, removals = drop_echoes([(asked,), (both, repeated)])
    assert kept == ((asked,), (both, repeated))
    assert removals == ()


def test_overlaps_are_where_two_channels_speak():
    found = overlaps([(at(0, 1_000), at(2_000, 3_000)), (at(800, 2_100),), ()])
    assert found == (at(800, 1_000), at(2_000, 2_100))
    assert overlaps([(at(0, 10),), (at(10, 20),)]) == ()
