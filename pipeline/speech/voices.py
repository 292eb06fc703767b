"""What a stretch of speech sounds like: pitch, level and spectral shape in a dozen numbers.

Two parties on one telephone channel differ in voice, and also in handset, line and distance; these
numbers carry both. They tell the two voices of one call apart, not people from one another, and cost
next to nothing beside a neural embedding.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.ports import SAMPLE_RATE
from pipeline.speech.windows import SAMPLES_PER_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pipeline.types import Interval, Samples

FRAME = 640
HOP = 160
TRANSFORM = 2048
LOWEST_HZ, HIGHEST_HZ = 60, 400
"""Pitch range of speech."""
VOICED = 0.45
"""Least normalised autocorrelation of a voiced frame."""
NEARLY = 0.9
LEAST_VOICED_FRAMES = 6
BAND_EDGES_HZ = np.geomspace(250.0, 3500.0, 18)
SHAPE_NUMBERS = 8
DIMENSIONS = SHAPE_NUMBERS + 2
LEAST_MS = 200


def describe(samples: Samples, intervals: Sequence[Interval]) -> NDArray[np.float64]:
    """One row a stretch: pitch (semitones), level (dB), then the spectral shape.

    Args:
        samples: 16 kHz mono.
        intervals: stretches of speech.

    Returns:
        Shape ``(len(intervals), 10)``. NaN where a stretch is too short or has no voiced sound.
    """
    rows = np.full((len(intervals), DIMENSIONS), np.nan)
    for row, interval in enumerate(intervals):
        sound = samples[interval.start_ms * SAMPLES_PER_MS : interval.end_ms * SAMPLES_PER_MS]
        if interval.duration_ms >= LEAST_MS and len(sound) >= 2 * FRAME:
            rows[row] = _describe(sound.astype(np.float64))
    return rows


def _describe(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = np.mean(np.square(frames), axis=1)
    # The louder half is vowels; pauses and consonants say little about a voice.
    loud = frames[power >= np.median(power)] * np.hanning(FRAME)
    spectra = np.square(np.abs(np.fft.rfft(loud, TRANSFORM)))
    level = 10 * np.log10(np.mean(power[power >= np.median(power)]) + 1e-10)
    return np.concatenate(([_pitch(spectra), level], _shape(spectra)))


def _pitch(spectra: NDArray[np.float64]) -> float:
    """Median pitch in semitones above 100 Hz, NaN when hardly a frame is voiced.

    Autocorrelation over the window's own, so that short lags are not favoured (Boersma 1993). It finds
    the spacing of harmonics, also where the telephone has cut the fundamental off.
    """
    correlation = np.fft.irfft(spectra)[:, :FRAME]
    window = np.fft.irfft(np.square(np.abs(np.fft.rfft(np.hanning(FRAME), TRANSFORM))))[:FRAME]
    correlation = correlation / (correlation[:, :1] + 1e-12) / (window / window[0] + 1e-3)
    first, last = SAMPLE_RATE // HIGHEST_HZ, min(SAMPLE_RATE // LOWEST_HZ, FRAME // 2)
    lags = correlation[:, first:last]
    highest = lags.max(axis=1)
    voiced = highest >= VOICED
    if int(voiced.sum()) < LEAST_VOICED_FRAMES:
        return float("nan")
    # Every multiple of the period peaks as well: the first peak that is nearly the highest is the period.
    is_peak = (lags >= correlation[:, first - 1 : last - 1]) & (lags >= correlation[:, first + 1 : last + 1])
    period = (is_peak & (lags >= NEARLY * highest[:, None])).argmax(axis=1) + first
    return float(12 * np.log2(SAMPLE_RATE / np.median(period[voiced]) / 100))


def _shape(spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine transform of the mean log spectrum in bands of the telephone's range, without its level."""
    hertz = np.fft.rfftfreq(TRANSFORM, 1 / SAMPLE_RATE)
    edges = np.searchsorted(hertz, BAND_EDGES_HZ)
    bands = np.stack([spectra[:, a:b].sum(axis=1) for a, b in pairwise(edges)], axis=1)
    profile = np.log(bands + 1e-10).mean(axis=0)
    size = len(profile)
    waves = np.cos(np.pi * np.outer(np.arange(1, SHAPE_NUMBERS + 1), np.arange(size) + 0.5) / size)
    return np.asarray(waves @ profile / size)
