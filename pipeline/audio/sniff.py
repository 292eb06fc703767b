"""What a file is, by its bytes: an allowed container, or the reason why it is refused.

The demuxer is chosen here and forced on the decoder, so that no playlist, concat or network
format can ever be reached by a file's content or name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from pipeline.audio.mpeg import find_stream
from pipeline.errors import RecordingError

HEAD_BYTES: Final = 65536
"""How much of the file is looked at."""

_ID3_HEADER: Final = 10
_MAX_ID3_TAGS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An allowed container.

    Attributes:
        container: our name for it.
        demuxer: FFmpeg's name for it.
        offset: bytes before the container proper (ID3 tags).
        options: what the demuxer must be told.
    """

    container: str
    demuxer: str
    offset: int = 0
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Magic:
    """Bytes and what they mean."""

    pattern: re.Pattern[bytes]
    what: str


def _magic(pattern: bytes, what: str) -> _Magic:
    return _Magic(re.compile(pattern, re.DOTALL), what)


_MP4: Final = rb"\x00.{3}(?:ftyp|moov|mdat|wide|skip|free)"
_ASF: Final = rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9"
_PDF: Final = rb"%PDF-"
_OLE: Final = rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SEVEN_ZIP: Final = rb"7z\xbc\xaf\x27\x1c"
_ODD: Final = b"[" + re.escape(bytes(range(1, 256, 2))) + b"]"

_ALLOWED: Final = (
    (_magic(rb"(?:RIFF|RIFX|RF64|BW64).{4}WAVE", "wav"), "wav"),
    (_magic(rb"OggS", "ogg"), "ogg"),
    (_magic(rb"fLaC", "flac"), "flac"),
    (_magic(rb"#!AMR(?:-WB)?\n", "amr"), "amr"),
    (_magic(_MP4, "mp4"), "mov"),
    (_magic(_ASF, "asf"), "asf"),
    (_magic(rb"\x1a\x45\xdf\xa3", "matroska"), "matroska"),
    (_magic(rb"\.snd", "au"), "au"),
)
"""Container and the demuxer that reads it."""

_ENCRYPTED: Final = (
    _magic(rb"Salted__|U2FsdGVkX1", "OpenSSL encryption"),
    _magic(rb"-----BEGIN PGP MESSAGE", "a PGP message"),
    _magic(rb"age-encryption\.org/|-----BEGIN AGE ENCRYPTED", "an age-encrypted file"),
    _magic(rb"AES[\x01\x02].", "an AES Crypt file"),
    # local file header with bit 0 of the general flags: traditional and AES encryption alike
    _magic(rb"PK\x03\x04.." + _ODD, "a password-protected zip"),
    _magic(rb"Rar!\x1a\x07\x01\x00.{4}[\x05-\x20]\x04", "a password-protected RAR"),
    _magic(rb"Rar!\x1a\x07\x00.{2}\x73[\x80-\xff]", "a password-protected RAR"),
)

_ENCRYPTED_INSIDE: Final = (
    (_magic(_PDF, "an encrypted PDF"), re.compile(rb"/Encrypt\b")),
    (_magic(_OLE, "a password-protected Office file"), re.compile("EncryptedPackage".encode("utf-16-le"))),
    # the id of 7-Zip's AES coder
    (_magic(_SEVEN_ZIP, "a password-protected 7z"), re.compile(rb"\x06\xf1\x07\x01")),
    # the (extended) content encryption objects of ASF
    (
        _magic(_ASF, "a DRM-protected WMA"),
        re.compile(
            rb"\xfb\xb3\x11\x22\x23\xbd\xd2\x11\xb4\xb7\x00\xa0\xc9\x55\xfc\x6e"
            rb"|\x14\xe6\x8a\x29\x22\x26\x17\x4c\xb9\x35\xda\xe0\x7e\xe9\x28\x9c"
        ),
    ),
    (_magic(_MP4, "a DRM-protected MP4"), re.compile(rb"stsd.{12}(?:enca|encv|drms)", re.DOTALL)),
)
"""A format, and what marks it as encrypted somewhere in its head or tail."""

_WEAKLY_ENCRYPTED: Final = (
    # binary OpenPGP packets: session key by public key (version 3) or by passphrase (version 4)
    _magic(rb"\x85..\x03|\x84.\x03|\xc1(?:[\x00-\xbf]|[\xc0-\xdf].)\x03", "a PGP message"),
    _magic(rb"\x8c[\x04-\x20]\x04|\xc3[\x04-\x20]\x04", "a PGP message"),
)
"""Two bytes are thin evidence: asked last, and never of declared raw sound."""

_UNSUPPORTED: Final = (
    _magic(rb"\x02?#!SILK", "SILK (as WeChat records it); convert it to WAV first"),
    _magic(rb"#!AMR", "multi-channel AMR"),
    _magic(rb"#EXTM3U|\[playlist\]|ffconcat version|<(?:asx|smil)\b|<\?wpl", "a playlist, not a recording"),
    _magic(rb"PK\x03\x04|PK\x05\x06", "a zip archive; unpack it first"),
    _magic(
        _SEVEN_ZIP + rb"|Rar!\x1a\x07|\x1f\x8b|BZh[1-9]|\xfd7zXZ",
        "an archive; unpack it first",
    ),
    _magic(rb".{257}ustar", "a tar archive; unpack it first"),
    _magic(rb"RIFF.{4}AVI |FLV\x01|\x00\x00\x01[\xba\xb3]", "a video"),
    _magic(rb"FORM.{4}AIF[FC]", "AIFF"),
    _magic(rb"caff", "CAF"),
    _magic(rb"wvpk", "WavPack"),
    _magic(rb"MAC ", "Monkey's Audio"),
    _magic(rb"riff\x2e\x91\xcf\x11", "Sony Wave64"),
    _magic(rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x0a\x0d\x0d\x0a", "a network capture"),
)

_NOT_AUDIO: Final = (
    _magic(rb"(?i)\s*<(?:!doctype\s+html|html|head|body)\b", "a web page"),
    _magic(rb"\s*<\?xml", "an XML document"),
    _magic(_PDF, "a PDF"),
    _magic(_OLE, "an Office document"),
    _magic(rb"\x89PNG|\xff\xd8\xff|GIF8", "a picture"),
    _magic(rb"\x7fELF|MZ.{62}", "a program"),
    _magic(rb"SQLite format 3\x00", "a database"),
)

_JSON: Final = re.compile(rb"\s*[{\[]")
_TEXT_BOMS: Final = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def identify(file: BinaryIO, size: int, declared: Source | None = None) -> Source:
    """Say what ``file`` is.

    Args:
        file: open for reading in binary; its position is moved.
        size: of the file, in bytes.
        declared: what a manifest says of headerless sound; a real header in the bytes wins over it,
            and so does a recognised encryption or document.

    Raises:
        RecordingError: ``encrypted``, ``unsupported_container``, ``not_audio`` or ``truncated``.
    """
    offset = _skip_id3(file, size)
    file.seek(offset)
    head = file.read(HEAD_BYTES)
    file.seek(max(offset, size - HEAD_BYTES))
    edges = head + file.read(HEAD_BYTES)

    _refuse("encrypted", _first(_ENCRYPTED, head))
    for magic, mark in _ENCRYPTED_INSIDE:
        if magic.pattern.match(head) and mark.search(edges):
            _refuse("encrypted", magic.what)
    for magic, demuxer in _ALLOWED:
        if magic.pattern.match(head):
            return Source(container=magic.what, demuxer=demuxer, offset=offset)
    _refuse("unsupported_container", _first(_UNSUPPORTED, head))
    _refuse("not_audio", _first(_NOT_AUDIO, head))
    if declared is not None:
        return declared
    _refuse("not_audio", _text(head))
    stream = find_stream(head)
    if stream is not None:
        return Source(container=stream[0], demuxer=stream[0], offset=offset + stream[1])
    _refuse("encrypted", _first(_WEAKLY_ENCRYPTED, head))
    raise RecordingError(
        "not_audio",
        "the bytes hold no audio header (raw sound, encryption or a vendor's own format)",
    )


def _skip_id3(file: BinaryIO, size: int) -> int:
    """Length of the ID3v2 tags at the start; players put them before any format."""
    offset = 0
    for _ in range(_MAX_ID3_TAGS):
        file.seek(offset)
        header = file.read(_ID3_HEADER)
        if len(header) < _ID3_HEADER or not header.startswith(b"ID3") or max(header[6:10]) > 0x7F:
            break
        length = header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9]
        footer = _ID3_HEADER if header[5] & 0x10 else 0
        offset += _ID3_HEADER + length + footer
        if offset > size:
            raise RecordingError("truncated", "the file ends inside its ID3 tag")
    return offset


def _first(magics: tuple[_Magic, ...], head: bytes) -> str | None:
    return next((magic.what for magic in magics if magic.pattern.match(head)), None)


def _text(head: bytes) -> str | None:
    if _CONTROL.search(head[:4096]) and not head.startswith(_TEXT_BOMS):
        return None
    return "JSON" if _JSON.match(head) else "text"


def _refuse(reason: str, what: str | None) -> None:
    if what is not None:
        raise RecordingError(reason, f"the content is {what}")
