"""Stored sound encrypted at rest, with a key that is kept elsewhere.

The form of a file, ``tinghe.sealed/1``; integers are big-endian::

    8 bytes    TNGSEAL1
    4 bytes    length of a chunk before encryption (65,536)
    32 bytes   salt
    chunks     AES-256-GCM of a chunk: its ciphertext, then a tag of 16 bytes

Each file has a key of its own: HKDF-SHA256 of the operator's key and the salt, info ``tinghe.sealed/1``. The
nonce of a chunk is 7 zero bytes, its number in 4 bytes, and one byte that is 1 for the last chunk and 0 for
all others; the header is authenticated with every chunk. A chunk that is moved, left out, added or changed is
noticed, and so is a file that ends early (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár,
"Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015).

The ciphers are those of the ``cryptography`` library.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from typing import TYPE_CHECKING, Final

from pipeline.errors import ConfigError, RecordingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from pipeline.settings import PrivacySettings

MAGIC: Final = b"TNGSEAL1"
KEY_BYTES: Final = 32
_CHUNK: Final = 65_536
_SALT_BYTES: Final = 32
_TAG_BYTES: Final = 16
_HEADER_BYTES: Final = len(MAGIC) + 4 + _SALT_BYTES
_INFO: Final = b"tinghe.sealed/1"
_MOST_CHUNKS: Final = 2**32


def key_of(settings: PrivacySettings, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The key for stored sound, from the environment variable that the settings name; ``None`` for none.

    A key is 32 bytes in base64 or 64 hexadecimal digits (``tinghe redact --new-key`` prints one).

    Raises:
        ConfigError: sound is to be encrypted and there is no key, or it is no key.
    """
    name = settings.encrypt_audio_key_env
    text = environment.get(name, "").strip() if name else ""
    if not text:
        if settings.encrypt_audio:
            raise ConfigError(
                f"privacy.encrypt_audio: the environment variable {name or '(none named)'} has no key"
            )
        return None
    try:
        hexadecimal = re.fullmatch(r"[0-9A-Fa-f]{64}", text)
        key = bytes.fromhex(text) if hexadecimal else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{name}: no key: 32 bytes in base64 or 64 hexadecimal digits are wanted")
    return key


def new_key() -> str:
    """A new key, in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def is_sealed(path: Path) -> bool:
    """Whether a file is encrypted in this form; a file that cannot be read is not."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def seal(content: bytes, key: bytes) -> bytes:
    """Encrypt a file's content."""
    salt = secrets.token_bytes(_SALT_BYTES)
    header = MAGIC + _CHUNK.to_bytes(4, "big") + salt
    cipher = _cipher(key, salt)
    pieces = [content[at : at + _CHUNK] for at in range(0, len(content), _CHUNK)] or [b""]
    last = len(pieces) - 1
    return header + b"".join(
        cipher.encrypt(_nonce(number, last=number == last), piece, header)
        for number, piece in enumerate(pieces)
    )


def unseal(content: bytes, key: bytes) -> bytes:
    """Decrypt what :func:`seal` made.

    Raises:
        RecordingError: ``encrypted``: another key, or the file is not as it was written.
    """
    from cryptography.exceptions import InvalidTag

    header, body = content[:_HEADER_BYTES], content[_HEADER_BYTES:]
    length = int.from_bytes(header[len(MAGIC) : len(MAGIC) + 4], "big") + _TAG_BYTES
    # As it is written there is one length: another would let a header choose how much is read.
    if len(header) < _HEADER_BYTES or header[: len(MAGIC)] != MAGIC or length != _CHUNK + _TAG_BYTES:
        raise RecordingError("encrypted", "no encrypted file of a known form")
    cipher = _cipher(key, header[-_SALT_BYTES:])
    pieces = [body[at : at + length] for at in range(0, len(body), length)]
    last = len(pieces) - 1
    try:
        opened = [
            cipher.decrypt(_nonce(number, last=number == last), piece, header)
            for number, piece in enumerate(pieces)
        ]
    except (InvalidTag, ValueError) as error:
        raise RecordingError("encrypted", "another key, or the file was changed or cut") from error
    if not opened:
        raise RecordingError("encrypted", "the encrypted file was cut")
    return b"".join(opened)


def read_sound_file(path: Path, key: bytes | None = None) -> bytes:
    """A file's content, decrypted where it is sealed.

    Raises:
        RecordingError: it cannot be read, or it is sealed and the key is missing or another.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordingError("unreadable_file", f"the file cannot be read: {error.strerror}") from error
    if not content.startswith(MAGIC):
        return content
    if key is None:
        raise RecordingError("encrypted", "the sound is encrypted and there is no key")
    return unseal(content, key)


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_INFO).derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    if number >= _MOST_CHUNKS:
        raise ValueError("too long to be encrypted as one file")
    return bytes(7) + number.to_bytes(4, "big") + bytes([last])
