"""The first layers of Gemma 3 in plain torch, and its tokenizer.

After the Gemma 3 Technical Report (arXiv:2503.19786) and the reference code of ``google-deepmind/gemma``
(Apache-2.0). Only what short texts need: texts beyond the sliding window of 512 tokens are refused,
so that local and global layers differ in the base of their rotary positions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WINDOW = 512
BOS = "<bos>"
_SPACE = "▁"
_GLOBAL_EVERY = 6
_LOCAL_BASE, _GLOBAL_BASE = 10_000.0, 1_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GemmaShape:
    """Sizes; those of Gemma 3 270M. ``layers`` may be fewer than the model has."""

    layers: int
    width: int = 640
    hidden: int = 2048
    heads: int = 4
    head_width: int = 256
    epsilon: float = 1e-6


class Pieces:
    """SentencePiece BPE: of all pairs of neighbours that make a piece, the best one is joined first.

    Args:
        scores: every piece with its score; ``<0x00>`` to ``<0xFF>`` stand for bytes.
    """

    def __init__(self, scores: Mapping[str, float]) -> None:
        self._scores = dict(scores)
        self._ids = {piece: i for i, piece in enumerate(scores)}
        self.bos = self._ids[BOS]

    def encode(self, text: str) -> list[int]:
        """The ids of the pieces of ``text``; a character without piece becomes bytes of UTF-8."""
        pieces = list(text.replace(" ", _SPACE))
        while True:
            joined = [(self._scores.get(a + b), -i) for i, (a, b) in enumerate(pairwise(pieces))]
            best = max(((s, i) for s, i in joined if s is not None), default=None)
            if best is None:
                break
            at = -best[1]
            pieces[at : at + 2] = ["".join(pieces[at : at + 2])]
        return [i for piece in pieces for i in self._known(piece)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of pieces; the inverse of :meth:`encode`."""
        names = list(self._ids)
        raw = b"".join(
            bytes.fromhex(name[3:5]) if _is_byte(name) else name.replace(_SPACE, " ").encode()
            for name in (names[i] for i in ids)
        )
        return raw.decode("utf-8", errors="replace")

    def _known(self, piece: str) -> list[int]:
        if piece in self._ids:
            return [self._ids[piece]]
        return [self._ids[f"<0x{byte:02X}>"] for byte in piece.encode()]


def _is_byte(name: str) -> bool:
    return len(name) == 6 and name.startswith("<0x")


class Norm(nn.Module):
    """Root mean square norm. The weight is the factor itself (1 + w of the paper's code)."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self._epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Any shape ``(..., width)``; float32 in and out."""
        return functional.rms_norm(x.float(), self.weight.shape, self.weight.float(), self._epsilon)


class Layer(nn.Module):
    """One decoder layer: attention with one key head for all queries, then a gated feed-forward."""

    def __init__(self, shape: GemmaShape, base: float) -> None:
        super().__init__()
        inner, norm = shape.heads * shape.head_width, shape.epsilon
        self._heads, self._head_width, self._base = shape.heads, shape.head_width, base
        self.attn_norm, self.post_attention_norm = Norm(shape.width, norm), Norm(shape.width, norm)
        self.ffn_norm, self.post_ffw_norm = Norm(shape.width, norm), Norm(shape.width, norm)
        self.attn_q_norm, self.attn_k_norm = Norm(shape.head_width, norm), Norm(shape.head_width, norm)
        self.attn_q = nn.Linear(shape.width, inner, bias=False)
        self.attn_k = nn.Linear(shape.width, shape.head_width, bias=False)
        self.attn_v = nn.Linear(shape.width, shape.head_width, bias=False)
        self.attn_output = nn.Linear(inner, shape.width, bias=False)
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, tokens, width)`` in float32; the products run in the type of the matrices."""
        work = self.attn_q.weight.dtype
        x = x + self.post_attention_norm(self._attend(self.attn_norm(x).to(work)))
        h = self.ffn_norm(x).to(work)
        gated = functional.gelu(self.ffn_gate(h), approximate="tanh") * self.ffn_up(h)
        return x + self.post_ffw_norm(self.ffn_down(gated))

    def _attend(self, h: Tensor) -> Tensor:
        batch, tokens, _ = h.shape
        split = (batch, tokens, -1, self._head_width)
        q = rotated(self.attn_q_norm(self.attn_q(h).view(split).transpose(1, 2)), self._base).to(h.dtype)
        k = rotated(self.attn_k_norm(self.attn_k(h).view(split).transpose(1, 2)), self._base).to(h.dtype)
        v = self.attn_v(h).view(split).transpose(1, 2)
        shared = (batch, self._heads, tokens, self._head_width)
        out = functional.scaled_dot_product_attention(q, k.expand(shared), v.expand(shared), is_causal=True)
        return self.attn_output(out.transpose(1, 2).reshape(batch, tokens, -1))


class Gemma(nn.Module):
    """Token ids in, the hidden states after chosen layers out."""

    def __init__(self, shape: GemmaShape, vocabulary: int) -> None:
        super().__init__()
        self.token_embd = nn.Embedding(vocabulary, shape.width)
        self.blk = nn.ModuleList(
            Layer(shape, _GLOBAL_BASE if (i + 1) % _GLOBAL_EVERY == 0 else _LOCAL_BASE)
            for i in range(shape.layers)
        )

    def forward(self, ids: Tensor, after: Sequence[int]) -> list[Tensor]:
        """Hidden states after each layer of ``after`` (counted from 1, rising), float32.

        Args:
            ids: ``(batch, tokens)``, begun by ``<bos>``, padded on the right: attention looks back only.
            after: no layer beyond the last of them is computed.

        Raises:
            ValueError: more tokens than the sliding window.
        """
        if ids.shape[1] > WINDOW:
            raise ValueError(f"more than {WINDOW} tokens")
        x = self.token_embd(ids).float() * self.token_embd.embedding_dim**0.5
        kept = []
        for number, layer in enumerate(self.blk[: max(after)], start=1):
            x = layer(x)
            if number in after:
                kept.append(x)
        return kept


def rotated(x: Tensor, base: float) -> Tensor:
    """Rotary positions over the last axis, halves paired, for ``(..., tokens, width)``."""
    tokens, width = x.shape[-2:]
    speed = base ** (-torch.arange(0, width, 2, device=x.device) / width)
    angle = torch.arange(tokens, device=x.device)[:, None] * speed
    a, b = x[..., : width // 2], x[..., width // 2 :]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)
