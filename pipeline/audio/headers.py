"""Does a file hold the sound that its header announces?

Decoders play what there is and say nothing of what is missing, so this is asked separately:
before decoding where a file without its index cannot be opened at all, after it where seconds count.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from pipeline.audio.ebml import read_segment
from pipeline.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.audio.decoding import Sound
    from pipeline.audio.sniff import Source

_WAV_PLACEHOLDER: Final = 0x7FFF0000
"""From here on (and at 0) a size was written by a recorder that did not know it: FFmpeg leaves
0xFFFFFFFF, SoX 0x7FFFF000 and the like."""

_MAX_CHUNKS: Final = 1000
_OGG_PAGE_HEADER: Final = 27
_OGG_MAX_PAGE: Final = 65307
_ASF_FILE_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_MOV_INDEX: Final = frozenset({b"moov", b"moof"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WavData:
    """The data chunk of a WAV file, in bytes.

    Attributes:
        start: where the sound begins.
        announced: its length by the chunk's header; ``None`` for a placeholder.
        held: what the file holds from ``start`` on.
        vouched: the RIFF header, a second witness, ends where the file ends.
        stale: the header announces less than there is, and no other chunk follows: a recorder that
            died before its last update.
    """

    start: int
    announced: int | None
    held: int
    vouched: bool
    stale: bool

    @property
    def missing_share(self) -> float:
        """Bytes announced and not there, as a share of those there; a lone wrong size is no evidence."""
        if self.announced is None or self.vouched or self.announced <= self.held:
            return 0.0
        return (self.announced - self.held) / self.held if self.held else math.inf


def wav_data(file: BinaryIO, size: int, offset: int) -> WavData | None:
    """Find the data chunk; ``None`` when the file ends before it."""
    file.seek(offset)
    header = file.read(12)
    if len(header) < 12:
        return None
    order = ">" if header.startswith(b"RIFX") else "<"
    riff_size = struct.unpack(order + "I", header[4:8])[0]
    at = offset + 12
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        length = struct.unpack(order + "I", chunk[4:])[0]
        start = at + 8
        if chunk[:4] == b"data":
            known = 0 < length < _WAV_PLACEHOLDER
            end = start + length
            return WavData(
                start=start,
                announced=length if known else None,
                held=max(0, size - start),
                vouched=abs(offset + 8 + riff_size - size) <= 1,
                stale=known and end + 1 < size and not _is_chunk(file, end + length % 2, order, size),
            )
        at = start + length + length % 2
    return None


def _is_chunk(file: BinaryIO, at: int, order: str, size: int) -> bool:
    """Whether a chunk with a plausible name and size starts here (metadata after the sound)."""
    file.seek(at)
    header = file.read(8)
    if len(header) < 8:
        return True
    length = struct.unpack(order + "I", header[4:])[0]
    return all(0x20 <= byte < 0x7F for byte in header[:4]) and at + 8 + int(length) <= size + 1


def check_index(file: BinaryIO, size: int, source: Source) -> None:
    """Refuse a file that ends before the part without which nothing can be read.

    Raises:
        RecordingError: ``truncated``.
    """
    if source.container == "wav" and wav_data(file, size, source.offset) is None:
        raise RecordingError("truncated", "the WAV file ends before its sound begins")
    if source.container == "mp4":
        boxes = list(_mov_boxes(file, size, source.offset))
        if not any(kind in _MOV_INDEX for kind, _ in boxes) and any(end > size for _, end in boxes):
            raise RecordingError("truncated", "the MP4 file ends before its index")


def check_whole(
    file: BinaryIO, size: int, source: Source, sound: Sound, *, tolerance_s: float, seconds: float
) -> None:
    """Compare what was decoded with what the header announces.

    Args:
        file: the file that was decoded; its position is moved.
        size: of the file, in bytes.
        source: what the file is.
        sound: what was decoded.
        tolerance_s: seconds that may be missing.
        seconds: decoded sound.

    Raises:
        RecordingError: ``truncated``.
    """
    missing_s = _missing_seconds(file, size, source, sound, seconds)
    if math.isinf(missing_s):
        raise RecordingError("truncated", f"the file ends in mid-page after {seconds:.1f} s of sound")
    if missing_s > tolerance_s:
        raise RecordingError(
            "truncated", f"the header announces {seconds + missing_s:.1f} s, the file holds {seconds:.1f} s"
        )


def _missing_seconds(file: BinaryIO, size: int, source: Source, sound: Sound, seconds: float) -> float:
    """Sound that the header announces and the file lacks; ``inf`` when some is, but not how much."""
    declared = sound.declared_s
    match source.container:
        case "wav":
            data = wav_data(file, size, source.offset)
            return data.missing_share * seconds if data else 0.0
        case "ogg":
            # the last page counts all samples before it, so pages lost to damage show as well
            return math.inf if _ogg_is_cut(file, size) else (declared or seconds) - seconds
        case "mp4":
            if declared is None:
                cut = any(end > size for _, end in _mov_boxes(file, size, source.offset))
                return math.inf if cut else 0.0
            return declared - seconds
        case "matroska":
            return _matroska_seconds(file, size, source.offset, seconds) - seconds
        case "au":
            return _au_share(file, size, source.offset) * seconds
        case "flac":
            return declared - seconds if declared is not None else 0.0
        case "asf":
            return _asf_seconds(file, source.offset) - seconds
        case "mp3":
            # without a Xing header the length is an estimate from the file's own size
            return declared - seconds if declared is not None and _has_xing(file, source.offset) else 0.0
    return 0.0


def _ogg_is_cut(file: BinaryIO, size: int) -> bool:
    """Whether the last page announces more bytes than there are (RFC 3533, section 6)."""
    start = max(0, size - _OGG_MAX_PAGE)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0:
        return False
    page = tail[at:]
    if len(page) < _OGG_PAGE_HEADER:
        return True
    segments = page[_OGG_PAGE_HEADER : _OGG_PAGE_HEADER + page[26]]
    return len(page) < _OGG_PAGE_HEADER + page[26] + sum(segments)


def _has_xing(file: BinaryIO, offset: int) -> bool:
    """Whether the first MP3 frame is a Xing, Info or VBRI header, which counts the frames."""
    file.seek(offset)
    frame = file.read(192)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    return b"VBRI" in frame or (0 < at < len(frame) - 8 and bool(frame[at + 7] & 1))


def _asf_seconds(file: BinaryIO, offset: int) -> float:
    """Length by the file properties object (ASF specification, section 3.2); 0 for a broadcast.

    FFmpeg replaces it with an estimate when the file is short of it.
    """
    file.seek(offset)
    head = file.read(65536)
    at = head.find(_ASF_FILE_PROPERTIES)
    if not 0 <= at <= len(head) - 92:
        return 0.0
    play_100ns, _, preroll_ms, flags = struct.unpack_from("<QQQI", head, at + 64)
    return 0.0 if flags & 1 else play_100ns / 1e7 - preroll_ms / 1e3


def _matroska_seconds(file: BinaryIO, size: int, offset: int, seconds: float) -> float:
    """Length by the head of a file that is shorter than that head says; what it holds where it is whole.

    A browser that records does not know the length and leaves it open: such a cut cannot be told.
    """
    file.seek(offset)
    segment = read_segment(file.read(65536))
    if segment is None or segment.end is None or offset + segment.end <= size:
        return seconds
    return math.inf if segment.seconds is None else segment.seconds


def _au_share(file: BinaryIO, size: int, offset: int) -> float:
    """Bytes of sound that an AU header announces and the file lacks, as a share of those there."""
    file.seek(offset)
    header = file.read(12)
    if len(header) < 12:
        return 0.0
    start, announced = struct.unpack(">II", header[4:])
    held = size - offset - start
    if announced >= _WAV_PLACEHOLDER or announced <= held:
        return 0.0
    return (announced - held) / held if held > 0 else math.inf


def _mov_boxes(file: BinaryIO, size: int, offset: int) -> Iterator[tuple[bytes, int]]:
    """Names and ends of the top-level boxes (ISO 14496-12, section 4.2)."""
    for _ in range(_MAX_CHUNKS):
        file.seek(offset)
        header = file.read(16)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I", header[:4])[0], header[4:8]
        if length == 1 and len(header) == 16:
            length = struct.unpack(">Q", header[8:])[0]
        end = offset + length if length else size
        if length and length < 8:
            return
        yield kind, end
        if end >= size:
            return
        offset = end
