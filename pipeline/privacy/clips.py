"""Stretches of a recording as WAV that every browser plays, with personal data covered.

    >>> from pipeline.privacy.clips import Clipper
    >>> clipper = Clipper(Path("results/audio/demo-001.wav"), sound_spans(call, spans))
    >>> wav = clipper.clip(*around(finding_start_ms, finding_end_ms))

What reads the recording once keeps it: make one :class:`Clipper` a call, not one a clip.
"""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.privacy.hearing import sound_spans
from pipeline.privacy.sound import Cover, SoundSpan, call_level, cover, merged
from pipeline.privacy.vault import read_sound_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CONTEXT_MS: Final = 10_000
"""What is heard before and after the evidence in a clip."""

MOST_RATE: Final = 16_000
_SAMPLE_BYTES: Final = 2


def around(start_ms: int, end_ms: int, context_ms: int = CONTEXT_MS) -> tuple[int, int]:
    """A stretch with its context, not before the recording's start; :meth:`Clipper.clip` ends it in time."""
    return max(0, start_ms - context_ms), end_ms + context_ms


class Clipper:
    """Cuts a recording; personal data are covered in everything that comes out.

    Args:
        recording: a playable copy (``DIR/audio/<stem>.wav``) or any recording that Tinghe decodes.
        spans: what to cover, see :func:`pipeline.privacy.hearing.sound_spans`; ``()`` covers nothing.
        mode: ``beep`` (1 kHz at the level of the call) or ``silence``.
        key: opens a recording that is encrypted, see :func:`pipeline.privacy.vault.key_of`.

    Raises:
        RecordingError: the recording cannot be read.
    """

    def __init__(
        self, recording: Path, spans: Sequence[SoundSpan], *, mode: Cover = "beep", key: bytes | None = None
    ) -> None:
        self._sound, self.rate = read_pcm(recording, key)
        self._spans = merged(spans)
        self._mode = mode
        self._level = call_level(self._sound, self.rate)

    @property
    def duration_ms(self) -> int:
        """Length of the recording, rounded down."""
        return len(self._sound) * 1000 // self.rate

    @property
    def channels(self) -> int:
        """Channels of the recording and of every clip."""
        return int(self._sound.shape[1])

    def clip(self, start_ms: int, end_ms: int) -> bytes:
        """A stretch as 16-bit WAV at the recording's rate (at most 16 kHz), its channels as they are.

        Args:
            start_ms: first millisecond; what is before the recording is left out.
            end_ms: after the last millisecond; what is after the recording is left out.

        Raises:
            ValueError: nothing of the recording lies in the stretch.
        """
        start, end = max(0, start_ms), min(end_ms, -(-len(self._sound) * 1000 // self.rate))
        if end <= start:
            raise ValueError(f"no sound between {start_ms} and {end_ms} ms")
        first, last = start * self.rate // 1000, end * self.rate // 1000
        piece = self._sound[first:last]
        covered = cover(
            piece, self.rate, self._shifted(start, first), mode=self._mode, level=self._level, from_ms=start
        )
        return wav_bytes(covered, self.rate)

    def whole(self) -> bytes:
        """All of it as 16-bit WAV."""
        covered = cover(self._sound, self.rate, self._spans, mode=self._mode, level=self._level)
        return wav_bytes(covered, self.rate)

    def _shifted(self, start_ms: int, first: int) -> Sequence[SoundSpan]:
        # The clip begins at a whole sample: a millisecond more on either side where that is not start_ms.
        exact = first * 1000 == start_ms * self.rate
        return self._spans if exact else merged(self._spans, margin_ms=1)


def clip(
    call: Mapping[str, Any],
    recording: Path,
    start_ms: int,
    end_ms: int,
    *,
    mask: bool = True,
    names: Iterable[str] = (),
    mode: Cover = "beep",
    key: bytes | None = None,
) -> bytes:
    """One stretch of a call's recording as WAV; for several make one :class:`Clipper`.

    Args:
        call: the JSON of the call in the published form.
        recording: of the call.
        start_ms: first millisecond.
        end_ms: after the last.
        mask: whether personal data are covered.
        names: full names that the file holds.
        mode: ``beep`` or ``silence``.
        key: opens an encrypted recording.

    Raises:
        RecordingError: the recording cannot be read.
        ValueError: nothing of it lies in the stretch.
    """
    spans = sound_spans(call, names=names) if mask else ()
    return Clipper(recording, spans, mode=mode, key=key).clip(start_ms, end_ms)


def read_pcm(recording: Path, key: bytes | None = None) -> tuple[NDArray[np.int16], int]:
    """The samples of a recording, shape ``(num_samples, channels)``, and their rate (at most 16 kHz).

    Raises:
        RecordingError: the recording cannot be read.
    """
    content = read_sound_file(recording, key)
    return pcm_of_wav(content) or _decoded(recording)


def pcm_of_wav(content: bytes) -> tuple[NDArray[np.int16], int] | None:
    """The samples and rate of a 16-bit WAV file of at most 16 kHz; ``None`` for anything else."""
    try:
        with wave.open(io.BytesIO(content), "rb") as file:
            if file.getsampwidth() != _SAMPLE_BYTES or file.getframerate() > MOST_RATE:
                return None
            frames = file.readframes(file.getnframes())
            channels, rate = file.getnchannels(), file.getframerate()
    except (wave.Error, EOFError):
        return None
    usable = len(frames) // (_SAMPLE_BYTES * channels) * channels
    return np.frombuffer(frames, dtype="<i2", count=usable).reshape(-1, channels), rate


def wav_bytes(sound: NDArray[np.int16], rate: int) -> bytes:
    """16-bit PCM WAV of samples of shape ``(num_samples, channels)``."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(_SAMPLE_BYTES)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(sound, dtype="<i2").tobytes())
    return buffer.getvalue()


def _decoded(recording: Path) -> tuple[NDArray[np.int16], int]:
    from pipeline.audio import decode
    from pipeline.settings import load_settings
    from pipeline.types import Recording

    audio = decode(Recording(path=recording), load_settings().audio)
    # what came at 8 kHz or less has nothing above 4 kHz: every second sample is enough
    step = 2 if audio.source_rate * 2 <= audio.sample_rate else 1
    channels = [channel.samples[::step] for channel in audio.channels]
    length = max(map(len, channels), default=0)
    sound = np.zeros((length, len(channels)), dtype=np.int16)
    for column, samples in enumerate(channels):
        sound[: len(samples), column] = np.clip(np.rint(samples * 32767.0), -32768, 32767)
    return sound, audio.sample_rate // step
