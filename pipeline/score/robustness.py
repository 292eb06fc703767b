"""Whether a verdict would change with one word heard differently, or with the speakers the other way round.

A verdict *flips* when it does not stand with the parties exchanged (:mod:`pipeline.hypotheses` judges that
way too where it is not sure who speaks). It *depends on one word* when a word that is more likely wrong than
right carries it: without the findings of one turn on such words the call would get another outcome. Else it
*stands*. A text has no doubtful words and sure speakers, and always stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.score.compliance import judge_compliance
from pipeline.types import FindingState, IfSwapped, Outcome, Robustness, Stability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.score.scorecard import ComplianceCard
    from pipeline.types import Finding, Scores


def told(findings: Iterable[Finding], *, doubtful_below: float) -> tuple[Finding, ...]:
    """Findings that each say how robust they are.

    Args:
        findings: of one call.
        doubtful_below: word probability, 0..1, below which a word is more likely wrong than right.
    """

    def tell(finding: Finding) -> Finding:
        if finding.state is FindingState.CANNOT_DECIDE:
            return finding
        doubtful = _is_doubtful(finding, doubtful_below)
        stability = Stability.ONE_WORD if doubtful else Stability.STANDS
        flips = finding.if_swapped is IfSwapped.FLIPS
        return replace(finding, stability=Stability.FLIPS if flips else stability)

    return tuple(map(tell, findings))


def robustness(
    findings: Iterable[Finding],
    card: ComplianceCard,
    *,
    doubtful_below: float,
    if_swapped: Scores | None = None,
) -> Robustness:
    """How robust the outcome of a call is.

    Args:
        findings: of the call.
        card: what they cost.
        doubtful_below: as :func:`told` has it.
        if_swapped: the scores with the parties exchanged, where the call was judged so as a whole.
    """
    findings = tuple(findings)
    outcome = _outcome(findings, card)
    flipping = [f for f in findings if f.if_swapped is IfSwapped.FLIPS]
    kept = [f for f in findings if f.if_swapped is not IfSwapped.FLIPS]
    swapped = _outcome(kept, card)
    if if_swapped is not None and if_swapped.compliance is not None:
        swapped = _of(if_swapped.compliance, red_line=if_swapped.red_line, card=card)
    if swapped is not outcome:
        return Robustness(
            outcome=outcome, stability=Stability.FLIPS, turns=_turns(flipping), otherwise=swapped
        )
    for turn in _turns(f for f in findings if _is_doubtful(f, doubtful_below)):
        rest = [f for f in findings if not (_at(f) == turn and _is_doubtful(f, doubtful_below))]
        otherwise = _outcome(rest, card)
        if otherwise is not outcome:
            return Robustness(
                outcome=outcome, stability=Stability.ONE_WORD, turns=(turn,), otherwise=otherwise
            )
    return Robustness(outcome=outcome, stability=Stability.STANDS)


def _is_doubtful(finding: Finding, below: float) -> bool:
    lowest = finding.certainty.lowest_word if finding.certainty else None
    return lowest is not None and lowest < below


def _at(finding: Finding) -> int | None:
    return finding.evidence.turn if finding.evidence else None


def _turns(findings: Iterable[Finding]) -> tuple[int, ...]:
    return tuple(sorted({f.evidence.turn for f in findings if f.evidence}))


def _outcome(findings: Iterable[Finding], card: ComplianceCard) -> Outcome:
    judged = judge_compliance(findings, card)
    return _of(judged.score, red_line=judged.red_line, card=card)


def _of(compliance: float, *, red_line: bool, card: ComplianceCard) -> Outcome:
    if red_line:
        return Outcome.RED_LINE
    return Outcome.FAILED if compliance < card.failed_below else Outcome.PASSED
