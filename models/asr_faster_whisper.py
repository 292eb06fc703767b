"""Whisper through faster-whisper (CTranslate2): the default transcriber."""

from __future__ import annotations

import logging
import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from models.asr_segments import (
    COMPRESSION_RATIO_LIMIT,
    LOG_PROBABILITY_LIMIT,
    NO_SPEECH_LIMIT,
    RawWord,
    build_segment,
    is_silent,
    without_loops,
)
from models.engine_errors import engine_errors, loading_errors
from pipeline.ports import SAMPLE_RATE

if TYPE_CHECKING:
    from pathlib import Path

    from models.weights import Catalogue
    from pipeline.settings import AsrSettings, Settings
    from pipeline.types import Samples, Segment

_ENGINE = "faster-whisper"
_AGAINST_LOOPS = {"repetition_penalty": 1.2, "no_repeat_ngram_size": 4}


class FasterWhisperTranscriber:
    """The sequential algorithm: 30 s windows that continue from the last timestamp.

    No prompt and no text of earlier windows goes in, so that no error is carried on. A text that loops
    is decoded once more by the same beam with repetitions barred.

    Args:
        folder: a CTranslate2 Whisper model with its tokenizer.
        digest: SHA-256 of the weights, for :attr:`identity`.
        settings: beam, language, device, compute type and threads.

    Raises:
        ModelError: the folder holds no usable model, or the device is not there.
    """

    def __init__(self, folder: Path, digest: str, settings: AsrSettings) -> None:
        with loading_errors(_ENGINE):
            from faster_whisper import WhisperModel

            logging.getLogger("faster_whisper").setLevel(logging.WARNING)
            self._model = WhisperModel(
                str(folder),
                device=settings.device,
                compute_type=settings.compute_type,
                cpu_threads=settings.threads or cores(),
                local_files_only=True,
            )
        self._settings = settings
        self._weights = f"{folder.name}@{digest[:12]}"

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """From ``asr.model_path`` if there is one, else from the catalogue's ``asr.model``."""
        asr = settings.asr
        local = settings.path(asr.model_path) if asr.model_path else None
        return cls(*catalogue.folder_of(asr.model, local), asr)

    @property
    def identity(self) -> str:
        """Name, versions, model, weight digest, compute type and beam."""
        settings = self._settings
        return (
            f"{_ENGINE}/{version('faster-whisper')} ctranslate2/{version('ctranslate2')} "
            f"{self._weights} "
            f"{settings.compute_type} beam{settings.beam_size}"
        )

    def transcribe(self, samples: Samples) -> tuple[Segment, ...]:
        """Segments of 16 kHz mono ``samples`` (any length), in time order, with word times.

        Raises:
            EngineError: the engine failed.
        """
        if is_silent(samples):
            return ()
        with engine_errors(_ENGINE):
            return without_loops(lambda again: self._decode(samples, _AGAINST_LOOPS if again else {}))

    def _decode(self, samples: Samples, options: dict[str, Any]) -> tuple[Segment, ...]:
        duration_ms = samples.size * 1000 // SAMPLE_RATE
        raw, _ = self._model.transcribe(
            samples,
            language=self._settings.language,
            task="transcribe",
            beam_size=self._settings.beam_size,
            temperature=[0.0],
            compression_ratio_threshold=COMPRESSION_RATIO_LIMIT,
            log_prob_threshold=LOG_PROBABILITY_LIMIT,
            no_speech_threshold=NO_SPEECH_LIMIT,
            condition_on_previous_text=False,
            word_timestamps=True,
            **options,
        )
        segments = (_segment(item, duration_ms) for item in raw)
        return tuple(s for s in segments if s is not None)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _segment(item: Any, duration_ms: int) -> Segment | None:
    return build_segment(
        text=item.text,
        start=item.start,
        end=item.end,
        words=[
            RawWord(text=w.word, start=w.start, end=w.end, probability=w.probability)
            for w in item.words or ()
        ],
        duration_ms=duration_ms,
        avg_logprob=item.avg_logprob,
        no_speech_prob=item.no_speech_prob,
        compression_ratio=item.compression_ratio,
        temperature=item.temperature,
    )
