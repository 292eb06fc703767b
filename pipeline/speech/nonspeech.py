"""What is on the line besides the parties: call tones and automatic voices.

Ringback and busy tones are found by their 450 Hz (the tone of mainland exchanges, 1 s on and 4 s off
for ringback, 0.35 s each for busy). Automatic voices are found by what they say, with some characters
wrong, because that is how they are transcribed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from pipeline.ports import SAMPLE_RATE
from pipeline.settings import CONFIGS
from pipeline.speech.clean import spoken
from pipeline.speech.lexicon import read_classes
from pipeline.speech.windows import FRAME_MS, frame_power
from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.types import Samples

PROMPTS = CONFIGS / "lexicons" / "ivr_prompts.txt"
UNREACHED = ("voicemail", "switched_off", "empty_number", "suspended", "busy", "barred", "no_answer")
"""Reasons why nobody was reached; where several are heard, the first of these holds."""
IVR_ONLY, NO_ANSWER, BUSY = "ivr_only", "no_answer", "busy"
CLASSES = (*UNREACHED, "notice", "menu")

TONE_HZ = 450
TONE_SHARE = 0.8
"""Share of a frame's energy near 450 Hz that makes it tone."""
TONE_FLOOR = 1e-6
"""Mean square (-60 dBFS) below which a frame is silence."""
SHORTEST_TONE_MS = 250
BLOCK = 3000
"""Frames that are looked at together (a minute): bounds memory whatever the length."""
RINGBACK_MS = (700, 1500)
BUSY_MS = (250, 700)
WRONG_SHARE = 0.25
"""Share of a phrase's characters that may be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A phrase of an automatic voice, found in a text from ``start`` to ``end``."""

    kind: str
    start: int
    end: int


@cache
def load_prompts(path: Path = PROMPTS) -> tuple[tuple[str, str], ...]:
    """Pairs of class and phrase.

    Raises:
        ConfigError: the file cannot be read or a line is malformed.
    """
    classes = read_classes(path, frozenset(CLASSES))
    return tuple((kind, spoken(phrase)) for kind in CLASSES for phrase in classes[kind])


def find_prompts(text: str, prompts: Sequence[tuple[str, str]]) -> tuple[Prompt, ...]:
    """Phrases of automatic voices in a text of bare characters (see :func:`clean.spoken`).

    Of overlapping phrases the one with the fewest wrong characters counts; of equals the first.
    """
    found: list[tuple[float, Prompt]] = []
    present = Counter(text)
    for kind, phrase in prompts:
        if _missing(phrase, present) > WRONG_SHARE * len(phrase):
            continue
        distance, start, end = closest(phrase, text)
        if distance <= WRONG_SHARE * len(phrase):
            found.append((distance / len(phrase), Prompt(kind=kind, start=start, end=end)))
    kept: list[Prompt] = []
    for _, prompt in sorted(found, key=lambda f: (f[0], f[1].start - f[1].end)):
        if all(prompt.end <= other.start or prompt.start >= other.end for other in kept):
            kept.append(prompt)
    return tuple(sorted(kept, key=lambda prompt: prompt.start))


def _missing(phrase: str, present: Counter[str]) -> int:
    """Characters of a phrase that a text does not have: as many are wrong at least."""
    return sum(max(wanted - present[character], 0) for character, wanted in _characters(phrase))


@cache
def _characters(phrase: str) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(phrase).items())


def closest(phrase: str, text: str) -> tuple[int, int, int]:
    """The stretch of ``text`` with the least edit distance to ``phrase`` (Sellers 1980).

    Returns:
        Distance, start and end; the distance of an empty text is the length of the phrase.
    """
    best = (len(phrase), 0, 0)
    costs = list(range(len(phrase) + 1))
    starts = [0] * (len(phrase) + 1)
    for at, character in enumerate(text):
        diagonal, diagonal_start = costs[0], starts[0]
        starts[0] = at + 1
        for row, wanted in enumerate(phrase, start=1):
            above, above_start = costs[row], starts[row]
            choices = (
                (diagonal + (wanted != character), diagonal_start),
                (above + 1, above_start),
                (costs[row - 1] + 1, starts[row - 1]),
            )
            costs[row], starts[row] = min(choices, key=lambda choice: choice[0])
            diagonal, diagonal_start = above, above_start
        if costs[-1] < best[0]:
            best = (costs[-1], starts[-1], at + 1)
    return best


def call_tones(samples: Samples) -> tuple[Interval, ...]:
    """Stretches of 450 Hz tone of 0.25 s or more in 16 kHz ``samples``."""
    size = FRAME_MS * SAMPLE_RATE // 1000
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(frames):
        return ()
    turn = np.exp(-2j * np.pi * TONE_HZ * np.arange(size) / SAMPLE_RATE)
    blocks = (frames[start : start + BLOCK].astype(np.float64) for start in range(0, len(frames), BLOCK))
    tone = np.concatenate([2 * np.abs(block @ turn) ** 2 / size**2 for block in blocks])
    power = frame_power(samples)
    flags = (power > TONE_FLOOR) & (tone > TONE_SHARE * power)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    runs = (
        Interval(start_ms=int(a) * FRAME_MS, end_ms=int(b) * FRAME_MS)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    )
    return tuple(run for run in runs if run.duration_ms >= SHORTEST_TONE_MS)


def reason_from_tones(tones: Sequence[Interval]) -> str | None:
    """What call tones say of a recording in which nobody speaks."""
    lengths = [tone.duration_ms for tone in tones]
    if sum(RINGBACK_MS[0] <= length <= RINGBACK_MS[1] for length in lengths) >= 1:
        return NO_ANSWER
    if sum(BUSY_MS[0] <= length < BUSY_MS[1] for length in lengths) >= 3:
        return BUSY
    return None


def reason_from_prompts(kinds: Sequence[str]) -> str | None:
    """Why nobody was reached, from what automatic voices said; ``None`` when they did not say."""
    return next((reason for reason in UNREACHED if reason in kinds), None)
