"""Meaning of short Chinese texts as numbers: hidden states of Gemma 3 270M, averaged over the text.

The published file is converted once: only the pieces that Chinese text is made of and only the
layers in use are kept (about a fifth), in a form that loads at once.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Self

from models.engine_errors import engine_errors, loading_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from models.gemma_net import Gemma, Pieces
    from models.gguf_file import GgufFile
    from models.weights import Catalogue

WEIGHT = "gemma-3-270m"
EMBED_VERSION = "1"
LAYERS = (6, 10, 14)
"""Hidden states are taken after these, counted from 1."""
MOST_BEFORE, MOST_TEXT = 96, 384
"""Tokens; of a longer context the end is read, of a longer text the beginning."""
_ENGINE = "gemma"
_FILE = "gemma-3-270m-q4_k_m.gguf"
_BATCH = 32
_REMEMBERED = 2048
_USED = re.compile(r"<bos>|<0x[0-9A-F]{2}>|[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]+|[!-~▁\n—…·“”‘’]{1,3}")
"""Pieces of hanzi and their marks, and short ones of ASCII; other text falls back to bytes."""


class GemmaEmbedder:
    """Texts, each with what stands before it, as rows of ``size`` values.

    Args:
        network: with as many layers as are in use, ready for inference.
        pieces: its tokenizer.
        digest: of the published weights.
    """

    size = 640 * len(LAYERS)

    def __init__(self, network: Gemma, pieces: Pieces, digest: str) -> None:
        self._network, self._pieces, self._digest = network, pieces, digest
        self._known: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()

    @classmethod
    def build(cls, catalogue: Catalogue) -> Self:
        """From the cache, converted on first use (about 10 s).

        Raises:
            WeightsError: the weights are not at hand.
            ModelError: they cannot be converted or loaded.
        """
        import torch

        from models.gemma_net import Gemma, GemmaShape, Pieces

        folder, digest = catalogue.folder_of(WEIGHT)
        key = f"{WEIGHT}-{EMBED_VERSION}-{max(LAYERS)}-{digest[:12]}"
        with loading_errors(_ENGINE):
            path = catalogue.make(key, "model.pt", lambda to: convert(folder / _FILE, to))
            kept = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            pieces = Pieces(dict(zip(kept["pieces"], kept["scores"].tolist(), strict=True)))
            with torch.device("meta"):
                network = Gemma(GemmaShape(layers=max(LAYERS)), len(kept["pieces"]))
            network.load_state_dict(kept["state"], assign=True)
            if not _multiplies_bfloat16():
                network = network.float()
            return cls(network.eval(), pieces, digest)

    @property
    def identity(self) -> str:
        """Name, versions and weight digest."""
        return f"{WEIGHT}@{self._digest[:12]}/{EMBED_VERSION}"

    def embed(self, texts: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Each ``(before, text)`` as a row; shape ``(len(texts), size)``.

        What stands before shapes the states but is not averaged. Rows of earlier calls are remembered.

        Raises:
            EngineError: the network failed.
        """
        import numpy as np

        new = sorted(
            {pair for pair in texts if pair not in self._known}, key=lambda pair: sum(map(len, pair))
        )
        rows = dict(self._known)
        with engine_errors(_ENGINE):
            for at in range(0, len(new), _BATCH):
                batch = new[at : at + _BATCH]
                rows.update(zip(batch, self._batch(batch), strict=True))
        for pair in new[-_REMEMBERED:]:
            self._known[pair] = rows[pair]
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return np.stack([rows[pair] for pair in texts]) if texts else np.zeros((0, self.size), np.float32)

    def _batch(self, texts: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        import torch
        from torch.nn.functional import rms_norm
        from torch.nn.utils.rnn import pad_sequence

        before = [[self._pieces.bos, *self._pieces.encode(b)[-MOST_BEFORE:]] for b, _ in texts]
        # An empty text has one token all the same, so that there is something to average.
        inside = [self._pieces.encode(text or " ")[:MOST_TEXT] for _, text in texts]
        ids = pad_sequence(
            [torch.tensor(b + t) for b, t in zip(before, inside, strict=True)], batch_first=True
        )
        place = torch.arange(ids.shape[1])
        start = torch.tensor([len(b) for b in before])[:, None]
        length = torch.tensor([len(t) for t in inside])[:, None]
        counted = (((place >= start) & (place < start + length)) / length)[..., None]
        with torch.inference_mode():
            states = self._network(ids, LAYERS)
            means = [(rms_norm(x, x.shape[-1:]) * counted).sum(dim=1) for x in states]
        return torch.cat(means, dim=1).numpy()


def convert(gguf: Path, to: Path) -> None:
    """Write what is in use of the published file: bfloat16 matrices, float32 norms, pieces and scores.

    Raises:
        WeightsError: the file is not what it should be.
    """
    import torch

    from models.gguf_file import GgufFile

    source = GgufFile(gguf)
    pieces = source.metadata["tokenizer.ggml.tokens"]
    used = [i for i, piece in enumerate(pieces) if _USED.fullmatch(piece)]
    scores = source.metadata["tokenizer.ggml.scores"]
    torch.save(
        {
            "pieces": [pieces[i] for i in used],
            "scores": torch.tensor([scores[i] for i in used]),
            "state": _state(source, used),
        },
        to,
    )


def _state(source: GgufFile, used: Sequence[int]) -> dict[str, Any]:
    import torch

    from models.gemma_net import Gemma, GemmaShape

    with torch.device("meta"):
        names = list(Gemma(GemmaShape(layers=max(LAYERS)), len(used)).state_dict())
    state = {}
    for name in names:
        values = source.tensor(name, used if name == "token_embd.weight" else None)
        state[name] = torch.from_numpy(values.copy()).to(
            torch.float32 if values.ndim == 1 else torch.bfloat16
        )
    return state


def _multiplies_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware; elsewhere float32 is faster."""
    import torch

    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
