"""A made voice on a telephone line: harmonics of 300-3400 Hz, syllables of 160 ms, no fundamental."""

import numpy as np

RATE = 16_000


def syllables(hertz, count, *, gain_db=0.0, bright_db=0.0, gap_ms=60, seed=0):
    """``count`` syllables, each followed by a gap; the pitch falls by a semitone in each.

    Args:
        hertz: pitch in the middle of a syllable.
        count: how many.
        gain_db: over a level of about -20 dBFS.
        bright_db: added above 2 kHz.
        gap_ms: silence after each.
        seed: of the line noise.
    """
    time = np.arange(int(0.16 * RATE)) / RATE
    phase = 2 * np.pi * hertz * np.cumsum(2 ** ((0.08 - time) / 0.16 / 12)) / RATE
    numbers = [n for n in range(1, 60) if 300 < n * hertz < 3400]
    weights = [10 ** ((bright_db if n * hertz > 2000 else 0.0) / 20) / n for n in numbers]
    sound = sum(w * np.cos(n * phase) for n, w in zip(numbers, weights, strict=True))
    sound = sound * np.minimum(1.0, np.minimum(time, time[::-1]) / 0.01)
    piece = np.concatenate([sound / np.sqrt(np.mean(sound**2)) * 0.1, np.zeros(int(gap_ms * RATE / 1000))])
    line = np.random.default_rng(seed).normal(0, 1e-4, len(piece) * count)
    return (np.tile(piece, count) * 10 ** (gain_db / 20) + line).astype(np.float32)
