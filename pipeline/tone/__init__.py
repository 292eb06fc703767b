"""The tone of each turn, from its words and, in a recording, its sound (:mod:`pipeline.tone.sound`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.tone.sound import abstains, activation, fuse, tone_log_odds
from pipeline.tone.words import TONES, join_words
from pipeline.types import Role, Tone, ToneFrame, ToneWitness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.ports import Opinion, ToneClassifier
    from pipeline.tone.words import ToneWeights
    from pipeline.types import Transcript, Turn

_NEUTRAL = {tone: float(tone is Tone.NEUTRAL) for tone in Tone}


def judge_tones(
    transcript: Transcript,
    classifier: ToneClassifier,
    opinions: Mapping[int, Opinion] | None = None,
    weights: ToneWeights | None = None,
) -> tuple[ToneFrame, ...]:
    """One frame a turn, in the order of the turns.

    ``weights`` join classifier, second opinion and the turns around; without them the words of a turn stand
    alone, judged by the mean of both. Turns of the system (announcements, music) and turns without words are
    neutral and are not shown to the classifier. Of equally likely tones the first in the order of
    :class:`~pipeline.types.Tone` is taken.
    """
    spoken = [turn for turn in transcript.turns if turn.role is not Role.SYSTEM and turn.text.strip()]
    judged = classifier.classify([turn.text for turn in spoken], [turn.role for turn in spoken])
    heard = [opinions[turn.index].tones if opinions and turn.index in opinions else None for turn in spoken]
    roles = [turn.role for turn in spoken]
    joined = join_words(roles, judged, heard, weights) if weights else _means(judged, heard)
    found = {turn.index: probabilities for turn, probabilities in zip(spoken, joined, strict=True)}
    return tuple(
        _frame(turn, found[turn.index], transcript)
        if turn.index in found
        else ToneFrame(turn=turn.index, tone=Tone.NEUTRAL, probabilities=_NEUTRAL)
        for turn in transcript.turns
    )


def _means(
    judged: Sequence[Mapping[Tone, float]], heard: Sequence[Mapping[Tone, float] | None]
) -> tuple[Mapping[Tone, float], ...]:
    """The mean of both witnesses, where there are two."""
    return tuple(
        {tone: (one.get(tone, 0.0) + other[tone]) / 2 for tone in Tone} if other else one
        for one, other in zip(judged, heard, strict=True)
    )


def _frame(turn: Turn, words: Mapping[Tone, float], transcript: Transcript) -> ToneFrame:
    """What the words say, after listening to the turn where there is something to hear."""
    # A turn without a channel was heard in the one that is live, which is the only one measured.
    faults = [fault for q in transcript.quality if turn.channel in (None, q.channel) for fault in q.faults]
    silent = abstains(turn.prosody, faults)
    raised = activation(turn.prosody) if turn.prosody and not silent else None
    if raised is None:
        return ToneFrame(turn=turn.index, tone=_likeliest(words), probabilities=words, sound_abstains=silent)
    probabilities = fuse(words, tone_log_odds(raised))
    return ToneFrame(
        turn=turn.index,
        tone=_likeliest(probabilities),
        probabilities=probabilities,
        witnesses=(ToneWitness.WORDS, ToneWitness.SOUND),
        activation=raised,
    )


def _likeliest(probabilities: Mapping[Tone, float]) -> Tone:
    """The first of the likeliest, in the order of :class:`~pipeline.types.Tone`."""
    return max(TONES, key=lambda tone: probabilities.get(tone, 0.0))
