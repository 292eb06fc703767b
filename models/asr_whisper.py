"""Whisper through openai-whisper (torch), on the same weights as the default engine."""

from __future__ import annotations

import warnings
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
from models.whisper_convert import convert_whisper
from pipeline.ports import SAMPLE_RATE

if TYPE_CHECKING:
    from pathlib import Path

    from models.weights import Catalogue
    from pipeline.settings import AsrSettings, Settings
    from pipeline.types import Samples, Segment

_ENGINE = "openai-whisper"
_SEED = 0
_AGAINST_LOOPS = (0.4,)
"""Temperature for a text that loops: this engine cannot bar repetitions."""


class WhisperTranscriber:
    """The reference implementation: slower than faster-whisper, made to check it against.

    Args:
        folder: a CTranslate2 Whisper model in floating point; it is converted when loaded.
        digest: SHA-256 of the weights, for :attr:`identity`.
        settings: beam, language, device and threads; ``compute_type`` does not apply.

    Raises:
        ModelError: the folder holds no usable model, or the device is not there.
    """

    def __init__(self, folder: Path, digest: str, settings: AsrSettings) -> None:
        with loading_errors(_ENGINE):
            import torch

            if settings.threads:
                torch.set_num_threads(settings.threads)
            self._device = _device(settings.device)
            self._model = _load(folder, self._device)
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
        """Name, versions, model, weight digest and beam."""
        settings = self._settings
        return (
            f"{_ENGINE}/{version('openai-whisper')} torch/{version('torch')} "
            f"{self._weights} "
            f"{'float16' if self._half else 'float32'} beam{settings.beam_size}"
        )

    @property
    def _half(self) -> bool:
        return self._device != "cpu"

    def transcribe(self, samples: Samples) -> tuple[Segment, ...]:
        """Segments of 16 kHz mono ``samples`` (any length), in time order, with word times.

        Raises:
            EngineError: the engine failed.
        """
        if is_silent(samples):
            return ()
        with engine_errors(_ENGINE), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return without_loops(lambda again: self._decode(samples, _AGAINST_LOOPS if again else (0.0,)))

    def _decode(self, samples: Samples, temperatures: tuple[float, ...]) -> tuple[Segment, ...]:
        import torch
        from whisper import transcribe

        # Temperatures above 0 sample: the same sound must give the same text in any process.
        with torch.random.fork_rng():
            torch.manual_seed(_SEED)
            result = transcribe(
                self._model,
                samples,
                language=self._settings.language,
                task="transcribe",
                beam_size=self._settings.beam_size,
                temperature=temperatures,
                compression_ratio_threshold=COMPRESSION_RATIO_LIMIT,
                logprob_threshold=LOG_PROBABILITY_LIMIT,
                no_speech_threshold=NO_SPEECH_LIMIT,
                condition_on_previous_text=False,
                word_timestamps=True,
                fp16=self._half,
                verbose=None,
            )
        duration_ms = samples.size * 1000 // SAMPLE_RATE
        segments = (_segment(item, duration_ms) for item in result["segments"])
        return tuple(s for s in segments if s is not None)


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _load(folder: Path, device: str) -> Any:
    import torch
    from whisper.model import ModelDimensions, Whisper

    weights = convert_whisper(folder)
    model = Whisper(ModelDimensions(**weights.dims))
    model.load_state_dict({name: torch.from_numpy(v.copy()) for name, v in weights.parameters.items()})
    heads = torch.zeros(weights.dims["n_text_layer"], weights.dims["n_text_head"], dtype=torch.bool)
    for layer, head in weights.alignment_heads:
        heads[layer, head] = True
    model.register_buffer("alignment_heads", heads.to_sparse(), persistent=False)
    return model.to(device).eval()


def _segment(item: dict[str, Any], duration_ms: int) -> Segment | None:
    words = [
        RawWord(text=w["word"], start=w["start"], end=w["end"], probability=w["probability"])
        for w in item.get("words", ())
    ]
    return build_segment(
        text=item["text"],
        start=item["start"],
        end=item["end"],
        words=words,
        duration_ms=duration_ms,
        avg_logprob=item["avg_logprob"],
        no_speech_prob=item["no_speech_prob"],
        compression_ratio=item["compression_ratio"],
        temperature=item["temperature"],
    )
