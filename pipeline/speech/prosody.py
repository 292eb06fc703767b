"""How each turn is spoken: loudness, pitch, pace, pauses, measured against the speaker's own.

A telephone line leaves little that can be compared between recordings: levels depend on the recorder, the
fundamental and the fine structure of the voice are cut off. What a speaker does in one turn against all that
the same speaker does in the call stands on firmer ground. So there are no absolute levels here, no jitter, no
shimmer, no harmonics-to-noise ratio.

The frames of a turn are 20 ms long. In a channel of one party they are those of the turn; in a mixed one
those during which no other turn runs. A frame counts when it is voiced (:mod:`pipeline.speech.pitch`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.channels import FRAME, FRAME_MS, frame_levels
from pipeline.speech.intervals import subtract
from pipeline.speech.pitch import Candidates, candidates, own_range, track
from pipeline.types import Abstention, Interval, Prosody, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.types import Channel, Samples, Turn

    Values = NDArray[np.float32]
    Levels = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Speaker = tuple[int | None, str | None, Role | None]

MIN_VOICED_MS: Final = 600
"""Two or three syllables: below, a turn is as loud and as high as its words happen to be."""
MIN_BASELINE_MS: Final = 2_000
"""Voiced sound of other turns from which on a speaker has a way of speaking: some ten syllables."""
MIN_CHARACTERS: Final = 4
"""Fewer are said at no speed."""
PAUSE_MS: Final = 200
"""Shorter gaps are closures within words."""

_SPOKEN_BELOW_DB: Final = 18.0
"""A frame is speech when it is at most so far below the median of the turn's voiced frames."""
_MAX_PART: Final = 1500
_BANDS_HZ: Final = ((300.0, 1000.0), (2000.0, 3400.0))
_EPSILON: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    """The frames of one turn in which its speaker is heard alone.

    Attributes:
        levels: dBFS, shape ``(frames,)``.
        found: what the pitch of each may be.
        bands: power in each of the two bands, shape ``(frames, 2)``.
    """

    levels: Levels
    found: Candidates
    bands: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    """The same once the speaker's range of pitch is known.

    Attributes:
        levels: of the voiced frames, in dBFS.
        semitones: of the voiced frames, above 1 Hz.
        bands: of the voiced frames.
        spoken_ms: speech without pauses.
        pause_share: share of pauses between the first and the last speech, ``None`` without speech.
        characters: how many are spoken.
    """

    levels: Levels
    semitones: Levels
    bands: Values
    spoken_ms: int
    pause_share: float | None
    characters: int

    @property
    def voiced_ms(self) -> int:
        return len(self.levels) * FRAME_MS


def with_prosody(turns: Iterable[Turn], channels: Sequence[Channel]) -> tuple[Turn, ...]:
    """Turns with how they are spoken; machines' turns and turns without times stay as they are.

    Args:
        turns: of a call, in time order; those without a channel were heard in the first live one.
        channels: decoded channels at 16 kHz.
    """
    turns = tuple(turns)
    sounds = {channel.index: channel.samples for channel in channels if not channel.dead}
    if not sounds:
        return turns
    first = next(iter(sounds.values()))
    heard: dict[Speaker, dict[int, _Sound]] = defaultdict(dict)
    for turn in turns:
        if turn.role is Role.SYSTEM or turn.start_ms is None or turn.end_ms is None:
            continue
        samples = first if turn.channel is None else sounds.get(turn.channel)
        if samples is not None:
            heard[_speaker(turn)][turn.index] = _listen(samples, _alone(turn, turns))
    texts = {turn.index: turn.text for turn in turns}
    latencies = _latencies(turns)
    measured: dict[int, Prosody] = {}
    for own in heard.values():
        for index, prosody in _measure(own, texts).items():
            measured[index] = replace(prosody, latency_ms=latencies.get(index))
    return tuple(replace(turn, prosody=measured.get(turn.index)) for turn in turns)


def _speaker(turn: Turn) -> Speaker:
    """Whose voice it is: the heard one, which stays the same when the roles turn out otherwise."""
    return turn.channel, turn.speaker, None if turn.speaker else turn.role


def _alone(turn: Turn, turns: Iterable[Turn]) -> tuple[Interval, ...]:
    """When a turn has its channel to itself."""
    own = _interval(turn)
    near = [t for t in turns if t.channel == turn.channel and own.overlap_ms(_interval(t))]
    return subtract([own], [_interval(t) for t in near if _speaker(t) != _speaker(turn)])


def _interval(turn: Turn) -> Interval:
    return Interval(start_ms=turn.start_ms or 0, end_ms=turn.end_ms or 0)


def _latencies(turns: Sequence[Turn]) -> dict[int, int]:
    """Milliseconds from the end of another person's turn to the turn that follows it."""
    people = [t for t in turns if t.role is not Role.SYSTEM and t.start_ms is not None]
    return {
        turn.index: turn.start_ms - before.end_ms
        for before, turn in pairwise(people)
        if _speaker(before) != _speaker(turn) and turn.start_ms is not None and before.end_ms is not None
    }


def _listen(samples: Samples, intervals: Sequence[Interval]) -> _Sound:
    """The whole frames within ``intervals``."""
    parts = [
        samples[start * FRAME : end * FRAME]
        for start, end in ((-(-i.start_ms // FRAME_MS), i.end_ms // FRAME_MS) for i in intervals)
        if end > start
    ]
    found = [candidates(part) for part in parts]
    return _Sound(
        levels=np.concatenate([np.zeros(0), *map(frame_levels, parts)]),
        found=Candidates(
            hz=np.concatenate([np.zeros((0, 4), np.float32), *(f.hz for f in found)]),
            strength=np.concatenate([np.zeros((0, 4), np.float32), *(f.strength for f in found)]),
        ),
        bands=np.concatenate([np.zeros((0, 2), np.float32), *map(_bands, parts)]),
    )


def _bands(samples: Samples) -> Values:
    """Power of each frame in the two bands, shape ``(frames, 2)``."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    taper = np.hanning(FRAME).astype(np.float32)
    bin_hz = FRAME_MS / 1000
    edges = [(round(low * bin_hz), round(high * bin_hz)) for low, high in _BANDS_HZ]
    found = np.empty((len(frames), len(edges)), dtype=np.float32)
    for first in range(0, len(frames), _MAX_PART):
        spectrum = np.fft.rfft(frames[first : first + _MAX_PART] * taper, axis=1)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        for column, (low, high) in enumerate(edges):
            found[first : first + _MAX_PART, column] = power[:, low:high].sum(axis=1)
    return found


def _measure(own: Mapping[int, _Sound], texts: Mapping[int, str]) -> dict[int, Prosody]:
    """All turns of one speaker against one another, by index of the turn."""
    floor, ceiling = own_range(np.concatenate([track(sound.found) for sound in own.values()]))
    voices = {
        index: _voice(sound, track(sound.found, floor_hz=floor, ceiling_hz=ceiling), texts[index])
        for index, sound in own.items()
    }
    usual = _usual(voices.values())
    total_ms = sum(voice.voiced_ms for voice in voices.values())
    return {
        index: _against(voice, usual, total_ms - voice.voiced_ms, frames=len(own[index].levels))
        for index, voice in voices.items()
    }


def _voice(sound: _Sound, hz: Values, text: str) -> _Voice:
    voiced = hz > 0
    levels = sound.levels[voiced]
    spoken_ms, pause_share = 0, None
    if len(levels):
        spoken_ms, pause_share = _speech(sound.levels >= np.median(levels) - _SPOKEN_BELOW_DB)
    return _Voice(
        levels=levels,
        semitones=12.0 * np.log2(hz[voiced].astype(np.float64)),
        bands=sound.bands[voiced],
        spoken_ms=spoken_ms,
        pause_share=pause_share,
        characters=_characters(text),
    )


def _speech(loud: Mask) -> tuple[int, float | None]:
    """Milliseconds of speech and the share of pauses, from which frames are loud enough."""
    at = np.flatnonzero(loud)
    gaps = np.diff(at) - 1
    paused = int(gaps[gaps * FRAME_MS >= PAUSE_MS].sum())
    whole = int(at[-1] - at[0]) + 1
    return (whole - paused) * FRAME_MS, paused / whole


def _characters(text: str) -> int:
    """Hanzi, and digits and letters as engines write them: a character is about a syllable."""
    return sum(character.isalnum() for character in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usual:
    """How a speaker speaks over the call."""

    level: float
    semitones: float
    spread: float
    brightness: float
    rate: float | None


def _usual(voices: Iterable[_Voice]) -> _Usual | None:
    """``None`` where there is no voice at all."""
    voices = [voice for voice in voices if len(voice.levels)]
    if not voices:
        return None
    told = [voice for voice in voices if voice.characters >= MIN_CHARACTERS]
    spoken_ms = sum(voice.spoken_ms for voice in told)
    long = [voice for voice in voices if voice.voiced_ms >= MIN_VOICED_MS]
    return _Usual(
        level=float(np.median(np.concatenate([voice.levels for voice in voices]))),
        semitones=float(np.median(np.concatenate([voice.semitones for voice in voices]))),
        spread=float(np.median([_spread(voice.semitones) for voice in long or voices])),
        brightness=_brightness(np.concatenate([voice.bands for voice in voices])),
        rate=1000 * sum(voice.characters for voice in told) / spoken_ms if spoken_ms else None,
    )


def _against(voice: _Voice, usual: _Usual | None, baseline_ms: int, *, frames: int) -> Prosody:
    rate = _rate(voice)
    prosody = Prosody(
        voiced_ms=voice.voiced_ms,
        spoken_ms=voice.spoken_ms,
        baseline_ms=baseline_ms,
        abstains=_abstains(voice, baseline_ms, frames),
        rate=None if rate is None else round(rate, 2),
        pause_share=None if voice.pause_share is None else round(voice.pause_share, 3),
    )
    if prosody.abstains or usual is None:
        return prosody
    return replace(
        prosody,
        loudness_db=round(float(np.median(voice.levels)) - usual.level, 1),
        pitch_semitones=round(float(np.median(voice.semitones)) - usual.semitones, 1),
        range_semitones=round(_spread(voice.semitones) - usual.spread, 1),
        brightness_db=round(_brightness(voice.bands) - usual.brightness, 1),
        rate_ratio=round(rate / usual.rate, 2) if rate and usual.rate else None,
    )


def _abstains(voice: _Voice, baseline_ms: int, frames: int) -> Abstention | None:
    if frames * FRAME_MS < MIN_VOICED_MS:
        return Abstention.OVERLAPPED if not frames else Abstention.TOO_LITTLE_VOICE
    if voice.voiced_ms < MIN_VOICED_MS:
        return Abstention.TOO_LITTLE_VOICE
    return Abstention.NO_BASELINE if baseline_ms < MIN_BASELINE_MS else None


def _rate(voice: _Voice) -> float | None:
    """Characters a second of speech; ``None`` for a few words."""
    if voice.characters < MIN_CHARACTERS or voice.spoken_ms < MIN_VOICED_MS:
        return None
    return 1000 * voice.characters / voice.spoken_ms


def _spread(semitones: Levels) -> float:
    low, high = np.percentile(semitones, (10, 90))
    return float(high - low)


def _brightness(bands: Values) -> float:
    """The upper band against the lower one, in dB: each frame weighs the same, however loud it is."""
    low, high = (bands[:, column].astype(np.float64) + _EPSILON for column in (0, 1))
    return 10.0 * math.log10(float(np.median(high / low)))
