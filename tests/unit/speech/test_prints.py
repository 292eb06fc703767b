import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.prints import MOST_NATS, VoicePrints, noise_within, without_nuisance

SIZE = 16
WHO = np.array([0, 1, 0, 0, 1, 1, 0, 1] * 3)


def voice(number, wobble, rng, like=0.0):
    """A print of a voice; two voices have the cosine ``like``."""
    made = np.zeros(SIZE)
    made[0], made[number + 1] = np.sqrt(like), np.sqrt(1 - like)
    return made + rng.normal(0, wobble, SIZE)


def traces(who=WHO, wobble=0.02, like=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([voice(number, wobble, rng, like) for number in who])


def lengths(count, ms=1_500.0):
    return np.full(count, ms)


def parties(who=WHO, sure=0.9, count=2):
    rest = (1 - sure) / (count - 1)
    return np.where(np.asarray(who)[:, None] == np.arange(count), sure, rest)


def prints_of(traces, ms, wobble=0.02):
    """With the noise that the voices were made with, in clauses of a second and a half."""
    return VoicePrints(traces, ms, noise=1.5 * wobble**2)


def said(prints, who, **options):
    return prints.explain(parties(who, **options))[0]


def explained(prints, who):
    """How well a whole parting explains the prints."""
    log, cost = prints.explain(parties(who, sure=1.0))
    return log[np.arange(len(who)), who].sum() + cost


def test_a_print_speaks_for_its_own_party():
    log = said(prints_of(traces(), lengths(24)), WHO)
    assert (log.argmax(axis=1) == WHO).all()


def test_one_clause_with_the_wrong_party_is_put_right():
    wrong = WHO.copy()
    wrong[5] = 0
    log = said(prints_of(traces(like=0.8), lengths(24)), wrong)
    assert log[5].argmax() == 1


def test_alike_voices_say_less_than_different_ones():
    def margin(like):
        made = prints_of(traces(wobble=0.4, like=like), lengths(24), wobble=0.4)
        return np.abs(np.diff(said(made, WHO))).mean()

    assert margin(0.9) < margin(0.0)


@pytest.mark.parametrize("seed", range(5))
def test_a_parting_of_one_voice_does_not_prove_itself(seed):
    one = prints_of(traces(np.zeros(24, dtype=int), wobble=0.1, seed=seed), lengths(24), wobble=0.1)
    assert np.abs(np.diff(said(one, WHO))).mean() < 1.5
    assert explained(one, np.zeros(24, dtype=int)) > explained(one, WHO)


def test_the_true_parting_explains_more_than_another_and_than_none():
    made = prints_of(traces(wobble=0.1, like=0.9), lengths(24), wobble=0.1)
    best = explained(made, WHO)
    assert best > explained(made, np.roll(WHO, 1))
    assert best > explained(made, np.zeros(24, dtype=int))


def test_a_party_of_one_clause_is_found():
    who = np.zeros(24, dtype=int)
    who[7] = 1
    made = prints_of(traces(who, wobble=0.1, like=0.5), lengths(24), wobble=0.1)
    assert explained(made, who) > explained(made, np.zeros(24, dtype=int))
    assert any((side == (who == 1)).all() or (side == (who == 0)).all() for side in made.partings())


def test_the_best_parting_comes_first():
    made = prints_of(traces(wobble=0.1), lengths(24), wobble=0.1)
    first = made.partings()[0]
    assert (first == (WHO == 0)).all() or (first == (WHO == 1)).all()


def test_too_few_long_clauses_are_not_parted():
    assert prints_of(traces(), lengths(24, 300.0)).partings() == []


def test_a_short_clause_says_less_and_a_shorter_one_nothing():
    ms = lengths(24)
    ms[0], ms[2] = 200.0, 100.0
    log = np.diff(said(prints_of(traces(wobble=0.2, like=0.9), ms, wobble=0.2), WHO))[:, 0]
    assert log[2] == 0
    assert abs(log[0]) < np.abs(log[3:]).mean()


def test_an_unknown_print_says_nothing():
    given_traces = traces()
    given_traces[4] = np.nan
    log = said(prints_of(given_traces, lengths(24)), WHO)
    assert (log[4] == 0).all()
    assert (log[5] != 0).any()


def test_three_parties_are_told_apart():
    who = np.array([0, 1, 2, 0, 2, 1] * 3)
    log = said(prints_of(traces(who), lengths(18)), who, count=3)
    assert (log.argmax(axis=1) == who).all()


@given(st.integers(0, 1_000), st.integers(1, 8), st.floats(0.0, 1.0), st.booleans())
def test_no_print_says_more_than_is_allowed(seed, count, sure, is_known):
    rng = np.random.default_rng(seed)
    noise = 0.01 if is_known else None
    prints = VoicePrints(rng.normal(0, 1, (count, SIZE)), rng.uniform(0, 4_000, count), noise)
    log, cost = prints.explain(np.tile([sure, 1 - sure], (count, 1)))
    assert np.isfinite(log).all()
    assert np.abs(np.diff(log)).max() <= MOST_NATS + 1e-9
    assert cost <= 1e-9


WORDS_A_CLAUSE = 6


def spoken(rng, *, voices_apart, sounds_apart):
    """Word traces in which voices differ a little along one axis, and sounds a lot along another."""
    words = rng.normal(0, 0.1, (len(WHO) * WORDS_A_CLAUSE, SIZE))
    words[:, 0] += np.repeat(np.where(WHO == 0, voices_apart, -voices_apart), WORDS_A_CLAUSE)
    words[:, 1] += rng.normal(0, sounds_apart, len(words))
    return words + 5.0


def clause_bounds():
    return [(first, first + WORDS_A_CLAUSE) for first in range(0, len(WHO) * WORDS_A_CLAUSE, WORDS_A_CLAUSE)]


def test_what_changes_within_a_clause_counts_less():
    words = spoken(np.random.default_rng(0), voices_apart=0.3, sounds_apart=3.0)
    made = without_nuisance(words, lengths(len(words), 200.0), clause_bounds())
    assert np.allclose(made.mean(axis=0), 0)

    def share(traces):
        """Of all variance, what parts the voices."""
        who = np.repeat(WHO, WORDS_A_CLAUSE)
        gap = traces[who == 0].mean(axis=0) - traces[who == 1].mean(axis=0)
        return gap @ gap / traces.var(axis=0).sum()

    assert share(made) > 3 * share(words)


def test_words_without_a_trace_stay_unknown_and_do_no_harm():
    words = spoken(np.random.default_rng(1), voices_apart=0.3, sounds_apart=3.0)
    holes = words.copy()
    holes[::7] = np.nan
    ms = lengths(len(words), 200.0)
    made = without_nuisance(holes, ms, clause_bounds())
    assert np.isnan(made[::7]).all()
    known = ~np.isnan(made).any(axis=1)
    assert known.sum() == len(words) - len(words[::7])
    nothing = np.full_like(words, np.nan)
    assert np.isnan(without_nuisance(nothing, ms, clause_bounds())).all()


def test_one_word_a_clause_is_enough_to_go_on():
    words = traces()
    made = without_nuisance(words, lengths(24), [(i, i + 1) for i in range(24)])
    assert np.isfinite(made).all()
    assert noise_within(made, lengths(24), [(i, i + 1) for i in range(24)]) is None
    log = said(VoicePrints(made, lengths(24)), WHO)
    assert (log.argmax(axis=1) == WHO).all()


def test_noise_is_what_words_of_one_clause_differ_by():
    words = spoken(np.random.default_rng(2), voices_apart=5.0, sounds_apart=0.0)
    ms = lengths(len(words), 200.0)
    one = noise_within(words, ms, clause_bounds())
    # a tenth of a number in words of a fifth of a second, see SCATTER
    assert one == pytest.approx(2.2 * 0.1**2 * 0.2, rel=0.15)
    words[3] = np.nan
    assert noise_within(words, ms, clause_bounds()) == pytest.approx(one, rel=0.05)
