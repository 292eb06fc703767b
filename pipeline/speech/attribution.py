"""Who says what in a mono recording: voices, the diarizer and the words together.

A diarizer alone mixes similar voices up; words alone do not say who answers «好的». A hidden Markov
model over clauses joins both: two states, the agent and the other party; what a clause says, how it
sounds and which speaker the diarizer heard are its emissions. Voices and labels of each party are
learned from the call itself (EM); the words say which party is which, because they are the one
emission that is not learned. (Re-scoring of diarization with words: Multi-Grained Role Labeling,
IJCAI 2016; DiarizationLM, arXiv 2401.03506.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

AGENT, OTHER = 0, 1
TEXT_LIMIT = 2.5
"""Most that the words of one clause count, in nats."""
VOICE_SCALE = 0.5
"""Voice numbers of a clause are correlated: their log likelihood is taken for so much of itself."""
FULL_VOICE_MS = 1200
"""A clause of this length or more counts in full."""
LABEL_SCALE = 1.0
LABEL_PRIOR = 2.0
PRIOR_CLAUSES = 4.0
"""Weight of the call's own spread in the estimate of a party's voice."""
ROUNDS = 20
SWITCH = ((150, 0.02), (300, 0.1), (600, 0.25))
LONG_PAUSE_SWITCH = 0.4
"""Chance that the speaker changes after a pause shorter than so many milliseconds."""
QUESTION_SWITCH = 0.5
SECOND_PARTY_WORDS = 0.5
"""A recording has one party when neither voices nor words, this much of them, show a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What the model knows of one clause.

    Attributes:
        agent_log_odds: what its words say.
        label: the diarizer's speaker, ``None`` when it heard nobody there.
        duration_ms: length.
        pause_ms: pause before it; 0 for the first.
        after_question: whether the clause before it asks.
    """

    agent_log_odds: float
    label: str | None
    duration_ms: int
    pause_ms: int
    after_question: bool = False


def attribute(clauses: Sequence[Clause], voices: Numbers) -> Numbers:
    """Probability that the agent says each clause.

    Args:
        clauses: in time order.
        voices: shape ``(len(clauses), numbers)``, NaN where not known.

    Returns:
        Shape ``(len(clauses),)``.
    """
    if not clauses:
        return np.zeros(0)
    model = _Model(clauses, voices)
    fits = [model.fit(start) for start in model.starts()]
    likelihood, responsibilities = max(fits, key=lambda fit: fit[0])
    alone, agent_alone = model.fit_alone()
    if alone >= likelihood - model.second_party_cost and model.weaker_evidence < SECOND_PARTY_WORDS:
        return np.full(len(clauses), agent_alone)
    return np.asarray(responsibilities[:, AGENT])


class _Model:
    """The emissions and transitions of one call, and EM on them."""

    def __init__(self, clauses: Sequence[Clause], voices: Numbers) -> None:
        self._text = _text_emissions(clauses)
        self._known = ~np.isnan(voices)
        self._voices = np.where(self._known, _standardised(voices), 0.0)
        weights = np.array([min(clause.duration_ms / FULL_VOICE_MS, 1.0) for clause in clauses])
        self._weights = np.maximum(weights, 0.05)
        names = sorted({clause.label for clause in clauses if clause.label is not None})
        self._labels = np.array([names.index(c.label) if c.label in names else -1 for c in clauses])
        self._label_count = len(names)
        self._steps = np.log([_switch(clause) for clause in clauses])
        self._clauses = clauses

    def starts(self) -> list[Numbers]:
        """Responsibilities to start from: the words alone, the diarizer, and the main voice contrast."""
        starts = [self._smooth(self._text)]
        for label in range(self._label_count):
            if self._label_count > 1:
                starts.append(_either(self._labels == label, self._text, self._weights))
        for dimension in range(self._voices.shape[1]):
            high = self._voices[:, dimension] > 0
            starts.append(_either(high, self._text, self._weights))
        return starts

    def fit(self, responsibilities: Numbers) -> tuple[float, Numbers]:
        """Log likelihood and responsibilities after EM from a start."""
        likelihood = -np.inf
        for _ in range(ROUNDS):
            emissions = self._text + self._voice(responsibilities) + self._label(responsibilities)
            likelihood, responsibilities = _forward_backward(emissions, self._steps)
        return float(likelihood), responsibilities

    def fit_alone(self) -> tuple[float, float]:
        """Log likelihood of a call with one party, and the probability that it is the agent."""
        everybody = np.full_like(self._text, 0.5)
        emissions = self._text + self._voice(everybody) + self._label(everybody)
        agent, other = emissions.sum(axis=0)
        return float(np.logaddexp(agent, other) - np.log(2)), float(1 / (1 + np.exp(other - agent)))

    @property
    def second_party_cost(self) -> float:
        """What a second voice must earn: half a log of the clauses for each number it adds (BIC)."""
        numbers = self._voices.shape[1] * VOICE_SCALE + max(self._label_count - 1, 0)
        return float(0.5 * numbers * np.log(max(len(self._text), 2)))

    @property
    def weaker_evidence(self) -> float:
        """What the words say for the party they say less for, in nats."""
        odds = self._text[:, AGENT] - self._text[:, OTHER]
        return float(min(odds[odds > 0].sum(), -odds[odds < 0].sum()))

    def _smooth(self, emissions: Numbers) -> Numbers:
        return _forward_backward(emissions, self._steps)[1]

    def _voice(self, responsibilities: Numbers) -> Numbers:
        """Log likelihood of each clause's voice under each party's, shape ``(clauses, 2)``."""
        weight = responsibilities[:, :, None] * (self._weights[:, None] * self._known)[:, None, :]
        total = weight.sum(axis=0)
        mean = (weight * self._voices[:, None, :]).sum(axis=0) / (total + PRIOR_CLAUSES / 2)
        apart = np.square(self._voices[:, None, :] - mean[None])
        # One spread for both parties; the prior is the call's own spread, which is 1.
        spread = ((weight * apart).sum(axis=(0, 1)) + PRIOR_CLAUSES) / (total.sum(axis=0) + PRIOR_CLAUSES)
        log = -0.5 * (apart / spread + np.log(spread)) * self._known[:, None, :]
        return np.asarray(VOICE_SCALE * self._weights[:, None] * log.sum(axis=2))

    def _label(self, responsibilities: Numbers) -> Numbers:
        """Log likelihood of the diarizer's label under each party."""
        log = np.zeros_like(responsibilities)
        if self._label_count < 2:
            return log
        for label in range(self._label_count):
            chosen = self._labels == label
            mass = (responsibilities[chosen] * self._weights[chosen, None]).sum(axis=0)
            heard = self._labels >= 0
            total = (responsibilities[heard] * self._weights[heard, None]).sum(axis=0)
            share = (mass + LABEL_PRIOR / self._label_count) / (total + LABEL_PRIOR)
            log[chosen] = LABEL_SCALE * np.log(share)
        return log


def _text_emissions(clauses: Sequence[Clause]) -> Numbers:
    odds = np.clip([clause.agent_log_odds for clause in clauses], -TEXT_LIMIT, TEXT_LIMIT)
    return np.stack([odds / 2, -odds / 2], axis=1)


def _standardised(voices: Numbers) -> Numbers:
    """Each number with mean 0 and spread 1 over the call (robust: median and quartiles)."""
    if not len(voices) or np.isnan(voices).all():
        return np.nan_to_num(voices)
    with np.errstate(invalid="ignore"):
        filled = np.where(np.isnan(voices).all(axis=0), 0.0, voices)
        middle = np.nanmedian(filled, axis=0)
        spread = np.nanstd(filled, axis=0)
    scaled = (filled - middle) / np.where(spread > 1e-9, spread, 1.0)
    return np.asarray(np.clip(scaled, -3.0, 3.0))


def _switch(clause: Clause) -> float:
    chance = next((chance for limit, chance in SWITCH if clause.pause_ms < limit), LONG_PAUSE_SWITCH)
    return max(chance, QUESTION_SWITCH) if clause.after_question and clause.pause_ms >= 150 else chance


def _either(is_first: NDArray[np.bool_], text: Numbers, weights: Numbers) -> Numbers:
    """Responsibilities for a split in two, turned so that it agrees with the words."""
    agent_is_first = (text[is_first, AGENT]).sum() >= (text[~is_first, AGENT]).sum()
    agent = is_first == agent_is_first
    return np.where(agent[:, None] == np.array([True, False]), 0.9, 0.1)


def _forward_backward(emissions: Numbers, switch_log: Numbers) -> tuple[float, Numbers]:
    """Log likelihood, and the probability of each state at each clause."""
    count = len(emissions)
    stay_log = np.log1p(-np.exp(switch_log))
    forward = np.empty_like(emissions)
    backward = np.zeros_like(emissions)
    forward[0] = emissions[0] - np.log(2)
    for i in range(1, count):
        stay, switch = forward[i - 1] + stay_log[i], forward[i - 1, ::-1] + switch_log[i]
        forward[i] = np.logaddexp(stay, switch) + emissions[i]
    for i in range(count - 2, -1, -1):
        after = backward[i + 1] + emissions[i + 1]
        backward[i] = np.logaddexp(after + stay_log[i + 1], after[::-1] + switch_log[i + 1])
    both = forward + backward
    likelihood = float(np.logaddexp(both[0, 0], both[0, 1]))
    return likelihood, np.exp(both - likelihood)
