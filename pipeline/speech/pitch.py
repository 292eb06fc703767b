"""The pitch of a voice on a telephone line: frame by frame, in Hz.

Normalised autocorrelation (P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound", Proc. IFA 17, 1993): the autocorrelation of a windowed frame is
divided by that of the window, so that its peaks do not sink with the lag. It needs no fundamental, which a
telephone line cuts off: harmonics of 300 Hz and more repeat with the same period. Octave errors are dealt
with in two passes (D. Hirst, "The analysis by synthesis of speech melody", 2011): the voice's own quartiles
in the first pass bound the search in the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pipeline.types import Samples

    Values = NDArray[np.float32]

FLOOR_HZ: Final = 60.0
CEILING_HZ: Final = 400.0
HOP_MS: Final = 20

_STEP: Final = 4
"""16 kHz are taken down to 4 kHz: harmonics up to 1.8 kHz carry the period of every voice."""
_RATE: Final = 16_000 // _STEP
_HOP: Final = _RATE * HOP_MS // 1000
_WINDOW: Final = 192
"""48 ms: three periods of the lowest voice."""
_PADDED: Final = 512
_FINE: Final = 2 * _PADDED
"""Length of the inverse transform: lags in steps of half a sample of 4 kHz."""
_LAG_RATE: Final = _RATE * _FINE // _PADDED
_BLOCK: Final = 1500
"""Frames at once: 30 s, a few megabytes."""
_KEPT: Final = 4
_VOICED_AT: Final = 0.5
"""Strength from which on a frame is voiced: Boersma takes 0.45, where line noise gives more false ones."""
_OCTAVE_COST: Final = 0.01
"""Strength an octave: of two equal peaks the shorter period is the true one (Boersma's value)."""
_DELAY: Final = 31
_LAGS: Final = np.arange(int(_LAG_RATE / CEILING_HZ) - 1, int(_LAG_RATE / FLOOR_HZ) + 2)


def _low_pass() -> Values:
    """Linear-phase filter of 63 coefficients, cut off at 1.8 kHz."""
    n = np.arange(-_DELAY, _DELAY + 1)
    ideal = np.sinc(2 * 1800.0 / 16_000 * n) * np.hamming(2 * _DELAY + 1)
    return np.asarray(ideal / ideal.sum(), dtype=np.float32)


def _own_likeness() -> Values:
    """The normalised autocorrelation of the window itself."""
    repeated = np.fft.irfft(np.abs(np.fft.rfft(_TAPER, _PADDED)) ** 2, _FINE)
    return np.asarray(repeated[_LAGS] / repeated[0], dtype=np.float32)


_FILTER: Final = _low_pass()
_TAPER: Final = np.hanning(_WINDOW + 2)[1:-1].astype(np.float32)
_OWN: Final = _own_likeness()
_COST: Final = (_OCTAVE_COST * np.log2(_LAGS[1:-1] * CEILING_HZ / _LAG_RATE)).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What each frame's pitch may be, the likeliest first.

    Attributes:
        hz: shape ``(frames, 4)``; 0 where there are fewer.
        strength: normalised autocorrelation there, less the octave cost, about -1..1.
    """

    hz: Values
    strength: Values


def candidates(samples: Samples) -> Candidates:
    """Peaks of the normalised autocorrelation between :data:`FLOOR_HZ` and :data:`CEILING_HZ`.

    Args:
        samples: 16 kHz mono; there is a frame for every whole 20 ms, and it is centred on them.
    """
    frames = len(samples) // (_HOP * _STEP)
    hz = np.zeros((frames, _KEPT), dtype=np.float32)
    strength = np.full((frames, _KEPT), -1.0, dtype=np.float32)
    if not frames:
        return Candidates(hz=hz, strength=strength)
    low = np.pad(_decimated(samples), ((_WINDOW - _HOP) // 2, _WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(low, _WINDOW)[::_HOP][:frames]
    for first in range(0, frames, _BLOCK):
        part = slice(first, first + _BLOCK)
        hz[part], strength[part] = _peaks(_likeness(windows[part]))
    return Candidates(hz=hz, strength=strength)


def track(found: Candidates, *, floor_hz: float = FLOOR_HZ, ceiling_hz: float = CEILING_HZ) -> Values:
    """The pitch of each frame in Hz, shape ``(frames,)``; 0 where it is not voiced.

    Args:
        found: what it may be.
        floor_hz: the voice is not lower.
        ceiling_hz: the voice is not higher.
    """
    inside = (found.hz >= floor_hz) & (found.hz <= ceiling_hz)
    strength = np.where(inside, found.strength, np.float32(-1.0))
    best = strength.argmax(axis=1)[:, None]
    hz = np.take_along_axis(found.hz, best, axis=1)[:, 0]
    voiced = np.take_along_axis(strength, best, axis=1)[:, 0] >= _VOICED_AT
    return _without_specks(np.where(voiced, hz, np.float32(0.0)))


def _likeness(windows: Values) -> Values:
    """Normalised autocorrelation of frames, shape ``(frames, len(_LAGS))``."""
    tapered = (windows - windows.mean(axis=1, keepdims=True)) * _TAPER
    spectrum = np.fft.rfft(tapered, _PADDED, axis=1)
    repeated = np.fft.irfft(np.square(spectrum.real) + np.square(spectrum.imag), _FINE, axis=1)
    return np.asarray(repeated[:, _LAGS] / np.maximum(repeated[:, :1], 1e-9) / _OWN, dtype=np.float32)


def _peaks(found: Values) -> tuple[Values, Values]:
    """The highest peaks of each row: pitch in Hz and strength, both of shape ``(frames, 4)``."""
    inner = found[:, 1:-1]
    peak = (inner >= found[:, :-2]) & (inner > found[:, 2:])
    worth = np.where(peak, inner - _COST, np.float32(-1.0))
    at = np.argpartition(worth, -_KEPT, axis=1)[:, -_KEPT:]
    worth = np.take_along_axis(worth, at, axis=1)
    before, top, after = (np.take_along_axis(found, at + d, axis=1) for d in (0, 1, 2))
    shift = np.clip(0.5 * (before - after) / np.minimum(before - 2 * top + after, -1e-6), -0.5, 0.5)
    return np.where(worth > -1.0, _LAG_RATE / (_LAGS[at + 1] + shift), 0.0), worth


def own_range(hz: Values) -> tuple[float, float]:
    """Where to look for this voice: from 0.72 of its lower quartile to 1.9 times its upper one, in Hz.

    Hirst's way with a wide ceiling, as a voice that is raised needs; half the lower quartile stays out.

    Args:
        hz: pitch of frames, 0 where not voiced; all that is known of the voice.
    """
    voiced = hz[hz > 0]
    if not len(voiced):
        return FLOOR_HZ, CEILING_HZ
    low, high = np.percentile(voiced, (25, 75))
    return max(FLOOR_HZ, 0.72 * float(low)), min(CEILING_HZ, 1.9 * float(high))


def _without_specks(hz: Values) -> Values:
    """Voiced frames with a like neighbour: no vowel is shorter than 40 ms or leaps a fifth in 20 ms."""
    padded = np.pad(hz, 1)
    low, high = hz / 1.25, hz * 1.25
    left = (padded[:-2] > low) & (padded[:-2] < high)
    right = (padded[2:] > low) & (padded[2:] < high)
    return np.where(left | right, hz, np.float32(0.0))


def _decimated(samples: Samples) -> Values:
    """The low-passed sound at 4 kHz; in blocks, as each is laid out once a coefficient."""
    padded = np.pad(samples, _DELAY)
    spans = np.lib.stride_tricks.sliding_window_view(padded, len(_FILTER))[::_STEP]
    block = _BLOCK * _HOP
    return np.concatenate([spans[first : first + block] @ _FILTER for first in range(0, len(spans), block)])
