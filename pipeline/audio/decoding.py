"""From an open file to channels of samples at 16 kHz, through FFmpeg (PyAV), frame by frame.

FFmpeg gets an open file and a demuxer that the sniffer chose, never a name or an address; codecs
are allow-listed; what it raises comes out as :class:`~pipeline.errors.RecordingError`.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn

import numpy as np

from pipeline.errors import RecordingError
from pipeline.types import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.audio.sniff import Source
    from pipeline.settings import AudioSettings

SAMPLE_RATE: Final = 16000
"""Hz. What Whisper, Silero and the speaker models want."""

DECODERS: Final = frozenset(
    {
        *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_alaw", "pcm_mulaw"),
        *("gsm", "gsm_ms", "g722", "g723_1", "g726", "g726le", "g729", "adpcm_ima_wav", "adpcm_ms"),
        *("mp2", "mp2float", "mp3", "mp3float", "amrnb", "amrwb", "opus", "vorbis", "aac", "alac", "flac"),
        *("wmav1", "wmav2", "wmapro", "wmavoice"),
    }
)
"""FFmpeg's names of the decoders that may run."""

_DEMUXERS: Final = (
    "wav,mp3,amr,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,flac,asf,aac,au,alaw,mulaw,gsm,s16le"
)
_GUARDS: Final = {
    "codec_whitelist": ",".join(sorted(DECODERS)),
    "format_whitelist": _DEMUXERS,
    "protocol_whitelist": "none",
    # enough for any of the allowed containers; a hostile header cannot ask for more
    "probesize": "1048576",
    "analyzeduration": "5000000",
}

_NOTHING: Final[Samples] = np.zeros(0, dtype=np.float32)
_BLOCK_SAMPLES: Final = 60 * SAMPLE_RATE
_UNKNOWN_PACKET_S: Final = 0.1
"""Assumed length of a packet that does not say how long it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What was decoded.

    Attributes:
        channels: one array of shape ``(num_samples,)`` a channel, at :data:`SAMPLE_RATE`.
        codec: canonical name of the codec.
        source_rate: Hz in the file.
        declared_s: length in seconds that the container's own header gives, ``None`` if it gives none.
    """

    channels: tuple[Samples, ...]
    codec: str
    source_rate: int
    declared_s: float | None

    @property
    def num_samples(self) -> int:
        """Samples a channel."""
        return len(self.channels[0])


def read_sound(file: BinaryIO, source: Source, limits: AudioSettings) -> Sound:
    """Decode all of ``file``.

    Packets that do not decode, or change the number of channels, are left out as long as they hold
    no more sound than ``limits.truncation_tolerance_s``.

    Raises:
        RecordingError: with the reason; among others ``too_long`` as soon as ``limits.max_seconds``
            are decoded, whatever the file claims.
    """
    import av
    from av.error import FFmpegError

    file.seek(0)
    try:
        with av.open(
            _FileView(file),
            mode="r",
            format=source.demuxer,
            options={**_GUARDS, **source.options},
            metadata_errors="replace",  # tags of Chinese software are often GBK
            io_open=_refuse_other_files,
        ) as container:
            return _decode_stream(container, limits)
    except (FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        raise as_recording_error(error) from error


class _FileView:
    """What FFmpeg may do with the file. It has no name, and impossible seeks fail without an exception.

    Damaged files ask for places before the beginning; PyAV would print a traceback for each.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.tell = file.tell
        self._seek = file.seek

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new position, or a negative error number as FFmpeg expects it."""
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -errno.EINVAL


def as_recording_error(error: Exception) -> RecordingError:
    """The error of ours that stands for an error of PyAV or of reading the file.

    The text of FFmpeg's error is left out, because it holds the file's name.
    """
    import av.error as av_error

    no_decoder = (
        av_error.LookupError,  # a demuxer, decoder, protocol, option that is not there
        av_error.PatchWelcomeError,
        av_error.NotImplementedError,
        av_error.ExperimentalError,
        av_error.HTTPError,  # a file that points to another place
        av_error.HTTPClientError,
    )
    detail = getattr(error, "strerror", None) or type(error).__name__
    if isinstance(error, no_decoder):
        return RecordingError("unsupported_container", f"no decoder for this content: {detail}")
    # FFmpeg opens no file here: its own input/output errors speak of the content
    if isinstance(error, OSError) and not isinstance(error, av_error.FFmpegError):
        return RecordingError("unreadable_file", f"the file cannot be read: {detail}")
    return RecordingError("decode_failed", f"the decoder gave up: {detail}")


def _refuse_other_files(*_: object) -> NoReturn:
    raise RecordingError("unsupported_container", "the content points to another file")


def _decode_stream(container: Any, limits: AudioSettings) -> Sound:
    stream = container.streams.best("audio")
    if stream is None:
        raise RecordingError("unsupported_container", "the file holds no audio stream")
    context = stream.codec_context
    if context is None or context.name not in DECODERS:
        name = "an unknown codec" if context is None else f"the codec {context.name}"
        raise RecordingError("unsupported_container", f"{name} is not on the allow list")
    context.thread_count = 1
    collector = _Collector(limits)
    for frame in _frames(container, stream, limits):
        collector.add(frame)
    declared = float(stream.duration * stream.time_base) if stream.duration and stream.duration > 0 else None
    return Sound(
        channels=collector.finish(),
        codec=context.codec.canonical_name,
        source_rate=collector.source_rate or context.sample_rate,
        declared_s=declared,
    )


def _frames(container: Any, stream: Any, limits: AudioSettings) -> Iterator[Any]:
    """The decoded frames; gives up when too much of the sound does not decode."""
    from av.error import FFmpegError

    lost_s, channels = 0.0, 0
    failure: Exception | None = None
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except FFmpegError as error:
            failure = error
            lost_s += float(packet.duration * packet.time_base) if packet.duration else _UNKNOWN_PACKET_S
            frames = []
        for frame in frames:
            channels = channels or frame.layout.nb_channels
            if frame.layout.nb_channels == channels:
                yield frame
            else:  # a damaged frame header
                change = f"from {channels} to {frame.layout.nb_channels} channels"
                failure = RecordingError("decode_failed", f"the sound changes {change}")
                lost_s += frame.samples / frame.sample_rate
        if failure is not None and lost_s > limits.truncation_tolerance_s:
            raise failure
    if failure is not None and channels == 0:
        raise failure


class _Collector:
    """Resamples frames and keeps each channel's pieces apart; at most ``max_seconds`` of them."""

    def __init__(self, limits: AudioSettings) -> None:
        self.source_rate = 0
        self._limits = limits
        self._setup: tuple[str, str, int] | None = None
        self._resampler: Any = None
        self._num_samples = self._unmerged = self._blocks = 0
        self._pieces: list[list[Samples]] = []

    def add(self, frame: Any) -> None:
        """Take one decoded frame.

        Raises:
            RecordingError: there is more sound than allowed, or its form is not.
        """
        setup = (frame.format.name, frame.layout.name, frame.sample_rate)
        if setup != self._setup:
            self._start(frame)
            self._setup = setup
        frame.pts = None  # broken time stamps must not stretch or drop sound
        self._keep(self._resampler.resample(frame))

    def finish(self) -> tuple[Samples, ...]:
        """All samples, a channel at a time so that only one of them is ever held twice."""
        self._flush()
        joined: list[Samples] = []
        while self._pieces:
            joined.append(np.concatenate([_NOTHING, *self._pieces.pop(0)]))
        return tuple(joined) or (_NOTHING,)

    def _start(self, frame: Any) -> None:
        """Begin, or go on after the sound changes its form in mid-file (joined recordings)."""
        import av

        rate, channels = frame.sample_rate, frame.layout.nb_channels
        if not self._limits.min_rate_hz <= rate <= self._limits.max_rate_hz:
            allowed = f"{self._limits.min_rate_hz} to {self._limits.max_rate_hz} Hz"
            raise RecordingError("unsupported_rate", f"{rate} Hz is outside {allowed}")
        if channels > self._limits.max_channels:
            raise RecordingError(
                "too_many_channels", f"{channels} channels, at most {self._limits.max_channels} allowed"
            )
        self._flush()
        self.source_rate = self.source_rate or rate
        self._pieces = self._pieces or [[] for _ in range(channels)]
        self._resampler = av.AudioResampler(format="fltp", layout=frame.layout, rate=SAMPLE_RATE)

    def _flush(self) -> None:
        if self._resampler is not None:
            self._keep(self._resampler.resample(None))

    def _keep(self, frames: list[Any]) -> None:
        for frame in frames:
            if frame is None:
                continue
            self._num_samples += frame.samples
            if self._num_samples > self._limits.max_seconds * SAMPLE_RATE:
                raise RecordingError("too_long", f"there is more sound than {self._limits.max_seconds:g} s")
            block = np.nan_to_num(frame.to_ndarray(), nan=0.0, posinf=1.0, neginf=-1.0)
            np.clip(block, -1.0, 1.0, out=block)
            for pieces, channel in zip(self._pieces, block, strict=True):
                pieces.append(channel.copy())
            self._unmerged += frame.samples
            if self._unmerged >= _BLOCK_SAMPLES:
                self._merge()

    def _merge(self) -> None:
        """Join the small pieces: memory of large ones goes back to the system when they are freed."""
        for pieces in self._pieces:
            pieces[self._blocks :] = [np.concatenate(pieces[self._blocks :])]
        self._blocks += 1
        self._unmerged = 0
