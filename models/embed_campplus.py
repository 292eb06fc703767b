"""CAM++ as a pyannote.audio model, so that pyannote's diarization pipeline can use it.

Imported when first needed only: a ``pyannote.audio`` subclass cannot be written without it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torchaudio.compliance.kaldi as kaldi
from pyannote.audio import Model
from torch.nn import functional

from models.campplus_fast import CampplusInference
from models.campplus_net import EMBEDDING_SIZE, NUM_MELS, Campplus
from models.campplus_traces import FrameSums, chunks
from pipeline.ports import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from pipeline.types import Interval, Samples

MIN_FRAMES = 20
"""Frames of 10 ms below which a voice cannot be told; such an embedding is NaN."""
BATCH = 8
"""Sounds a call; more gains nothing on a CPU."""
_HOP, _WINDOW = 160, 400
"""Samples between two frames and in one (10 and 25 ms)."""
_PER_MS = SAMPLE_RATE // 1000


class CampplusEmbedding(Model):
    """One 192-value embedding a waveform, from the frames that a mask marks.

    Args:
        network: with its weights.
    """

    def __init__(self, network: Campplus) -> None:
        super().__init__(sample_rate=16_000, num_channels=1)
        self.network = CampplusInference(network)

    @classmethod
    def from_file(cls, checkpoint: Path) -> CampplusEmbedding:
        """Load a 3D-Speaker checkpoint (a plain state dict), ready for inference."""
        network = Campplus()
        network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
        model = cls(network)
        model.eval()
        return model

    @property
    def dimension(self) -> int:
        """Values an embedding."""
        return EMBEDDING_SIZE

    def forward(  # type: ignore[override]  # what the pipeline calls it with
        self, waveforms: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Embed each waveform.

        Args:
            waveforms: ``(batch, 1, samples)`` at 16 kHz, -1..1.
            weights: ``(batch, mask_frames)``; features where the stretched mask is above 0.5 are used,
                so that only one speaker of a window goes in. ``None`` uses everything.

        Returns:
            ``(batch, 192)``; a row is NaN when its mask leaves fewer than ``MIN_FRAMES`` frames.

        Raises:
            ValueError: a waveform without mask is shorter than ``MIN_FRAMES`` frames.
        """
        rows: list[Tensor] = []
        features: Tensor | None = None
        for i, waveform in enumerate(waveforms):
            # The pipeline hands in a window once a speaker: the same sound, another mask.
            if features is None or not torch.equal(waveform, waveforms[i - 1]):
                features = self._features(waveform)
            chosen = features if weights is None else features[_stretched(weights[i], features.shape[0])]
            if weights is None and chosen.shape[0] < MIN_FRAMES:
                raise ValueError(f"fewer than {MIN_FRAMES} frames of sound")
            rows.append(self._embed(chosen))
        return torch.stack(rows)

    def voice_print(self, samples: Samples) -> NDArray[np.float32] | None:
        """The embedding of 16 kHz mono ``samples``, shape ``(192,)``; ``None`` when they are too short."""
        return self.voice_prints([samples])[0]

    def voice_prints(self, sounds: Sequence[Samples]) -> list[NDArray[np.float32] | None]:
        """The embedding of each sound, as :meth:`voice_print` makes it.

        Sounds of one length go through the network together, at most ``BATCH`` at once.
        """
        prints: list[NDArray[np.float32] | None] = [None] * len(sounds)
        same_length: dict[int, list[int]] = {}
        for i, sound in enumerate(sounds):
            if sound.size >= MIN_FRAMES * _HOP + _WINDOW:
                same_length.setdefault(sound.size, []).append(i)
        for rows in same_length.values():
            for first in range(0, len(rows), BATCH):
                batch = rows[first : first + BATCH]
                for i, row in zip(batch, self._embedded([sounds[k] for k in batch]), strict=True):
                    prints[i] = row
        return prints

    @torch.inference_mode()
    def traces(
        self, samples: Samples, areas: Sequence[Interval], pieces: Sequence[Interval]
    ) -> NDArray[np.float32]:
        """Prints of many pieces of a recording, which is heard once.

        The mean of the traces of several pieces, weighted by their length, is the print of all of them.

        Args:
            samples: 16 kHz mono.
            areas: what is listened to; the rest belongs to no piece.
            pieces: whose prints are wanted; they may overlap.

        Returns:
            Shape ``(len(pieces), 192)``, not of unit length; NaN where a piece has no frame of 20 ms.
        """
        weight, bias = (tensor.cpu().numpy() for tensor in (self.network.weight, self.network.bias))
        sums = FrameSums(pieces, weight.shape[1] // 2)
        for start_ms, end_ms in chunks(areas, MIN_FRAMES * 10 + _WINDOW * 1000 // SAMPLE_RATE):
            sound = torch.from_numpy(samples[start_ms * _PER_MS : end_ms * _PER_MS].copy())
            if sound.shape[0] < MIN_FRAMES * _HOP + _WINDOW:
                continue
            features = self._features(sound[None].to(self.device))
            features = features - features.mean(dim=0, keepdim=True)
            frames = self.network.frames(features[None])[0]
            sums.add(frames.cpu().numpy(), start_ms, end_ms)
        return sums.traces(weight, bias)

    @torch.inference_mode()
    def _embedded(self, sounds: Sequence[Samples]) -> NDArray[np.float32]:
        waveforms = (torch.from_numpy(sound.copy())[None].to(self.device) for sound in sounds)
        features = torch.stack([self._features(waveform) for waveform in waveforms])
        return self.network(features - features.mean(dim=1, keepdim=True)).cpu().numpy()

    def _features(self, waveform: Tensor) -> Tensor:
        """Kaldi log-mel filter banks, ``(frames, 80)``, as in the network's training."""
        return kaldi.fbank(waveform, num_mel_bins=NUM_MELS, sample_frequency=16_000, dither=0.0)

    def _embed(self, features: Tensor) -> Tensor:
        if features.shape[0] < MIN_FRAMES:
            return torch.full((EMBEDDING_SIZE,), math.nan, device=features.device)
        centred = features - features.mean(dim=0, keepdim=True)
        return self.network(centred.unsqueeze(0)).squeeze(0)


def _stretched(mask: Tensor, frames: int) -> Tensor:
    """A mask at another frame rate, as booleans."""
    return functional.interpolate(mask[None, None], size=frames, mode="nearest")[0, 0] > 0.5
