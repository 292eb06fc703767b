"""Short telephone calls of two alike real voices, with the words of labelled calls and an exact reference.

Recorded sentences of real speech say nothing of who owes whom, and the voices of one debt collector and one
debtor are seldom as alike as is hard. So the voices are real and the words are another call's: a turn of
so many characters gets so many characters' time of its voice's sentences. Recognition is imitated:
characters misheard, marks left out, word times that err. Pairs are voices of one sex, and a voice against
itself with its pitch and its resonances moved by a few per cent, as those of two brothers differ. The same
seed gives the same calls.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.types import Word
from tests.benchmarks.deliveries import stretched
from tests.benchmarks.mixes import CLIP_RATE, Clip, over_the_line, read_clips, read_sound, spoken_part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.types import Samples
    from tests.homophones import Homophones

    Sound = NDArray[np.float64]
    Line = tuple[str, str]

SAME_SEX, MOVED, BRIEF = "one sex", "moved", "a few words"
KINDS = (SAME_SEX, MOVED, BRIEF)
MANNERS = ("talk", "quick", "unequal")
"""Turns as they are written; cut to a second or two; the customer's cut to their first clause."""
MOVES = (0.03, 0.08)
"""By how much pitch and resonances are moved, both up or both down."""
LENGTH_S = (30.0, 60.0)
QUICK_CHARACTERS = (4, 9)
BRIEF_CHARACTERS = (4, 10)
ONE_SEX_CHARACTERS = 12
"""Least that a voice of one sentence has to say: two and a half seconds and more."""
MISHEARD = 0.15
MARKED = 0.4
"""Share of the written marks that recognition writes, as counted on development calls."""
TIMES_MS = 40.0
"""Spread of the error of word times."""
FADE_S = 0.01
MARK = re.compile(r"([，。？！、；：])")
BACK_CHANNELS = ("嗯", "对", "好", "嗯嗯", "好的")
WINDOW, HOP, LIFTER = 512, 128, 28
"""Samples of a spectrum, from one to the next, and of the cepstrum that is resonances: below the shortest
period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """A call.

    Attributes:
        name: what it is made of.
        kind: one of :data:`KINDS`.
        samples: 16 kHz, telephone sound.
        words: as if recognised, in order of time, with marks.
        speakers: ``agent`` or ``customer``, of each word.
    """

    name: str
    kind: str
    samples: Samples
    words: tuple[Word, ...]
    speakers: tuple[str, ...]


class Voice:
    """A voice that says any text for so long as it has sentences.

    Args:
        clips: its sentences, in order.
        pitch, resonances: factors by which it is moved.
        gain: factor of its level.
    """

    def __init__(
        self, clips: Sequence[Clip], *, pitch: float = 1.0, resonances: float = 1.0, gain: float = 1.0
    ) -> None:
        self._clips = deque(clips)
        self._move = pitch, resonances
        self._gain = gain
        self._sound: Sound = np.zeros(0)
        self._left: deque[tuple[float, float]] = deque()

    def say(self, characters: int) -> tuple[Sound, list[tuple[float, float]]]:
        """So many characters' speech, fewer where no sentence is left, and when each is spoken."""
        pieces, times, at = [np.zeros(0)], [], 0.0
        while len(times) < characters and self._refill():
            slots = [self._left.popleft() for _ in range(min(characters - len(times), len(self._left)))]
            first, last = slots[0][0], slots[-1][1]
            times += [(at + a - first, at + b - first) for a, b in slots]
            pieces.append(_faded(self._sound[int(first * CLIP_RATE) : int(last * CLIP_RATE)]))
            at += len(pieces[-1]) / CLIP_RATE
        return np.concatenate(pieces) * self._gain, times

    def _refill(self) -> bool:
        while not self._left and self._clips:
            clip = self._clips.popleft()
            self._sound = moved(read_sound(clip.path), *self._move)
            first, last = spoken_part(self._sound)
            edges = np.linspace(first, last, len(_bare(clip.text)) + 1).tolist()
            self._left.extend(pairwise(edges))
        return bool(self._left)


def alike_calls(
    speech: Path, texts: Sequence[Sequence[Line]], ears: Homophones, *, seed: int = 1, calls: int = 12
) -> Iterator[Alike]:
    """Calls of each kind.

    Args:
        speech: folder with ``aishell1_sample`` (voices of many sentences) and ``aishell3_30speakers`` (of
            one).
        texts: labelled calls, each ``(speaker, text)`` in order.
        ears: mishear.
        seed: of everything that is drawn.
        calls: of each kind.
    """
    many, single = read_clips(speech / "aishell1_sample"), read_clips(speech / "aishell3_30speakers")
    sexes = _sexes(speech)
    names = sorted({clip.voice for clip in many})
    for number in range(calls):
        for kind in KINDS:
            rng = np.random.default_rng([seed, number, KINDS.index(kind)])
            name = names[number % len(names)]
            own = [clip for clip in many if clip.voice == name]
            own = [own[i] for i in rng.permutation(len(own))]
            half, gain = len(own) // 2, float(10 ** (rng.uniform(-4, 4) / 20))
            manner = MANNERS[number // len(names) % len(MANNERS)]
            if kind == MOVED:
                pitch, resonances = 1 + rng.uniform(*MOVES, 2) * rng.choice([-1, 1])
                other = Voice(own[half:], pitch=pitch, resonances=resonances, gain=gain)
            else:
                least = ONE_SEX_CHARACTERS if kind == SAME_SEX else max(BRIEF_CHARACTERS)
                able = [c for c in single if sexes[c.voice] == sexes[name] and len(_bare(c.text)) >= least]
                other = Voice([able[int(rng.integers(len(able)))]], gain=gain)
                manner = "quick" if kind == SAME_SEX and manner == "quick" else "unequal"
            lines = shortened(texts[int(rng.integers(len(texts)))], manner, rng)
            if kind == BRIEF:
                lines = rationed(lines, int(rng.integers(*BRIEF_CHARACTERS)))
            yield put_together(
                f"{kind} {manner} {name} {number}",
                kind,
                lines,
                (Voice(own[:half]), other),
                ears,
                rng,
                ends_with_a_voice=kind == MOVED or manner == "quick",
            )


def _sexes(speech: Path) -> dict[str, str]:
    import csv

    found = {}
    for folder in ("aishell1_sample", "aishell3_30speakers"):
        with (speech / folder / "transcripts.tsv").open(encoding="utf-8") as lines:
            found |= {row["speaker"]: row["sex"] for row in csv.DictReader(lines, delimiter="\t")}
    return found


def shortened(lines: Sequence[Line], manner: str, rng: np.random.Generator) -> list[Line]:
    """A call's turns in one of :data:`MANNERS`; in talk the customer now and then murmurs in between."""
    made: list[Line] = []
    for speaker, text in lines:
        clauses = [c for c in re.split(r"(?<=[，。？！；：])", text) if _bare(c)]
        if manner == "quick":
            most = int(rng.integers(*QUICK_CHARACTERS))
            kept = ""
            for clause in clauses:
                if kept and len(_bare(kept + clause)) > most:
                    break
                kept += clause
            made.append((speaker, _first(kept, 2 * most)))
        elif manner == "unequal" and speaker == "customer":
            made.append((speaker, clauses[0] if clauses else ""))
        else:
            at = int(rng.integers(1, len(clauses))) if len(clauses) > 2 and rng.random() < 0.3 else 0
            if at and speaker == "agent":
                murmur = str(rng.choice(BACK_CHANNELS)) + "。"
                made += [(speaker, "".join(clauses[:at])), ("customer", murmur)]
                clauses = clauses[at:]
            made.append((speaker, "".join(clauses)))
    return [line for line in made if _bare(line[1])]


def _first(text: str, most: int) -> str:
    kept = ""
    for character in text:
        if len(_bare(kept + character)) > most:
            break
        kept += character
    return kept


def rationed(lines: Sequence[Line], characters: int) -> list[Line]:
    """The same call with a customer of so many characters in all."""
    made = []
    for speaker, text in lines:
        if speaker == "customer":
            text = _first(text, characters)
            characters -= len(_bare(text))
            if not _bare(text):
                continue
        made.append((speaker, text))
    return made


def put_together(
    name: str,
    kind: str,
    lines: Sequence[Line],
    voices: tuple[Voice, Voice],
    ears: Homophones,
    rng: np.random.Generator,
    *,
    ends_with_a_voice: bool,
) -> Alike:
    """The call, until it is long enough; a voice that has no more to say ends it, or falls silent."""
    from scipy.signal import resample_poly

    longest = float(rng.uniform(*LENGTH_S))
    at, sounds, words, before = 0.5, [], [], None
    for speaker, text in lines:
        if at > longest:
            break
        sound, times = voices[speaker == "customer"].say(len(_bare(text)))
        if not times:
            if ends_with_a_voice:
                break
            continue
        at += _gap(rng) if before not in (None, speaker) else float(rng.uniform(0.3, 0.8))
        sounds.append((at, sound))
        words += [(word, speaker) for word in _recognised(text, times, at, ears, rng)]
        at, before = at + len(sound) / CLIP_RATE, speaker
    total = np.zeros(int((at + 1.0) * CLIP_RATE))
    for start, sound in sounds:
        first = int(start * CLIP_RATE)
        total[first : first + len(sound)] += sound
    line = over_the_line(total, rng) / 32768
    words.sort(key=lambda said: said[0].start_ms)
    return Alike(
        name=name,
        kind=kind,
        samples=resample_poly(line, 2, 1).astype(np.float32),
        words=tuple(word for word, _ in words),
        speakers=tuple(speaker for _, speaker in words),
    )


def _gap(rng: np.random.Generator) -> float:
    """Seconds between two parties' turns: a third come in at once or before the other ends."""
    drawn = rng.random()
    if drawn < 0.12:
        return -float(rng.uniform(0.05, 0.3))
    return float(rng.uniform(0.05, 0.3) if drawn < 0.4 else rng.uniform(0.3, 1.2))


def _recognised(
    text: str, times: Sequence[tuple[float, float]], at: float, ears: Homophones, rng: np.random.Generator
) -> Iterator[Word]:
    """One word a character, as many as were spoken."""
    edges = [at + times[0][0], *((b + c) / 2 + at for (_, b), (c, _) in pairwise(times))]
    edges.append(at + times[-1][1])
    edges_ms = np.array(edges) * 1000 + rng.normal(0, TIMES_MS, len(edges))
    edges_ms = np.maximum.accumulate(np.round(edges_ms)).astype(int)
    said = re.finditer(r"([^，。？！、；：…\s])([，。？！、；：…\s]*)", text)
    for part, place in zip(said, range(len(times)), strict=False):
        mark = part[2][:1] if part[2].strip() and rng.random() < MARKED else ""
        yield Word(
            text=ears.mishear(part[1], MISHEARD) + mark,
            start_ms=int(edges_ms[place]),
            end_ms=int(max(edges_ms[place + 1], edges_ms[place] + 20)),
            probability=0.9,
        )


def moved(sound: Sound, pitch: float, resonances: float) -> Sound:
    """A sentence of a voice with another pitch and other resonances, at the same pace.

    Reading it faster moves both; the envelope of its spectrum (cepstral smoothing, Oppenheim & Schafer) is
    then put where it belongs, and like stretches overlapped bring the length back.
    """
    if pitch == resonances == 1.0:
        return sound
    positions = np.arange(int(len(sound) / pitch)) * pitch
    faster = np.interp(positions, np.arange(len(sound)), sound)
    return stretched(_with_resonances(faster, resonances / pitch), len(sound))


def _with_resonances(sound: Sound, factor: float) -> Sound:
    taper = np.hanning(WINDOW + 1)[:-1]
    padded = np.pad(sound, WINDOW)
    made, weights = np.zeros(len(padded)), np.zeros(len(padded))
    bins = np.arange(WINDOW // 2 + 1)
    for start in range(0, len(padded) - WINDOW + 1, HOP):
        spectrum = np.fft.rfft(padded[start : start + WINDOW] * taper)
        cepstrum = np.fft.irfft(np.log(np.abs(spectrum) + 1e-7))
        cepstrum[LIFTER : WINDOW - LIFTER + 1] = 0
        envelope = np.fft.rfft(cepstrum).real
        gain = np.interp(bins / factor, bins, envelope) - envelope
        piece = np.fft.irfft(spectrum * np.exp(np.clip(gain, -3, 3)))
        made[start : start + WINDOW] += piece * taper
        weights[start : start + WINDOW] += taper**2
    return np.asarray((made / np.maximum(weights, 1e-3))[WINDOW : WINDOW + len(sound)])


def _faded(sound: Sound) -> Sound:
    size = min(int(FADE_S * CLIP_RATE), len(sound) // 2)
    ramp = np.ones(len(sound))
    ramp[:size] = np.linspace(0, 1, size)
    ramp[len(sound) - size :] = np.linspace(1, 0, size)
    return sound * ramp


def _bare(text: str) -> str:
    return re.sub(r"[，。？！、；：…\s]", "", text)
