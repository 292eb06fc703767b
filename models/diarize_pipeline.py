"""A pyannote pipeline that hears everything once.

pyannote's own :class:`SpeakerDiarization` embeds each second of speech once for every window and speaker it
lies in, which is nearly all of its cost. Here segmentation takes coarse steps and skips windows in which
nobody speaks, and speech goes through the voice network once, whatever prints are made of it.

Imported when first needed only: a ``pyannote.audio`` subclass cannot be written without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pyannote.audio import Inference, Pipeline
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput
from pyannote.core import Annotation, Segment
from pyannote.pipeline.parameter import Uniform
from torch.nn import functional

from models.diarize_regions import exclusive_spans, named, with_overlaps, without_pauses
from models.diarize_stretches import Windows, hear
from models.diarize_voices import tell_voices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pyannote.audio import Model
    from torch import Tensor

    from models.embed_campplus import CampplusEmbedding
    from pipeline.types import Interval, SpeakerSpan

LEAST_PRINT_MS = 200
"""A shorter stretch has no print: a voice cannot be told."""
_BATCH = 8
"""Windows a call: bounds memory whatever the length."""


@dataclass
class StretchOutput(DiarizeOutput):
    """What pyannote's pipelines return, and what the pieces that were asked for sound like.

    Attributes:
        margins: how sure each exclusive span is, in their order.
        traces: see :class:`pipeline.ports.Diarization`.
    """

    margins: list[float | None] = field(default_factory=list)
    traces: NDArray[np.float32] | None = None


class StretchDiarization(Pipeline):
    """Segmentation in coarse steps, one hearing of all speech, comparison of the stretches' prints.

    Args:
        segmentation: a powerset segmentation model.
        embedding: makes the prints.
        step_ratio: hop of the segmentation window, as a share of its length.
    """

    def __init__(self, segmentation: Model, embedding: CampplusEmbedding, step_ratio: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        duration: float = next(iter(segmentation.specifications)).duration
        self._segmentation = Inference(
            segmentation, duration=duration, step=step_ratio * duration, skip_aggregation=True
        )
        self._embedding = embedding
        self.min_duration_off = Uniform(0.0, 3.0)

    def default_parameters(self) -> dict[str, float]:
        """Pauses as they are."""
        return {"min_duration_off": 0.0}

    def apply(
        self,
        file: Mapping[str, Any],
        min_speakers: int = 1,
        max_speakers: int = 3,
        speech: Sequence[Interval] | None = None,
        pieces: Sequence[Interval] = (),
    ) -> StretchOutput:
        """Diarize a sound in memory.

        Args:
            file: with ``waveform``, ``(1, samples)`` at the models' rate, ``sample_rate`` and ``uri``.
            min_speakers: fewest speakers to find, as far as there are stretches.
            max_speakers: most speakers to find.
            speech: where anybody speaks, in time order; ``None`` looks everywhere.
            pieces: whose traces are wanted.
        """
        waveform: Tensor = file["waveform"]
        rate: int = file["sample_rate"]
        duration_ms = waveform.shape[1] * 1000 // rate
        heard = hear(self._windows(waveform, rate, speech), speech, duration_ms)
        stretches = heard.stretches
        areas = (stretches if speech is None else speech) if stretches else ()
        traces = self._embedding.traces(waveform[0].numpy(), areas, [*stretches, *pieces])
        voices = tell_voices(
            _prints(traces[: len(stretches)], stretches),
            [stretch.duration_ms / 1000 for stretch in stretches],
            min_speakers=min_speakers,
            max_speakers=max_speakers,
        )
        margins = [None if np.isnan(m) else round(float(m), 4) for m in voices.margins]
        spans, order = named(heard, voices.nearest.tolist(), margins)
        exclusive = without_pauses(
            exclusive_spans(spans, heard.overlaps, speech), round(self.min_duration_off * 1000)
        )
        return StretchOutput(
            speaker_diarization=_annotation(with_overlaps(exclusive, heard.overlaps), file["uri"]),
            exclusive_speaker_diarization=_annotation(exclusive, file["uri"]),
            speaker_embeddings=voices.centroids[list(order)],
            margins=[span.margin for span in exclusive],
            traces=traces[len(stretches) :],
        )

    def _windows(self, waveform: Tensor, rate: int, speech: Sequence[Interval] | None) -> Windows:
        """The segmentation of the windows in which anybody speaks."""
        frame = self._segmentation.model.receptive_field
        size, step = round(self._segmentation.duration * rate), round(self._segmentation.step * rate)
        # The last window ends where the sound ends: it is heard with as much before as the others.
        last = max(waveform.shape[1] - size, 0)
        starts = np.array([*range(0, last, step), last])
        middles = starts + size // 2
        bounds = np.concatenate([[0], (middles[1:] + middles[:-1]) // 2, [waveform.shape[1]]])
        needed = np.array(
            [
                speech is None or _any_in(speech, first * 1000 / rate, end * 1000 / rate)
                for first, end in pairwise(bounds.tolist())
            ]
        )
        chosen = np.flatnonzero(needed)
        active: NDArray[np.bool_] | None = None
        for first in range(0, chosen.size, _BATCH):
            rows = chosen[first : first + _BATCH]
            sounds = [waveform[:, starts[i] : starts[i] + size] for i in rows]
            batch = torch.stack([functional.pad(s, (0, size - s.shape[1])) for s in sounds])
            found = np.asarray(self._segmentation.infer(batch)) > 0.5
            if active is None:
                active = np.zeros((len(starts), *found.shape[1:]), dtype=bool)
            active[rows] = found
        if active is None:
            starts, active = starts[:0], np.zeros((0, 0, 0), dtype=bool)
        return Windows(
            starts=starts / rate,
            active=active,
            duration=self._segmentation.duration,
            step=frame.step,
            delay=(frame.duration - frame.step) / 2,
        )


def _any_in(speech: Sequence[Interval], start_ms: float, end_ms: float) -> bool:
    return any(interval.start_ms < end_ms and interval.end_ms > start_ms for interval in speech)


def _prints(traces: NDArray[np.float32], stretches: Sequence[Interval]) -> list[NDArray[np.float32] | None]:
    """The print of each stretch; ``None`` where it is too short for one."""
    return [
        trace if stretch.duration_ms >= LEAST_PRINT_MS and not np.isnan(trace).any() else None
        for trace, stretch in zip(traces, stretches, strict=True)
    ]


def _annotation(spans: Sequence[SpeakerSpan], uri: str) -> Annotation:
    annotation = Annotation(uri=uri)
    for i, span in enumerate(spans):
        annotation[Segment(span.start_ms / 1000, span.end_ms / 1000), i] = span.speaker
    return annotation
