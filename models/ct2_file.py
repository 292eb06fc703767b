"""CTranslate2's ``model.bin``: named arrays, read and written back.

Layout, little-endian, as ``ModelReader`` in CTranslate2's ``src/models/model.cc`` reads it (MIT): version,
specification, revision, the variables (name, shape, type, bytes), then names that are another variable's.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

VERSION = 6
_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_CODES = {np.dtype(dtype): code for code, dtype in _TYPES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ct2File:
    """The content of a model file.

    Attributes:
        specification: class of the model, such as ``WhisperSpec``.
        revision: of that specification.
        own: variables by name.
        aliases: names that stand for another variable.
    """

    specification: str
    revision: int
    own: Mapping[str, NDArray[Any]]
    aliases: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Ct2File:
        """Read a ``model.bin``.

        Raises:
            WeightsError: the file is missing, cut short, or not in binary version 6.
        """
        try:
            with (
                path.open("rb") as stream,
                mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
            ):
                return _Reader(content).file()
        except (OSError, struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
            raise WeightsError(f"{path}: no CTranslate2 model: {type(error).__name__}: {error}") from error

    @property
    def variables(self) -> dict[str, NDArray[Any]]:
        """All variables by name, aliases included."""
        return {**self.own, **{alias: self.own[name] for alias, name in self.aliases.items()}}

    def to_bytes(self) -> bytes:
        """The content of a file that reads as this."""
        out = BytesIO()
        out.write(struct.pack("<I", VERSION))
        out.write(_text(self.specification))
        out.write(struct.pack("<II", self.revision, len(self.own)))
        for name, values in self.own.items():
            out.write(_text(name))
            out.write(struct.pack("<B", values.ndim) + struct.pack(f"<{values.ndim}I", *values.shape))
            out.write(struct.pack("<BI", _CODES[values.dtype], values.nbytes))
            out.write(np.ascontiguousarray(values).tobytes())
        out.write(struct.pack("<I", len(self.aliases)))
        for alias, name in self.aliases.items():
            out.write(_text(alias) + _text(name))
        return out.getvalue()


def _text(value: str) -> bytes:
    content = value.encode("ascii") + b"\0"
    return struct.pack("<H", len(content)) + content


class _Reader:
    """A cursor over the bytes of a model file."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._at = 0

    def file(self) -> Ct2File:
        version = self._number("I")
        if version != VERSION:
            raise ValueError(f"binary version {version}, expected {VERSION}")
        specification, revision = self._text(), self._number("I")
        own = dict(self._variable() for _ in range(self._number("I")))
        aliases = {self._text(): self._text() for _ in range(self._number("I"))}
        return Ct2File(specification=specification, revision=revision, own=own, aliases=aliases)

    def _variable(self) -> tuple[str, NDArray[Any]]:
        name = self._text()
        shape = [self._number("I") for _ in range(self._number("B"))]
        dtype = _TYPES[self._number("B")]
        size = self._number("I")
        data = self._content[self._at : self._at + size]
        self._at += size
        return name, np.frombuffer(data, dtype=dtype).reshape(shape)

    def _number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._content, self._at)
        self._at += struct.calcsize(f"<{kind}")
        return int(value)

    def _text(self) -> str:
        size = self._number("H")
        text = self._content[self._at : self._at + size]
        self._at += size
        return text.rstrip(b"\0").decode("ascii")
