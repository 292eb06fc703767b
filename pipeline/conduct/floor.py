"""Who has the floor: monologues, answers, interruptions, silences.

Definitions after conversation analysis (Sacks, Schegloff and Jefferson 1974; Heldner and Edlund 2010), with
the bounds that quality inspection uses; docs/conduct.md has both.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from pipeline.conduct.questions import asks
from pipeline.conduct.stretches import PARTIES, bare, is_backchannel, sounds
from pipeline.types import Interruption, Monologue, Role, Silences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.conduct.stretches import Stretch
    from pipeline.types import Transcript, Turn

LONG_SILENCE_MS = 3000
SLOW_ANSWER_MS = 3000
HELD_FLOOR_MS = 500
"""Whoever is interrupted has spoken for this long."""
GIVES_WAY_MS = 1000
"""… and stops within this time."""
MIN_OVERLAP_MS = 300
"""Shorter overlaps belong to smooth changes of turn, and word times are not exact enough to tell."""


def floor_turns(transcript: Transcript) -> tuple[Turn, ...]:
    """Turns that take the floor, by start: all but back-channels; one that answers a question takes it.

    Turns of machines and unknown speakers stay in: they part what stands before them from what follows.
    """
    order = [turn for turn in transcript.turns if bare(turn.text)]
    if all(turn.start_ms is not None for turn in order):
        order.sort(key=lambda turn: (turn.start_ms, turn.index))
    kept: list[Turn] = []
    for turn in order:
        if turn.role in PARTIES and is_backchannel(turn.text, _length(turn)):
            asked = bool(kept) and kept[-1].role is turn.role.other and asks(kept[-1].text)
            if not asked:
                continue
        kept.append(turn)
    return tuple(kept)


def _length(turn: Turn) -> int | None:
    return None if turn.start_ms is None or turn.end_ms is None else turn.end_ms - turn.start_ms


def longest_monologue(floor: Sequence[Turn], role: Role, *, timed: bool) -> Monologue | None:
    """The longest stretch of one party by time or, without times, by characters; the first of equals."""
    found = [_monologue(turns, timed=timed) for turns in _monologues(floor, role, timed=timed)]
    return max(found, key=lambda m: m.characters if m.duration_ms is None else m.duration_ms, default=None)


def _monologues(floor: Sequence[Turn], role: Role, *, timed: bool) -> Iterator[list[Turn]]:
    """Turns of a party that follow each other; a long silence parts them."""
    run: list[Turn] = []
    for turn in floor:
        silent = timed and run and (turn.start_ms or 0) - _end(run) >= LONG_SILENCE_MS
        if run and (turn.role is not role or silent):
            yield run
            run = []
        if turn.role is role:
            run.append(turn)
    if run:
        yield run


def _end(turns: Sequence[Turn]) -> int:
    return max(turn.end_ms or 0 for turn in turns)


def _monologue(turns: Sequence[Turn], *, timed: bool) -> Monologue:
    return Monologue(
        first=turns[0].index,
        last=turns[-1].index,
        characters=sum(len(bare(turn.text)) for turn in turns),
        duration_ms=_end(turns) - (turns[0].start_ms or 0) if timed else None,
    )


def answers_ms(floor: Sequence[Turn], role: Role) -> tuple[int, ...]:
    """Time from the other party's last word to each answer of a party; 0 where they overlap."""
    found, ends = [], 0
    for before, turn in pairwise(floor):
        ends = max(ends, before.end_ms or 0)
        if turn.role is role and before.role is role.other:
            found.append(max(0, (turn.start_ms or 0) - ends))
    return tuple(found)


def typical_ms(answers: Sequence[int]) -> int | None:
    """The median, ``None`` of nothing."""
    return round(median(answers)) if answers else None


def interruptions(
    by: Role, speaking: Sequence[Stretch], other: Sequence[Stretch]
) -> tuple[Interruption, ...]:
    """Where ``by`` begins to speak into the other party's speech and the other gives way.

    The other has spoken for half a second, stops within a second, and ``by`` speaks on; both speak for
    300 ms at least. A back-channel does not interrupt.
    """
    found: list[Interruption] = []
    at = 0
    for stretch in speaking:
        while at < len(other) and other[at].end_ms <= stretch.start_ms:
            at += 1
        if at == len(other):
            break
        held = other[at]
        if _cuts_off(stretch, held):
            found.append(
                Interruption(
                    turn=stretch.first,
                    role=by,
                    interrupted=held.last,
                    start_ms=stretch.start_ms,
                    overlap_ms=held.end_ms - stretch.start_ms,
                )
            )
    return tuple(found)


def _cuts_off(stretch: Stretch, held: Stretch) -> bool:
    return (
        stretch.start_ms - held.start_ms >= HELD_FLOOR_MS
        and MIN_OVERLAP_MS <= held.end_ms - stretch.start_ms <= GIVES_WAY_MS
        and stretch.end_ms > held.end_ms
        and not is_backchannel(stretch.text, stretch.duration_ms)
    )


def silences(transcript: Transcript, spoken: Sequence[Stretch]) -> Silences:
    """Where nothing is heard for 3 s between the parties' first and last word.

    Args:
        transcript: with times.
        spoken: of both parties, at least one.
    """
    begin, end = min(s.start_ms for s in spoken), max(s.end_ms for s in spoken)
    quiet, at = [], begin
    for sound in sounds(transcript, spoken):
        if sound.start_ms - at >= LONG_SILENCE_MS and sound.start_ms <= end:
            quiet.append((sound.start_ms - at, at, sound.start_ms))
        at = max(at, sound.end_ms)
    total = sum(length for length, _, _ in quiet)
    longest = max(quiet, key=lambda q: q[0], default=None)
    return Silences(
        count=len(quiet),
        total_ms=total,
        longest_ms=longest[0] if longest else 0,
        share=round(total / (end - begin), 4),
        longest_before=_first_from(transcript, longest[2]) if longest else None,
    )


def _first_from(transcript: Transcript, at_ms: int) -> int | None:
    """The turn that speaks from a time on."""
    reach = [t for t in transcript.turns if t.end_ms is not None and t.end_ms > at_ms]
    first = min(reach, key=lambda t: (t.start_ms or 0, t.index), default=None)
    return first.index if first else None
