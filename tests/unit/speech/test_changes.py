import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.changes import PART_MS, changes

SIZE = 16
WORDS = 8
"""Of each clause."""
WORD_MS = 250.0
CLAUSES = 16
WHO = np.arange(CLAUSES) % 2
BOUNDS = [(i * WORDS, (i + 1) * WORDS) for i in range(CLAUSES)]


def talk(who_of_word, *, scatter=0.3, offset=0.0, seed=0):
    """Word traces: each party on its side, clauses off by a common amount, words by one of their own."""
    rng = np.random.default_rng(seed)
    side = np.where(np.asarray(who_of_word) == 0, 1.0, -1.0)
    words = rng.normal(0, scatter, (len(side), SIZE))
    words[:, 0] += side + np.repeat(rng.normal(0, offset, CLAUSES), WORDS)
    return words


def plain():
    return np.repeat(WHO, WORDS)


def with_change(clause, at):
    """One clause in which the other party takes over at a word."""
    who = plain()
    who[clause * WORDS + at : (clause + 1) * WORDS] = 1 - WHO[clause]
    return who


def parties(sure=0.95):
    return np.where(WHO[:, None] == np.arange(2), sure, 1 - sure)


def found(traces, ms=WORD_MS, given_parties=None):
    lengths = np.full(CLAUSES * WORDS, ms)
    return changes(traces, lengths, BOUNDS, parties() if given_parties is None else given_parties)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("at", [3, 5])
def test_a_change_of_party_is_found_at_its_word(seed, at):
    assert found(talk(with_change(7, at), seed=seed)) == [7 * WORDS + at]


@pytest.mark.parametrize("seed", range(5))
def test_clauses_of_one_party_stay_whole(seed):
    assert found(talk(plain(), seed=seed)) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_clause_that_is_off_as_a_whole_is_not_parted(seed):
    assert found(talk(plain(), offset=0.8, seed=seed)) == []


@pytest.mark.parametrize("seed", range(5))
def test_there_and_back_is_found_as_two(seed):
    who = with_change(6, 2)
    who[6 * WORDS + 5 : 7 * WORDS] = WHO[6]
    assert found(talk(who, seed=seed)) == [6 * WORDS + 2, 6 * WORDS + 5]


def test_a_part_too_short_to_tell_is_none():
    assert found(talk(with_change(7, WORDS - 1))) == []
    assert found(talk(with_change(7, 4)), ms=PART_MS / 8) == []


def test_nothing_parts_a_call_of_one_voice():
    one = np.tile([1.0, 0.0], (CLAUSES, 1))
    assert found(talk(np.zeros(CLAUSES * WORDS)), given_parties=one) == []


def test_three_parties_are_compared_two_by_two():
    who = with_change(7, 4)
    traces = talk(who)
    third = np.arange(CLAUSES) % 5 == 4
    traces[np.repeat(third, WORDS), 1] += 3.0
    rows = np.hstack([parties(), np.zeros((CLAUSES, 1))])
    rows[third] = (0.02, 0.02, 0.96)
    assert 7 * WORDS + 4 in found(traces, given_parties=rows)


def test_words_without_a_trace_are_passed_over():
    traces = talk(with_change(7, 4))
    traces[7 * WORDS + 1] = np.nan
    assert found(traces) == [7 * WORDS + 4]
    assert found(np.full((CLAUSES * WORDS, SIZE), np.nan)) == []


@given(st.integers(0, 1_000), st.floats(0.0, 1.0))
def test_changes_are_words_inside_clauses(seed, sure):
    rng = np.random.default_rng(seed)
    traces = rng.normal(0, 1, (CLAUSES * WORDS, SIZE))
    at = found(traces, given_parties=parties(sure))
    assert at == sorted(set(at))
    assert all(0 < i < CLAUSES * WORDS and i % WORDS for i in at)
