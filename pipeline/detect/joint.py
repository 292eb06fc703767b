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


class Weights(BaseModel):
    """Log-odds of a joint probability.

    Attributes:
        base: when nobody says anything.
        model: factor of the model's own log-odds.
        sure, unsure, heard: added when a rule says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: float
    model: float
    sure: float
    unsure: float
    heard: float

    def joint(self, chance: float, said: Said | None) -> float:
        """The probability, given the model's chance and what a rule says."""
        odds = self.base + self.model * log_odds(chance)
        if said is not None:
            odds += {"sure": self.sure, "unsure": self.unsure, "heard": self.heard}[said]
        return 1 / (1 + math.exp(-odds))

    def least(self, joint: float, said: Said | None) -> float:
        """The chance from which the joint probability reaches ``joint``; 2 where none does."""
        if self.model <= 0:
            return 0.0 if self.joint(0.5, said) >= joint else 2.0
        added = self.joint(0.5, said)
        return 1 / (1 + math.exp(-(log_odds(joint) - log_odds(added)) / self.model))


def shifted(chance: float, odds: float) -> float:
    """A probability with ``odds`` added to its log-odds."""
    return 1 / (1 + math.exp(-log_odds(chance) - odds))


def log_odds(chance: float) -> float:
    """Log-odds of a probability, which is kept off 0 and 1."""
    inside = min(max(chance, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))
