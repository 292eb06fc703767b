"""When personal data are heard, and covering those stretches of a recording.

A covered stretch holds nothing of what was said: its samples are replaced, on every channel, because a voice
leaks into the other party's channel and a doubled recording has it on both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

Cover = Literal["beep", "silence"]
"""What stands in place of what was said."""

MARGIN_MS: Final = 120
"""Word times of a recogniser are off by about this much at either end."""

BEEP_HZ: Final = 1000
_FRAME_MS: Final = 20
_RAMP_MS: Final = 8
"""A tone that begins at full level clicks."""

_QUIETEST_DB: Final = -40.0
_LOUDEST_DB: Final = -12.0
_FULL: Final = 32767.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSpan:
    """A stretch of a recording in which personal data are heard; half-open.

    Attributes:
        start_ms: from the start of the recording.
        end_ms: after the last sound of it.
        kind: what is said there, see :class:`pipeline.personal.Kind`; empty where several meet.
    """

    start_ms: int
    end_ms: int
    kind: str = ""


def merged(spans: Iterable[SoundSpan], *, margin_ms: int = 0) -> tuple[SoundSpan, ...]:
    """Spans in order, widened by ``margin_ms`` at both ends; those that then meet are one."""
    joined: list[SoundSpan] = []
    for span in sorted(spans, key=lambda one: (one.start_ms, one.end_ms, one.kind)):
        start, end = max(0, span.start_ms - margin_ms), span.end_ms + margin_ms
        if joined and start <= joined[-1].end_ms:
            last = joined[-1]
            kind = last.kind if last.kind == span.kind else ""
            joined[-1] = SoundSpan(start_ms=last.start_ms, end_ms=max(last.end_ms, end), kind=kind)
        elif end > start:
            joined.append(SoundSpan(start_ms=start, end_ms=end, kind=span.kind))
    return tuple(joined)


def cover(
    sound: NDArray[np.int16],
    rate: int,
    spans: Sequence[SoundSpan],
    *,
    mode: Cover = "beep",
    level: float | None = None,
    from_ms: int = 0,
) -> NDArray[np.int16]:
    """The sound with every span covered on all channels.

    Args:
        sound: shape ``(num_samples, channels)``, 16-bit.
        rate: Hz.
        spans: what to cover, in ms of the recording.
        mode: a tone of 1 kHz, or nothing.
        level: root mean square of the tone, 0..1; that of the speech in ``sound`` when left out.
        from_ms: where ``sound`` begins in the recording.

    Returns:
        A new array of the same shape.
    """
    covered = sound.copy()
    loud = call_level(sound, rate) if level is None else level
    for span in spans:
        # outward: a sample that is partly inside is covered
        begin = math.floor((span.start_ms - from_ms) * rate / 1000)
        end = math.ceil((span.end_ms - from_ms) * rate / 1000)
        start, stop = max(0, begin), min(len(covered), end)
        if stop > start:
            covered[start:stop] = 0 if mode == "silence" else _tone(stop - start, rate, loud)[:, None]
    return covered


def call_level(sound: NDArray[np.int16], rate: int) -> float:
    """The level of the speech as root mean square, 0..1.

    The 90th percentile of 20 ms frames of the louder channel, kept between -40 and -12 dB of full scale.
    """
    frame = max(1, rate * _FRAME_MS // 1000)
    whole = len(sound) // frame * frame
    loudest = 0.0
    if whole:
        for channel in range(sound.shape[1]):
            # in float32 a frame at a time: a call of hours stays within twice its own size
            frames = sound[:whole, channel].reshape(-1, frame).astype(np.float32) / _FULL
            power = np.einsum("ij,ij->i", frames, frames) / frame
            loudest = max(loudest, float(np.percentile(power, 90)))
    db = 10 * math.log10(loudest) if loudest > 0 else _QUIETEST_DB
    return float(10 ** (min(max(db, _QUIETEST_DB), _LOUDEST_DB) / 20))


def _tone(length: int, rate: int, level: float) -> NDArray[np.int16]:
    at = np.arange(length, dtype=np.float64)
    tone = np.sin(2 * np.pi * BEEP_HZ * at / rate) * level * math.sqrt(2)
    ramp = max(1, min(rate * _RAMP_MS // 1000, length // 2))
    envelope = np.minimum(1.0, np.minimum(at + 1, length - at) / ramp)
    return np.asarray(np.rint(tone * envelope * _FULL), dtype=np.int16)
