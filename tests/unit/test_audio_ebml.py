"""What is read of the head of a Matroska file, and that no bytes upset it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.ebml import Segment, read_segment


def element(name: str, content: bytes, *, size: bytes | None = None) -> bytes:
    length = bytes([0x08]) + len(content).to_bytes(4) if size is None else size  # a length of five bytes
    return bytes.fromhex(name) + length + content


def file_with(*inner: bytes, size: bytes | None = None) -> bytes:
    return element("1A45DFA3", b"\x42\x86\x81\x01") + element("18538067", b"".join(inner), size=size)


def info(length: bytes, scale: bytes = b"") -> bytes:
    told = element("2AD7B1", scale) if scale else b""
    return element("1549A966", told + element("4489", length))


@pytest.mark.parametrize(
    ("length", "scale", "seconds"),
    [
        (struct.pack(">d", 20008.0), b"", 20.008),
        (struct.pack(">f", 2000.0), (2_000_000).to_bytes(3), 4.0),
        (b"\x00\x01", b"", None),
    ],
)
def test_length_and_end(length: bytes, scale: bytes, seconds: float | None) -> None:
    content = file_with(element("EC", b"\0" * 9), info(length, scale), element("1F43B675", b"x"))
    assert read_segment(content) == Segment(end=len(content), seconds=seconds)
    assert read_segment(content[:-1]) == Segment(end=len(content), seconds=seconds)


def test_what_a_live_recorder_does_not_know() -> None:
    content = file_with(element("1F43B675", b"x"), info(struct.pack(">d", 9.0)), size=b"\x01" + b"\xff" * 7)
    assert read_segment(content) == Segment(end=None, seconds=None)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_not(tail: bytes) -> None:
    assert read_segment(tail) is None or tail
    found = read_segment(file_with(tail))
    assert found is not None
    assert found.end == len(file_with(tail))
