from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.attribution import Clause, attribute
from pipeline.speech.voices import DIMENSIONS, describe
from pipeline.types import Interval

# Who speaks, and what the words say of it: most clauses say nothing.
CALL = [("a", 2.0), ("c", 0.0), ("a", 0.0), ("a", 1.0), ("c", -1.5), ("c", 0.0), ("a", 0.0), ("c", 0.0)] * 3
WHO = np.array([who == "a" for who, _ in CALL])


def clauses(labels=None, text=True):
    return [
        Clause(
            agent_log_odds=odds if text else 0.0,
            label=None if labels is None else labels[i],
            duration_ms=1_500,
            pause_ms=650,
        )
        for i, (_, odds) in enumerate(CALL)
    ]


def voices(gap, seed=0):
    """Voices whose means lie ``gap`` spreads apart in every number."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (len(CALL), DIMENSIONS)) + np.where(WHO, gap / 2, -gap / 2)[:, None]


def unknown():
    return np.full((len(CALL), DIMENSIONS), np.nan)


def right(parties):
    """Share of clauses that the agent has and should, or has not and should not."""
    assert parties.shape == (len(CALL), 2)
    return float(np.mean((parties[:, 0] >= 0.5) == WHO))


def test_voices_carry_words_to_clauses_that_say_nothing():
    assert right(attribute(clauses(), voices(2.0))) == 1.0


def test_a_good_diarizer_alone_is_enough_with_words():
    labels = ["S1" if who else "S0" for who in WHO]
    assert right(attribute(clauses(labels), unknown())) == 1.0


def test_a_diarizer_that_hears_one_voice_does_no_harm():
    assert right(attribute(clauses(["S0"] * len(CALL)), voices(2.0))) == 1.0


def test_a_diarizers_mistakes_are_outvoted():
    labels = ["S1" if who else "S0" for who in WHO]
    labels[3], labels[5] = "S0", "S1"
    assert right(attribute(clauses(labels), voices(2.0))) == 1.0


def test_a_missing_number_is_no_obstacle():
    numbers = voices(2.5)
    numbers[::3, 0] = np.nan
    numbers[1] = np.nan
    assert right(attribute(clauses(), numbers)) >= 0.95


def test_one_voice_with_one_partys_words_is_one_party():
    said = [Clause(agent_log_odds=1.0, label="S0", duration_ms=1_500, pause_ms=350) for _ in range(12)]
    parties = attribute(said, np.random.default_rng(1).normal(0, 1, (12, DIMENSIONS)))
    assert (parties[:, 0] > 0.9).all()


def test_probabilities_for_any_number_of_clauses():
    assert len(attribute([], np.zeros((0, DIMENSIONS)))) == 0
    one = [Clause(agent_log_odds=1.0, label=None, duration_ms=300, pause_ms=0)]
    assert 0.5 < attribute(one, np.full((1, DIMENSIONS), np.nan))[0, 0] < 1


THREE = ("a", "c", "a", "c", "a", "c", "a", "t", "a", "t", "t", "a", "c")
"""Who speaks in a call in which a relative takes the telephone for a while; nobody's words tell."""


def three_voices(labels, gap=2.0, seed=0):
    """The parties that are found, given the diarizer's labels; voices lie ``gap`` spreads apart."""
    rng = np.random.default_rng(seed)
    corner = {w: rng.normal(0, 1, DIMENSIONS) for w in "act"}
    sound = np.stack([rng.normal(0, 1, DIMENSIONS) + gap * corner[w] for w in THREE])
    said = [Clause(agent_log_odds=0.0, label=x, duration_ms=2_000, pause_ms=500) for x in labels]
    return attribute(said, sound)


def same_parting(parties, who):
    """Whether two clauses have one party just where one voice says them."""
    found = parties.argmax(axis=1).tolist()
    return len(set(zip(found, who, strict=True))) == len(set(found)) == len(set(who))


@pytest.mark.parametrize("seed", range(5))
def test_a_third_voice_is_kept_as_a_third(seed):
    parties = three_voices([f"S{w}" for w in THREE], seed=seed)
    assert same_parting(parties, THREE)


def test_a_slip_of_the_diarizer_does_not_undo_the_third():
    labels = [f"S{w}" for w in THREE]
    labels[4] = None
    parties = three_voices(labels, gap=3.0)
    assert same_parting(parties, THREE)


def test_voice_prints_decide_whether_a_third_is_believed():
    said = [Clause(agent_log_odds=0.0, label=f"S{w}", duration_ms=2_000, pause_ms=500) for w in THREE]
    sound = np.full((len(THREE), DIMENSIONS), np.nan)
    assert same_parting(attribute(said, sound, apart=True), THREE)
    assert attribute(said, sound, apart=False).shape[1] == 2


def test_two_labels_make_no_third():
    labels = ["Sa" if w == "a" else "Sc" for w in THREE]
    assert three_voices(labels).shape[1] == 2


def test_a_word_in_a_third_voice_makes_no_third_party():
    said = [
        Clause(agent_log_odds=0.0, label=f"S{w}", duration_ms=300 if w == "t" else 2_000, pause_ms=500)
        for w in "acacacat"
    ]
    assert attribute(said, np.full((8, DIMENSIONS), np.nan)).shape[1] == 2


def test_a_voice_of_both_sides_is_no_third_party():
    labels = ["S9" if i % 3 == 0 else ("S1" if who else "S0") for i, who in enumerate(WHO)]
    assert right(attribute(clauses(labels), voices(2.0))) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_a_party_with_a_seventh_of_the_talk_keeps_its_words(seed):
    who = np.array([i % 8 != 7 for i in range(48)])
    odds = [1.0 if i % 8 == 0 else (-1.0 if i == 7 else 0.0) for i in range(48)]
    said = [
        Clause(agent_log_odds=o, label="S1" if w else "S0", duration_ms=2_000 if w else 900, pause_ms=450)
        for o, w in zip(odds, who, strict=True)
    ]
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 1, (48, DIMENSIONS)) + np.where(who, 1.0, -1.0)[:, None]
    assert ((attribute(said, sound)[:, 0] >= 0.5) == who).mean() > 0.95


@given(
    st.lists(
        st.tuples(st.floats(-5, 5), st.sampled_from(["S0", "S1", "S2", "S3", None]), st.integers(0, 4_000)),
        min_size=1,
        max_size=12,
    )
)
def test_every_clause_is_somebodys(drawn):
    said = [Clause(agent_log_odds=o, label=x, duration_ms=ms, pause_ms=ms) for o, x, ms in drawn]
    parties = attribute(said, np.full((len(said), DIMENSIONS), np.nan))
    assert parties.shape[0] == len(said)
    assert np.allclose(parties.sum(axis=1), 1)


def vowel(pitch_hz, duration_ms=1_000, tilt=1.0):
    time = np.arange(duration_ms * 16) / 16_000
    harmonics = [k for k in range(1, 60) if 300 <= k * pitch_hz <= 3_400]
    sound = sum(np.sin(2 * np.pi * k * pitch_hz * time + k) / k**tilt for k in harmonics)
    return (0.1 * sound / np.max(np.abs(sound))).astype(np.float32)


@pytest.mark.parametrize("pitch_hz", [95.0, 140.0, 230.0])
def test_pitch_is_found_though_the_telephone_cuts_the_fundamental(pitch_hz):
    (row,) = describe(vowel(pitch_hz), [Interval(start_ms=0, end_ms=1_000)])
    assert row[0] == pytest.approx(12 * np.log2(pitch_hz / 100), abs=0.5)


def test_level_and_shape_are_told_apart():
    sound = np.concatenate([vowel(140), 0.1 * vowel(140), vowel(140, tilt=3.0)])
    loud, soft, dull = describe(
        sound, [Interval(start_ms=i * 1_000, end_ms=i * 1_000 + 1_000) for i in range(3)]
    )
    assert loud[1] - soft[1] == pytest.approx(20, abs=0.5)
    assert np.allclose(loud[2:], soft[2:], atol=0.1)
    assert np.linalg.norm(loud[2:] - dull[2:]) > 1.0


def test_what_is_too_short_or_unvoiced_is_not_known():
    noise = np.random.default_rng(0).normal(0, 0.05, 16_000).astype(np.float32)
    short, unvoiced = describe(noise, [Interval(start_ms=0, end_ms=100), Interval(start_ms=0, end_ms=1_000)])
    assert np.isnan(short).all()
    assert np.isnan(unvoiced[0])
    assert not np.isnan(unvoiced[1:]).any()


def test_a_sure_label_counts_more_than_a_doubtful_one():
    said = [
        Clause(agent_log_odds=0.0, label="ab"[i % 2], duration_ms=1_500, pause_ms=650, margin=0.3, stretch=i)
        for i in range(16)
    ]
    said[0] = replace(said[0], agent_log_odds=2.0)
    doubtful = replace(said[6], label="b", margin=0.01)
    sure = replace(doubtful, margin=0.3)
    blank = np.full((16, DIMENSIONS), np.nan)
    agent = [attribute([*said[:6], odd, *said[7:]], blank, several=True)[6, 0] for odd in (doubtful, sure)]
    assert agent[0] > agent[1]
    assert agent[1] < 0.5


def test_several_voices_are_no_monologue():
    said = [Clause(agent_log_odds=0.0, label="ab"[i % 2], duration_ms=1_500, pause_ms=650) for i in range(6)]
    said[0] = replace(said[0], agent_log_odds=0.4)
    blank = np.full((6, DIMENSIONS), np.nan)
    assert len(set(attribute(said, blank).argmax(axis=1))) == 1
    assert set(attribute(said, blank, several=True).argmax(axis=1)) == {0, 1}


def after_pauses(*, answered, seed=0):
    """Sentences after pauses of 1.2 s: of two parties in turn, or seven in a row of one and one of the other.

    The sound says who speaks, but for one sentence in the middle, whose sound says nothing.
    """
    who = np.array([i % 2 == 0 if answered else i % 8 != 7 for i in range(40)])
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 1, (40, DIMENSIONS)) + np.where(who, 1.5, -1.5)[:, None]
    sound[21] = np.nan
    odds = np.where(who, 0.3, -0.3)
    odds[21] = 0.0
    said = [Clause(agent_log_odds=o, label=None, duration_ms=1_500, pause_ms=1_200) for o in odds]
    return attribute(said, sound)[21, 0]


def test_whether_a_long_pause_changes_the_speaker_is_the_calls_own():
    assert after_pauses(answered=True) < 0.2
    assert after_pauses(answered=False) > 0.5


def test_a_sound_that_changes_within_a_sentence_lets_the_other_party_in():
    said = [Clause(agent_log_odds=1.0, label=None, duration_ms=900, pause_ms=0, is_inside=True)] * 4
    said += [Clause(agent_log_odds=-1.0, label=None, duration_ms=900, pause_ms=0, is_inside=True)]
    changed = [*said[:4], replace(said[4], is_changed=True)]
    blank = np.full((5, DIMENSIONS), np.nan)
    inside, after = (attribute(call, blank, several=True)[4, 0] for call in (said, changed))
    assert after < inside
