"""What speaks beside the rules, for judging stored calls again with other rules, without listening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.detect.facts import Facts
from pipeline.detect.second import consult
from pipeline.tone import judge_tones

if TYPE_CHECKING:
    from pipeline.detect.second import Policy
    from pipeline.ports import LanguageJudge, SecondOpinion, ToneClassifier
    from pipeline.settings import Settings
    from pipeline.stored import StoredCall
    from pipeline.tone.words import ToneWeights


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """What speaks beside the rules, whichever the rules are; see :class:`pipeline.stages.Mind`."""

    settings: Settings
    policy: Policy
    tone: ToneClassifier
    opinion: SecondOpinion | None = None
    judge: LanguageJudge | None = None
    tone_weights: ToneWeights | None = None

    def facts(self, stored: StoredCall) -> Facts:
        """What is known of a call beside its words; tones that were stored are not judged again.

        Raises:
            ModelError: a model failed on the call.
        """
        opinions = consult(stored.call, stored.transcript, self.opinion) if self.opinion else {}
        tones = stored.tones or {
            frame.turn: frame.tone
            for frame in judge_tones(stored.transcript, self.tone, opinions, self.tone_weights)
        }
        return Facts(
            duration_ms=stored.duration_ms,
            one_sided=stored.one_sided,
            tones=tones or None,
            opinions=opinions or None,
            judge=self.judge,
        )
