"""The elements of Matroska and WebM (RFC 8794, RFC 9559): enough to see whether a file was cut."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEGMENT: Final = 0x18538067
_INFO: Final = 0x1549A966
_CLUSTER: Final = 0x1F43B675
_TIMESTAMP_SCALE: Final = 0x2AD7B1
_DURATION: Final = 0x4489
_DEFAULT_SCALE_NS: Final = 1_000_000
_MAX_ELEMENTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What the head of a file says of all of it.

    Attributes:
        end: offset of the byte behind it; ``None`` where the recorder did not know it.
        seconds: length of the sound; ``None`` likewise.
    """

    end: int | None
    seconds: float | None


def read_segment(head: bytes) -> Segment | None:
    """The segment that begins in ``head``, the first bytes of a file; ``None`` where there is none."""
    for element, start, end in _elements(head, 0, len(head)):
        if element == _SEGMENT:
            return Segment(end=end, seconds=_seconds(head, start, end))
    return None


def _seconds(head: bytes, start: int, end: int | None) -> float | None:
    for element, at, stop in _elements(head, start, len(head) if end is None else end):
        if element == _CLUSTER:
            return None
        if element == _INFO and stop is not None and stop <= len(head):
            values = {inner: head[a:b] for inner, a, b in _elements(head, at, stop) if b is not None}
            scale = int.from_bytes(values.get(_TIMESTAMP_SCALE, b"")) or _DEFAULT_SCALE_NS
            length = values.get(_DURATION, b"")
            form = {4: ">f", 8: ">d"}.get(len(length))
            return struct.unpack(form, length)[0] * scale / 1e9 if form else None
    return None


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int | None]]:
    """Id, first byte and end of the elements in a row; an unknown end ends the row."""
    for _ in range(_MAX_ELEMENTS):
        element = _number(data, at, keep_marker=True)
        size = _number(data, at + element[1], keep_marker=False) if element else None
        if at >= end or element is None or size is None:
            return
        start = at + element[1] + size[1]
        unknown = size[0] == (1 << 7 * size[1]) - 1
        yield element[0], start, None if unknown else start + size[0]
        if unknown:
            return
        at = start + size[0]


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int] | None:
    """A number of variable length and how many bytes it took; ``None`` where the data end in it."""
    if at >= len(data) or data[at] == 0:
        return None
    length = 9 - data[at].bit_length()
    if at + length > len(data):
        return None
    value = int.from_bytes(data[at : at + length])
    return value if keep_marker else value & ((1 << 7 * length) - 1), length
