"""Who speaks when: stretches of speech without a longer pause, out of words or, without them, of turns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from pipeline.speech.turns import BACKCHANNEL, BACKCHANNEL_MS, UTTERANCE_PAUSE_MS
from pipeline.types import Interval, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.types import Transcript, Turn

PARTIES = (Role.AGENT, Role.CUSTOMER)
MAX_BACKCHANNEL = 6
"""Characters of «对对对对» and the like."""
REACTIVE = frozenset(
    ("明白", "知道", "知道了", "我知道", "明白了", "可以", "没错", "是吗", "好吧", "行吧", "这样", "这样啊")
)
"""Expressions that show that a party follows (reactive expressions, Clancy et al. 1996)."""

_UNSPOKEN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Speech of one party without a pause of 400 ms.

    Attributes:
        first: turn in which it begins.
        last: turn in which it ends.
        text: what is said, without marks.
    """

    start_ms: int
    end_ms: int
    first: int
    last: int
    text: str

    @property
    def duration_ms(self) -> int:
        """Its length."""
        return self.end_ms - self.start_ms


def bare(text: str) -> str:
    """Hanzi, letters and digits: what is spoken of a text."""
    return _UNSPOKEN.sub("", text)


def is_timed(transcript: Transcript) -> bool:
    """Whether it is known of every turn of the parties when it was."""
    spoken = party_turns(transcript)
    return bool(spoken) and all(t.start_ms is not None and t.end_ms is not None for t in spoken)


def is_mixed(transcript: Transcript) -> bool:
    """Whether both parties were heard on one channel.

    Of two voices at once one decoder writes down one, so that it is not known how long both speak.
    """
    return any(turn.words and turn.channel is None for turn in party_turns(transcript))


def party_turns(transcript: Transcript) -> tuple[Turn, ...]:
    """Turns of agent and customer that have words, by their order in the call."""
    return tuple(t for t in transcript.turns if t.role in PARTIES and bare(t.text))


def is_backchannel(text: str, duration_ms: int | None) -> bool:
    """Whether words only show that their speaker listens and leave the other the floor.

    Args:
        text: of a turn or a stretch.
        duration_ms: its length, ``None`` where that is not known.
    """
    said = bare(text)
    if duration_ms is not None and duration_ms > BACKCHANNEL_MS:
        return False
    return said in REACTIVE or (len(said) <= MAX_BACKCHANNEL and set(said) <= BACKCHANNEL)


def stretches(turns: Iterable[Turn]) -> tuple[Stretch, ...]:
    """The speech of one party, in time order; turns that follow without a pause are one stretch."""
    pieces = sorted(piece for turn in turns for piece in _pieces(turn))
    found: list[Stretch] = []
    open_: list[tuple[int, int, int, str]] = []
    end = 0
    for piece in pieces:
        if open_ and piece[0] - end >= UTTERANCE_PAUSE_MS:
            found.append(_stretch(open_))
            open_, end = [], 0
        open_.append(piece)
        end = piece[1] if piece[1] > end else end
    return (*found, _stretch(open_)) if open_ else tuple(found)


def _stretch(pieces: Sequence[tuple[int, int, int, str]]) -> Stretch:
    last = max(pieces, key=itemgetter(1))
    return Stretch(
        start_ms=pieces[0][0],
        end_ms=last[1],
        first=pieces[0][2],
        last=last[2],
        text=bare("".join([piece[3] for piece in pieces])),
    )


def _pieces(turn: Turn) -> Iterable[tuple[int, int, int, str]]:
    """Start, end, turn and text of each word; nothing that has no length.

    A turn whose words are not known, or less than half of them, is one piece.
    """
    if 2 * sum([len(word.text) for word in turn.words]) >= len(turn.text):
        return [(w.start_ms, w.end_ms, turn.index, w.text) for w in turn.words if w.end_ms > w.start_ms]
    if turn.start_ms is None or turn.end_ms is None or turn.end_ms <= turn.start_ms:
        return []
    return [(turn.start_ms, turn.end_ms, turn.index, turn.text)]


def shared_ms(one: Sequence[Stretch], other: Sequence[Stretch]) -> int:
    """Milliseconds in which both parties speak."""
    total, i, k = 0, 0, 0
    while i < len(one) and k < len(other):
        a, b = one[i], other[k]
        total += max(0, min(a.end_ms, b.end_ms) - max(a.start_ms, b.start_ms))
        if a.end_ms <= b.end_ms:
            i += 1
        else:
            k += 1
    return total


def speech_ms(spoken: Sequence[Stretch]) -> int:
    """Milliseconds of speech: stretches of one party do not overlap."""
    return sum(stretch.duration_ms for stretch in spoken)


def sounds(transcript: Transcript, spoken: Sequence[Stretch]) -> tuple[Interval, ...]:
    """Where anything was heard: the parties, machines, unknown speakers, and words that were taken out.

    Args:
        transcript: of the call.
        spoken: stretches of both parties.
    """
    others = stretches(turn for turn in transcript.turns if turn.role not in PARTIES)
    heard = [Interval(start_ms=s.start_ms, end_ms=s.end_ms) for s in (*spoken, *others)]
    heard += [Interval(start_ms=r.start_ms, end_ms=r.end_ms) for r in transcript.removals]
    return tuple(sorted(heard, key=lambda interval: (interval.start_ms, interval.end_ms)))
