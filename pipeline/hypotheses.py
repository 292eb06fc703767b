"""Who is who, where that is not sure: the other way round is judged too, and each finding says what it loses.

Almost every rule asks who speaks: the same words are a threat from the agent and a complaint from the
customer. Below ``roles.both_below`` the call is therefore judged with the parties exchanged as well; where
the call is sure and single turns are not, with those turns exchanged that carry a finding. A finding *stands*
when the other judgement raises the same rule on the same turn at least as strongly, else it *flips*; a red
line that flips is for review, never a violation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.types import FindingState, IfSwapped, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pipeline.types import Finding, Transcript

_PARTIES = (Role.AGENT, Role.CUSTOMER)
_STRENGTH = {FindingState.CANNOT_DECIDE: 0, FindingState.NEEDS_REVIEW: 1, FindingState.VIOLATION: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What to judge with other roles.

    Attributes:
        turns: indices of the turns that go to the other party.
        whole_call: whether these are all of them, for it is the call that is unsure.
    """

    turns: frozenset[int]
    whole_call: bool


def roles_confidence(transcript: Transcript) -> float | None:
    """How sure it is who is the agent of a call, ``None`` where neither party speaks.

    The two roles stand and fall together. A turn is as sure as its speaker's role, or less where it may be
    another speaker's turn: so the surest turn of the agent tells; the customer's where no agent speaks.
    """
    turns = transcript.by_role(Role.AGENT) or transcript.by_role(Role.CUSTOMER)
    return max((turn.role_confidence for turn in turns), default=None)


def to_exchange(transcript: Transcript, findings: Iterable[Finding], *, both_below: float) -> Exchange | None:
    """What to judge the other way round, ``None`` where who speaks is sure enough.

    Args:
        transcript: the call.
        findings: what it was found to be.
        both_below: the confidence from which on one judgement is enough.
    """
    parties = {turn.index: turn for turn in transcript.turns if turn.role in _PARTIES}
    confidence = roles_confidence(transcript)
    if confidence is None:
        return None
    if confidence < both_below:
        return Exchange(turns=frozenset(parties), whole_call=True)
    at = {f.evidence.turn for f in findings if f.evidence} & parties.keys()
    unsure = frozenset(index for index in at if parties[index].role_confidence < both_below)
    return Exchange(turns=unsure, whole_call=False) if unsure else None


def exchanged(transcript: Transcript, turns: Collection[int]) -> Transcript:
    """The same call with some turns given to the other party; twice is the call itself."""
    return replace(
        transcript,
        turns=tuple(replace(t, role=t.role.other) if t.index in turns else t for t in transcript.turns),
    )


def compared(
    findings: Iterable[Finding], otherwise: Iterable[Finding], exchange: Exchange
) -> tuple[Finding, ...]:
    """Findings that say whether they stand with ``exchange``; red lines that do not are for review.

    Args:
        findings: the verdict.
        otherwise: the verdict with the turns of ``exchange`` given to the other party.
        exchange: in a whole call every finding is compared, else those on its turns.
    """
    strength: dict[tuple[str, int | None], int] = {}
    for finding in otherwise:
        key = _place(finding)
        strength[key] = max(strength.get(key, -1), _STRENGTH[finding.state])

    def compare(finding: Finding) -> Finding:
        rule, turn = _place(finding)
        if not exchange.whole_call and turn not in exchange.turns:
            return finding
        if strength.get((rule, turn), -1) >= _STRENGTH[finding.state]:
            return replace(finding, if_swapped=IfSwapped.STANDS)
        demoted = finding.red_line and finding.state is FindingState.VIOLATION
        state = FindingState.NEEDS_REVIEW if demoted else finding.state
        return replace(finding, if_swapped=IfSwapped.FLIPS, state=state)

    return tuple(map(compare, findings))


def only_otherwise(findings: Iterable[Finding], otherwise: Iterable[Finding]) -> tuple[Finding, ...]:
    """What the other judgement alone finds."""
    told = {_place(finding) for finding in findings}
    return tuple(finding for finding in otherwise if _place(finding) not in told)


def _place(finding: Finding) -> tuple[str, int | None]:
    return finding.rule, finding.evidence.turn if finding.evidence else None
