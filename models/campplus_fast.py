"""CAM++ for inference: the numbers of :class:`models.campplus_net.Campplus` for less work on a CPU.

Sound lies in memory frame by frame, so that convolutions over one frame are plain products of matrices. A
dense block's layers write into one buffer instead of copying what came before; normalisations are folded
into the weights beside them; the mask, the same for all frames of a segment, is made once a segment. Imported
only by :mod:`models.embed_campplus`, which is imported when first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from models.campplus_net import SEGMENT

if TYPE_CHECKING:
    from models.campplus_net import Campplus

_ROUND = 32
"""Frames to whose multiples the front end's input is filled up: convolutions are compiled anew for each
length, which costs an eighth of the whole where every chunk has its own."""
_TINY = 1e-12
"""Stands for a scale of 0, by which nothing can be divided."""


class CampplusInference(nn.Module):
    """A network with loaded weights, in the form that is fastest to run; it shares no memory with it.

    Attributes:
        weight: of the last layer, ``(192, 2 * 512)``: means, then deviations.
        bias: of the last layer, ``(192,)``.
    """

    weight: Tensor
    bias: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, network: Campplus) -> None:
        super().__init__()
        layers: Any = network.xvector
        stages = ((getattr(layers, f"block{i}"), getattr(layers, f"transit{i}")) for i in (1, 2, 3))
        self._front = _Front(network.head)
        self._tdnn = _Halving(layers.tdnn)
        self._blocks = nn.Sequential(
            *(m for block, transit in stages for m in (_Block(block), _Transit(transit)))
        )
        scale, shift = _affine(layers.out_nonlinear.batchnorm)
        _keep(self, scale=scale, shift=shift)
        weight, bias = _folded(layers.dense.linear, layers.dense.nonlinear.batchnorm)
        _keep(self, weight=weight[..., 0], bias=bias)

    def forward(self, features: Tensor) -> Tensor:
        """``(batch, frames, 80)``, mean-normalised, to ``(batch, 192)``; at least 4 frames."""
        x = self.frames(features)
        statistics = torch.cat([x.mean(1), x.std(1, unbiased=True)], dim=-1)
        return functional.linear(statistics, self.weight, self.bias)

    def frames(self, features: Tensor) -> Tensor:
        """``(batch, frames, 80)`` to what the print is made of, ``(batch, frames / 2, 512)``."""
        x = self._blocks(self._tdnn(self._front(features)))
        return torch.addcmul(self.shift, x, self.scale).relu_()


class _Front(nn.Module):
    """Two-dimensional front end: ``(batch, frames, 80)`` to ``(batch, frames, 320)``."""

    def __init__(self, head: Any) -> None:
        super().__init__()
        self._first = _Convolution(head.conv1, head.bn1)
        self._residuals = nn.ModuleList(_Residual(block) for block in (*head.layer1, *head.layer2))
        self._last = _Convolution(head.conv2, head.bn2)

    def forward(self, x: Tensor) -> Tensor:
        frames = x.shape[1]
        # What was filled up is silenced after every layer: to a convolution it is the edge of the sound.
        x = functional.pad(x, (0, 0, 0, -frames % _ROUND))[:, None]
        x = _silenced(self._first(x).relu_(), frames)
        for residual in self._residuals:
            x = residual(x, frames)
        x = self._last(x).relu_()[:, :, :frames]
        return x.permute(0, 2, 3, 1).flatten(2)


class _Residual(nn.Module):
    def __init__(self, block: Any) -> None:
        super().__init__()
        self._first = _Convolution(block.conv1, block.bn1)
        self._second = _Convolution(block.conv2, block.bn2)
        self._shortcut = _Convolution(*block.shortcut) if len(block.shortcut) else None

    def forward(self, x: Tensor, frames: int) -> Tensor:
        y = self._second(_silenced(self._first(x).relu_(), frames))
        y += x if self._shortcut is None else self._shortcut(x)
        return _silenced(y.relu_(), frames)


class _Convolution(nn.Module):
    """A convolution and its normalisation over ``(batch, channels, frames, frequencies)``."""

    weight: Tensor
    bias: Tensor

    def __init__(self, convolution: Any, norm: Any) -> None:
        super().__init__()
        weight, bias = _folded(convolution, norm)
        # The layout in which CPUs and GPUs convolve small images fastest.
        weight = weight.transpose(2, 3).contiguous(memory_format=torch.channels_last)
        _keep(self, weight=weight, bias=bias)
        self._stride, self._padding = convolution.stride[::-1], convolution.padding[::-1]

    def forward(self, x: Tensor) -> Tensor:
        x = functional.conv2d(x, self.weight, self.bias, stride=self._stride, padding=self._padding)
        return x.contiguous(memory_format=torch.channels_last)


def _silenced(x: Tensor, frames: int) -> Tensor:
    x[:, :, frames:] = 0
    return x


class _Halving(nn.Module):
    """Halves the frame rate: ``(batch, frames, 320)`` to ``(batch, frames / 2, 128)``."""

    weight: Tensor
    bias: Tensor

    def __init__(self, tdnn: Any) -> None:
        super().__init__()
        weight, bias = _folded(tdnn.linear, tdnn.nonlinear.batchnorm)
        outputs, inputs, self._width = weight.shape
        # The network's rows are channel by channel, the front end's frequency by frequency.
        channels = 32
        weight = weight.view(outputs, channels, inputs // channels, self._width).permute(0, 3, 2, 1)
        _keep(self, weight=weight.flatten(1).contiguous(), bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        edge = self._width // 2
        x = functional.pad(x, (0, 0, edge, edge))
        rows = x.unfold(1, self._width, 2).transpose(2, 3).flatten(2)
        return functional.linear(rows, self.weight, self.bias).relu_()


class _RectifiedProduct(nn.Module):
    """Normalisation, rectification and a product, as one pass over the input and the product.

    For a scale above 0, ``relu(scale * x + shift)`` is ``scale * max(x, -shift / scale) + shift``; below it
    the least takes the place of the greatest. Scale and shift go into the weights.

    Args:
        norm: over the inputs.
        weight: ``(outputs, inputs)``.
        after: what follows the product: a normalisation with nothing between them.
    """

    low: Tensor
    high: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, norm: Any, weight: Tensor, after: Any = None) -> None:
        super().__init__()
        scale, shift = _affine(norm)
        scale = torch.where(scale.abs() < _TINY, _TINY, scale)
        at = -shift / scale
        low = torch.where(scale > 0, at, -torch.inf)
        high = torch.where(scale > 0, torch.inf, at)
        bias = weight @ shift
        weight = weight * scale
        if after is not None:
            scale, shift = _affine(after)
            weight, bias = weight * scale[:, None], bias * scale + shift
        _keep(self, low=low, high=high, weight=weight.T.contiguous(), bias=bias)
        self._both = bool(torch.isfinite(high).any())

    def forward(self, x: Tensor, scratch: Tensor) -> Tensor:
        """``(rows, inputs)`` to ``(rows, outputs)``; ``scratch`` holds as many numbers as ``x`` at least."""
        held = scratch[: x.numel()].view(x.shape)
        if self._both:
            torch.clamp(x, self.low, self.high, out=held)
        else:
            torch.maximum(x, self.low, out=held)
        return torch.addmm(self.bias, held, self.weight)


class _Layer(nn.Module):
    """A dense layer: what it adds to the channels before it."""

    local: Tensor
    first: Tensor
    first_bias: Tensor
    second: Tensor
    second_bias: Tensor

    def __init__(self, layer: Any) -> None:
        super().__init__()
        mask = layer.cam_layer
        self.inputs: int = layer.linear1.in_channels
        self._narrow = _RectifiedProduct(
            layer.nonlinear1.batchnorm, layer.linear1.weight[..., 0], layer.nonlinear2.batchnorm
        )
        self._dilation: int = mask.linear_local.dilation[0]
        self._growth: int = mask.linear_local.out_channels
        # Left, middle and right of the convolution side by side: (inputs, 3 * growth).
        local = mask.linear_local.weight.permute(1, 2, 0).flatten(1).contiguous()
        _keep(self, local=local)
        _keep(self, first=mask.linear1.weight[..., 0].T.contiguous(), first_bias=mask.linear1.bias)
        _keep(self, second=mask.linear2.weight[..., 0].T.contiguous(), second_bias=mask.linear2.bias)

    def forward(self, x: Tensor, context: _Context, scratch: Tensor) -> None:
        """Write into the ``growth`` channels of ``x``, ``(batch, frames, channels)``, after the inputs."""
        batch, frames, _ = x.shape
        narrow = self._narrow(x[..., : self.inputs].flatten(0, 1), scratch).relu_()
        local = torch.mm(narrow, self.local).view(batch, frames, -1, self._growth)
        left, middle, right = local.unbind(-2)
        gap = self._dilation
        middle[:, gap:] += left[:, :-gap]
        middle[:, :-gap] += right[:, gap:]
        around = context.means(narrow.view(batch, frames, -1)).flatten(0, 1)
        hidden = torch.addmm(self.first_bias, around, self.first).relu_()
        mask = torch.addmm(self.second_bias, hidden, self.second).sigmoid_().view(batch, -1, self._growth)
        torch.mul(middle, context.spread(mask), out=x[..., self.inputs : self.inputs + self._growth])


class _Context:
    """Segments of a sound: a mean for each, plus that of the whole, and back to the frames."""

    def __init__(self, frames: int, like: Tensor) -> None:
        self._segment = torch.arange(frames, device=like.device) // SEGMENT
        segments = torch.arange(-(-frames // SEGMENT), device=like.device)
        inside = (segments[:, None] == self._segment).to(like.dtype)
        self._shares = inside / inside.sum(dim=1, keepdim=True) + 1 / frames

    def means(self, x: Tensor) -> Tensor:
        """``(batch, frames, channels)`` to ``(batch, segments, channels)``."""
        return torch.matmul(self._shares, x)

    def spread(self, x: Tensor) -> Tensor:
        """``(batch, segments, channels)`` to ``(batch, frames, channels)``."""
        return x.index_select(1, self._segment)


class _Block(nn.Module):
    """Every layer sees what all layers before it made."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self._layers = nn.ModuleList(_Layer(layer) for layer in block.children())
        last = list(block.children())[-1]
        self._outputs: int = last.linear1.in_channels + last.cam_layer.linear_local.out_channels

    def forward(self, x: Tensor) -> Tensor:
        batch, frames, inputs = x.shape
        context = _Context(frames, x)
        made = x.new_empty(batch, frames, self._outputs)
        made[..., :inputs] = x
        scratch = x.new_empty(made.numel())
        for layer in self._layers:
            layer(made, context, scratch)
        return made


class _Transit(nn.Module):
    """Halves the channels."""

    def __init__(self, transit: Any) -> None:
        super().__init__()
        self._linear = _RectifiedProduct(transit.nonlinear.batchnorm, transit.linear.weight[..., 0])

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(0, 1)
        return self._linear(rows, torch.empty_like(rows).flatten()).view(*x.shape[:2], -1)


def _folded(convolution: Any, norm: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that does what its normalisation does after it."""
    weight, bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    return weight, bias


def _affine(norm: Any) -> tuple[Tensor, Tensor]:
    """Scale and shift that a normalisation comes to."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def _keep(module: nn.Module, **tensors: Tensor) -> None:
    """Numbers that move to a device with the module and are not saved."""
    for name, tensor in tensors.items():
        module.register_buffer(name, tensor.detach().clone(), persistent=False)
