"""CTranslate2 Whisper weights as openai-whisper parameters, without loss.

Both formats hold the same float16 numbers; only names differ, and CTranslate2 keeps query, key and
value in one matrix.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.ct2_file import Ct2File
from pipeline.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PLAIN = {
    "encoder/conv1/weight": "encoder.conv1.weight",
    "encoder/conv1/bias": "encoder.conv1.bias",
    "encoder/conv2/weight": "encoder.conv2.weight",
    "encoder/conv2/bias": "encoder.conv2.bias",
    "encoder/position_encodings/encodings": "encoder.positional_embedding",
    "encoder/layer_norm/gamma": "encoder.ln_post.weight",
    "encoder/layer_norm/beta": "encoder.ln_post.bias",
    "decoder/embeddings/weight": "decoder.token_embedding.weight",
    "decoder/position_encodings/encodings": "decoder.positional_embedding",
    "decoder/layer_norm/gamma": "decoder.ln.weight",
    "decoder/layer_norm/beta": "decoder.ln.bias",
}
_LAYER_PARTS = {
    "self_attention/layer_norm": ("attn_ln",),
    "self_attention/linear_0": ("attn.query", "attn.key", "attn.value"),
    "self_attention/linear_1": ("attn.out",),
    "attention/layer_norm": ("cross_attn_ln",),
    "attention/linear_0": ("cross_attn.query",),
    "attention/linear_1": ("cross_attn.key", "cross_attn.value"),
    "attention/linear_2": ("cross_attn.out",),
    "ffn/layer_norm": ("mlp_ln",),
    "ffn/linear_0": ("mlp.0",),
    "ffn/linear_1": ("mlp.2",),
}
"""What each part of a layer is in openai-whisper; several names where the matrix is fused."""
_LAYER = re.compile(r"(encoder|decoder)/layer_(\d+)/(.+)/(weight|bias|gamma|beta)")
_ENDINGS = {"weight": "weight", "gamma": "weight", "bias": "bias", "beta": "bias"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperWeights:
    """What openai-whisper needs to build a model.

    Attributes:
        dims: arguments of ``whisper.model.ModelDimensions``.
        parameters: state dict as numpy arrays, in the type of the file.
        alignment_heads: (layer, head) pairs of the decoder that follow the sound.
    """

    dims: dict[str, int]
    parameters: dict[str, NDArray[Any]]
    alignment_heads: tuple[tuple[int, int], ...]


def convert_whisper(folder: Path) -> WhisperWeights:
    """Read ``model.bin`` and ``config.json`` of a CTranslate2 Whisper model.

    Raises:
        WeightsError: the file is no such model, or is quantised to integers.
    """
    variables = Ct2File.read(folder / "model.bin").variables
    try:
        parameters = _parameters(variables)
        heads = json.loads((folder / "config.json").read_text(encoding="utf-8"))["alignment_heads"]
        return WhisperWeights(
            dims=_dimensions(variables),
            parameters=parameters,
            alignment_heads=tuple((int(layer), int(head)) for layer, head in heads),
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise WeightsError(f"{folder}: no CTranslate2 Whisper model: {error}") from error


def _parameters(variables: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    parameters = {}
    for name, values in variables.items():
        if name in _PLAIN:
            parameters[_PLAIN[name]] = _floating(name, values)
        elif match := _LAYER.fullmatch(name):
            side, layer, part, ending = match.groups()
            targets = _LAYER_PARTS[part]
            for target, piece in zip(targets, np.split(_floating(name, values), len(targets)), strict=True):
                if target.endswith(".key") and _ENDINGS[ending] == "bias":
                    continue  # Whisper's keys have no bias; the fused one holds zeros there
                parameters[f"{side}.blocks.{layer}.{target}.{_ENDINGS[ending]}"] = piece
    return parameters


def _floating(name: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind != "f":
        raise ValueError(f"{name} is quantised to {values.dtype}")
    return values


def _dimensions(variables: dict[str, NDArray[Any]]) -> dict[str, int]:
    audio_state, mels, _ = variables["encoder/conv1/weight"].shape
    vocabulary, text_state = variables["decoder/embeddings/weight"].shape
    return {
        "n_mels": mels,
        "n_audio_ctx": variables["encoder/position_encodings/encodings"].shape[0],
        "n_audio_state": audio_state,
        "n_audio_head": int(variables["encoder/num_heads"]),
        "n_audio_layer": _layers(variables, "encoder"),
        "n_vocab": vocabulary,
        "n_text_ctx": variables["decoder/position_encodings/encodings"].shape[0],
        "n_text_state": text_state,
        "n_text_head": int(variables["decoder/num_heads"]),
        "n_text_layer": _layers(variables, "decoder"),
    }


def _layers(variables: dict[str, NDArray[Any]], side: str) -> int:
    matches = (_LAYER.fullmatch(name) for name in variables)
    return 1 + max(int(m[2]) for m in matches if m and m[1] == side)
