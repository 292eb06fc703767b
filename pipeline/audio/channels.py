"""What the channels of a recording are worth: silent, dead, the same twice, or a party each.

Channels are never averaged: two channels in opposite phase would cancel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.decoding import SAMPLE_RATE
from pipeline.errors import RecordingError
from pipeline.types import Channel, Samples

if TYPE_CHECKING:
    from pipeline.settings import AudioSettings

FLOOR_DBFS: Final = -120.0
"""Level that stands for digital silence."""

FRAME_MS: Final = 20
FRAME: Final = SAMPLE_RATE * FRAME_MS // 1000
_LIVE_MS: Final = 200
"""A channel lives when this much of it is above the limit. A quiet party who says one word in ten
minutes must not count as a dead line, so the 95th percentile is no test of life."""

_BLOCK: Final = SAMPLE_RATE
_ACTIVE_RANGE_DB: Final = 30.0
_DIFFERENT: Final = 0.5
_MAX_DIFFERENT_SHARE: Final = 0.005
_MIX_BLOCK: Final = 60 * SAMPLE_RATE
_MIX_PART: Final = 0.01
"""A channel is part of a mix when this share of the mix's power is its own."""


def judge_channels(sound: tuple[Samples, ...], limits: AudioSettings) -> tuple[tuple[Channel, ...], bool]:
    """Measure the channels and keep those that a call needs.

    * One or two channels are all kept, a dead one with its flag, so that their positions still say
      who speaks; of more than two only the live ones are.
    * Of live channels that are alike the loudest is kept. Alike are channels whose correlation at
      lag 0, in phase or in opposite phase, is above ``limits.dual_mono_correlation``, unless they
      go apart for a while: loud hold music on both legs does not make two parties one.

    Args:
        sound: the channels in file order, shape ``(num_samples,)`` each.
        limits: the levels that count as silent, dead and alike.

    Returns:
        The channels, in file order, and whether one channel stands for several alike.

    Raises:
        RecordingError: ``silent``.
    """
    levels = [frame_levels(samples) for samples in sound]
    if all(_live_ms(level, limits.silence_dbfs) < _LIVE_MS for level in levels):
        loudest = max(active_level(level) for level in levels)
        raise RecordingError("silent", f"every channel is silent: active level {loudest:.0f} dBFS at most")
    channels = tuple(
        Channel(
            index=index,
            samples=samples,
            level_dbfs=active_level(level),
            dead=_live_ms(level, limits.dead_channel_dbfs) < _LIVE_MS,
        )
        for index, (samples, level) in enumerate(zip(sound, levels, strict=True))
    )
    live = tuple(channel for channel in channels if not channel.dead)
    if len(channels) == 2 and len(live) < 2:
        return channels, False
    distinct = _without_mixes(_distinct(live, limits.dual_mono_correlation), limits.dual_mono_correlation)
    return distinct or channels, len(distinct) == 1 < len(live)


def _distinct(channels: tuple[Channel, ...], limit: float) -> tuple[Channel, ...]:
    kept: list[Channel] = []
    for channel in sorted(channels, key=lambda c: (-c.level_dbfs, c.index)):
        if not any(alike(channel.samples, other.samples, limit) for other in kept):
            kept.append(channel)
    return tuple(sorted(kept, key=lambda c: c.index))


def _without_mixes(channels: tuple[Channel, ...], limit: float) -> tuple[Channel, ...]:
    kept = list(channels)
    while len(kept) > 2:
        covariance = _covariance([channel.samples for channel in kept])
        likeness = [_mixed(covariance, at) for at in range(len(kept))]
        most = int(np.argmax(likeness))
        if likeness[most] <= limit**2:
            break
        del kept[most]
    return tuple(kept)


def _covariance(sound: list[Samples]) -> NDArray[np.float64]:
    total = np.zeros((len(sound), len(sound)))
    for start in range(0, len(sound[0]), _MIX_BLOCK):
        block = np.stack([samples[start : start + _MIX_BLOCK] for samples in sound]).astype(np.float64)
        block -= block.mean(axis=1, keepdims=True)
        total += block @ block.T
    return total


def _mixed(covariance: NDArray[np.float64], at: int) -> float:
    """Share of a channel's power that a sum of others explains (least squares); 0 where none is a sum.

    A party is the difference of the mix and the other party, so its weights differ in sign: only the mix
    is a sum.
    """
    others = [index for index in range(len(covariance)) if index != at]
    shared = covariance[others, at]
    weights = np.linalg.lstsq(covariance[np.ix_(others, others)], shared, rcond=None)[0]
    power = covariance[at, at]
    parts = np.sign(weights) * weights**2 * np.diag(covariance)[others] / power
    if (parts < -_MIX_PART).any() or int((parts > _MIX_PART).sum()) < 2:
        return 0.0
    return float(weights @ shared / power)


def frame_levels(samples: Samples) -> NDArray[np.float64]:
    """Levels of the whole 20 ms frames in dBFS, without any constant offset of the line.

    A full-scale square wave has 0 dBFS, a full-scale sine -3.
    """
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    power = np.einsum("ij,ij->i", frames, frames) / FRAME - frames.mean(axis=1) ** 2
    floor = 10.0 ** (FLOOR_DBFS / 10.0)
    levels: NDArray[np.float64] = 10.0 * np.log10(np.maximum(power.astype(np.float64), floor))
    return levels


def active_level(levels: NDArray[np.float64]) -> float:
    """The 95th percentile of frame levels, in dBFS."""
    return float(np.percentile(levels, 95)) if len(levels) else FLOOR_DBFS


def _live_ms(levels: NDArray[np.float64], limit_dbfs: float) -> int:
    return int(np.count_nonzero(levels > limit_dbfs)) * FRAME_MS


def alike(a: Samples, b: Samples, limit: float) -> bool:
    """Whether two channels of equal length carry the same sound, whatever their gain and sign."""
    whole = max(1, len(a) // _BLOCK)
    size = min(_BLOCK, len(a))
    x, y = (s[: whole * size].reshape(whole, size) for s in (a, b))
    mean_x, mean_y = x.mean(axis=1, dtype=np.float64), y.mean(axis=1, dtype=np.float64)
    power_x = np.maximum(np.einsum("ij,ij->i", x, x) / size - mean_x**2, 0.0)
    power_y = np.maximum(np.einsum("ij,ij->i", y, y) / size - mean_y**2, 0.0)
    common = np.einsum("ij,ij->i", x, y) / size - mean_x * mean_y
    total = float(np.sqrt(power_x.sum() * power_y.sum()))
    if total == 0.0 or abs(float(common.sum())) <= limit * total:
        return False
    # seconds in which either channel is near its own loudest say whether they ever go apart
    range_ = 10.0 ** (-_ACTIVE_RANGE_DB / 10.0)
    active = (power_x > power_x.max() * range_) | (power_y > power_y.max() * range_)
    geometric = np.sqrt(power_x * power_y)
    different = active & (np.abs(common) < _DIFFERENT * geometric + np.finfo(np.float64).tiny)
    return int(different.sum()) <= _MAX_DIFFERENT_SHARE * int(active.sum())
