"""Keeps a channel's own speech and leaves out the other channel's echo in it.

Two-channel recorders let a party leak into the other's channel, 10 to 30 dB weaker and up to some
300 ms late. Speech detection fires on it and the transcriber writes it down, so every sentence
would be said twice. Two gates: the level of both channels over time, and the words.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from pipeline.speech.intervals import subtract, union
from pipeline.speech.windows import FRAME_MS, frame_power
from pipeline.types import Interval, Removal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pipeline.types import Channel, Samples, Segment

SMOOTHING_MS = 300
"""Levels are compared over this long: syllables rise and fall by 30 dB within it."""
SHORTEST_ECHO_MS = 200
SHORTEST_OWN_MS = 300
"""What a gate leaves of a stretch is kept when it is at least this long."""
FLOOR_DB = -100.0
ECHO_DELAY_MS = 700
ECHO_LIKENESS = 0.7


def own_speech(
    channels: Sequence[Channel], speech: Sequence[tuple[Interval, ...]], *, leakage_db: float
) -> tuple[tuple[Interval, ...], ...]:
    """Speech intervals of each channel without the stretches that are another channel's echo.

    A stretch is an echo where another channel, measured against its own active level, is more than
    ``leakage_db`` louder. Two people who really speak at once are both near their own level, so
    both are kept.

    Args:
        channels: live channels of equal length.
        speech: detected speech, one tuple a channel, in the same order.
        leakage_db: difference of relative levels in dB.
    """
    if len(channels) < 2:
        return tuple(speech)
    levels = [
        relative_level(channel.samples, intervals)
        for channel, intervals in zip(channels, speech, strict=True)
    ]
    frames = min(map(len, levels))
    gated = []
    for index, intervals in enumerate(speech):
        others = np.max([level[:frames] for i, level in enumerate(levels) if i != index], axis=0)
        echoes = _runs(others - levels[index][:frames] > leakage_db)
        long_echoes = [echo for echo in echoes if echo.duration_ms >= SHORTEST_ECHO_MS]
        kept = subtract(intervals, long_echoes)
        whole = set(intervals)
        gated.append(tuple(i for i in kept if i in whole or i.duration_ms >= SHORTEST_OWN_MS))
    return tuple(gated)


def relative_level(samples: Samples, speech: Sequence[Interval]) -> NDArray[np.float64]:
    """Smoothed level of each 20 ms frame in dB, relative to the channel's own active level.

    The active level is that of the loudest twentieth of the frames; of a party who hardly speaks that is
    noise, so it is no lower than that of the louder part of the channel's detected ``speech``.
    """
    power = frame_power(samples)
    if not len(power):
        return np.zeros(0)
    spoken = [power[at.start_ms // FRAME_MS : at.end_ms // FRAME_MS] for at in speech]
    loud = np.percentile(np.concatenate(spoken), 75) if sum(map(len, spoken)) else 0.0
    active = 10 * np.log10(max(float(np.percentile(power, 95)), float(loud)) + 1e-10)
    size = SMOOTHING_MS // FRAME_MS
    smooth = np.convolve(power, np.ones(size) / size, "same")[: len(power)]
    return np.asarray(10 * np.log10(smooth + 10 ** (FLOOR_DB / 10)) - active)


def _runs(flags: NDArray[np.bool_]) -> tuple[Interval, ...]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return tuple(
        Interval(start_ms=int(start) * FRAME_MS, end_ms=int(end) * FRAME_MS)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


def drop_echoes(
    channels: Sequence[tuple[Segment, ...]],
) -> tuple[tuple[tuple[Segment, ...], ...], tuple[Removal, ...]]:
    """Drop segments that repeat, at the same time, what another channel says more clearly.

    Catches an echo that came through the level gate. Only segments of four characters or more are
    compared: two people may well say «好的» together.
    """
    kept: list[tuple[Segment, ...]] = []
    removals: list[Removal] = []
    for index, segments in enumerate(channels):
        others = [segment for i, other in enumerate(channels) if i != index for segment in other]
        verdicts = [(segment, _is_echo(segment, others)) for segment in segments]
        kept.append(tuple(segment for segment, echo in verdicts if not echo))
        removals += [
            Removal(
                start_ms=segment.start_ms,
                end_ms=segment.end_ms,
                reason="echo_of_other_channel",
                characters=len(segment.text),
            )
            for segment, echo in verdicts
            if echo
        ]
    return tuple(kept), tuple(removals)


def _is_echo(segment: Segment, others: Sequence[Segment]) -> bool:
    if len(segment.text) < 4:
        return False
    reach_start, reach_end = segment.start_ms - ECHO_DELAY_MS, segment.end_ms + ECHO_DELAY_MS
    nearby = [
        word
        for other in others
        if other.avg_logprob > segment.avg_logprob
        for word in other.words
        if word.end_ms > reach_start and word.start_ms < reach_end
    ]
    heard = "".join(word.text for word in nearby)
    blocks = SequenceMatcher(None, segment.text, heard, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 2) >= ECHO_LIKENESS * len(segment.text)


def overlaps(channels: Sequence[tuple[Interval, ...]]) -> tuple[Interval, ...]:
    """Stretches in which two or more channels speak at once."""
    edges = sorted(
        edge
        for intervals in channels
        for interval in union(intervals)
        for edge in ((interval.start_ms, 1), (interval.end_ms, -1))
    )
    found, depth, start = [], 0, 0
    for at, steps in groupby(edges, key=lambda edge: edge[0]):
        before, depth = depth, depth + sum(step for _, step in steps)
        if before < 2 <= depth:
            start = at
        elif before >= 2 > depth:
            found.append(Interval(start_ms=start, end_ms=at))
    return tuple(found)
