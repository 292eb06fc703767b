import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.partings import LAST_CLUSTERS, MOST_ROWS, partings

SIZE = 8


def groups(sizes, seed=0, wobble=0.05):
    """Rows around one centre a group, and whose group each is."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(len(sizes)), sizes)
    centres = rng.normal(0, 1, (len(sizes), SIZE))
    return centres[who] + rng.normal(0, wobble, (len(who), SIZE)), who


def has(found, wanted):
    return any((side == wanted).all() or (side != wanted).all() for side in found)


@pytest.mark.parametrize("sizes", [(10, 10), (18, 2), (19, 1)])
def test_two_groups_are_found_whatever_their_sizes(sizes):
    rows, who = groups(sizes)
    assert has(partings(rows, np.ones(len(rows))), who == 1)


def test_each_of_three_groups_is_set_against_the_others():
    rows, who = groups((8, 6, 4))
    found = partings(rows, np.ones(len(rows)))
    assert all(has(found, who == group) for group in range(3))


def test_a_row_without_weight_goes_to_the_nearer_side():
    rows, who = groups((6, 6))
    weights = np.ones(12)
    weights[[0, 11]] = 0.0
    assert has(partings(rows, weights), who == 1)


def test_more_rows_than_are_joined_are_all_given_a_side():
    rows, who = groups((MOST_ROWS, 40))
    weights = np.where(np.arange(len(rows)) % 2, 1.0, 0.1)
    assert has(partings(rows, weights), who == 1)


@given(st.integers(0, 12), st.integers(0, 1_000))
def test_no_parting_is_empty_or_there_twice(count, seed):
    rng = np.random.default_rng(seed)
    found = partings(rng.normal(0, 1, (count, 3)), rng.choice([0.0, 0.5, 1.0], count))
    assert len(found) <= 2 * LAST_CLUSTERS
    assert all(side.any() and not side.all() for side in found)
    keys = {min(side.tobytes(), (~side).tobytes()) for side in found}
    assert len(keys) == len(found)
