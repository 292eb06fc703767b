"""How each turn sounds, judged by its words alone.

Loudness, pitch and speed are not heard in this release: a sentence that is polite in words and
shouted counts as polite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.types import Role, Tone, ToneFrame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.ports import Opinion, ToneClassifier
    from pipeline.types import Transcript

_NEUTRAL = {tone: float(tone is Tone.NEUTRAL) for tone in Tone}


def judge_tones(
    transcript: Transcript, classifier: ToneClassifier, opinions: Mapping[int, Opinion] | None = None
) -> tuple[ToneFrame, ...]:
    """One frame a turn, in the order of the turns; where there is a second opinion, the mean of both.

    Turns of the system (announcements, music) and turns without words are neutral and are not
    shown to the classifier. Of equally likely tones the first in the order of
    :class:`~pipeline.types.Tone` is taken.
    """
    spoken = [turn for turn in transcript.turns if turn.role is not Role.SYSTEM and turn.text.strip()]
    judged = classifier.classify([turn.text for turn in spoken], [turn.role for turn in spoken])
    found = {turn.index: dict(probabilities) for turn, probabilities in zip(spoken, judged, strict=True)}
    for index, opinion in (opinions or {}).items():
        if index in found:
            found[index] = {t: (found[index].get(t, 0.0) + opinion.tones[t]) / 2 for t in Tone}
    frames = []
    for turn in transcript.turns:
        probabilities = found.get(turn.index, _NEUTRAL)
        tone = max(Tone, key=lambda tone: probabilities.get(tone, 0.0))
        frames.append(ToneFrame(turn=turn.index, tone=tone, probabilities=probabilities))
    return tuple(frames)
