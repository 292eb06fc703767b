"""Reading GGUF files: metadata and tensors, as float32.

Layout and block formats: ``docs/gguf.md`` and ``ggml-quants.c`` of ggml (MIT). Only the formats
that our weights use are known; any other is an error, not a guess.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_SCALARS = dict(enumerate(("B", "b", "H", "h", "I", "i", "f", "?"))) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


@dataclass(frozen=True, slots=True)
class _Place:
    shape: tuple[int, ...]
    kind: int
    offset: int


class GgufFile:
    """An open GGUF file, version 3.

    Raises:
        WeightsError: the file is none, or cut short.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._at = 0
        try:
            magic, version, tensors, facts = self._take("4sIQQ")
            if magic != b"GGUF" or version != 3:
                raise WeightsError(f"{self._name}: no GGUF file of version 3")
            self.metadata: dict[str, Any] = {}
            for _ in range(facts):
                name = self._string()
                self.metadata[name] = self._value(self._take("I")[0])
            self._places = dict(self._place() for _ in range(tensors))
        except (struct.error, UnicodeDecodeError) as error:
            raise WeightsError(f"{self._name}: damaged header") from error
        aligned = int(self.metadata.get("general.alignment", 32))
        self._start = -(-self._at // aligned) * aligned

    def tensor(self, name: str, rows: Sequence[int] | None = None) -> NDArray[np.float32]:
        """A tensor, or some rows of it; a matrix has one row an output, as in torch.

        Raises:
            WeightsError: there is none of this name, its format is not known, or it is cut short.
        """
        place = self._places.get(name)
        if place is None:
            raise WeightsError(f"{self._name}: no tensor {name}")
        if place.kind not in _FORMATS:
            raise WeightsError(f"{self._name}: {name} has format {place.kind}, which is not supported")
        values, size, decode = _FORMATS[place.kind]
        count = prod(place.shape) // values
        start = self._start + place.offset
        if start + count * size > len(self._data):
            raise WeightsError(f"{self._name}: {name} is cut short")
        blocks = np.frombuffer(self._data, np.uint8, count * size, start).reshape(count, size)
        if rows is not None:
            blocks = blocks.reshape(place.shape[-1], -1, size)[list(rows)].reshape(-1, size)
        shape = place.shape[::-1] if rows is None else (len(rows), *place.shape[-2::-1])
        return decode(blocks).reshape(shape)

    def _take(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{layout}", self._data, self._at)
        self._at += struct.calcsize(f"<{layout}")
        return found

    def _string(self) -> str:
        (length,) = self._take("Q")
        return str(self._take(f"{length}s")[0], "utf-8")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            inner, count = self._take("IQ")
            if inner in _SCALARS:
                return self._take(f"{count}{_SCALARS[inner]}")
            return tuple(self._value(inner) for _ in range(count))
        if kind not in _SCALARS:
            raise WeightsError(f"{self._name}: unknown metadata type {kind}")
        return self._take(_SCALARS[kind])[0]

    def _place(self) -> tuple[str, _Place]:
        name = self._string()
        (dimensions,) = self._take("I")
        *shape, kind, offset = self._take(f"{dimensions}QIQ")
        return name, _Place(tuple(shape), kind, offset)


def _half(blocks: NDArray[np.uint8], at: int) -> NDArray[np.float32]:
    """The float16 at a byte of each block, shape ``(blocks, 1)``."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view(np.float16).astype(np.float32)


def _nibbles(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Low then high four bits of the last axis, which doubles."""
    return np.concatenate((packed & 15, packed >> 4), axis=-1)


def _f32(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ascontiguousarray(blocks).view(np.float32)


def _q8_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    return _half(blocks, 0) * blocks[:, 2:].view(np.int8)


def _q5_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    fifth = np.unpackbits(blocks[:, 2:6], axis=1, bitorder="little")
    return _half(blocks, 0) * ((_nibbles(blocks[:, 6:]) | fifth << 4).astype(np.int8) - 16)


def _q4_k(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    low, high, rest = blocks[:, 4:8], blocks[:, 8:12], blocks[:, 12:16]
    scale = np.concatenate((low & 63, (rest & 15) | (low >> 6 << 4)), axis=1)
    least = np.concatenate((high & 63, (rest >> 4) | (high >> 6 << 4)), axis=1)
    values = _nibbles(blocks[:, 16:].reshape(-1, 4, 32)).reshape(-1, 8, 32)
    scaled = (_half(blocks, 0) * scale)[..., None] * values - (_half(blocks, 2) * least)[..., None]
    return scaled.astype(np.float32)


def _q6_k(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    low = _nibbles(blocks[:, :128].reshape(-1, 2, 64))
    shifts = np.array([0, 2, 4, 6], np.uint8)[:, None]
    high = (blocks[:, 128:192].reshape(-1, 2, 1, 32) >> shifts & 3).reshape(-1, 2, 128)
    values = (low | high << 4).astype(np.int8) - 32
    scale = _half(blocks, 208) * blocks[:, 192:208].view(np.int8)
    return (scale[..., None] * values.reshape(-1, 16, 16)).astype(np.float32)


_FORMATS: dict[int, tuple[int, int, Callable[[NDArray[np.uint8]], NDArray[np.float32]]]] = {
    0: (1, 4, _f32),
    6: (32, 22, _q5_0),
    8: (32, 34, _q8_0),
    12: (256, 144, _q4_k),
    14: (256, 210, _q6_k),
}
"""By ggml type: values a block, bytes a block, and how to decode blocks."""
