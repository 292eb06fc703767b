"""Ed25519 keys (RFC 8032) that sign audit packs: made, kept and used.

The private key is PKCS#8 in PEM, readable by its owner only, encrypted where there is a password; the public
key is SubjectPublicKeyInfo in PEM, as ``openssl`` reads it. A key's fingerprint is the SHA-256 of the DER
form of its public key.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.audit.verifier import fingerprint_of
from pipeline.errors import ConfigError, StoreError
from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_FILE: Final = "audit-key.pem"
PUBLIC_FILE: Final = "audit-key.pub.pem"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in hand."""

    _key: Ed25519PrivateKey = field(repr=False)

    @property
    def public_pem(self) -> bytes:
        """The public key."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, hexadecimal."""
        return fingerprint_of(self.public_pem)

    def sign(self, content: bytes) -> bytes:
        """A signature of 64 bytes; the same content gives the same one."""
        return self._key.sign(content)


def make_key(folder: Path, password: str = "") -> SigningKey:
    """Make a key and write both halves into a folder.

    Args:
        folder: takes ``audit-key.pem`` and ``audit-key.pub.pem``; made when it is not there.
        password: encrypts the private key; empty for none.

    Raises:
        ConfigError: there is a key already; none is ever replaced.
        StoreError: the folder cannot be written.
    """
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private, public = folder / PRIVATE_FILE, folder / PUBLIC_FILE
    for path in (private, public):
        if path.exists():
            raise ConfigError(f"{path}: there is a key already; what it signed could not be checked any more")
    key = Ed25519PrivateKey.generate()
    hidden = s.BestAvailableEncryption(password.encode()) if password else s.NoEncryption()
    pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, hidden)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"cannot write {private}: {error.strerror}") from error
    made = SigningKey(key)
    write_atomically(public, made.public_pem, mode=0o644)
    return made


def read_key(path: Path, variable: str, environment: Mapping[str, str]) -> SigningKey:
    """Read a private key.

    Args:
        path: its file.
        variable: name of the environment variable with its password.
        environment: the environment.

    Raises:
        ConfigError: the file cannot be read, others may read it, or it holds no key that the password opens.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    password = environment.get(variable, "") if variable else ""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path}: others may read this private key; chmod 600 it")
        pem = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    try:
        key = load_pem_private_key(pem, password.encode() if b"ENCRYPTED" in pem else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        hint = f" that the password in {variable} opens" if b"ENCRYPTED" in pem else ""
        raise ConfigError(f"{path}: no private key{hint}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: not an Ed25519 key")
    return SigningKey(key)
