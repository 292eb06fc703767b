"""What the sound of a channel is worth: noise, clipping, bandwidth.

All is measured on 20 ms frames. The spoken frames are those of the words where there are words, else those
that are loud enough. Levels of a two-hour channel are a few megabytes; whatever needs the samples themselves
reads them in blocks or in a bounded number of frames, so that cost grows with a few operations a sample and
memory hardly at all.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.channels import FLOOR_DBFS, FRAME, FRAME_MS, frame_levels
from pipeline.types import AudioQuality, SoundFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.settings import QualitySettings
    from pipeline.types import Channel, DecodedAudio, Samples, Transcript

    Levels = NDArray[np.float64]
    Mask = NDArray[np.bool_]

MAX_SNR_DB: Final = 60.0
"""More than a telephone line, a codec or an ear makes use of."""

_ACTIVE_RANGE_DB: Final = 15.9
"""ITU-T P.56, method B: speech is active where it is at most so far below its own active level."""
_DIGITAL_SILENCE_DBFS: Final = -85.0
"""Below is no line noise but a gate, a mute or the absence of packets."""
_FEW_FRAMES: Final = 10
_CLIPPED_AT: Final = 0.93
_CLIPPED_RUN: Final = 3
_BLOCK_FRAMES: Final = 3000
_MAX_SPECTRA: Final = 1500
_WINDOW: Final = 512
_BINS_A_BAND: Final = 4
_BAND_BELOW_PEAK_DB: Final = 40.0
"""Measured: wide-band speech is followed up to 7.7 kHz, quantisation noise of G.711 is not taken for it."""
_BAND_ABOVE_NOISE_DB: Final = 3.0


def measure(audio: DecodedAudio, transcript: Transcript) -> tuple[AudioQuality, ...]:
    """The quality of every live channel, without a word on what is poor.

    Args:
        audio: decoded channels.
        transcript: whose words say where somebody speaks; those without a channel are on all of them.
    """
    return tuple(
        _measure_channel(audio, channel, _spoken(transcript, channel.index))
        for channel in audio.channels
        if not channel.dead
    )


def rated(quality: Iterable[AudioQuality], limits: QualitySettings) -> tuple[AudioQuality, ...]:
    """The same measurements, with what is poor about each by ``limits``."""
    return tuple(replace(one, faults=tuple(_faults(one, limits))) for one in quality)


def _faults(quality: AudioQuality, limits: QualitySettings) -> Iterable[SoundFault]:
    if quality.snr_db < limits.noisy_below_db:
        yield SoundFault.NOISY
    if quality.clipped > limits.clipped_above:
        yield SoundFault.CLIPPED
    if quality.bandwidth_hz < limits.narrow_below_hz:
        yield SoundFault.NARROW


def _spoken(transcript: Transcript, channel: int) -> list[tuple[int, int]]:
    """Start and end of the words on a channel, in milliseconds."""
    return [
        (word.start_ms, word.end_ms)
        for turn in transcript.turns
        if turn.channel in (None, channel)
        for word in turn.words
    ]


def _measure_channel(
    audio: DecodedAudio, channel: Channel, spoken: Sequence[tuple[int, int]]
) -> AudioQuality:
    levels = frame_levels(channel.samples)
    mask = _mask(spoken, len(levels)) if spoken else _loud(levels)
    noise = _noise_level(levels, mask)
    active = _active_level(levels[mask], noise)
    speech = mask & (levels >= active - _ACTIVE_RANGE_DB)
    bandwidth = _bandwidth_hz(channel.samples, speech, ~mask, audio.sample_rate)
    return AudioQuality(
        channel=channel.index,
        codec=audio.codec,
        source_rate=audio.source_rate,
        level_dbfs=round(active, 1),
        snr_db=round(min(active - noise, MAX_SNR_DB), 1),
        clipped=round(_clipped_share(channel.samples, speech), 5),
        bandwidth_hz=min(bandwidth, audio.source_rate // 2),
    )


def _mask(spoken: Iterable[tuple[int, int]], frames: int) -> Mask:
    """Frames that a stretch of speech touches."""
    mask = np.zeros(frames, dtype=np.bool_)
    for start_ms, end_ms in spoken:
        mask[start_ms // FRAME_MS : -(-end_ms // FRAME_MS)] = True
    return mask


def _loud(levels: Levels) -> Mask:
    """Frames within the active range of the channel's own loud ones."""
    mask: Mask = levels >= _active_level(levels) - _ACTIVE_RANGE_DB
    return mask


def _active_level(levels: Levels, noise: float = FLOOR_DBFS) -> float:
    """Mean power, in dB, of the frames at most 15.9 dB below it, without the noise (after ITU-T P.56, B).

    Starts from the loudest frames and comes down: what lies between words falls away by itself.
    """
    power = 10.0 ** (levels / 10.0) - 10.0 ** (noise / 10.0)
    power = power[power > 0.0]
    if not len(power):
        return FLOOR_DBFS
    level = float(np.percentile(power, 95))
    for _ in range(8):
        level = float(power[power >= level * 10.0 ** (-_ACTIVE_RANGE_DB / 10.0)].mean())
    return 10.0 * math.log10(level)


def _noise_level(levels: Levels, mask: Mask) -> float:
    """Level of the noise between words; the quiet of speech itself where a gate left nothing between.

    It is the lower quartile of the frames between words that are not digitally silent: the other party's
    echo, a tone or words that nobody wrote down take up less than three quarters of them.
    """
    heard = levels > _DIGITAL_SILENCE_DBFS
    between, within = levels[heard & ~mask], levels[heard & mask]
    if len(between) >= _FEW_FRAMES:
        return float(np.percentile(between, 25))
    return float(np.percentile(within, 5)) if len(within) >= _FEW_FRAMES else FLOOR_DBFS


def _clipped_share(samples: Samples, speech: Mask) -> float:
    """Share of the spoken samples in runs of three or more near full scale on one side.

    A codec bends the flat tops that it is given, and resampling overshoots them, so near is near.
    """
    clipped = total = 0
    for first in range(0, len(speech), _BLOCK_FRAMES):
        block = speech[first : first + _BLOCK_FRAMES]
        if block.any():
            frames = samples[first * FRAME : (first + len(block)) * FRAME].reshape(-1, FRAME)[block]
            total += frames.size
            clipped += sum(_in_runs(side) for side in (frames >= _CLIPPED_AT, frames <= -_CLIPPED_AT))
    return clipped / total if total else 0.0


def _in_runs(at: Mask) -> int:
    """How many samples lie in runs of :data:`_CLIPPED_RUN` or more; the shape is ``(frames, samples)``."""
    loud = at[at.any(axis=1)]
    run = loud[:, :-2] & loud[:, 1:-1] & loud[:, 2:]
    inside = np.zeros_like(loud)
    for offset in range(_CLIPPED_RUN):
        inside[:, offset : offset + run.shape[1]] |= run
    return int(np.count_nonzero(inside))


def _bandwidth_hz(samples: Samples, speech: Mask, between: Mask, rate_hz: int) -> int:
    """Upper edge of the highest band of 125 Hz in which speech stands out, two in a row.

    It stands out where its loud frames (95th percentile) are above those of what lies between words and not
    too far below the strongest band.
    """
    spoken = _spectra(samples, speech)
    if spoken is None:
        return 0
    other = _spectra(samples, between)
    above = spoken > spoken.max() - _BAND_BELOW_PEAK_DB
    if other is not None:
        above &= spoken > other + _BAND_ABOVE_NOISE_DB
    highest = np.flatnonzero(above[1:] & above[:-1])
    width = _BINS_A_BAND * rate_hz / _WINDOW
    return round((int(highest[-1]) + 2) * width) if len(highest) else 0


def _spectra(samples: Samples, mask: Mask) -> Levels | None:
    """Level of each band in the loud frames of ``mask``, in dB; at most so many frames are looked at."""
    at = np.flatnonzero(mask) * FRAME
    at = at[at + _WINDOW <= len(samples)]
    at = at[:: -(-len(at) // _MAX_SPECTRA) or 1]
    if len(at) < _FEW_FRAMES:
        return None
    window = np.hanning(_WINDOW).astype(np.float32)
    frames = samples[at[:, None] + np.arange(_WINDOW)] * window
    power = np.abs(np.fft.rfft(frames, axis=1)[:, :-1]) ** 2
    bands = power.reshape(len(at), -1, _BINS_A_BAND).sum(axis=2)
    levels: Levels = 10.0 * np.log10(np.percentile(bands, 95, axis=0) + 1e-12)
    return levels
