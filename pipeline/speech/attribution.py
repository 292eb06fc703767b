"""Who says what in a mono recording: voices, the diarizer and the words together.

A diarizer alone mixes similar voices up; words alone do not say who answers «好的». A hidden Markov
model over clauses joins both: its states are the agent, the other party, and a third where the recording
has one (a relative who takes the telephone, a supervisor who comes in); what a clause says, how it
sounds and its voice print, or without prints which speaker the diarizer heard, are its emissions. Voices and
labels of each party are learned from the call itself (EM); the words say which party is which, because they
are the one emission that is not learned. (Re-scoring of diarization with words: Multi-Grained Role Labeling,
IJCAI 2016; DiarizationLM, arXiv 2401.03506.)

A third party is believed only where the diarizer heard a third voice that speaks for some seconds, and its
voice prints lie apart or, without prints, two parties would explain the call little better.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pipeline.speech.prints import VoicePrints

    Numbers = NDArray[np.float64]

TEXT_LIMIT = 3.5
"""Most that the words of one clause count, in nats."""
VOICE_SCALE, VOICE_SCALE_WITH_PRINTS = 0.5, 0.35
"""Voice numbers of a clause are correlated: their log likelihood is taken for so much of itself, and for less
where prints tell of the same voice."""
FULL_VOICE_MS = 1200
"""A clause of this length or more counts in full."""
FULL_MARGIN = 0.1
"""A label counts in full where the print of its stretch is nearer to its own voice than to the next by this
much in cosine. Mostly 0.04 to 0.1 where the two voices' cosine was 0.93, 0.27 to 0.39 where it was 0.61."""
MOST_MARGINS, MOST_MARGINS_WITH_PRINTS = 3.0, 1.0
"""A clearer label counts more, up to so many times; not where clauses have prints of their own."""
UNKNOWN_MARGIN = 0.5
"""Weight of a label whose stretch was too short for a print, where others have one."""
LABEL_PRIOR = 2.0
LABEL_SHARING = 0.5
LABEL_SHARED_BY = 4.0
"""Clauses of one stretch of the diarizer's are no independent votes: each counts for their number, at most
this, to the power of minus ``LABEL_SHARING``."""
PRIOR_CLAUSES = 4.0
"""Weight of the call's own spread in the estimate of a party's voice."""
ROUNDS = 20
SETTLED = 1e-3
ENDS_SCALE = 0.25
"""Differences of likelihood between ends of EM are taken for so much of themselves."""
"""EM ends when the log likelihood changes by less."""
SWITCH = ((300, 0.25), (450, 0.05), (600, 0.25), (1000, 0.5))
LONG_PAUSE_SWITCH = 0.6
"""Chance that the speaker changes before a sentence, after a pause shorter than so many milliseconds: who
answers comes in at once or lets a turn end, who goes on takes a breath of 300 to 600 ms."""
BREATH_SWITCH, LONG_BREATH_SWITCH, CHANGED_SWITCH = 0.02, 0.05, 0.2
"""The same inside a sentence, after less than ``LONG_BREATH_MS`` or more, and where the sound was found to
change."""
LONG_BREATH_MS = 150
LONG_PAUSES_MS = ((600, 1_000), (1_000, None))
"""After such pauses the chance is the call's own: one party waits for answers, another talks on alone."""
LONG_PAUSE_CLAUSES = 2.0
"""Weight of the chances above in it."""
QUESTION_SWITCH = 0.5
SECOND_PARTY_WORDS = 0.5
"""A recording has one party when neither voices nor words, this much of them, show a second."""
THIRD_PARTY_MS = 1_500
"""Speech that makes a third party."""
THIRD_PARTY_LOSS = 4.0
"""A third party may explain the call's numbers worse than two do by so many nats: the diarizer hears voices
better than they tell them. No matter where its voice prints lie clearly apart."""
LEAST_LOG = -200.0
"""No clause tells two parties apart by more nats."""
OWN_VOICE = 0.95
"""Share of a party's clauses in which the diarizer hears its voice, where there are three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What the model knows of one clause.

    Attributes:
        agent_log_odds: what its words say.
        label: the diarizer's speaker, ``None`` when it heard nobody there.
        duration_ms: length.
        pause_ms: pause before it; 0 for the first.
        after_question: whether the clause before it asks.
        margin: how sure the label is, a difference of cosines, 0..2; ``None`` when that is not known.
        stretch: which of the diarizer's stretches the label is from.
        is_inside: whether it goes on a sentence after a breath.
        is_changed: whether the sound changes to another party's before it.
    """

    agent_log_odds: float
    label: str | None
    duration_ms: int
    pause_ms: int
    after_question: bool = False
    margin: float | None = None
    stretch: int | None = None
    is_inside: bool = False
    is_changed: bool = False


def attribute(
    clauses: Sequence[Clause],
    voices: Numbers,
    prints: VoicePrints | None = None,
    *,
    apart: bool | None = None,
    several: bool = False,
    before: Numbers | None = None,
) -> Numbers:
    """Probability that each party says each clause.

    Args:
        clauses: in time order.
        voices: shape ``(len(clauses), numbers)``, NaN where not known.
        prints: of the clauses; ``None`` where there are none.
        apart: whether the diarizer's voices are clearly different people; ``None`` when that is not known.
        several: whether two of them at least are no single person's.
        before: what was answered for these clauses where fewer were told apart: the search starts from it.

    Returns:
        Shape ``(len(clauses), parties)``, two of them or three; each row sums to 1. Which one is the agent
        is decided over the whole call, see :mod:`pipeline.speech.roles`.
    """
    if not clauses:
        return np.zeros((0, 2))
    model = _Model(clauses, voices, prints)
    likelihood, parties = _weighed([model.fit(start) for start in model.starts(before)])
    alone, agent_alone = model.fit_alone()
    is_one = alone >= likelihood - model.second_party_cost and model.weaker_evidence < SECOND_PARTY_WORDS
    if is_one and not apart and not several:
        return np.tile([agent_alone, 1 - agent_alone], (len(clauses), 1))
    three = max(
        (model.fit_three(sides) for sides in model.three_sides()), key=lambda fit: fit[0], default=None
    )
    loss = np.inf if apart else THIRD_PARTY_LOSS
    if three and apart is not False and three[0] > likelihood - loss and model.all_speak(three[1]):
        return three[1]
    return parties


def _weighed(fits: Sequence[tuple[float, Numbers]]) -> tuple[float, Numbers]:
    """The best fit's likelihood, and the mean of all ends by theirs; fits with one likelihood ended alike.

    Where two partings explain a call about as well, neither is sure.
    """
    best = max(likelihood for likelihood, _ in fits)
    ends = {round(likelihood - best, 1): parties for likelihood, parties in fits}
    weights = {apart: np.exp(ENDS_SCALE * apart) for apart in ends}
    total = sum(weights.values())
    return best, np.asarray(sum(weights[apart] * parties for apart, parties in ends.items()) / total)


class _Model:
    """The emissions and transitions of one call, and EM on them."""

    def __init__(self, clauses: Sequence[Clause], voices: Numbers, prints: VoicePrints | None) -> None:
        self._prints = prints
        self._voice_scale = VOICE_SCALE if prints is None else VOICE_SCALE_WITH_PRINTS
        most_margins = MOST_MARGINS if prints is None else MOST_MARGINS_WITH_PRINTS
        odds = np.array([clause.agent_log_odds for clause in clauses])
        self._odds = np.clip(odds, -TEXT_LIMIT, TEXT_LIMIT)
        self._text = np.outer(self._odds, [1, -1]) / 2
        self._known = ~np.isnan(voices)
        self._voices = np.where(self._known, _standardised(voices), 0.0)
        self._lengths = np.array([clause.duration_ms for clause in clauses], dtype=np.float64)
        self._weights = np.clip(self._lengths / FULL_VOICE_MS, 0.05, 1.0)
        names = sorted({clause.label for clause in clauses if clause.label is not None})
        self._labels = np.array([names.index(c.label) if c.label in names else -1 for c in clauses])
        self._label_count = len(names)
        self._label_weights = _label_weights(clauses, self._labels, most_margins)
        self._switch = np.array([_switch(clause) for clause in clauses])
        self._long_pauses = _long_pauses(clauses)

    def starts(self, before: Numbers | None) -> list[Numbers]:
        """Responsibilities to start from: an earlier answer and the words, else those that are at hand.

        These are the words alone, each of the diarizer's speakers, and the ways in which the prints fall
        apart, or without prints each voice number.
        """
        words = _forward_backward(self._text, self._switch)[1]
        if before is not None and before.shape[1] == 2:
            return [before, words]
        starts = [words]
        if self._label_count > 1:
            starts += [self._either(self._labels == label) for label in range(self._label_count)]
        if self._prints is not None:
            return starts + [self._either(side) for side in self._prints.partings()]
        return starts + [self._either(column > 0) for column in self._voices.T]

    def three_sides(self) -> list[tuple[int, ...]]:
        """Whose side each of the diarizer's three main voices may be on: 1 the agent's, -1 the customer's.

        Empty where it heard fewer; on both sides there is somebody.
        """
        return [s for s in product((1, -1), repeat=3) if abs(sum(s)) < 3] if self._label_count >= 3 else []

    def fit(self, parties: Numbers) -> tuple[float, Numbers]:
        """Log likelihood and responsibilities of two parties, agent and other, after EM from a start."""
        return self._expected(parties, lambda now: self._text + self._label(now))

    def fit_three(self, sides: tuple[int, ...]) -> tuple[float, Numbers]:
        """The same with three parties, each with one of the diarizer's main voices for its own."""
        mass = np.bincount(self._labels[self._labels >= 0], self._weights[self._labels >= 0])
        main = np.sort(np.argsort(-mass, kind="stable")[:3])
        own = self._labels[:, None] == main
        share = np.where(own.any(axis=1)[:, None], np.where(own, OWN_VOICE, (1 - OWN_VOICE) / 2), 1 / 3)
        emissions = np.outer(self._odds, sides) / 2 + self._label_weights[:, None] * np.log(share)
        return self._expected(share, lambda now: emissions)

    def _expected(self, parties: Numbers, emissions: Callable[[Numbers], Numbers]) -> tuple[float, Numbers]:
        """EM: who speaks by the sound, how each sounds and takes turns by who speaks, until it settles.

        The likelihood is a bound on it, what the parties' voices cost included.
        """
        likelihood = before = -np.inf
        switch = self._switch
        for _ in range(ROUNDS):
            sound, cost = self._sound(parties)
            likelihood, parties, switched = _forward_backward(emissions(parties) + sound, switch)
            likelihood += cost
            switch = self._own_switch(switched)
            if abs(likelihood - before) < SETTLED:
                break
            before = likelihood
        return float(likelihood), parties

    def _own_switch(self, switched: Numbers) -> Numbers:
        """Chances of a change before each clause, given the probability that there was one."""
        switch = self._switch.copy()
        for chosen in self._long_pauses:
            before = self._switch[chosen].mean() * LONG_PAUSE_CLAUSES
            switch[chosen] = (before + switched[chosen].sum()) / (LONG_PAUSE_CLAUSES + len(chosen))
        return np.asarray(switch)

    def fit_alone(self) -> tuple[float, float]:
        """Log likelihood of a call with one party, and the probability that it is the agent."""
        everybody = np.full_like(self._text, 0.5)
        emissions = self._text + self._voice(everybody) + self._label(everybody)
        agent, other = emissions.sum(axis=0)
        likelihood = float(np.logaddexp(agent, other) - np.log(2))
        if self._prints is not None:
            log, cost = self._prints.explain(np.ones((len(self._odds), 1)))
            likelihood += float(log.sum()) + cost
        return likelihood, float(1 / (1 + np.exp(other - agent)))

    @property
    def second_party_cost(self) -> float:
        """What a second voice must earn: half a log of the clauses for each number it adds (BIC)."""
        numbers = self._voices.shape[1] * self._voice_scale + max(self._label_count - 1, 0)
        return float(0.5 * numbers * np.log(max(len(self._odds), 2)))

    @property
    def weaker_evidence(self) -> float:
        """What the words say for the party they say less for, in nats."""
        return float(min(self._odds[self._odds > 0].sum(), -self._odds[self._odds < 0].sum()))

    def all_speak(self, parties: Numbers) -> bool:
        """Whether all three speak enough to be parties."""
        own = parties.argmax(axis=1)
        return all(self._lengths[own == party].sum() >= THIRD_PARTY_MS for party in range(3))

    def _either(self, is_first: NDArray[np.bool_]) -> Numbers:
        """Responsibilities for a split in two, turned so that it agrees with the words."""
        agent_is_first = self._odds[is_first].sum() >= self._odds[~is_first].sum()
        agent = is_first == agent_is_first
        return np.where(agent[:, None] == np.array([True, False]), 0.9, 0.1)

    def _centres(self, parties: Numbers) -> tuple[Numbers, Numbers]:
        """Each party's mean voice, shape ``(parties, numbers)``, and the spread that they share."""
        weight = parties[:, :, None] * (self._weights[:, None] * self._known)[:, None, :]
        total = weight.sum(axis=0)
        mean = (weight * self._voices[:, None, :]).sum(axis=0) / (total + PRIOR_CLAUSES / 2)
        apart = np.square(self._voices[:, None, :] - mean[None])
        # One spread for all parties; the prior is the call's own spread, which is 1.
        spread = ((weight * apart).sum(axis=(0, 1)) + PRIOR_CLAUSES) / (total.sum(axis=0) + PRIOR_CLAUSES)
        return mean, spread

    def _sound(self, parties: Numbers) -> tuple[Numbers, float]:
        """Log likelihood of what each clause sounds like, its print included, and what the voices cost."""
        voice = self._voice(parties)
        if self._prints is None:
            return voice, 0.0
        log, cost = self._prints.explain(parties)
        return voice + log, cost

    def _voice(self, parties: Numbers) -> Numbers:
        """Log likelihood of each clause's voice under each party's, shape ``(clauses, parties)``."""
        mean, spread = self._centres(parties)
        apart = np.square(self._voices[:, None, :] - mean[None])
        log = -0.5 * (apart / spread + np.log(spread)) * self._known[:, None, :]
        return np.asarray(self._voice_scale * self._weights[:, None] * log.sum(axis=2))

    def _label(self, parties: Numbers) -> Numbers:
        """Log likelihood of the diarizer's label under each party; nothing where there are prints."""
        log = np.zeros_like(parties)
        if self._label_count < 2 or self._prints is not None:
            return log
        heard = self._labels >= 0
        total = (parties[heard] * self._weights[heard, None]).sum(axis=0)
        for label in range(self._label_count):
            chosen = self._labels == label
            mass = (parties[chosen] * self._weights[chosen, None]).sum(axis=0)
            share = (mass + LABEL_PRIOR / self._label_count) / (total + LABEL_PRIOR)
            log[chosen] = self._label_weights[chosen, None] * np.log(share)
        return log


def _label_weights(clauses: Sequence[Clause], labels: NDArray[np.int_], most: float) -> Numbers:
    """How much each clause's label counts: by its margin, and less where clauses share a stretch."""
    stretches = [clause.stretch for clause in clauses]
    known = any(stretch is not None for stretch in stretches)
    runs = np.array([-1 if stretch is None else stretch for stretch in stretches]) if known else labels
    shared = np.minimum(_run_lengths(runs), LABEL_SHARED_BY)
    margins = np.array([np.nan if clause.margin is None else clause.margin for clause in clauses])
    if np.isnan(margins).all():
        return np.asarray(shared**-LABEL_SHARING)
    sure = np.clip(margins / FULL_MARGIN, 0.0, most)
    return np.asarray(shared**-LABEL_SHARING * np.where(np.isnan(sure), UNKNOWN_MARGIN, sure))


def _run_lengths(labels: NDArray[np.int_]) -> Numbers:
    """For each clause, how many neighbours in a row have its label, itself included."""
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1), len(labels)]
    lengths = [b - a for a, b in pairwise(edges)]
    return np.repeat(np.array(lengths, dtype=np.float64), lengths)


def _standardised(voices: Numbers) -> Numbers:
    """Each number with mean 0 and spread 1 over the call, no further out than 3."""
    if not len(voices) or np.isnan(voices).all():
        return np.nan_to_num(voices)
    with np.errstate(invalid="ignore"):
        filled = np.where(np.isnan(voices).all(axis=0), 0.0, voices)
        middle = np.nanmedian(filled, axis=0)
        spread = np.nanstd(filled, axis=0)
    scaled = (filled - middle) / np.where(spread > 1e-9, spread, 1.0)
    return np.asarray(np.clip(scaled, -3.0, 3.0))


def _switch(clause: Clause) -> float:
    if clause.is_changed:
        return CHANGED_SWITCH
    if clause.is_inside:
        return BREATH_SWITCH if clause.pause_ms < LONG_BREATH_MS else LONG_BREATH_SWITCH
    chance = next((chance for limit, chance in SWITCH if clause.pause_ms < limit), LONG_PAUSE_SWITCH)
    return max(chance, QUESTION_SWITCH) if clause.after_question and clause.pause_ms >= 150 else chance


def _long_pauses(clauses: Sequence[Clause]) -> list[NDArray[np.int_]]:
    """Which clauses follow a pause of each of ``LONG_PAUSES_MS``, where nothing else tells of a change."""
    return [
        np.array(found)
        for least, most in LONG_PAUSES_MS
        if (
            found := [
                i
                for i, clause in enumerate(clauses)
                if clause.pause_ms >= least
                and (most is None or clause.pause_ms < most)
                and not (clause.is_inside or clause.is_changed or clause.after_question)
            ]
        )
    ]


def _forward_backward(emissions: Numbers, switch: Numbers) -> tuple[float, Numbers, Numbers]:
    """Log likelihood, the probability of each state at each clause, and that of a change before each clause.

    A speaker who stops is followed by any of the others alike. Probabilities are scaled to a sum of 1 at
    every clause (Rabiner 1989), so that no length of call takes them to 0.
    """
    count, states = emissions.shape
    others = (switch / max(states - 1, 1))[:, None, None]
    steps = np.where(np.eye(states, dtype=bool), 1 - switch[:, None, None], others)
    highest = emissions.max(axis=1)
    chances = np.exp(np.maximum(emissions - highest[:, None], LEAST_LOG))
    forward, scales = np.empty_like(emissions), np.empty(count)
    state = chances[0] / states
    for i in range(count):
        if i:
            state = (state @ steps[i]) * chances[i]
        scales[i] = total = state.sum()
        forward[i] = state = state / total
    backward = np.ones_like(emissions)
    for i in range(count - 2, -1, -1):
        backward[i] = steps[i + 1] @ (chances[i + 1] * backward[i + 1]) / scales[i + 1]
    stays = (forward[:-1] * chances[1:] * backward[1:]).sum(axis=1) * (1 - switch[1:]) / scales[1:]
    switched = np.concatenate([[0.0], np.clip(1 - stays, 0.0, 1.0)])
    return float(np.log(scales).sum() + highest.sum()), forward * backward, switched
