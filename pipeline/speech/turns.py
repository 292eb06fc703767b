"""From words to turns: who holds the floor, and until when.

Words are put in order, not segments: a decoder's segment may reach over the other party's answer.
A short back-channel («嗯», «对») does not take the floor, so that the sentence that it accompanies stays
whole, but it is a turn of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.speech.text import punctuate
from pipeline.types import Interval, Role, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.speech.text import Token
    from pipeline.types import Word

UTTERANCE_PAUSE_MS = 400
"""A pause this long ends an utterance: the other party may come in."""
BACKCHANNEL = frozenset("嗯啊哦噢呃喂唉哎诶额欸对是好行的")
BACKCHANNEL_CHARACTERS = 3
BACKCHANNEL_MS = 1000
OVERLAP_MS = 120
"""Simultaneous speech shorter than this is word-time jitter, not an overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What one speaker says without a long pause, or a turn made of several of them.

    Attributes:
        speaker: anonymous: a channel or a diarizer's label.
        tokens: at least one, in time order.
        channel: 0-based, ``None`` for mono.
        certainty: how sure it is that this speaker says it, 0.5..1; 1 on a channel of their own.
    """

    speaker: str
    tokens: tuple[Token, ...]
    channel: int | None = None
    certainty: float = 1.0

    @property
    def interval(self) -> Interval:
        """From the first word's start to the last word's end."""
        end = max(token.word.end_ms for token in self.tokens)
        return Interval(start_ms=self.tokens[0].word.start_ms, end_ms=end)

    @property
    def bare(self) -> str:
        """The text without punctuation."""
        return "".join(token.word.text for token in self.tokens)

    @property
    def is_backchannel(self) -> bool:
        """Whether this only shows that its speaker listens."""
        return (
            len(self.bare) <= BACKCHANNEL_CHARACTERS
            and set(self.bare) <= BACKCHANNEL
            and self.interval.duration_ms <= BACKCHANNEL_MS
        )


def utterances(
    tokens: Iterable[Token], *, speaker: str, channel: int | None = None, pause_ms: int = UTTERANCE_PAUSE_MS
) -> tuple[Utterance, ...]:
    """Cut one speaker's tokens, in time order, at pauses."""
    groups: list[list[Token]] = []
    for token in tokens:
        if groups and token.word.start_ms - groups[-1][-1].word.end_ms < pause_ms:
            groups[-1].append(token)
        else:
            groups.append([token])
    return tuple(Utterance(speaker=speaker, tokens=tuple(group), channel=channel) for group in groups)


def take_turns(said: Iterable[Utterance], *, max_gap_ms: int) -> tuple[Utterance, ...]:
    """Join utterances of all speakers into turns, in order of their starts.

    An utterance goes on with its speaker's turn unless the pause is longer than ``max_gap_ms`` or
    somebody else took the floor in between: began something other than a back-channel after the turn
    began and before this utterance does, and went on past the turn's last word so far.
    """
    turns: list[Utterance] = []
    for utterance in sorted(said, key=_time_order):
        last = _last_of(turns, utterance.speaker)
        if last is not None and _goes_on(turns[last], utterance, turns[last + 1 :], max_gap_ms):
            turns[last] = _join(turns[last], utterance)
        else:
            turns.append(utterance)
    return tuple(sorted(turns, key=_time_order))


def _time_order(utterance: Utterance) -> tuple[int, int, str]:
    at = utterance.interval
    return at.start_ms, at.end_ms, utterance.speaker


def _last_of(turns: Sequence[Utterance], speaker: str) -> int | None:
    return next((i for i in range(len(turns) - 1, -1, -1) if turns[i].speaker == speaker), None)


def _goes_on(turn: Utterance, more: Utterance, since: Iterable[Utterance], max_gap_ms: int) -> bool:
    end = turn.interval.end_ms
    if more.interval.start_ms < end:
        return True
    if more.interval.start_ms - end > max_gap_ms:
        return False
    return all(other.is_backchannel or other.interval.end_ms <= end for other in since)


def _join(turn: Utterance, more: Utterance) -> Utterance:
    lengths = len(turn.bare), len(more.bare)
    certainty = (turn.certainty * lengths[0] + more.certainty * lengths[1]) / sum(lengths)
    tokens = sorted((*turn.tokens, *more.tokens), key=lambda t: (t.word.start_ms, t.word.end_ms))
    return replace(turn, tokens=tuple(tokens), certainty=certainty)


def build_turns(
    drafts: Sequence[Utterance],
    roles: Sequence[tuple[Role, float]],
    *,
    simultaneous: Sequence[Interval],
) -> tuple[Turn, ...]:
    """Finished turns, numbered in time order.

    Args:
        drafts: turns without a role, in order.
        roles: role and confidence of each draft.
        simultaneous: stretches in which more than one party speaks.
    """
    return tuple(
        _build(index, draft, role, confidence, simultaneous)
        for index, (draft, (role, confidence)) in enumerate(zip(drafts, roles, strict=True))
    )


def _build(
    index: int, draft: Utterance, role: Role, confidence: float, simultaneous: Sequence[Interval]
) -> Turn:
    words = tuple(token.word for token in draft.tokens)
    at = draft.interval
    return Turn(
        index=index,
        role=role,
        role_confidence=round(confidence, 4),
        text=punctuate(draft.tokens),
        start_ms=at.start_ms,
        end_ms=at.end_ms,
        words=words,
        channel=draft.channel,
        speaker=None if role is Role.SYSTEM else draft.speaker,
        overlap=sum(at.overlap_ms(stretch) for stretch in simultaneous) >= OVERLAP_MS,
        asr_confidence=round(_mean_probability(words), 4),
    )


def _mean_probability(words: Sequence[Word]) -> float:
    """Mean over characters, so that a long word counts for what it is."""
    weights = [max(len(word.text), 1) for word in words]
    total = sum(word.probability * weight for word, weight in zip(words, weights, strict=True))
    return total / sum(weights)
