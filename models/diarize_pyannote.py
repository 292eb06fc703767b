"""Speakers of mono recordings with pyannote.audio's own pipeline.

By default it is built from weights that travel in packages: segmentation-3.0, CAM++ embeddings and
agglomerative clustering (VBx, the pipeline's newer clustering, needs a PLDA that no package carries),
followed by the second pass of :mod:`models.diarize_regions`. ``diarization.pipeline_path`` takes a
local clone of a whole pipeline, such as community-1, instead, whose answer is left as it is.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from models.diarize_regions import assign_voices, overlapped, with_overlaps
from models.engine_errors import engine_errors, loading_errors
from models.weights import folder_sha256
from pipeline.ports import SAMPLE_RATE, Diarization
from pipeline.types import SpeakerSpan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.weights import Catalogue
    from pipeline.settings import DiarizationSettings, Settings
    from pipeline.types import Samples

_ENGINE = "pyannote"
_MIN_SAMPLES = SAMPLE_RATE // 4
"""A quarter of a second: less holds no voice to tell."""
COMMUNITY = "pyannote-community-1"
_CLUSTERING = {"method": "centroid", "min_cluster_size": 12, "threshold": 0.70}
_BATCH = 24
"""Windows and masks a call; a multiple of the 3 masks of a window, so that they stay together."""


class PyannoteDiarizer:
    """A pyannote pipeline behind the port.

    Args:
        pipeline: a loaded ``SpeakerDiarization`` pipeline.
        voices: a :class:`models.embed_campplus.CampplusEmbedding` for the second pass, or ``None``.
        weights: what they are made of, for :attr:`identity`.
        settings: how few and how many speakers there may be.
    """

    def __init__(self, pipeline: Any, voices: Any, weights: str, settings: DiarizationSettings) -> None:
        self._pipeline = pipeline
        self._voices = voices
        self._weights = weights
        self._settings = settings

    @classmethod
    def build(cls, settings: Settings, catalogue: Catalogue) -> Self:
        """From ``diarization.pipeline_path``, else community-1 when it was pulled, else packaged weights.

        Raises:
            ModelError: weights are not at hand, or the pipeline cannot be loaded.
        """
        chosen = settings.diarization
        given = settings.path(chosen.pipeline_path) if chosen.pipeline_path else None
        folder = given or catalogue.ready(COMMUNITY)
        if folder is not None:
            weights = f"{folder.name}@{folder_sha256(folder)[:12]}"
            with loading_errors(_ENGINE), _quiet():
                return cls(_local_pipeline(folder), None, weights, chosen)
        segmentation = catalogue.ensure("segmentation-3.0") / "pytorch_model.bin"
        embedding = catalogue.ensure("campplus-zh-en") / "campplus_cn_en_common.pt"
        weights = " ".join(
            f"{name}@{catalogue.digest(name)[:12]}" for name in ("segmentation-3.0", "campplus-zh-en")
        )
        with loading_errors(_ENGINE), _quiet():
            pipeline, voices = _packaged_pipeline(segmentation, embedding, chosen.step_ratio)
            return cls(pipeline, voices, weights, chosen)

    @property
    def identity(self) -> str:
        """Name, versions, weight digests and settings."""
        s = self._settings
        return (
            f"{_ENGINE}/{version('pyannote.audio')} torch/{version('torch')} {self._weights} "
            f"speakers={s.min_speakers}-{s.max_speakers} step={s.step_ratio}"
        )

    def diarize(self, samples: Samples) -> Diarization:
        """Speakers of 16 kHz mono ``samples``; empty when nobody speaks or there is too little sound.

        Raises:
            EngineError: the engine failed.
        """
        if samples.size < _MIN_SAMPLES:
            return Diarization(regular=(), exclusive=())
        with engine_errors(_ENGINE), _quiet():
            import torch

            # In memory: given a path, the pipeline would decode the file anew for every window.
            sound = {
                "uri": "call",
                "waveform": torch.from_numpy(samples.copy())[None],
                "sample_rate": SAMPLE_RATE,
            }
            output = self._pipeline(
                sound, min_speakers=self._settings.min_speakers, max_speakers=self._settings.max_speakers
            )
            duration_ms = samples.size * 1000 // SAMPLE_RATE
            regular = _spans(output.speaker_diarization, duration_ms)
            exclusive = _spans(output.exclusive_speaker_diarization, duration_ms)
            if self._voices is None or not exclusive:
                return Diarization(regular=regular, exclusive=exclusive)
            return self._second_pass(samples, regular, exclusive)

    def _second_pass(
        self, samples: Samples, regular: tuple[SpeakerSpan, ...], exclusive: tuple[SpeakerSpan, ...]
    ) -> Diarization:
        prints = [self._voices.voice_print(_cut(samples, span)) for span in exclusive]
        again = assign_voices(
            exclusive,
            prints,
            found=len({span.speaker for span in exclusive}),
            min_speakers=self._settings.min_speakers,
            max_speakers=self._settings.max_speakers,
        )
        return Diarization(regular=with_overlaps(again, overlapped(regular)), exclusive=again)


def _packaged_pipeline(segmentation: Path, embedding: Path, step_ratio: float) -> tuple[Any, Any]:
    """The pipeline, and the embedding model that it shares with the second pass."""
    _switch_telemetry_off()
    from pyannote.audio.core.plda import PLDA
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.audio.pipelines.clustering import AgglomerativeClustering

    from models.embed_campplus import CampplusEmbedding

    voices = CampplusEmbedding.from_file(embedding)
    pipeline = SpeakerDiarization(
        segmentation=str(segmentation),
        segmentation_step=step_ratio,
        segmentation_batch_size=_BATCH,
        embedding=voices,
        embedding_exclude_overlap=True,
        embedding_batch_size=_BATCH,
        clustering="AgglomerativeClustering",
        plda=PLDA.__new__(PLDA),  # the pipeline insists on one, this clustering never uses it
    )
    # Two voices of one window are two people; it also keeps a voice too short to embed from falling
    # to the first cluster.
    pipeline.clustering = AgglomerativeClustering(metric="cosine", constrained_assignment=True)
    pipeline.instantiate({"segmentation": {"min_duration_off": 0.0}, "clustering": _CLUSTERING})
    return pipeline, voices


def _local_pipeline(folder: Path) -> Any:
    _switch_telemetry_off()
    from pyannote.audio import Pipeline

    return Pipeline.from_pretrained(folder)


def _switch_telemetry_off() -> None:
    """Pyannote reports durations of files to its makers unless told not to before it is imported."""
    os.environ["PYANNOTE_METRICS_ENABLED"] = "false"


def _cut(samples: Samples, span: SpeakerSpan) -> Samples:
    return samples[span.start_ms * SAMPLE_RATE // 1000 : span.end_ms * SAMPLE_RATE // 1000]


def _spans(annotation: Any, duration_ms: int) -> tuple[SpeakerSpan, ...]:
    """An annotation as spans in time order, inside the sound."""
    spans = []
    for turn, _, speaker in annotation.itertracks(yield_label=True):
        start_ms = max(0, round(turn.start * 1000))
        end_ms = min(duration_ms, round(turn.end * 1000))
        if start_ms < end_ms:
            spans.append(SpeakerSpan(speaker=str(speaker), start_ms=start_ms, end_ms=end_ms))
    return tuple(sorted(spans, key=lambda s: (s.start_ms, s.end_ms, s.speaker)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of pyannote and torch about codecs and training that are not used here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
