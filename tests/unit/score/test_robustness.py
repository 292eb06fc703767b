"""A verdict says what one word or the other order of the speakers would make of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.score.robustness import robustness, told
from pipeline.types import Certainty, FindingState, IfSwapped, Outcome, Scores, Severity, Stability
from tests.golden.sample import CARD
from tests.unit.score.build import found

BELOW = 0.5


def heard(finding, lowest):
    """A finding with the least probability of its words."""
    return replace(finding, certainty=Certainty(words=0.9, lowest_word=lowest))


def robust(*findings, **options):
    return robustness(findings, CARD.compliance, doubtful_below=BELOW, **options)


RED = found("threat_violence", Severity.CRITICAL, at=4)


@pytest.mark.parametrize(
    ("lowest", "stability"), [(0.49, "depends_on_one_word"), (0.5, "stands"), (None, "stands")]
)
def test_a_finding_depends_on_a_word_that_is_rather_wrong_than_right(lowest, stability):
    (finding,) = told([heard(RED, lowest)], doubtful_below=BELOW)
    assert finding.stability == stability


def test_a_finding_that_flips_says_so_first():
    (finding,) = told([replace(heard(RED, 0.1), if_swapped=IfSwapped.FLIPS)], doubtful_below=BELOW)
    assert finding.stability is Stability.FLIPS


def test_what_cannot_be_decided_has_no_robustness():
    (finding,) = told([found("x", state=FindingState.CANNOT_DECIDE)], doubtful_below=BELOW)
    assert finding.stability is None


def test_a_red_line_on_one_doubtful_word_says_what_there_is_without_it():
    got = robust(heard(RED, 0.2))
    assert (got.outcome, got.stability, got.turns, got.otherwise) == (
        Outcome.RED_LINE,
        Stability.ONE_WORD,
        (4,),
        Outcome.PASSED,
    )


def test_a_red_line_with_a_second_witness_stands():
    again = replace(RED, evidence=found("x", at=6).evidence)
    assert robust(heard(RED, 0.2), again).stability is Stability.STANDS
    assert robust(heard(RED, 0.2), heard(again, 0.2)).stability is Stability.STANDS


def test_a_doubtful_word_that_changes_no_outcome_leaves_the_verdict():
    assert robust(heard(found("rude_tone", Severity.MINOR, at=4), 0.1)).stability is Stability.STANDS


def test_a_verdict_that_differs_with_the_speakers_exchanged_flips():
    other = Scores(compliance=0.0, compliance_if_confirmed=0.0, effectiveness=1.0, red_line=True)
    got = robust(if_swapped=other)
    assert (got.outcome, got.stability, got.otherwise) == (Outcome.PASSED, Stability.FLIPS, Outcome.RED_LINE)
    same = replace(other, compliance=100.0, red_line=False)
    assert robust(if_swapped=same).stability is Stability.STANDS


def test_turns_that_may_be_the_other_partys_are_left_out_one_and_all():
    three = [replace(found(name, at=4), if_swapped=IfSwapped.FLIPS) for name in ("a", "b", "c")]
    got = robust(*three)
    assert (got.outcome, got.stability, got.otherwise) == (Outcome.FAILED, Stability.FLIPS, Outcome.PASSED)


def test_the_card_says_what_is_a_red_line():
    mild = CARD.compliance.model_copy(
        update={"red_lines": CARD.compliance.red_lines.model_copy(update={"never": ("threat_violence",)})}
    )
    assert robustness([RED], mild, doubtful_below=BELOW).outcome is Outcome.PASSED
    hard = CARD.compliance.model_copy(
        update={"red_lines": CARD.compliance.red_lines.model_copy(update={"also": ("rude_tone",)})}
    )
    rude = found("rude_tone", Severity.MINOR)
    assert robustness([rude], hard, doubtful_below=BELOW).outcome is Outcome.RED_LINE
