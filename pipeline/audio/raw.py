"""Headerless sound: what it is must be declared, since the bytes cannot say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DEFAULT_RATE_HZ: Final = 8000
DEFAULT_CHANNELS: Final = 1

_PATTERN: Final = re.compile(
    r"(?P<codec>alaw|mulaw|s16le|gsm)(?::(?P<rate>[0-9]{1,6})(?::(?P<channels>[0-9]{1,2}))?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFormat:
    """The declaration ``codec[:rate[:channels]]`` of a headerless recording."""

    codec: str
    rate_hz: int = DEFAULT_RATE_HZ
    channels: int = DEFAULT_CHANNELS


def parse_raw_format(text: str) -> RawFormat:
    """Read a declaration such as ``alaw``, ``mulaw:8000`` or ``s16le:8000:2``; GSM 6.10 is mono.

    Raises:
        ValueError: the text is no such declaration; the message says what is.
    """
    match = _PATTERN.fullmatch(text.strip().lower())
    rate = int(match["rate"] or DEFAULT_RATE_HZ) if match else 0
    channels = int(match["channels"] or DEFAULT_CHANNELS) if match else 0
    if match is None or rate == 0 or channels == 0 or (match["codec"] == "gsm" and channels > 1):
        raise ValueError(
            "expected alaw or mulaw, s16le or gsm, then optionally :rate and :channels, such as alaw:8000:2"
        )
    return RawFormat(codec=match["codec"], rate_hz=rate, channels=channels)
