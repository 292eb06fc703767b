"""Speech activity with Silero VAD on onnxruntime.

The weights come from the ``silero-vad`` package, but the package is never imported: importing it
sets torch to one thread for the whole process.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Self

import numpy as np

from models.engine_errors import engine_errors, loading_errors
from pipeline.ports import SAMPLE_RATE
from pipeline.types import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from models.weights import Catalogue
    from pipeline.settings import Settings, VadSettings
    from pipeline.types import Samples

_ENGINE = "silero"
_FRAME = 512
"""Samples a frame (32 ms); the network knows no other length at 16 kHz."""
_CONTEXT = 64
"""Samples of the frame before that go in ahead of each frame."""
_BLOCK = 512
"""Frames a call (16.4 s): bounds memory whatever the length."""
_FRAME_MS = _FRAME * 1000 // SAMPLE_RATE
_HYSTERESIS = 0.15
"""Speech ends only when the probability falls this far below the threshold (Silero's own value)."""


class SileroDetector:
    """Frame probabilities turned into padded intervals.

    Args:
        model: ``silero_vad_16k_sequence.onnx``, which takes many frames a call and carries its
            state from one to the next.
        digest: SHA-256 of the weights, for :attr:`identity`.
        settings: threshold, shortest speech and silence, padding.

    Raises:
        ModelError: the file is no usable model.
    """

    def __init__(self, model: Path, digest: str, settings: VadSettings) -> None:
        with loading_errors(_ENGINE):
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(
                str(model), sess_options=options, providers=["CPUExecutionProvider"]
            )
        self._digest = digest
        self._settings = settings

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """From the catalogue's ``silero-vad``."""
        folder = catalogue.ensure("silero-vad")
        return cls(folder / "silero_vad_16k_sequence.onnx", catalogue.digest("silero-vad"), settings.vad)

    @property
    def identity(self) -> str:
        """Name, runtime, weight digest and settings."""
        s = self._settings
        return (
            f"{_ENGINE} onnxruntime/{version('onnxruntime')} silero-vad@{self._digest[:12]} "
            f"threshold={s.threshold} speech={s.min_speech_ms} silence={s.min_silence_ms} pad={s.pad_ms}"
        )

    def detect(self, samples: Samples) -> tuple[Interval, ...]:
        """Speech intervals of 16 kHz mono ``samples``, in time order, not overlapping.

        Raises:
            EngineError: the engine failed.
        """
        return speech_intervals(
            self.probabilities(samples), samples.size * 1000 // SAMPLE_RATE, self._settings
        )

    def probabilities(self, samples: Samples) -> NDArray[np.float32]:
        """Probability of speech in each 32 ms frame, shape ``(ceil(num_samples / 512),)``.

        Raises:
            EngineError: the engine failed.
        """
        hidden = np.zeros((1, 1, 128), dtype=np.float32)
        cell = np.zeros((1, 1, 128), dtype=np.float32)
        found = []
        with engine_errors(_ENGINE):
            for block in _blocks(samples):
                values, hidden, cell = self._session.run(
                    ["speech_probs", "hn", "cn"], {"input": block, "h": hidden, "c": cell}
                )
                found.append(values.reshape(-1))
        return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)


def _blocks(samples: Samples) -> Iterator[NDArray[np.float32]]:
    """Frames with their context, shape ``(frames, 576)``; the last frame is filled up with zeros."""
    context = np.zeros(_CONTEXT, dtype=np.float32)
    for start in range(0, samples.size, _FRAME * _BLOCK):
        piece = samples[start : start + _FRAME * _BLOCK]
        frames = np.zeros((-(-piece.size // _FRAME), _FRAME), dtype=np.float32)
        frames.reshape(-1)[: piece.size] = piece
        contexts = np.vstack([context, frames[:-1, -_CONTEXT:]])
        context = frames[-1, -_CONTEXT:]
        yield np.hstack([contexts, frames])


def speech_intervals(
    probabilities: NDArray[np.float32], duration_ms: int, settings: VadSettings
) -> tuple[Interval, ...]:
    """Intervals from frame probabilities.

    Speech starts at ``threshold`` and ends when the probability stays below ``threshold - 0.15`` for
    ``min_silence_ms``; shorter pieces than ``min_speech_ms`` are dropped, the rest is padded by
    ``pad_ms`` on each side, and neighbours whose padding would meet share the pause between them.

    Args:
        probabilities: one a 32 ms frame.
        duration_ms: where the sound ends.
        settings: the four values above.
    """
    raw = [
        Interval(start_ms=start, end_ms=end)
        for start, end in _runs(probabilities, settings)
        if end - start >= settings.min_speech_ms
    ]
    starts = [max(0, i.start_ms - settings.pad_ms) for i in raw]
    ends = [min(duration_ms, i.end_ms + settings.pad_ms) for i in raw]
    for k in range(1, len(raw)):
        if starts[k] < ends[k - 1]:
            starts[k] = ends[k - 1] = (raw[k - 1].end_ms + raw[k].start_ms) // 2
    return tuple(Interval(start_ms=s, end_ms=e) for s, e in zip(starts, ends, strict=True) if s < e)


def _runs(probabilities: NDArray[np.float32], settings: VadSettings) -> Iterator[tuple[int, int]]:
    """Start and end in milliseconds of each run of speech, before any padding."""
    low = max(settings.threshold - _HYSTERESIS, 0.01)
    start: int | None = None
    quiet: int | None = None
    for frame, probability in enumerate(probabilities.tolist()):
        now = frame * _FRAME_MS
        if probability >= settings.threshold:
            start, quiet = now if start is None else start, None
        elif start is not None and probability < low:
            quiet = now if quiet is None else quiet
            if now + _FRAME_MS - quiet >= settings.min_silence_ms:
                yield start, quiet
                start = quiet = None
    if start is not None:
        yield start, quiet if quiet is not None else len(probabilities) * _FRAME_MS
