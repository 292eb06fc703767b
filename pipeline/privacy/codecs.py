"""Covered sound in the codec that it came in: MP3 and Ogg Opus beside WAV, through FFmpeg (PyAV)."""

from __future__ import annotations

import io
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import FormError
from pipeline.privacy.clips import pcm_of_wav

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Codec(StrEnum):
    """What sound can be written as."""

    WAV = "wav"
    MP3 = "mp3"
    OPUS = "opus"

    @property
    def suffix(self) -> str:
        """Of a file in it."""
        return f".{self.value}"


_OPUS_RATES: Final = (8_000, 12_000, 16_000, 24_000, 48_000)
_ENCODERS: Final[dict[Codec, tuple[str, str, int]]] = {
    Codec.MP3: ("mp3", "libmp3lame", 32_000),
    Codec.OPUS: ("ogg", "libopus", 24_000),
}
"""Container, encoder, bits a second and channel; speech of a telephone is transparent at these."""


def codec_of(name: str) -> Codec:
    """The codec in which a recording is written again, by FFmpeg's name of its own: WAV for all others."""
    return {"mp3": Codec.MP3, "opus": Codec.OPUS}.get(name, Codec.WAV)


def encode(wav: bytes, codec: Codec) -> bytes:
    """16-bit WAV in another codec; channels and rate stay.

    Raises:
        FormError: the encoder is not there or refuses.
    """
    if codec is Codec.WAV:
        return wav
    sound = pcm_of_wav(wav)
    if sound is None:
        raise FormError(f"no 16-bit WAV to write as {codec}")
    samples, rate = sound
    if codec is Codec.OPUS and rate not in _OPUS_RATES:
        raise FormError(f"Opus has no rate of {rate} Hz")
    from av.error import FFmpegError

    try:
        return _encoded(samples, rate, *_ENCODERS[codec])
    except (FFmpegError, ValueError) as error:
        raise FormError(f"the encoder of {codec} gave up: {type(error).__name__}") from error


def _encoded(samples: NDArray[np.int16], rate: int, container: str, encoder: str, bit_rate: int) -> bytes:
    import av

    channels = samples.shape[1]
    layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}c")
    buffer = io.BytesIO()
    with av.open(buffer, mode="w", format=container) as file:
        stream: Any = file.add_stream(encoder, rate=rate)
        stream.layout = layout
        stream.bit_rate = bit_rate * channels
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout=layout
        )
        frame.sample_rate = rate
        # Encoders take planes and frames of their own: the resampler cuts and converts.
        stream.codec_context.open()
        resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout=layout,
            rate=rate,
            frame_size=stream.codec_context.frame_size,
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return buffer.getvalue()
