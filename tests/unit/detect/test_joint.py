"""Two witnesses as one probability."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.joint import Weights, shifted

WEIGHTS = Weights(base=-0.4, model=0.9, sure=2.0, unsure=1.0, heard=0.3)
CHANCES = st.floats(0, 1)
SAID = st.sampled_from([None, "sure", "unsure", "heard"])


def test_an_even_chance_and_silence_leave_the_base():
    assert Weights(base=0, model=1, sure=2, unsure=1, heard=0).joint(0.5, None) == pytest.approx(0.5)
    assert WEIGHTS.joint(0.5, None) < 0.5 < WEIGHTS.joint(0.5, "sure")


@given(CHANCES, SAID)
def test_it_is_a_probability(chance, said):
    assert 0 <= WEIGHTS.joint(chance, said) <= 1


@given(CHANCES, CHANCES, SAID)
def test_more_chance_is_never_less(one, other, said):
    low, high = sorted((one, other))
    assert WEIGHTS.joint(low, said) <= WEIGHTS.joint(high, said)


@given(CHANCES)
def test_a_word_of_the_rule_never_speaks_against_it(chance):
    ordered = [WEIGHTS.joint(chance, said) for said in (None, "heard", "unsure", "sure")]
    assert ordered == sorted(ordered)


@given(st.floats(0.05, 0.95), SAID)
def test_the_least_chance_is_where_the_joint_probability_is_reached(joint, said):
    least = WEIGHTS.least(joint, said)
    assert WEIGHTS.joint(least, said) == pytest.approx(joint, abs=1e-3)


TOLD = WEIGHTS.model_copy(update={"told": 0.5})


@given(st.floats(0, 0.4))
def test_the_models_doubt_weighs_less_where_a_rule_found_its_words(chance):
    assert TOLD.joint(chance, "sure") > WEIGHTS.joint(chance, "sure") or chance == 0.0
    assert TOLD.joint(chance, None) == WEIGHTS.joint(chance, None)
    assert TOLD.joint(chance, "heard") == WEIGHTS.joint(chance, "heard")


@given(CHANCES, st.sampled_from(["sure", "unsure"]))
def test_no_rule_speaks_against_itself_whatever_its_factor(chance, said):
    assert TOLD.joint(chance, said) >= TOLD.joint(chance, None)


@given(st.floats(0.05, 0.95), SAID)
def test_the_least_chance_knows_of_both_factors(joint, said):
    assert TOLD.joint(TOLD.least(joint, said), said) == pytest.approx(joint, abs=1e-3)


def test_a_model_that_does_not_count_cannot_raise_anything():
    deaf = Weights(base=-1, model=0, sure=3, unsure=1, heard=0)
    assert deaf.least(0.5, None) > 1
    assert deaf.least(0.5, "sure") == 0


@given(st.floats(0.01, 0.99), st.integers(-8, 8).map(float))
def test_odds_are_added_and_taken_back(chance, odds):
    assert (shifted(chance, odds) - chance) * odds >= 0
    assert shifted(shifted(chance, odds), -odds) == pytest.approx(chance, abs=1e-6)
