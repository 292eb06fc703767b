"""Ordinary speech made angry or subdued by signal processing, for want of emotional recordings.

A sentence is resampled along its own pitch contour, which moves and widens the pitch, brought to another pace
by overlap-add of like stretches (W. Verhelst & M. Roelands, "WSOLA", ICASSP 1993), tilted and scaled. What
is changed is known exactly; what real emotion does beyond that (voice quality, rhythm, breath, tears) is
not there. Resampling moves the formants along with the pitch, which brightens a raised voice a little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.speech.pitch import candidates, own_range, track

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sound = NDArray[np.float64]

RATE_HZ: Final = 16_000
HOP: Final = 320
_WINDOW: Final = 640
_SEARCH: Final = 200
_TILT_HZ: Final = (500.0, 2000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a sentence is spoken, against how it was recorded.

    Attributes:
        name: ``calm``, ``raised`` or ``subdued``.
        semitones: added to the pitch.
        spread: factor of the pitch's movement about its median.
        pace: factor of the speed.
        gain_db: added to the level.
        tilt_db: added above 2 kHz, nothing below 500 Hz, a straight line over the octaves between.
    """

    name: str
    semitones: float = 0.0
    spread: float = 1.0
    pace: float = 1.0
    gain_db: float = 0.0
    tilt_db: float = 0.0


FULL: Final = {
    "raised": Delivery(name="raised", semitones=5.0, spread=1.25, pace=1.2, gain_db=8.0, tilt_db=5.0),
    "subdued": Delivery(name="subdued", semitones=-2.5, spread=0.75, pace=0.75, gain_db=-6.0, tilt_db=-4.0),
}
"""Strong anger and deep sadness. The directions are those of the literature named in pipeline/tone/sound.py;
the sizes are an assumption: a shout on one side, tears on the other, scaled down when drawn."""


def drawn(name: str, rng: np.random.Generator) -> Delivery:
    """A delivery of this name: of any strength from two fifths up, each trait more or less pronounced.

    Every delivery, the calm one too, varies in level, pitch and pace as ordinary sentences do.
    """
    full = FULL.get(name, Delivery(name=name))
    strength = rng.uniform(0.4, 1.0)
    much = strength * rng.uniform(0.3, 1.3, 5)
    return Delivery(
        name=name,
        semitones=float(full.semitones * much[0] + rng.normal(0, 0.5)),
        spread=float(full.spread ** much[1]),
        pace=float(full.pace ** much[2] * 2 ** rng.normal(0, 0.06)),
        gain_db=float(full.gain_db * much[3] + rng.normal(0, 1.5)),
        tilt_db=float(full.tilt_db * much[4] + rng.normal(0, 0.7)),
    )


def deliver(sound: Sound, delivery: Delivery) -> Sound:
    """A sentence spoken otherwise.

    Args:
        sound: 16 kHz mono, shape ``(samples,)``.
        delivery: how.
    """
    moved = _repitched(sound, delivery.semitones, delivery.spread)
    paced = stretched(moved, round(len(sound) / delivery.pace))
    return _tilted(paced, delivery.tilt_db) * 10 ** (delivery.gain_db / 20)


def _repitched(sound: Sound, semitones: float, spread: float) -> Sound:
    """The sound read faster where its pitch shall be higher."""
    found = candidates(sound.astype(np.float32))
    floor, ceiling = own_range(track(found))
    hz = track(found, floor_hz=floor, ceiling_hz=ceiling).astype(np.float64)
    at = np.flatnonzero(hz)
    contour = np.zeros(len(sound))
    if len(at):
        steps = 12 * np.log2(hz[at])
        moves = np.interp(np.arange(len(hz)), at, steps - np.median(steps))
        smooth = np.convolve(moves, np.ones(3) / 3, "same")
        contour = np.interp(np.arange(len(sound)), np.arange(len(hz)) * HOP + HOP / 2, smooth)
    speed = 2 ** ((semitones + (spread - 1) * contour) / 12)
    # Output time passes more slowly where the sound is read faster.
    times = np.concatenate([[0.0], np.cumsum(1 / speed)])
    positions = np.interp(np.arange(int(times[-1])), times[:-1], np.arange(len(sound)))
    return np.interp(positions, np.arange(len(sound)), sound)


def stretched(sound: Sound, length: int) -> Sound:
    """The same sound at the same pitch in ``length`` samples, by waveform-similarity overlap-add."""
    padded = np.pad(sound, (0, _WINDOW + 2 * _SEARCH))
    taper = np.hanning(_WINDOW + 1)[:-1]
    made = np.zeros(length + _WINDOW)
    step = _WINDOW // 2
    ratio = len(sound) / max(length, 1)
    previous = 0
    for start in range(0, length, step):
        wanted = int(start * ratio)
        first = max(wanted - _SEARCH, 0)
        natural = padded[previous + step : previous + step + _WINDOW]
        around = padded[first : first + _WINDOW + 2 * _SEARCH]
        if start and len(natural) == _WINDOW and len(around) > _WINDOW:
            wanted = first + int(np.argmax(_alike(around, natural)))
        piece = padded[wanted : wanted + _WINDOW]
        made[start : start + len(piece)] += piece * taper[: len(piece)]
        previous = wanted
    return made[:length]


def _alike(sound: Sound, piece: Sound) -> Sound:
    """Correlation of ``piece`` with every stretch of ``sound``, whatever their levels."""
    energy = np.convolve(np.square(sound), np.ones(len(piece)), "valid")
    return np.asarray(np.correlate(sound, piece, "valid") / np.sqrt(energy + 1e-12))


def _tilted(sound: Sound, tilt_db: float) -> Sound:
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    low, high = np.log2(_TILT_HZ)
    share = np.clip((np.log2(np.maximum(hz, 1.0)) - low) / (high - low), 0.0, 1.0)
    tilted = np.fft.irfft(spectrum * 10 ** (tilt_db * share / 20), len(sound))
    # A tilt is no change of level: that is what the gain is for.
    before, after = float(np.mean(sound**2)), float(np.mean(tilted**2))
    return np.asarray(tilted * np.sqrt(before / max(after, 1e-20)))
