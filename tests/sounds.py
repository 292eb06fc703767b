"""Sounds of a telephone line in which nobody speaks: 16 kHz float64 samples, the same every time."""

from __future__ import annotations

import itertools

import numpy as np

RATE = 16_000
SECONDS = 12
DTMF_HZ = [(697, 1209), (770, 1336), (852, 1477), (941, 1209), (697, 1633), (941, 1477)]
CNG_HZ, CED_HZ = 1100, 2100
V21_HZ, V21_BAUD = (1650, 1850), 300


def time(seconds):
    return np.arange(int(seconds * RATE)) / RATE


def sine(hertz, seconds, level=0.15):
    return level * np.sin(2 * np.pi * hertz * time(seconds))


def pause(seconds):
    return np.zeros(int(seconds * RATE))


def ringback():
    return np.concatenate([sine(450, 1), pause(4)] * 3)


def busy():
    return np.concatenate([sine(450, 0.35), pause(0.35)] * 16)


def congestion():
    return np.concatenate([sine(450, 0.7), pause(0.7)] * 8)


def dtmf():
    keys = [np.concatenate([sine(a, 0.12) + sine(b, 0.12), pause(0.2)]) for a, b in DTMF_HZ]
    return np.concatenate(keys * 6)


def melody():
    """A tune of plucked notes with overtones, as of hold music."""
    notes = [262, 330, 392, 523, 392, 330, 294, 349, 440, 587, 440, 349] * 3
    fade = np.exp(-3 * time(0.35))
    return np.concatenate([fade * sum(sine(k * n, 0.35, 0.1 / k) for k in (1, 2, 3, 4)) for n in notes])


def chords():
    """Held chords that swell and fade, with vibrato, as of strings."""
    swell = np.sin(np.pi * time(2) / 2) ** 2
    trembling = 2 * np.pi * 0.004 * np.sin(2 * np.pi * 5.5 * time(2))
    roots = [(220, 262, 330), (175, 220, 262), (196, 247, 294), (165, 208, 247)]
    held = [
        swell
        * sum(
            0.05 / k * np.sin(2 * np.pi * k * n * time(2) + n * k * trembling) for n in r for k in (1, 2, 3)
        )
        for r in itertools.islice(itertools.cycle(roots), SECONDS // 2)
    ]
    return np.concatenate(held)


def fax():
    """Calling tone, answer tone, and the two tones of a handshake."""
    bits = np.random.default_rng(9).integers(0, 2, 4 * V21_BAUD)
    hertz = np.repeat(np.where(bits, *V21_HZ), RATE // V21_BAUD)
    handshake = 0.15 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE)
    calling = np.concatenate([sine(CNG_HZ, 0.5), pause(3)])
    return np.concatenate([calling, sine(CED_HZ, 3), pause(0.1), handshake, pause(0.5)])


def silence():
    return pause(SECONDS)


def noise(level=0.02, seed=7):
    """White noise; ``level`` is its root mean square against full scale."""
    return np.random.default_rng(seed).normal(0, level, SECONDS * RATE)


def pink_noise(level=0.02, seed=7):
    """Noise with as much power in every octave."""
    spectrum = np.fft.rfft(noise(1.0, seed))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    sound = np.fft.irfft(spectrum, SECONDS * RATE)
    return sound * level / np.sqrt(np.mean(np.square(sound)))


def line_noise():
    return noise(0.002, seed=8) + sine(50, SECONDS, 0.01)
