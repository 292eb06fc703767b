"""Whisper through faster-whisper (CTranslate2): the default transcriber.

faster-whisper loads the model, makes log-mel features and knows the tokenizer; the windows, what is done
with them and the safeguards are the pipeline's own, so of its decoding only the model is used. Windows
are encoded one by one, because an encoder gains nothing from a batch on a CPU, and decoded together,
because a decoder's step costs the reading of its weights, however many texts take it.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from models.asr_segments import (
    AlignedWord,
    TimedText,
    WindowText,
    encoded_samples,
    in_batches,
    is_silent,
    window_segments,
)
from models.engine_errors import engine_errors, loading_errors
from models.threads import threads_each
from models.whisper_tokens import MOST_TOKENS, split_at_timestamps
from models.whisper_vocabulary import RenumberedWhisper, shortened, vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.weights import Catalogue
    from models.whisper_tokens import Stretch
    from pipeline.settings import Settings
    from pipeline.types import Samples, Segment

    Features = NDArray[np.float32]

_ENGINE = "faster-whisper"
_AGAINST_LOOPS = {"repetition_penalty": 1.2, "no_repeat_ngram_size": 4}
_LATEST_START = 50
"""The first timestamp is at most 1 s, as in Whisper's own decoding."""


class FasterWhisperTranscriber:
    """CTranslate2's encoder, beam search and alignment, a batch of windows at a time.

    Args:
        folder: a CTranslate2 Whisper model with its tokenizer.
        digest: SHA-256 of the weights, for :attr:`identity`.
        settings: language, device, compute type, batch and threads; how many workers will call
            :meth:`transcribe` at the same time.

    Raises:
        ModelError: the folder holds no usable model, or the device is not there.
    """

    def __init__(self, folder: Path, digest: str, settings: Settings) -> None:
        asr = settings.asr
        with loading_errors(_ENGINE):
            from faster_whisper import WhisperModel
            from faster_whisper.tokenizer import Tokenizer
            from faster_whisper.transcribe import get_suppressed_tokens

            logging.getLogger("faster_whisper").setLevel(logging.WARNING)
            device = _device(asr.device)
            vocabulary = vocabulary_of(folder, asr)
            self._model = WhisperModel(
                str(folder),
                files=shortened(folder, vocabulary) if vocabulary else None,
                device=device,
                compute_type=_compute_type(asr.compute_type, device),
                cpu_threads=threads_each(settings),
                num_workers=settings.batch.workers if device == "cpu" else 1,
                local_files_only=True,
            )
            if vocabulary:
                self._model.model = RenumberedWhisper(self._model.model, vocabulary)
            self._tokenizer = Tokenizer(
                self._model.hf_tokenizer,
                self._model.model.is_multilingual,
                task="transcribe",
                language=asr.language,
            )
            self._suppressed = list(get_suppressed_tokens(self._tokenizer, [-1]))
        self._settings = asr
        self._weights = f"{folder.name}@{digest[:12]}{' chinese' if vocabulary else ''}"

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """From ``asr.model_path`` if there is one, else from the catalogue's ``asr.model``."""
        asr = settings.asr
        local = settings.path(asr.model_path) if asr.model_path else None
        return cls(*catalogue.folder_of(asr.model, local), settings)

    @property
    def identity(self) -> str:
        """Name, versions, model, weight digest and compute type."""
        return (
            f"{_ENGINE}/{version('faster-whisper')} ctranslate2/{version('ctranslate2')} "
            f"{self._weights} {_compute_type(self._settings.compute_type, self._model.model.device)}"
        )

    @property
    def takes_turns(self) -> bool:
        """Whether one use at a time, with the windows of all calls, is best: on a GPU."""
        return bool(self._model.model.device != "cpu")

    def transcribe(
        self, windows: Sequence[Samples], *, beam_size: int, bar_loops: bool = False
    ) -> tuple[tuple[Segment, ...], ...]:
        """Segments of each 16 kHz mono window, see :class:`pipeline.ports.Transcriber`.

        Raises:
            EngineError: the engine failed.
        """
        options = _AGAINST_LOOPS if bar_loops else {}
        found: dict[int, tuple[Segment, ...]] = {}
        with engine_errors(_ENGINE):
            audible = [index for index, window in enumerate(windows) if not is_silent(window)]
            for batch in in_batches(audible, windows, self._settings.batch):
                answers = self._decode([windows[index] for index in batch], beam_size, options)
                found.update(zip(batch, answers, strict=True))
        return tuple(found.get(index, ()) for index in range(len(windows)))

    def _decode(
        self, windows: Sequence[Samples], beam_size: int, options: dict[str, Any]
    ) -> list[tuple[Segment, ...]]:
        encoded = self._encode(windows)
        results = self._model.model.generate(
            encoded,
            [self._tokenizer.sot_sequence] * len(windows),
            beam_size=beam_size,
            max_length=len(self._tokenizer.sot_sequence) + MOST_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
            max_initial_timestamp_index=_LATEST_START,
            **options,
        )
        written = [
            split_at_timestamps(
                result.sequences_ids[0],
                first_timestamp=self._tokenizer.timestamp_begin,
                end=self._tokenizer.eot,
            )
            for result in results
        ]
        aligned = self._words(encoded, windows, written)
        return [
            window_segments(window, self._text(result, stretches, words))
            for window, result, stretches, words in zip(windows, results, written, aligned, strict=True)
        ]

    def _text(self, result: Any, stretches: Sequence[Stretch], words: tuple[AlignedWord, ...]) -> WindowText:
        size = len(result.sequences_ids[0])
        return WindowText(
            texts=tuple(
                TimedText.of(stretch, self._tokenizer.decode(list(stretch.tokens))) for stretch in stretches
            ),
            words=words,
            # The score is a mean over the tokens without the end, which Whisper counts.
            avg_logprob=result.scores[0] * size / (size + 1),
            no_speech_prob=result.no_speech_prob,
        )

    def _encode(self, windows: Sequence[Samples]) -> Any:
        """Encoder output of windows of one length, ``(windows, frames, state)``, on the model's device."""
        import ctranslate2

        features = [self._features(window) for window in windows]
        model = self._model.model
        if model.device != "cpu":
            return model.encode(ctranslate2.StorageView.from_array(np.stack(features)), to_cpu=False)
        single = [
            np.asarray(model.encode(ctranslate2.StorageView.from_array(feature[None])))
            for feature in features
        ]
        return ctranslate2.StorageView.from_array(np.concatenate(single))

    def _features(self, window: Samples) -> Features:
        """Log-mel features of a window, filled up with silence to the length that it is encoded at."""
        length = encoded_samples(window.size)
        padded = np.pad(window, (0, length - window.size))
        features = self._model.feature_extractor(padded, padding=0)[:, : length // 160]
        return np.ascontiguousarray(features, dtype=np.float32)

    def _words(
        self, encoded: Any, windows: Sequence[Samples], written: Sequence[Sequence[Stretch]]
    ) -> list[tuple[AlignedWord, ...]]:
        """Aligned words of each window, from the encoder output that it was decoded from."""
        texts = [[token for stretch in stretches for token in stretch.tokens] for stretches in written]
        if not any(texts):
            return [() for _ in windows]
        frames: Any = [-(-window.size // 160) for window in windows]  # one a window, declared as one for all
        aligned: Any = self._model.find_alignment(self._tokenizer, texts, encoded, frames)
        return [
            tuple(
                AlignedWord(
                    text=w["word"],
                    start=w["start"],
                    end=w["end"],
                    probability=w["probability"],
                    tokens=len(w["tokens"]),
                )
                for w in words
            )
            for words in aligned
        ]


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def _compute_type(wanted: str, device: str) -> str:
    """What ``auto`` stands for: a CPU gains from 8-bit integers, a GPU from half floats."""
    if wanted != "auto":
        return wanted
    return "int8" if device == "cpu" else "float16"
