"""What becomes of a task, and who may speak: the second person is never the first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.review.outcome import last_word, standing, why_not
from pipeline.review.records import Decision, Standing, Step, Verdict

C, R, U = Verdict.CONFIRMED, Verdict.REJECTED, Verdict.UNSURE


def said(*what):
    """Decisions from (step, person, verdict), in order."""
    return [
        Decision(
            decision_id=str(number),
            task_id="t",
            call_id="c",
            number=number,
            step=Step(step),
            person=person,
            verdict=Verdict(verdict),
            reason="",
            supersedes=None,
            blind=False,
            decided_at="2026-06-18T10:00:00+00:00",
        )
        for number, (step, person, verdict) in enumerate(what, start=1)
    ]


@pytest.mark.parametrize(
    ("what", "expected", "by"),
    [
        ([], Standing.OPEN, ""),
        ([("review", "甲", C)], Standing.CONFIRMED, "甲"),
        ([("review", "甲", R)], Standing.REJECTED, "甲"),
        ([("review", "甲", U)], Standing.UNSURE, "甲"),
        ([("review", "甲", U), ("review", "乙", R)], Standing.REJECTED, "乙"),
        ([("review", "甲", C), ("review", "乙", C)], Standing.CONFIRMED, "乙"),
        ([("review", "甲", C), ("review", "乙", R)], Standing.DISPUTED, ""),
        ([("review", "甲", C), ("review", "乙", R), ("final", "丙", R)], Standing.REJECTED, "丙"),
        ([("review", "甲", C), ("review", "甲", R)], Standing.REJECTED, "甲"),
        ([("review", "甲", C), ("appeal", "A100", "appealed")], Standing.APPEALED, "A100"),
        ([("appeal", "A100", "appealed")], Standing.APPEALED, "A100"),
        (
            [("review", "甲", C), ("appeal", "A100", "appealed"), ("final", "乙", R)],
            Standing.REJECTED,
            "乙",
        ),
        (
            [
                ("review", "甲", C),
                ("appeal", "A1", "appealed"),
                ("final", "乙", C),
                ("appeal", "A2", "appealed"),
            ],
            Standing.APPEALED,
            "A2",
        ),
        (
            [
                *[("review", "甲", C), ("appeal", "A1", "appealed"), ("final", "乙", C)],
                *[("appeal", "A2", "appealed"), ("final", "乙", R)],
            ],
            Standing.REJECTED,
            "乙",
        ),
        ([("review", "甲", "clean")], Standing.CLEAN, "甲"),
        ([("review", "甲", "clean"), ("review", "乙", "missed")], Standing.DISPUTED, ""),
    ],
)
def test_standings(what, expected, by):
    outcome = standing(said(*what))
    assert (outcome.standing, outcome.by) == (expected, by)


def test_both_opinions_stay_visible():
    outcome = standing(said(("review", "甲", C), ("review", "乙", R), ("review", "甲", U)))
    assert list(outcome.reviews) == [("甲", U), ("乙", R)]


@pytest.mark.parametrize(
    ("what", "step", "person", "why"),
    [
        ([("review", "甲", C), ("appeal", "A100", "appealed")], "final", "甲", "another person must decide"),
        (
            [("review", "Wang Fang", C), ("appeal", "x", "appealed")],
            "final",
            "ｗａｎｇ　fang",
            "another person",
        ),
        ([("appeal", "乙", "appealed")], "final", "乙", "appealed against it"),
        ([("review", "甲", C)], "final", "乙", "nothing to decide"),
        ([], "final", "乙", "nothing to decide"),
        ([], "review", " a100 ", "is the agent"),
        ([("appeal", "A100", "appealed")], "final", "A100", "is the agent"),
        ([("appeal", "乙", "appealed")], "review", "乙", "appealed against it"),
        ([("appeal", "x", "appealed"), ("final", "乙", R)], "review", "乙", "decided it finally"),
        ([("review", "甲", C)], "appeal", "甲", "cannot appeal"),
    ],
)
def test_who_may_not_speak(what, step, person, why):
    assert why in why_not(said(*what), Step(step), person, "A100")


@pytest.mark.parametrize(
    ("what", "step", "person"),
    [
        ([], "review", "甲"),
        ([("review", "甲", C)], "review", "乙"),
        ([("review", "甲", C)], "review", "甲"),
        ([("review", "甲", C)], "appeal", "A100"),
        ([("review", "甲", C), ("review", "乙", R)], "final", "丙"),
        ([("review", "甲", U)], "final", "丙"),
        ([("review", "甲", C), ("appeal", "A100", "appealed"), ("final", "丙", C)], "final", "丙"),
    ],
)
def test_who_may_speak(what, step, person):
    assert why_not(said(*what), Step(step), person, "A100") is None


people = st.sampled_from(["甲", "乙", "丙", "A100"])
steps = st.sampled_from(list(Step))


@given(st.lists(st.tuples(steps, people, st.sampled_from([C, R, U])), max_size=12))
def test_no_way_leads_to_a_final_decision_by_a_reviewer(attempts):
    history = []
    for step, person, verdict in attempts:
        if why_not(history, step, person, "A100") is None:
            told = Verdict.APPEALED if step is Step.APPEAL else verdict
            history = said(*[(d.step, d.person, d.verdict) for d in history], (step, person, told))
    reviewers = {d.person for d in history if d.step is Step.REVIEW}
    finals = {d.person for d in history if d.step is Step.FINAL}
    appellants = {d.person for d in history if d.step is Step.APPEAL}
    assert not finals & (reviewers | appellants | {"A100"})


def test_the_last_word_is_by_number_not_by_order():
    history = said(("review", "甲", C), ("review", "甲", R))
    assert last_word(history[::-1], Step.REVIEW, "甲").verdict is R
    assert last_word(history, Step.FINAL, "甲") is None
