"""How loud each turn is."""

from __future__ import annotations

from dataclasses import replace
from math import log10
from typing import TYPE_CHECKING

import numpy as np

from pipeline.speech.intervals import union
from pipeline.speech.leakage import FLOOR_DB
from pipeline.speech.windows import SAMPLES_PER_MS
from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.types import Channel, Samples, Turn, Word


def with_levels(turns: Iterable[Turn], channels: Sequence[Channel]) -> tuple[Turn, ...]:
    """Turns with the level of their words in the sound that they were heard in.

    Args:
        turns: turns with words; those without a channel were heard in the first one.
        channels: live channels, at least one.
    """
    sound = {channel.index: channel.samples for channel in channels}
    first = channels[0].samples
    return tuple(
        replace(turn, level_db=mean_level(first if turn.channel is None else sound[turn.channel], turn.words))
        for turn in turns
    )


def mean_level(samples: Samples, words: Iterable[Word]) -> float | None:
    """Mean power over the time of ``words``, in dB relative to full scale, with one decimal.

    A constant 1.0 has 0 dB and a full-scale sine -3 dB. ``None`` where the words have no time.
    """
    energy, length = 0.0, 0
    for interval in union(Interval(start_ms=word.start_ms, end_ms=word.end_ms) for word in words):
        part = samples[interval.start_ms * SAMPLES_PER_MS : interval.end_ms * SAMPLES_PER_MS]
        energy += float(np.dot(part, part))
        length += len(part)
    if not length:
        return None
    return round(max(10 * log10(energy / length), FLOOR_DB) if energy else FLOOR_DB, 1)
