"""Two witnesses, one probability: how a rule's word and the model's chance are added up.

Both are evidence, so they add as log-odds: a base, the model's log-odds by a factor, and what it is
worth that a rule found its words. The weights are fitted on labelled lines that neither the rules nor
the fold of the model had seen (``tinghe train``), so that a joint probability is a frequency.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

Said = Literal["sure", "unsure", "heard"]
"""What a rule says: its words stand there, words that it is not sure of, or words that sound like its own."""

_EDGE = 1e-6
_FAR = 700.0
"""Log-odds beyond which a probability is nought."""


class Weights(BaseModel):
    """Log-odds of a joint probability.

    Attributes:
        base: when nobody says anything.
        model: factor of the model's own log-odds.
        sure, unsure, heard: added when a rule says so.
        told: the factor of the model's doubt (log-odds below nought) where a rule found its words, at most
            ``model``: there its silence proves less, for it has not learned every wording. What it says for
            the rule counts in full. ``None`` where it is the same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: float
    model: float
    sure: float
    unsure: float
    heard: float
    told: float | None = None

    def joint(self, chance: float, said: Said | None) -> float:
        """The probability, given the model's chance and what a rule says."""
        own = log_odds(chance)
        return 1 / (1 + math.exp(-max(offset + factor * own for offset, factor in self._lines(said))))

    def least(self, joint: float, said: Said | None) -> float:
        """The chance from which the joint probability reaches ``joint``; 2 where none does."""
        return min(_reaches(log_odds(joint), offset, factor) for offset, factor in self._lines(said))

    def _lines(self, said: Said | None) -> tuple[tuple[float, float], ...]:
        """Offsets and factors of the model's log-odds; the highest counts: no rule speaks against itself."""
        alone = (self.base, self.model)
        if said is None:
            return (alone,)
        if said == "heard":
            return ((self.base + self.heard, self.model),)
        found = self.base + (self.sure if said == "sure" else self.unsure)
        doubt = self.model if self.told is None else min(self.told, self.model)
        return (alone, (found, self.model), (found, doubt))


def _reaches(odds: float, offset: float, factor: float) -> float:
    if factor <= 0:
        return 0.0 if offset >= odds else 2.0
    return 1 / (1 + math.exp(min((offset - odds) / factor, _FAR)))


def shifted(chance: float, odds: float) -> float:
    """A probability with ``odds`` added to its log-odds."""
    return 1 / (1 + math.exp(-log_odds(chance) - odds))


def log_odds(chance: float) -> float:
    """Log-odds of a probability, which is kept off 0 and 1."""
    inside = min(max(chance, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))
