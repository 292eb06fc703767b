"""Telephone calls mixed from single sentences of real speech, with an exact reference.

A recorded sentence of known text is a turn, or part of one; turns of two voices follow each other with
the pauses and the short overlaps of talk. The sum is band-limited to 300-3400 Hz, sampled at 8 kHz, coded
with the A-law of G.711 and carries line noise. The same seed gives the same samples.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Sound = NDArray[np.float64]

CLIP_RATE, LINE_RATE = 16_000, 8_000
"""Hz of the sentences and of the finished call."""
BAND_HZ = (300.0, 3400.0)
A_LAW = 87.6
SILENT_DB = -35.0
"""A sentence's own edges below this, against its loudest 20 ms, are not part of its turn."""
EDGE_S = 0.05
SPOKEN_DB = (-30.0, -20.0)
"""Where speech begins, against the loudest 100 ms: this much above the floor, but within these bounds."""
ABOVE_FLOOR_DB = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One spoken sentence."""

    voice: str
    text: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class MixTurn:
    """What a voice says, in seconds from the start of the call.

    ``start_s`` and ``end_s`` hold the whole sentences with the room before and after them, which is most
    of a second in read speech; ``spoken`` is each sentence from its first to its last sound.
    """

    voice: str
    text: str
    start_s: float
    end_s: float
    spoken: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """A call: 16-bit samples at :data:`LINE_RATE`, and who says what when."""

    name: str
    samples: NDArray[np.int16]
    turns: tuple[MixTurn, ...]

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.samples) / LINE_RATE


def read_clips(folder: Path) -> tuple[Clip, ...]:
    """Sentences of a folder with a ``transcripts.tsv`` (columns ``file``, ``speaker``, ``transcript``)."""
    with (folder / "transcripts.tsv").open(encoding="utf-8") as lines:
        return tuple(
            Clip(voice=row["speaker"], text=row["transcript"].strip("﻿ "), path=folder / row["file"])
            for row in csv.DictReader(lines, delimiter="\t")
        )


def mix_calls(speech: Path, *, seed: int = 1, sentences: int = 21, rounds: int = 1) -> Iterator[Mix]:
    """Calls from the two folders of ``speech``; every sentence is used once a round.

    Two calls of every three are between the two voices that have many sentences, the agent's part going
    to each of them in turn; in the third a voice is answered by voices that have one sentence each.

    Args:
        speech: folder with ``aishell1_sample`` and ``aishell3_30speakers``.
        seed: of everything that is drawn.
        sentences: sentences a voice and call.
        rounds: how often the sentences are drawn anew.
    """
    many = read_clips(speech / "aishell1_sample")
    others = read_clips(speech / "aishell3_30speakers")
    first, second = sorted({clip.voice for clip in many})
    for number in range(rounds):
        rng = np.random.default_rng([seed, number])
        shuffled = {voice: _shuffled([c for c in many if c.voice == voice], rng) for voice in (first, second)}
        answers = _shuffled(others, rng)
        parts = len(shuffled[first]) // sentences
        for part in range(parts):
            own, far = (first, second) if part % 2 == 0 else (second, first)
            chosen = slice(part * sentences, (part + 1) * sentences)
            name = f"mix-{seed}-{number}-{part}"
            yield mix(name, shuffled[own][chosen], shuffled[far][chosen], rng)
        size = len(answers) // 2
        for half, voice in enumerate((first, second)):
            chosen = slice(half * size, (half + 1) * size)
            told = _shuffled(shuffled[voice], rng)[:size]
            yield mix(f"mix-{seed}-{number}-many-{half}", told, answers[chosen], rng)


def mix(name: str, agent: Sequence[Clip], other: Sequence[Clip], rng: np.random.Generator) -> Mix:
    """One call: the agent's sentences in turns of one to three, each answered by the other side."""
    gains = {True: 1.0, False: 10 ** (-rng.uniform(0, 6) / 20)}
    queue = {True: list(agent), False: list(other)}
    at, turns, sounds = 0.5, [], []
    speaker = bool(rng.integers(2))
    while queue[True] or queue[False]:
        speaker = speaker if queue[speaker] else not speaker
        run = [queue[speaker].pop(0) for _ in range(min(int(rng.integers(1, 4)), len(queue[speaker])))]
        if len({clip.voice for clip in run}) > 1:
            queue[speaker][:0] = run[1:]
            run = run[:1]
        start, spoken = at, []
        for index, clip in enumerate(run):
            at += float(rng.uniform(0.1, 0.5)) if index else 0.0
            sound = read_sound(clip.path) * gains[speaker]
            sounds.append((at, sound))
            first, last = spoken_part(sound)
            spoken.append((round(at + first, 3), round(at + last, 3)))
            at += len(sound) / CLIP_RATE
        text = "，".join(clip.text for clip in run)
        turns.append(
            MixTurn(
                voice=run[0].voice,
                text=text,
                start_s=round(start, 3),
                end_s=round(at, 3),
                spoken=tuple(spoken),
            )
        )
        is_overlap = rng.random() < 0.15
        at += -float(rng.uniform(0.1, 0.4)) if is_overlap else float(rng.uniform(0.15, 1.0))
        speaker = not speaker
    total = np.zeros(int((at + 1.5) * CLIP_RATE))
    for start, sound in sounds:
        first = int(start * CLIP_RATE)
        total[first : first + len(sound)] += sound
    return Mix(name=name, samples=over_the_line(total, rng), turns=tuple(turns))


def read_sound(path: Path) -> Sound:
    """A sentence at 16 kHz at a common loudness, without the silence at its edges."""
    from scipy.io import wavfile

    rate, stored = wavfile.read(path)
    sound = stored.astype(np.float64) / 32768
    if rate != CLIP_RATE:
        raise ValueError(f"{path.name}: {rate} Hz instead of {CLIP_RATE}")
    frame = CLIP_RATE // 50
    power = np.square(sound[: len(sound) // frame * frame]).reshape(-1, frame).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (SILENT_DB / 10))
    edge = int(EDGE_S * CLIP_RATE)
    sound = sound[max(loud[0] * frame - edge, 0) : (loud[-1] + 1) * frame + edge]
    active = np.sort(np.square(sound))[len(sound) // 2 :]
    return np.asarray(sound * 0.1 / np.sqrt(active.mean()))


def spoken_part(sound: Sound) -> tuple[float, float]:
    """Seconds from the start of a sentence at which speech begins and ends."""
    frame = CLIP_RATE // 50
    power = np.square(sound[: len(sound) // frame * frame]).reshape(-1, frame).mean(axis=1)
    levels = 10 * np.log10(np.convolve(power, np.full(5, 0.2), "same") + 1e-12)
    lowest, highest = (levels.max() + bound for bound in SPOKEN_DB)
    loud = np.flatnonzero(levels > np.clip(np.percentile(levels, 5) + ABOVE_FLOOR_DB, lowest, highest))
    return float(loud[0] * frame / CLIP_RATE), float((loud[-1] + 1) * frame / CLIP_RATE)


def over_the_line(sound: Sound, rng: np.random.Generator, *, noise_db: float = -52.0) -> NDArray[np.int16]:
    """The telephone's version of ``sound``: band, rate, line noise, A-law (ITU-T G.711)."""
    from scipy.signal import butter, resample_poly, sosfiltfilt

    band = sosfiltfilt(butter(4, BAND_HZ, "bandpass", fs=CLIP_RATE, output="sos"), sound)
    line = resample_poly(band, LINE_RATE, CLIP_RATE)
    line = line + rng.normal(0, 10 ** (noise_db / 20), len(line))
    return np.asarray(np.round(a_law_round_trip(np.clip(line, -1, 1)) * 32767), dtype=np.int16)


def a_law_round_trip(sound: Sound) -> Sound:
    """Samples in -1..1 after eight-bit A-law coding and decoding."""
    scale = 1 + np.log(A_LAW)
    size = np.abs(sound)
    small = size < 1 / A_LAW
    coded = np.where(small, A_LAW * size, 1 + np.log(np.maximum(A_LAW * size, 1e-12))) / scale
    coded = (np.floor(np.minimum(coded, 1 - 1e-9) * 128) + 0.5) / 128
    back = np.where(coded < 1 / scale, coded * scale / A_LAW, np.exp(coded * scale - 1) / A_LAW)
    return np.asarray(np.sign(sound) * back)


def _shuffled(clips: Sequence[Clip], rng: np.random.Generator) -> list[Clip]:
    return [clips[i] for i in rng.permutation(len(clips))]
