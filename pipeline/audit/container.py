"""Writing a pack: a ZIP file of which there is one way only, so that its verifier can hold every byte to it.

The manifest comes first, its signature next, then the files by name. Nothing in the file depends on when or
where it was written, but that another zlib may pack the same content into other bytes; the verifier does not
mind, for the manifest has a digest of the packed bytes too.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pipeline.audit import verifier
from pipeline.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.audit.signing import SigningKey

_LEVEL: Final = 9
_MOST_FILES: Final = (1 << 16) - 2
_MOST_BYTES: Final = (1 << 32) - 1
_STORED: Final = (".wav", ".mp3", ".opus", ".xlsx", ".pem")
"""What does not get smaller, and what a verifier wants to read without unpacking."""


@dataclass
class Container:
    """A pack in the making; packed files wait in a temporary file beside it, so that memory stays small.

    Attributes:
        to: where the pack will be.
    """

    to: Path
    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    _at: dict[str, int] = field(default_factory=dict)
    _waiting: BinaryIO | None = None

    def __enter__(self) -> Container:
        """Open the temporary file.

        Raises:
            StoreError: it cannot be made.
        """
        try:
            self.to.parent.mkdir(parents=True, exist_ok=True)
            self._waiting = open(os.open(self._temporary("parts"), os.O_RDWR | os.O_CREAT, 0o600), "w+b")
            self._waiting.truncate()
        except OSError as error:
            raise StoreError(f"cannot write {self.to}: {error.strerror}") from error
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what is temporary."""
        if self._waiting is not None:
            self._waiting.close()
        for kind in ("parts", "tmp"):
            with suppress(OSError):
                self._temporary(kind).unlink(missing_ok=True)

    def add(self, path: str, content: bytes) -> None:
        """Put a file into the pack.

        Raises:
            ConfigError: there are too many or too large files for one pack.
            StoreError: it cannot be written.
            ValueError: the name stands already.
        """
        if path in self._entries or path in (verifier.MANIFEST, verifier.SIGNATURE):
            raise ValueError(f"{path} stands twice in a pack")
        packed = content if path.endswith(_STORED) else _deflated(content)
        stored = len(packed) >= len(content)
        kept = content if stored else packed
        try:
            self._at[path] = self._file.tell()
            self._file.write(kept)
        except OSError as error:
            raise StoreError(f"cannot write {self.to}: {error.strerror}") from error
        self._entries[path] = {
            "path": path,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "packed_size": len(kept),
            "packed_sha256": hashlib.sha256(kept).hexdigest(),
            "method": "stored" if stored else "deflated",
            "crc32": zlib.crc32(content),
        }
        if len(self._entries) > _MOST_FILES or self._file.tell() > _MOST_BYTES // 2:
            raise ConfigError(
                "the pack gets larger than one file should be: choose fewer calls, or a shorter time"
            )

    def digests(self) -> dict[str, str]:
        """SHA-256 of the content of every file so far."""
        return {path: entry["sha256"] for path, entry in sorted(self._entries.items())}

    def finish(self, facts: Mapping[str, Any], key: SigningKey | None) -> str:
        """Write the pack, readable by its owner only; the SHA-256 of the ZIP file.

        Args:
            facts: what the manifest says beside its files.
            key: signs it; ``None`` for a pack that nobody can hold anyone to.

        Raises:
            StoreError: it cannot be written.
        """
        if key is not None:
            self.add(verifier.PUBLIC_KEY, key.public_pem)
        files = [self._entries[path] for path in sorted(self._entries)]
        signing = {"signed": key is not None, "public_key_sha256": key.fingerprint if key else None}
        manifest = verifier.canonical({"form": verifier.FORM, **facts, **signing, "files": files})
        own = {verifier.MANIFEST: manifest}
        if key is not None:
            own[verifier.SIGNATURE] = key.sign(manifest)
        temporary = self._temporary("tmp")
        try:
            with open(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
                self._write(file, own, files)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            os.replace(temporary, self.to)
        except OSError as error:
            raise StoreError(f"cannot write {self.to}: {error.strerror}") from error
        return sha256

    def _write(self, file: BinaryIO, own: Mapping[str, bytes], files: list[dict[str, Any]]) -> None:
        central = []
        for name, content in own.items():
            known = (name, verifier.STORED, zlib.crc32(content), len(content), len(content))
            central.append(verifier.central_header(*known, file.tell()))
            file.write(verifier.local_header(*known) + content)
        for entry in files:
            method = verifier.STORED if entry["method"] == "stored" else verifier.DEFLATED
            known = (entry["path"], method, entry["crc32"], entry["packed_size"], entry["size"])
            central.append(verifier.central_header(*known, file.tell()))
            file.write(verifier.local_header(*known))
            self._file.seek(self._at[entry["path"]])
            file.write(self._file.read(entry["packed_size"]))
        begin = file.tell()
        file.write(b"".join(central))
        file.write(verifier.end_record(len(central), file.tell() - begin, begin))

    @property
    def _file(self) -> BinaryIO:
        if self._waiting is None:
            raise ValueError("the container is not open")
        return self._waiting

    def _temporary(self, kind: str) -> Path:
        return self.to.with_name(f".{self.to.name}.{os.getpid()}-{threading.get_ident()}.{kind}")


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()
