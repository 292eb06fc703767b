"""Speakers of mono recordings with pyannote.audio.

By default by :mod:`models.diarize_pipeline`, from weights that travel in packages: segmentation-3.0 and
CAM++ (VBx, pyannote's newer clustering, needs a PLDA that no package carries).
``diarization.pipeline_path`` takes a local clone of a whole pipeline, such as community-1, instead, whose
answer is left as it is.
"""

from __future__ import annotations

import math
import os
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from models.engine_errors import engine_errors, loading_errors
from models.threads import limit_torch
from models.weights import folder_sha256
from pipeline.errors import ModelError
from pipeline.ports import SAMPLE_RATE, Diarization
from pipeline.types import SpeakerSpan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from models.weights import Catalogue
    from pipeline.settings import DiarizationSettings, Settings
    from pipeline.types import Interval, Samples

_ENGINE = "pyannote"
_MIN_SAMPLES = SAMPLE_RATE // 4
"""A quarter of a second: less holds no voice to tell."""
COMMUNITY = "pyannote-community-1"


class PyannoteDiarizer:
    """A pyannote pipeline behind the port.

    Args:
        pipeline: a loaded pipeline, whose output is a :class:`DiarizeOutput`.
        weights: what it is made of, for :attr:`identity`.
        settings: how few and how many speakers there may be.
        takes_speech: whether the pipeline can be told where anybody speaks.
    """

    def __init__(
        self, pipeline: Any, weights: str, settings: DiarizationSettings, *, takes_speech: bool
    ) -> None:
        self._pipeline = pipeline
        self._weights = weights
        self._settings = settings
        self._takes_speech = takes_speech

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """From ``diarization.pipeline_path``, else community-1 when it was pulled, else packaged weights.

        Raises:
            ModelError: weights are not at hand, or the pipeline cannot be loaded.
        """
        chosen = settings.diarization
        limit_torch(settings)
        given = settings.path(chosen.pipeline_path) if chosen.pipeline_path else None
        folder = given or catalogue.ready(COMMUNITY)
        if folder is not None:
            weights = f"{folder.name}@{folder_sha256(folder)[:12]}"
            with loading_errors(_ENGINE), _quiet():
                pipeline = placed(_local_pipeline(folder), chosen.device)
                return cls(pipeline, weights, chosen, takes_speech=False)
        segmentation = catalogue.ensure("segmentation-3.0") / "pytorch_model.bin"
        embedding = catalogue.ensure("campplus-zh-en") / "campplus_cn_en_common.pt"
        weights = " ".join(
            f"{name}@{catalogue.digest(name)[:12]}" for name in ("segmentation-3.0", "campplus-zh-en")
        )
        with loading_errors(_ENGINE), _quiet():
            pipeline = placed(_packaged_pipeline(segmentation, embedding, chosen), chosen.device)
            return cls(pipeline, weights, chosen, takes_speech=True)

    @property
    def identity(self) -> str:
        """Name, versions, weight digests and settings."""
        s = self._settings
        return (
            f"{_ENGINE}/{version('pyannote.audio')} torch/{version('torch')} {self._weights} "
            f"speakers={s.min_speakers}-{s.max_speakers} step={s.step_ratio} off={s.min_duration_off_s}"
        )

    def diarize(
        self,
        samples: Samples,
        speech: Sequence[Interval] | None = None,
        pieces: Sequence[Interval] = (),
    ) -> Diarization:
        """Speakers of 16 kHz mono ``samples``; empty when nobody speaks or there is too little sound.

        Args:
            samples: the recording.
            speech: where anybody speaks, in time order, not overlapping; ``None`` when that is not known.
                A local pipeline of pyannote's listens everywhere all the same.
            pieces: whose traces are wanted; a local pipeline of pyannote's has none to give.

        Raises:
            EngineError: the engine failed.
        """
        if samples.size < _MIN_SAMPLES:
            return Diarization(regular=(), exclusive=())
        with engine_errors(_ENGINE), _quiet():
            import torch

            # In memory: given a path, the pipeline would decode the file anew for every window. Nothing
            # writes to it, so it is no copy.
            sound = {
                "uri": "call",
                "waveform": torch.from_numpy(samples)[None],
                "sample_rate": SAMPLE_RATE,
            }
            output = self._pipeline(
                sound,
                min_speakers=self._settings.min_speakers,
                max_speakers=self._settings.max_speakers,
                **({"speech": speech, "pieces": pieces} if self._takes_speech else {}),
            )
            duration_ms = samples.size * 1000 // SAMPLE_RATE
            return Diarization(
                regular=_spans(output.speaker_diarization, duration_ms),
                exclusive=_spans(
                    output.exclusive_speaker_diarization, duration_ms, getattr(output, "margins", None)
                ),
                prints=_prints(output),
                traces=getattr(output, "traces", None),
            )


def _packaged_pipeline(segmentation: Path, embedding: Path, chosen: DiarizationSettings) -> Any:
    _switch_telemetry_off()
    from pyannote.audio import Model

    from models.diarize_pipeline import StretchDiarization
    from models.embed_campplus import CampplusEmbedding
    from models.segment_sinc import hasten

    model = Model.from_pretrained(str(segmentation))
    if model is None:
        raise ModelError(f"{segmentation.name} is no pyannote model")
    hasten(model)
    pipeline = StretchDiarization(model, CampplusEmbedding.from_file(embedding), chosen.step_ratio)
    return pipeline.instantiate({"min_duration_off": chosen.min_duration_off_s})


def placed(pipeline: Any, device: str) -> Any:
    """The pipeline on its device; ``auto`` takes a GPU where there is one."""
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return pipeline.to(torch.device(device))


def _local_pipeline(folder: Path) -> Any:
    _switch_telemetry_off()
    from pyannote.audio import Pipeline

    return Pipeline.from_pretrained(folder)


def _switch_telemetry_off() -> None:
    """Pyannote reports durations of files to its makers unless told not to before it is imported."""
    os.environ["PYANNOTE_METRICS_ENABLED"] = "false"


def _spans(
    annotation: Any, duration_ms: int, margins: Sequence[float | None] | None = None
) -> tuple[SpeakerSpan, ...]:
    """An annotation as spans in time order, inside the sound; ``margins`` go with its tracks in order."""
    spans = []
    for i, (turn, _, speaker) in enumerate(annotation.itertracks(yield_label=True)):
        start_ms = max(0, round(turn.start * 1000))
        end_ms = min(duration_ms, round(turn.end * 1000))
        if start_ms < end_ms:
            margin = margins[i] if margins is not None else None
            spans.append(SpeakerSpan(speaker=str(speaker), start_ms=start_ms, end_ms=end_ms, margin=margin))
    return tuple(sorted(spans, key=lambda s: (s.start_ms, s.end_ms, s.speaker)))


def _prints(output: Any) -> dict[str, tuple[float, ...]]:
    """The voice print of each speaker, of unit length; none for a speaker who has no usable one."""
    vectors = output.speaker_embeddings
    if vectors is None:
        return {}
    prints = {}
    for speaker, vector in zip(output.speaker_diarization.labels(), vectors, strict=False):
        length = math.sqrt(sum(float(x) ** 2 for x in vector))
        if math.isfinite(length) and length > 0:
            prints[str(speaker)] = tuple(float(x) / length for x in vector)
    return prints


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of pyannote and torch about codecs and training that are not used here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
