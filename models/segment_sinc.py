"""The first layer of pyannote's segmentation networks: the same numbers for less work on a CPU.

SincNet (M. Ravanelli and Y. Bengio, 2018, arXiv 1808.00158), as pyannote.audio has it, filters the sound with
80 filters of 251 samples, every tenth sample, and keeps the greatest of three neighbours: more numbers than
all later layers together, which pyannote writes to memory and reads again for a whole batch of windows.

Imported when first needed only: network classes cannot be written without torch at the top.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def hasten(model: Any) -> None:
    """Exchange the first layer of a loaded ``pyannote.audio`` ``PyanNet``; others are left as they are.

    For inference only: the filters are no longer computed from their corner frequencies.
    """
    sincnet = getattr(model, "sincnet", None)
    if sincnet is None:
        return
    first = sincnet.conv1d[0]
    if not hasattr(first, "get_filters") or first.padding:
        return
    with torch.no_grad():
        filters = first.get_filters().clone()
    pool = sincnet.pool1d[0].kernel_size
    sincnet.conv1d[0] = PooledFilters(filters, stride=sincnet.stride, pool=pool)
    sincnet.pool1d[0] = nn.Identity()


class PooledFilters(nn.Module):
    """Filters every ``stride`` samples, then the greatest size of ``pool`` answers.

    Args:
        filters: ``(filters, 1, samples)``.
        stride: samples.
        pool: answers.
    """

    weight: Tensor

    def __init__(self, filters: Tensor, *, stride: int, pool: int) -> None:
        super().__init__()
        count, _, length = filters.shape
        self._length, self._stride, self._pool = length, stride, pool
        # A row of ``stride`` samples is a column of channels; a filter reaches over several rows.
        rows = functional.pad(filters[:, 0], (0, -length % stride)).view(count, -1, stride)
        weight = rows.transpose(1, 2)[:, :, None].contiguous(memory_format=torch.channels_last)
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """``(batch, 1, samples)`` to ``(batch, filters, answers / pool)``, none below 0."""
        # One sound at a time stays in a processor's cache; an accelerator takes all at once.
        size = 1 if waveforms.device.type == "cpu" else max(len(waveforms), 1)
        parts = [waveforms[i : i + size] for i in range(0, len(waveforms), size)]
        return torch.cat([self._pooled(part) for part in parts]).transpose(1, 2)

    def _pooled(self, waveforms: Tensor) -> Tensor:
        batch, _, samples = waveforms.shape
        answers = (samples - self._length) // self._stride + 1
        kept = answers // self._pool
        rows = kept * self._pool + self.weight.shape[-1] - 1
        needed = rows * self._stride
        sound = functional.pad(waveforms[:, 0], (0, max(needed - samples, 0)))[:, :needed]
        image = sound.reshape(batch, rows, self._stride).transpose(1, 2)[:, :, None]
        found = functional.conv2d(image, self.weight)[:, :, 0].transpose(1, 2)
        thirds = found.abs().reshape(batch, kept, self._pool, -1).unbind(2)
        greatest = thirds[0]
        for other in thirds[1:]:
            greatest = torch.maximum(greatest, other)
        return greatest
