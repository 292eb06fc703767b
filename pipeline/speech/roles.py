"""Who is the collector and who is called: decided from what is said over the whole call.

Collection calls are scripted, so the cues and the wording of a whole call decide almost always (on Chinese
customer service calls whole-dialogue labelling is right in over 99 %: «Multi-Grained Role Labeling», IJCAI
2016); a single sentence is much weaker evidence. Two other witnesses may speak: the manifest, whose word on
channels counts for as much as several strong cues and is overruled by a whole call that says otherwise
(recorders do swap channels), and the enrolled voice of the agent, where an operator opted in.

All evidence is log-odds. The scales of the words are Platt's (Platt 1999), fitted so that a stated
confidence holds as often as it says; ``tests/benchmarks/roles.py`` fits and checks them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from pipeline.speech.cues import agent_log_odds
from pipeline.speech.wording import load_wording
from pipeline.types import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.speech.cues import Cue
    from pipeline.speech.turns import Utterance

CUE_SCALE, WORDING_SCALE = 1.1, 1.5
"""Of the square roots of summed cue weights and of summed wording: evidence of one call is correlated, and
the more there is the less each adds."""
CUE_SCALE_ALONE = 1.75
"""Of a voice's cues where it is not compared with another's."""
WORDING_LIMIT = 3.0
"""Most that the wording of one utterance counts, in nats."""
LENGTH_SCALE = 1.5
"""Of the difference of two speakers' shares of the characters: collectors talk about twice as much."""
MANIFEST_LOG_ODDS = 4.0
SURE = 0.995
"""No call is surer: one in two hundred is as far as the labelled calls can tell."""
COLLEAGUE_LOG_ODDS = -2.0
"""Before a further voice says anything: it is a relative's far more often than a colleague's."""
UNCLEAR_CUES = 0.8
UNCLEAR_CHARACTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleClaim:
    """The role of a speaker and the probability that it is right."""

    role: Role
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What speaks for one speaker being the agent.

    Attributes:
        cues: summed weights of what they say.
        wording: how much all of it is worded like an agent's, in nats.
        characters: how much they say.
        witnesses: log-odds of manifest and voice.
    """

    cues: float
    wording: float
    characters: int
    witnesses: float


def speaker_roles(
    said: Sequence[Utterance],
    cues: Sequence[Cue],
    *,
    manifest: Mapping[str, Role],
    voices: Mapping[str, float] | None = None,
) -> dict[str, RoleClaim]:
    """The role of every speaker.

    With two speakers one is the agent and one the customer. Of more, the one who sounds most like an
    agent is, and the one who sounds least like one is the customer. Any other keeps a role of its own: one
    who sounds strongly like an agent is a colleague, a supervisor perhaps (or the same voice counted
    twice); the rest speak for the customer's side, as relatives do, and a voice with next to no words
    stays ``unknown``.

    Args:
        said: everything that was said, without automatic voices.
        cues: weighted phrases.
        manifest: what the manifest says of speakers that are channels; may be empty.
        voices: log-odds that a speaker's voice is the agent's enrolled one; may be empty.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    for utterance in said:
        texts[utterance.speaker].append(utterance.bare)
    evidence = {
        speaker: _Evidence(
            cues=agent_log_odds(spoken, cues),
            wording=sum(map(wording_log_odds, spoken)),
            characters=sum(map(len, spoken)),
            witnesses=_manifest_log_odds(manifest.get(speaker)) + (voices or {}).get(speaker, 0.0),
        )
        for speaker, spoken in texts.items()
    }
    if len(evidence) < 2:
        return {speaker: _alone(found) for speaker, found in evidence.items()}
    leaning = dict.fromkeys(evidence, 0.0)
    for one, other in combinations(sorted(evidence), 2):
        odds = _rather(evidence[one], evidence[other])
        leaning[one] += odds
        leaning[other] -= odds
    agent, *middle, customer = sorted(leaning, key=lambda s: (-leaning[s], s))
    sure = _probability(abs(_rather(evidence[agent], evidence[customer])))
    claims = {
        agent: RoleClaim(role=Role.AGENT, confidence=sure),
        customer: RoleClaim(role=Role.CUSTOMER, confidence=sure),
    }
    for speaker in middle:
        claims[speaker] = _further_voice(evidence[speaker])
    return claims


def _rather(one: _Evidence, other: _Evidence) -> float:
    """Log-odds that of the two it is ``one`` who is the agent."""
    total = max(one.characters + other.characters, 1)
    longer = (one.characters - other.characters) / total
    words = CUE_SCALE * _root(one.cues - other.cues) + WORDING_SCALE * _root(one.wording - other.wording)
    return words + LENGTH_SCALE * longer + one.witnesses - other.witnesses


def wording_log_odds(text: str) -> float:
    """How much an utterance (bare characters) is worded like the agent's, in nats, within the limit."""
    odds = sum(load_wording().placed_log_odds([text]))
    return min(max(odds, -WORDING_LIMIT), WORDING_LIMIT)


def _root(weight: float) -> float:
    return math.copysign(math.sqrt(abs(weight)), weight)


def _from_cues(weight: float) -> float:
    return CUE_SCALE_ALONE * _root(weight)


def _manifest_log_odds(role: Role | None) -> float:
    """Half of the manifest's evidence: it counts once for each of two channels."""
    if role is Role.AGENT:
        return MANIFEST_LOG_ODDS / 2
    return -MANIFEST_LOG_ODDS / 2 if role is Role.CUSTOMER else 0.0


def _alone(found: _Evidence) -> RoleClaim:
    odds = _from_cues(found.cues) + found.witnesses
    if abs(odds) < _from_cues(UNCLEAR_CUES):
        return RoleClaim(role=Role.UNKNOWN, confidence=0.5)
    return RoleClaim(role=Role.AGENT if odds > 0 else Role.CUSTOMER, confidence=_probability(abs(odds)))


def _further_voice(found: _Evidence) -> RoleClaim:
    if found.characters < UNCLEAR_CHARACTERS and abs(found.cues) < UNCLEAR_CUES:
        return RoleClaim(role=Role.UNKNOWN, confidence=0.5)
    odds = _from_cues(found.cues) + found.witnesses + COLLEAGUE_LOG_ODDS
    return RoleClaim(role=Role.AGENT if odds > 0 else Role.CUSTOMER, confidence=_probability(abs(odds)))


def turn_role(turn: Utterance, claim: RoleClaim) -> RoleClaim:
    """The role of one turn: its speaker's, less sure where it is not sure to be that speaker's."""
    if claim.role not in (Role.AGENT, Role.CUSTOMER):
        return claim
    right = turn.certainty * claim.confidence + (1 - turn.certainty) * (1 - claim.confidence)
    return RoleClaim(role=claim.role, confidence=right)


def _probability(odds: float) -> float:
    return min(1 / (1 + math.exp(-odds)), SURE)
