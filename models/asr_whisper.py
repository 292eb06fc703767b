"""Whisper through openai-whisper (torch), on the same weights as the default engine."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

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
from models.threads import limit_torch
from models.whisper_convert import convert_whisper
from models.whisper_tokens import split_at_timestamps
from models.whisper_vocabulary import vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.weights import Catalogue
    from models.whisper_tokens import Stretch
    from pipeline.settings import Settings
    from pipeline.types import Samples, Segment

_ENGINE = "openai-whisper"
_SEED = 0
_AGAINST_LOOPS = 0.4
"""Temperature for a text that loops: this engine cannot bar repetitions."""
_NO_SPEECH_MARKS = -1
"""Its default: no tokens that stand for what is not said, such as musical notes."""


class WhisperTranscriber:
    """The reference implementation: slower than faster-whisper, made to check it against.

    Args:
        folder: a CTranslate2 Whisper model in floating point; it is converted when loaded.
        digest: SHA-256 of the weights, for :attr:`identity`.
        settings: beam, language, device and threads; ``compute_type`` does not apply.

    Raises:
        ModelError: the folder holds no usable model, or the device is not there.
    """

    def __init__(self, folder: Path, digest: str, settings: Settings) -> None:
        asr = settings.asr
        with loading_errors(_ENGINE):
            from whisper.tokenizer import get_tokenizer

            limit_torch(settings)
            self._device = _device(asr.device)
            self._model = _load(folder, self._device)
            self._tokenizer = get_tokenizer(
                self._model.is_multilingual,
                num_languages=self._model.num_languages,
                language=asr.language,
                task="transcribe",
            )
            vocabulary = vocabulary_of(folder, asr)
        self._settings = asr
        self._suppressed = [_NO_SPEECH_MARKS, *(vocabulary.left_out if vocabulary else ())]
        self._weights = f"{folder.name}@{digest[:12]}{' chinese' if vocabulary else ''}"

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """From ``asr.model_path`` if there is one, else from the catalogue's ``asr.model``."""
        asr = settings.asr
        local = settings.path(asr.model_path) if asr.model_path else None
        return cls(*catalogue.folder_of(asr.model, local), settings)

    @property
    def identity(self) -> str:
        """Name, versions, model and weight digest."""
        return (
            f"{_ENGINE}/{version('openai-whisper')} torch/{version('torch')} "
            f"{self._weights} "
            f"{'float16' if self._half else 'float32'}"
        )

    takes_turns = True
    """Its decoding hangs hooks into the network: two uses at a time would see each other's."""

    @property
    def _half(self) -> bool:
        return self._device != "cpu"

    def transcribe(
        self, windows: Sequence[Samples], *, beam_size: int, bar_loops: bool = False
    ) -> tuple[tuple[Segment, ...], ...]:
        """Segments of each 16 kHz mono window, see :class:`pipeline.ports.Transcriber`.

        Raises:
            EngineError: the engine failed.
        """
        found: dict[int, tuple[Segment, ...]] = {}
        with engine_errors(_ENGINE), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            audible = [index for index, window in enumerate(windows) if not is_silent(window)]
            # Its beam search takes one window at a time: it spreads one window's sound over all beams.
            size = self._settings.batch if beam_size == 1 or bar_loops else 1
            for batch in in_batches(audible, windows, size):
                sounds = [windows[index] for index in batch]
                found.update(zip(batch, self._decode(sounds, beam_size, bar_loops), strict=True))
        return tuple(found.get(index, ()) for index in range(len(windows)))

    def _decode(
        self, windows: Sequence[Samples], beam_size: int, bar_loops: bool
    ) -> list[tuple[Segment, ...]]:
        import torch
        from whisper import DecodingOptions, decode

        options = DecodingOptions(
            language=self._settings.language,
            task="transcribe",
            beam_size=None if bar_loops or beam_size == 1 else beam_size,
            temperature=_AGAINST_LOOPS if bar_loops else 0.0,
            suppress_tokens=self._suppressed,
            fp16=self._half,
        )
        # A temperature above 0 samples: the same sound must give the same text in any process.
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(_SEED)
            results = decode(self._model, self._features(windows), options)
            return [
                window_segments(window, self._written(window, result))
                for window, result in zip(windows, results, strict=True)
            ]

    def _features(self, windows: Sequence[Samples]) -> Any:
        """Log-mel features of windows of one encoded length, ``(windows, mels, frames)``."""
        import torch
        from whisper.audio import log_mel_spectrogram, pad_or_trim

        mels = [
            log_mel_spectrogram(pad_or_trim(window, encoded_samples(window.size)), self._model.dims.n_mels)
            for window in windows
        ]
        return torch.stack(mels).to(self._device)

    def _written(self, window: Samples, result: Any) -> WindowText:
        tokenizer = self._tokenizer
        stretches = split_at_timestamps(
            result.tokens, first_timestamp=tokenizer.timestamp_begin, end=tokenizer.eot
        )
        return WindowText(
            texts=tuple(
                TimedText.of(stretch, tokenizer.decode(list(stretch.tokens))) for stretch in stretches
            ),
            words=self._words(window, result.audio_features, stretches),
            avg_logprob=result.avg_logprob,
            no_speech_prob=result.no_speech_prob,
            temperature=result.temperature,
        )

    def _words(self, window: Samples, encoded: Any, stretches: Sequence[Stretch]) -> tuple[AlignedWord, ...]:
        """Aligned words, from the encoder output that the window was decoded from."""
        from whisper.timing import find_alignment

        tokens = [token for stretch in stretches for token in stretch.tokens]
        aligned = find_alignment(self._model, self._tokenizer, tokens, encoded, -(-window.size // 160))
        return tuple(
            AlignedWord(
                text=w.word, start=w.start, end=w.end, probability=w.probability, tokens=len(w.tokens)
            )
            for w in aligned
        )


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _load(folder: Path, device: str) -> Any:
    import torch
    from torch.nn import functional
    from whisper.model import AudioEncoder, ModelDimensions, Whisper

    class AnyLengthEncoder(AudioEncoder):  # type: ignore[misc]  # untyped library
        """Hears windows of less than 30 s as well, and lets through what is encoded already."""

        def forward(self, x: Any) -> Any:
            state = self.positional_embedding.shape[-1]
            if x.shape[-1] == state:
                return x
            x = functional.gelu(self.conv1(x))
            x = functional.gelu(self.conv2(x)).permute(0, 2, 1)
            x = (x + self.positional_embedding[: x.shape[1]]).to(x.dtype)
            for block in self.blocks:
                x = block(x)
            return self.ln_post(x)

    weights = convert_whisper(folder)
    dims = ModelDimensions(**weights.dims)
    model = Whisper(dims)
    model.encoder = AnyLengthEncoder(
        dims.n_mels, dims.n_audio_ctx, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer
    )
    model.load_state_dict({name: torch.from_numpy(v.copy()) for name, v in weights.parameters.items()})
    heads = torch.zeros(dims.n_text_layer, dims.n_text_head, dtype=torch.bool)
    for layer, head in weights.alignment_heads:
        heads[layer, head] = True
    model.register_buffer("alignment_heads", heads.to_sparse(), persistent=False)
    return model.to(device).eval()
