"""The course of a party's tone and where it turns.

Tones are put on one scale of strain for this: warm 0, neutral 1, pressing and distressed 2, hostile 3. The
scale is an order for drawing and for finding turns; nothing is scored with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.conduct.stretches import bare
from pipeline.types import (
    FindingState,
    Phase,
    Tone,
    TonePhase,
    TonePoint,
    ToneShift,
    Turning,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.types import Act, Finding, Role, ToneFrame, Turn

STRAIN: Mapping[Tone, int] = {
    Tone.WARM: 0,
    Tone.NEUTRAL: 1,
    Tone.PRESSING: 2,
    Tone.DISTRESSED: 2,
    Tone.HOSTILE: 3,
}
STRAINED = 1.5
"""Smoothed strain from which a party is no longer calm: half-way from neutral to pressing."""
TURN = 0.75
"""Change of smoothed strain that counts: two turns by one step, or one turn by two."""
FULL_WEIGHT = 20
"""Characters from which a turn counts in full; a short one says less of how its speaker feels."""
_KERNEL = (1, 2, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the parties did, to say what came before a turn of tone."""

    turns: Sequence[Turn]
    tones: Mapping[int, Tone]
    findings: Sequence[Finding]
    acts: Sequence[Act]

    def of(self, turn: Turn) -> tuple[int | None, Tone | None, tuple[str, ...], tuple[str, ...]]:
        """The other party's last turn before a turn: index, tone, rules it breaks or may break, acts."""
        place = next(i for i, one in enumerate(self.turns) if one.index == turn.index)
        last = next((t for t in reversed(self.turns[:place]) if t.role is turn.role.other), None)
        if last is None:
            return None, None, (), ()
        rules = (
            f.rule
            for f in self.findings
            if f.evidence and f.evidence.turn == last.index and f.state is not FindingState.CANNOT_DECIDE
        )
        acts = (act.act for act in self.acts if act.evidence.turn == last.index)
        return last.index, self.tones.get(last.index), tuple(dict.fromkeys(rules)), tuple(dict.fromkeys(acts))


def expected_strain(frame: ToneFrame) -> float:
    """Strain of a turn over all that its tone may be, 0..3; that of its tone without probabilities."""
    total = sum(frame.probabilities.values())
    if total <= 0:
        return float(STRAIN[frame.tone])
    return sum(STRAIN[tone] * p for tone, p in frame.probabilities.items()) / total


def course(turns: Sequence[Turn], frames: Mapping[int, ToneFrame]) -> tuple[TonePoint, ...]:
    """The tone of one party turn by turn, smoothed over its turns on either side (weights 1, 2, 1).

    A turn stands for the tone that it is judged to have: turning points found so agree better with those
    of labelled tones than points found by probabilities. (For the mean of a phase it is the other way
    round; docs/conduct.md has the figures.)

    Args:
        turns: of the party, with words, in order.
        frames: tone by index of the turn; turns without one are left out.
    """
    judged = [turn for turn in turns if turn.index in frames]
    raw = [STRAIN[frames[turn.index].tone] for turn in judged]
    weights = [weight(turn) for turn in judged]
    return tuple(
        TonePoint(
            turn=turn.index,
            tone=frames[turn.index].tone,
            strain=raw[i],
            smoothed=round(_smoothed(raw, weights, i), 3),
        )
        for i, turn in enumerate(judged)
    )


def weight(turn: Turn) -> int:
    """How much a turn counts: its characters with their marks, up to twenty."""
    return min(len(turn.text), FULL_WEIGHT)


def _smoothed(raw: Sequence[int], weights: Sequence[int], at: int) -> float:
    around = [(k, i) for k, i in zip(_KERNEL, range(at - 1, at + 2), strict=True) if 0 <= i < len(raw)]
    return sum(k * weights[i] * raw[i] for k, i in around) / sum(k * weights[i] for k, i in around)


def phases(
    turns: Sequence[Turn], frames: Mapping[int, ToneFrame], places: Mapping[int, Phase]
) -> tuple[TonePhase, ...]:
    """The tone of one party in each third of the call; empty when no tone was judged."""
    judged = [turn for turn in turns if turn.index in frames]
    if not frames:
        return ()
    return tuple(_phase(phase, [t for t in judged if places[t.index] is phase], frames) for phase in Phase)


def _phase(phase: Phase, turns: Sequence[Turn], frames: Mapping[int, ToneFrame]) -> TonePhase:
    if not turns:
        return TonePhase(phase=phase, turns=0, tone=None, strain=None)
    said, total = dict.fromkeys(Tone, 0), 0.0
    for turn in turns:
        said[frames[turn.index].tone] += weight(turn)
        total += weight(turn) * expected_strain(frames[turn.index])
    mean = total / sum(said.values())
    return TonePhase(
        phase=phase, turns=len(turns), tone=max(said, key=said.__getitem__), strain=round(mean, 3)
    )


def thirds(turns: Sequence[Turn], *, timed: bool) -> dict[int, Phase]:
    """The third of the call in which the middle of each turn lies: by time, else by characters."""
    spans: dict[int, tuple[int, int]] = {}
    at = 0
    for turn in turns:
        if timed:
            spans[turn.index] = (turn.start_ms or 0, turn.end_ms or 0)
        else:
            length = len(bare(turn.text))
            spans[turn.index] = (at, at + length)
            at += length
    begin = min((start for start, _ in spans.values()), default=0)
    length = max((end for _, end in spans.values()), default=0) - begin
    order = tuple(Phase)
    return {
        # twice the middle, so that the bounds are whole numbers
        index: order[min(2, 3 * (start + end - 2 * begin) // (2 * length))] if length else order[0]
        for index, (start, end) in spans.items()
    }


def shifts(points: Sequence[TonePoint], role: Role, before: Before) -> tuple[ToneShift, ...]:
    """Where one party's tone turns: escalations to strain, and the ways back from it.

    The course is taken apart into rises and falls of at least ``TURN``, smaller wavering left out. A rise
    that ends strained is an escalation, a fall that begins strained a de-escalation. It is placed at
    the first turn past the bound.
    """
    by_index = {turn.index: turn for turn in before.turns}
    found = []
    for begin, end in _legs([point.smoothed for point in points]):
        up = points[end].smoothed > points[begin].smoothed
        if points[end if up else begin].smoothed < STRAINED:
            continue
        at = _crossing(points, begin, end)
        after, tone, rules, acts = before.of(by_index[points[at].turn])
        found.append(
            ToneShift(
                turn=points[at].turn,
                role=role,
                kind=Turning.ESCALATION if up else Turning.DE_ESCALATION,
                from_tone=points[at - 1].tone,
                to_tone=points[at].tone,
                after=after,
                after_tone=tone,
                after_rules=rules,
                after_acts=acts,
            )
        )
    return tuple(found)


def _legs(values: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Begin and end of every rise and fall of at least ``TURN``, from one turning point to the next."""
    low = high = begin = end = 0
    up: bool | None = None
    for i, value in enumerate(values):
        if up is None:
            low = i if value < values[low] else low
            high = i if value > values[high] else high
            if max(value - values[low], values[high] - value) >= TURN:
                up = value - values[low] >= TURN
                begin, end = (low if up else high), i
        elif value != values[end] and (value > values[end]) is up:
            end = i
        elif abs(value - values[end]) >= TURN:
            yield begin, end
            begin, end, up = end, i, not up
    if up is not None:
        yield begin, end


def _crossing(points: Sequence[TonePoint], begin: int, end: int) -> int:
    """The first point behind ``begin`` whose own strain is past the bound between both ends.

    The bound lies between calm and strained or, where both ends are strained, half-way between them.
    """
    bound = max(STRAINED, (points[begin].smoothed + points[end].smoothed) / 2)
    up = points[end].smoothed > points[begin].smoothed
    past = (i for i in range(begin + 1, end + 1) if (points[i].strain >= bound) is up)
    return next(past, end)
