"""CAM++ as anybody would plug it into pyannote.audio: an embedding a waveform and mask, nothing shared.

The baseline must not get faster or better with this program, so it has its own adapter.
"""

from __future__ import annotations

import math

import torch
import torchaudio.compliance.kaldi as kaldi
from pyannote.audio import Model
from torch import Tensor
from torch.nn.functional import interpolate

from models.campplus_net import EMBEDDING_SIZE, NUM_MELS, Campplus

MIN_FRAMES = 20


class PlainCampplus(Model):
    """Frames of a waveform that its mask marks, as one embedding."""

    def __init__(self) -> None:
        super().__init__(sample_rate=16_000, num_channels=1)
        self.network = Campplus()

    @classmethod
    def from_file(cls, checkpoint: str) -> PlainCampplus:
        """Load a 3D-Speaker checkpoint."""
        model = cls()
        model.network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
        return model.eval()

    @property
    def dimension(self) -> int:
        """Values an embedding."""
        return EMBEDDING_SIZE

    def forward(self, waveforms: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(batch, 1, samples)`` and masks ``(batch, frames)`` to ``(batch, 192)``; NaN where too short."""
        masks = [None] * len(waveforms) if weights is None else weights
        return torch.stack([self._embed(w, m) for w, m in zip(waveforms, masks, strict=True)])

    def _embed(self, waveform: Tensor, mask: Tensor | None) -> Tensor:
        features = kaldi.fbank(waveform, num_mel_bins=NUM_MELS, sample_frequency=16_000, dither=0.0)
        if mask is not None:
            stretched = interpolate(mask[None, None], size=len(features), mode="nearest")[0, 0]
            features = features[stretched > 0.5]
        elif len(features) < MIN_FRAMES:
            raise ValueError("too short")
        if len(features) < MIN_FRAMES:
            return torch.full((EMBEDDING_SIZE,), math.nan, device=waveform.device)
        return self.network((features - features.mean(dim=0))[None])[0]
