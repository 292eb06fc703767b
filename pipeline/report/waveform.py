"""How loud each party is over a call: the envelope that the page of the call draws.

It is measured in the playable recording when the page is made and is stored nowhere else. Where each party
has a channel of its own, its lane is that channel; on one channel the loudness goes to whoever speaks.
Machines and voices of no party have a lane of their own.
"""

from __future__ import annotations

import math
import wave
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    Json = Mapping[str, Any]
    Peaks = npt.NDArray[np.float32]

SHORTEST_BIN_MS: Final = 40
"""Fine enough to see syllables at the deepest zoom."""

MOST_BINS: Final = 24_000
"""So that a call of hours still fits into its page: a character a bin and lane."""

LEVELS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
"""Silent to loudest, a character each."""

PARTIES: Final = ("agent", "customer")
OTHER: Final = "other"

_BLOCK_BYTES: Final = 1 << 20
_SAMPLE_BYTES: Final = 2
_QUIET: Final = 0.02
"""Of full scale: what is below this even at its loudest is drawn as the silence that it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Peaks of a recording.

    Attributes:
        bin_ms: length of a bin, a whole number of samples.
        duration_ms: length of the recording.
        peaks: loudest sample of every bin, 0 to 1; shape (channels, bins).
    """

    bin_ms: float
    duration_ms: int
    peaks: Peaks


def envelope(path: Path) -> Envelope | None:
    """The peaks of a 16-bit PCM WAV, read block by block; ``None`` where there is no such file."""
    try:
        with wave.open(str(path), "rb") as file:
            return _measured(file)
    except (OSError, EOFError, wave.Error, ValueError):
        # A page without a waveform is still a page, and its player says that the recording is not there.
        return None


def _measured(file: wave.Wave_read) -> Envelope | None:
    rate, channels, frames = file.getframerate(), file.getnchannels(), file.getnframes()
    if file.getsampwidth() != _SAMPLE_BYTES or not frames or not rate:
        return None
    duration_ms = round(1000 * frames / rate)
    per_bin = max(1, rate * SHORTEST_BIN_MS // 1000, -(-frames // MOST_BINS))
    peaks = np.concatenate(list(_peaks(file, channels, per_bin)), axis=1)
    return Envelope(bin_ms=1000 * per_bin / rate, duration_ms=duration_ms, peaks=peaks)


def _peaks(file: wave.Wave_read, channels: int, per_bin: int) -> Iterator[Peaks]:
    bins = max(1, _BLOCK_BYTES // (per_bin * channels * _SAMPLE_BYTES))
    while block := file.readframes(bins * per_bin):
        whole = len(block) // (channels * _SAMPLE_BYTES)
        samples = np.frombuffer(block, dtype="<i2", count=whole * channels).reshape(-1, channels)
        padded = np.zeros((-(-whole // per_bin) * per_bin, channels), dtype=np.int32)
        padded[:whole] = np.abs(samples.astype(np.int32))
        yield (padded.reshape(-1, per_bin, channels).max(axis=1).T / 32768.0).astype(np.float32)


def lanes(call: Json, found: Envelope) -> dict[str, str]:
    """The envelope of each party, and of the rest where somebody else speaks, as characters of LEVELS.

    A level is the square root of the peak over the loudest peak of the call: quiet speech stays visible, and
    a party that is louder than the other looks it.

    Args:
        call: the JSON of the call.
        found: the envelope of its recording.
    """
    apart = _channels(call["turns"], len(found.peaks))
    mixed = found.peaks.max(axis=0)
    made = {party: found.peaks[apart[party]].copy() if apart else np.zeros_like(mixed) for party in PARTIES}
    other = np.zeros_like(mixed)
    for turn in call["turns"]:
        if turn["start"] is None or turn["end"] is None:
            continue
        at, party = _bins(turn, found), turn["role"]
        if party in PARTIES:
            if not apart:
                made[party][at] = mixed[at]
            continue
        other[at] = mixed[at]
        for own in (party for party, channel in (apart or {}).items() if channel == turn["channel"]):
            other[at] = made[own][at]
            made[own][at] = 0.0
    if other.any():
        made[OTHER] = other
    loudest = max(_QUIET, *(float(lane.max(initial=0.0)) for lane in made.values()))
    return {name: _characters(np.sqrt(lane / loudest)) for name, lane in made.items()}


def _channels(turns: Sequence[Json], channels: int) -> dict[str, int] | None:
    """The channel of each party, where each has one of its own."""
    said: Counter[tuple[int, str]] = Counter()
    for turn in turns:
        if turn["channel"] is not None and turn["channel"] < channels and turn["role"] in PARTIES:
            said[turn["channel"], turn["role"]] += len(turn["text"])
    most: dict[int, str] = {}
    for (channel, party), _ in said.most_common():
        most.setdefault(channel, party)
    apart = {party: channel for channel, party in most.items()}
    return apart if len(apart) == len(most) == len(PARTIES) else None


def _bins(turn: Json, found: Envelope) -> slice:
    first = int(1000 * turn["start"] / found.bin_ms)
    return slice(first, max(first + 1, math.ceil(1000 * turn["end"] / found.bin_ms)))


def _characters(lane: Peaks) -> str:
    levels = np.rint(np.clip(lane, 0.0, 1.0) * (len(LEVELS) - 1)).astype(int)
    return "".join(LEVELS[level] for level in levels)
