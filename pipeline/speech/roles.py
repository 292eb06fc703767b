"""Who is the collector and who is called: decided from what is said over the whole call.

Collection calls are scripted, so the cues of a whole call decide almost always (on Chinese customer
service calls whole-dialogue labelling is right in over 99 %: «Multi-Grained Role Labeling», IJCAI 2016);
a single sentence is much weaker evidence. The manifest's word on channels counts for as much as
several strong cues and is overruled by a whole call that says otherwise: recorders do swap channels.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.speech.cues import agent_log_odds
from pipeline.types import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.speech.cues import Cue
    from pipeline.speech.turns import Utterance

CUE_SCALE = 0.35
"""Cues of one call are correlated: their summed weight is taken for so much of itself."""
LENGTH_WEIGHT = 1.5
"""Collectors talk about twice as much as the other party; worth little next to words."""
MANIFEST_LOG_ODDS = 4.0
SURE = 0.995
ALSO_AGENT_LOG_ODDS = 5.0
UNCLEAR_LOG_ODDS = 0.8
UNCLEAR_CHARACTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleClaim:
    """The role of a speaker and the probability that it is right."""

    role: Role
    confidence: float


def speaker_roles(
    said: Sequence[Utterance], cues: Sequence[Cue], *, manifest: Mapping[str, Role]
) -> dict[str, RoleClaim]:
    """The role of every speaker.

    With two speakers one is the agent and one the customer. Of more, the one who sounds most like an
    agent is, and the one who sounds least like one is the customer; another who sounds strongly like an
    agent is a colleague (or the same voice counted twice); the rest speak for the customer's side, and a
    voice with next to no words stays ``unknown``.

    Args:
        said: everything that was said, without automatic voices.
        cues: weighted phrases.
        manifest: what the manifest says of speakers that are channels; may be empty.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    for utterance in said:
        texts[utterance.speaker].append(utterance.bare)
    evidence = {
        speaker: CUE_SCALE * agent_log_odds(spoken, cues) + _manifest_log_odds(manifest.get(speaker))
        for speaker, spoken in texts.items()
    }
    if len(evidence) < 2:
        return {speaker: _alone(odds) for speaker, odds in evidence.items()}
    sizes = {speaker: sum(map(len, spoken)) for speaker, spoken in texts.items()}
    total = max(sum(sizes.values()), 1)
    leaning = {s: odds + LENGTH_WEIGHT * sizes[s] / total for s, odds in evidence.items()}
    agent, *middle, customer = sorted(leaning, key=lambda s: (-leaning[s], s))
    sure = _probability(leaning[agent] - leaning[customer])
    claims = {
        agent: RoleClaim(role=Role.AGENT, confidence=sure),
        customer: RoleClaim(role=Role.CUSTOMER, confidence=sure),
    }
    for speaker in middle:
        apart = _probability(leaning[agent] - leaning[speaker])
        claims[speaker] = _third_voice(evidence[speaker], sizes[speaker], apart)
    return claims


def _manifest_log_odds(role: Role | None) -> float:
    """Half of the manifest's evidence: it counts once for each of two channels."""
    if role is Role.AGENT:
        return MANIFEST_LOG_ODDS / 2
    return -MANIFEST_LOG_ODDS / 2 if role is Role.CUSTOMER else 0.0


def _alone(odds: float) -> RoleClaim:
    if abs(odds) < UNCLEAR_LOG_ODDS * CUE_SCALE:
        return RoleClaim(role=Role.UNKNOWN, confidence=0.5)
    role = Role.AGENT if odds > 0 else Role.CUSTOMER
    return RoleClaim(role=role, confidence=_probability(abs(odds)))


def _third_voice(odds: float, size: int, apart: float) -> RoleClaim:
    if odds >= ALSO_AGENT_LOG_ODDS * CUE_SCALE:
        return RoleClaim(role=Role.AGENT, confidence=_probability(odds))
    if size < UNCLEAR_CHARACTERS and abs(odds) < UNCLEAR_LOG_ODDS * CUE_SCALE:
        return RoleClaim(role=Role.UNKNOWN, confidence=0.5)
    return RoleClaim(role=Role.CUSTOMER, confidence=apart)


def turn_role(turn: Utterance, claim: RoleClaim) -> RoleClaim:
    """The role of one turn: its speaker's, less sure where it is not sure to be that speaker's."""
    if claim.role not in (Role.AGENT, Role.CUSTOMER):
        return claim
    right = turn.certainty * claim.confidence + (1 - turn.certainty) * (1 - claim.confidence)
    return RoleClaim(role=claim.role, confidence=right)


def _probability(odds: float) -> float:
    return min(1 / (1 + math.exp(-odds)), SURE)
