"""What compliance promises: red lines leave nothing, hits cost by class, doubt costs nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.score.compliance import judge_compliance
from pipeline.types import FindingState, Severity, Tariff, Witness
from tests.golden.sample import CARD
from tests.unit.score.build import found

card = CARD.compliance
CRITICAL, MAJOR, MINOR = Severity.CRITICAL, Severity.MAJOR, Severity.MINOR

some_findings = st.lists(
    st.builds(
        found,
        st.sampled_from(["r1", "r2", "r3", "r4", "r5"]),
        st.sampled_from(Severity),
        st.none() | st.integers(0, 11),
        st.sampled_from(FindingState),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("findings", "score"),
    [
        ([], 100),
        ([found("a", CRITICAL)], 0),
        ([found("a", MAJOR)], 80),
        ([found("a", MAJOR, at=0), found("a", MAJOR, at=2)], 75),
        ([found("a", MAJOR, at=0), found("a", MAJOR, at=0)], 80),
        ([found("a", MAJOR, at=None), found("a", MAJOR, at=2)], 80),
        ([found(name, MAJOR) for name in "abcdef"], 40),
        ([found("a", MINOR, at=0), found("a", MINOR, at=2)], 95),
        ([found(name, MINOR) for name in "abcdef"], 80),
        ([found(name, MAJOR) for name in "abcd"] + [found(name, MINOR) for name in "efghi"], 20),
    ],
)
def test_deductions_follow_the_scorecard(findings, score):
    assert judge_compliance(findings, card).score == score


def test_only_a_confirmed_critical_finding_is_a_red_line():
    assert judge_compliance([found("a", CRITICAL)], card).red_line
    for state in (FindingState.NEEDS_REVIEW, FindingState.CANNOT_DECIDE):
        assert not judge_compliance([found("a", CRITICAL, state=state)], card).red_line
    assert not judge_compliance([found("a", MAJOR)], card).red_line


def test_a_red_line_that_is_not_probable_enough_costs_like_a_major_rule_until_confirmed():
    doubtful = replace(found("a", CRITICAL), confidence=0.8, joint=0.8)
    result = judge_compliance([doubtful], card)
    assert (result.score, result.if_confirmed, result.red_line) == (80, 0, False)
    assert "把握不足" in result.items[0].reason
    assert judge_compliance([doubtful, replace(doubtful, confidence=0.95)], card).red_line
    bold = card.model_copy(update={"red_lines": card.red_lines.model_copy(update={"confidence": 0.7})})
    assert judge_compliance([doubtful], bold).red_line


def test_what_a_learned_model_alone_says_is_no_red_line_until_confirmed_however_sure_it_is():
    alone = replace(found("a", CRITICAL), confidence=0.99, joint=0.99, witnesses=(Witness.MODEL,))
    result = judge_compliance([alone], card)
    assert (result.score, result.if_confirmed, result.red_line) == (80, 0, False)
    both = replace(alone, witnesses=(Witness.RULE, Witness.MODEL))
    assert judge_compliance([alone, both], card).red_line
    trusting = card.model_copy(update={"red_lines": card.red_lines.model_copy(update={"by_rule": False})})
    assert judge_compliance([alone], trusting).red_line


def test_a_rule_that_nobody_was_asked_about_states_no_probability():
    assert judge_compliance([replace(found("a", CRITICAL), confidence=0.7, joint=None)], card).red_line


def test_a_finding_for_review_costs_only_if_confirmed():
    result = judge_compliance(
        [found("a", CRITICAL, state=FindingState.NEEDS_REVIEW), found("b", MAJOR)], card
    )
    assert (result.score, result.if_confirmed) == (80, 0)
    pending = [item for item in result.items if not item.applicable]
    assert [(item.name, item.points) for item in pending] == [("a", 0)]


def test_what_cannot_be_decided_costs_nothing_in_either_score():
    result = judge_compliance([found("a", CRITICAL, state=FindingState.CANNOT_DECIDE)], card)
    assert (result.score, result.if_confirmed, result.items) == (100, 100, ())


def test_each_rule_names_its_turns_and_its_reason():
    (item,) = judge_compliance([found("a", MAJOR, at=4), found("a", MAJOR, at=2)], card).items
    assert (item.name, item.points, item.turns) == ("a", -25, (2, 4))
    assert "2处" in item.reason


@given(some_findings)
def test_items_add_up_to_the_score_and_scores_stay_in_range(findings):
    result = judge_compliance(findings, card)
    assert result.score == 100 + sum(item.points for item in result.items)
    assert 0 <= result.if_confirmed <= result.score <= 100
    assert result.red_line <= (result.score == 0)


@given(some_findings, some_findings)
def test_one_more_finding_never_raises_compliance(findings, more):
    before, after = judge_compliance(findings, card), judge_compliance(findings + more, card)
    assert after.score <= before.score
    assert after.if_confirmed <= before.if_confirmed


@given(some_findings, st.randoms())
def test_the_order_of_findings_does_not_matter(findings, random):
    shuffled = list(findings)
    random.shuffle(shuffled)
    assert judge_compliance(findings, card) == judge_compliance(shuffled, card)


@pytest.mark.parametrize(
    ("tariff", "turns", "score"),
    [
        ({"points": 8}, (1,), 92),
        ({"points": 8}, (1, 2), 84),
        ({"points": 8, "cap": 12}, (1, 2), 88),
        ({"cap": 3}, (1,), 97),
        ({"red_line": True}, (1,), 0),
    ],
)
def test_a_rule_may_say_itself_what_it_costs(tariff, turns, score):
    findings = [replace(found("a", MAJOR, at=turn), tariff=Tariff(**tariff)) for turn in turns]
    result = judge_compliance(findings, card)
    assert result.score == score
    assert result.red_line is (score == 0)


def test_a_critical_rule_may_be_no_red_line():
    result = judge_compliance([replace(found("a", CRITICAL), tariff=Tariff(red_line=False))], card)
    assert not result.red_line
    assert result.score == 100 - card.major.first
