"""CAM++ as anybody would plug it into pyannote.audio: an embedding a waveform and mask, nothing shared.

There are two ways to do so, and pyannote.audio has both: its own models run on the whole window and give the
mask to the pooling as weights (:class:`PooledCampplus`), its wrapper of WeSpeaker's ONNX models cuts out the
frames that the mask marks and runs on these alone (:class:`CutCampplus`). The baseline must not get faster or
better with this program, so it has its own adapters.
"""

from __future__ import annotations

import math

import torch
import torchaudio.compliance.kaldi as kaldi
from pyannote.audio import Model
from pyannote.audio.models.blocks.pooling import StatsPool
from torch import Tensor
from torch.nn.functional import interpolate

from models.campplus_net import EMBEDDING_SIZE, NUM_MELS, Campplus

MIN_FRAMES = 20


class _Plugged(Model):
    """What both have in common: the network with its published weights, and its features."""

    def __init__(self) -> None:
        super().__init__(sample_rate=16_000, num_channels=1)
        self.network = Campplus()

    @classmethod
    def from_file(cls, checkpoint: str):
        """Load a 3D-Speaker checkpoint."""
        model = cls()
        model.network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
        return model.eval()

    @property
    def dimension(self) -> int:
        """Values an embedding."""
        return EMBEDDING_SIZE


class PooledCampplus(_Plugged):
    """The network over whole waveforms; masks are weights of the frames in its statistics.

    That is what ``forward(waveforms, weights)`` means in pyannote.audio's own models
    (``models.embedding.wespeaker``, ``xvector``), whose pooling it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pool = StatsPool()

    def forward(self, waveforms: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(batch, 1, samples)`` and masks ``(batch, frames)`` to ``(batch, 192)``."""
        features = torch.stack([_features(waveform) for waveform in waveforms])
        frames = self.network.frames(features - features.mean(dim=1, keepdim=True))
        return self.network.xvector.dense(self.pool(frames, weights=weights))


class CutCampplus(_Plugged):
    """Frames of a waveform that its mask marks, as one embedding; a speaker who is silent costs nothing."""

    def forward(self, waveforms: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(batch, 1, samples)`` and masks ``(batch, frames)`` to ``(batch, 192)``; NaN where too short."""
        masks = [None] * len(waveforms) if weights is None else weights
        return torch.stack([self._embed(w, m) for w, m in zip(waveforms, masks, strict=True)])

    def _embed(self, waveform: Tensor, mask: Tensor | None) -> Tensor:
        features = _features(waveform)
        if mask is not None:
            stretched = interpolate(mask[None, None], size=len(features), mode="nearest")[0, 0]
            features = features[stretched > 0.5]
        elif len(features) < MIN_FRAMES:
            raise ValueError("too short")
        if len(features) < MIN_FRAMES:
            return torch.full((EMBEDDING_SIZE,), math.nan, device=waveform.device)
        return self.network((features - features.mean(dim=0))[None])[0]


def _features(waveform: Tensor) -> Tensor:
    """``(1, samples)`` to ``(frames, 80)``."""
    return kaldi.fbank(waveform, num_mel_bins=NUM_MELS, sample_frequency=16_000, dither=0.0)
