"""From findings, acts and the promise to the two scores of a call.

Compliance and effectiveness are separate: the second never repairs the first.
"""

from pipeline.score.proof import require_card_proof
from pipeline.score.scorecard import Scorecard, load_scorecard
from pipeline.score.scoring import score

__all__ = ["Scorecard", "load_scorecard", "require_card_proof", "score"]
