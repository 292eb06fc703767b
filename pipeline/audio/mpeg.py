"""Frame headers of MPEG audio (ISO 11172-3, 13818-3) and ADTS (ISO 13818-7): enough to recognise them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_BITRATES_KBPS: Final = {
    # (MPEG-1?, layer) -> kbit/s by index 1..14
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Version bits (3 MPEG-1, 2 MPEG-2, 0 MPEG-2.5) -> sample rates by index."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        kind: ``mp3`` or ``aac``, then header fields that all frames of a stream share.
        length: in bytes.
    """

    kind: tuple[str, int, int, int]
    length: int


def mpeg_frame(data: bytes, at: int) -> Frame | None:
    """The MPEG audio (layer II or III) frame that starts at ``at``, or ``None``."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = data[at + 1] >> 3 & 3, 4 - (data[at + 1] >> 1 & 3)
    bitrate_index, rate_index = data[at + 2] >> 4, data[at + 2] >> 2 & 3
    rates = _RATES_HZ.get(version)
    bitrates = _BITRATES_KBPS.get((version == 3, layer))
    if rates is None or bitrates is None or rate_index == 3 or not 1 <= bitrate_index <= 14:
        return None
    rate = rates[rate_index]
    slots = 72 if version != 3 and layer == 3 else 144
    length = slots * bitrates[bitrate_index - 1] * 1000 // rate + (data[at + 2] >> 1 & 1)
    return Frame(("mp3", version, layer, rate), length)


def adts_frame(data: bytes, at: int) -> Frame | None:
    """The ADTS (AAC) frame that starts at ``at``, or ``None``."""
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return None
    rate_index = data[at + 2] >> 2 & 15
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if rate_index > 12 or length < 8:
        return None
    return Frame(("aac", data[at + 1] >> 3 & 1, data[at + 2] >> 6, rate_index), length)


def find_stream(data: bytes) -> tuple[str, int] | None:
    """Where MPEG or ADTS frames begin in ``data``: ``mp3`` or ``aac`` and the offset, or ``None``.

    Three like frames are asked for, each where the one before ends: a single sync word turns up by
    chance in any 2 kB.
    """
    at = data.find(b"\xff")
    while at >= 0:
        for parse in (mpeg_frame, adts_frame):
            first = parse(data, at)
            second = first and parse(data, at + first.length)
            third = first and second and parse(data, at + first.length + second.length)
            if first and second and third and first.kind == second.kind == third.kind:
                return first.kind[0], at
        at = data.find(b"\xff", at + 1)
    return None
