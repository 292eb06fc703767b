"""``deletions.jsonl``: what is left of a deleted call: that it was deleted, by which rule, when, and digests.

A line a deletion, chained (:mod:`pipeline.chain`). A call is named by a keyed hash of its id: with the key
one can ask whether it was deleted.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.chain import START, Chain, Verdict
from pipeline.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["START", "Verdict"]

FILE_NAME: Final = "deletions.jsonl"
KEY_FILE: Final = ".retention.key"
FORM: Final = "tinghe.deletion/1"
_SHORTEST_KEY: Final = 16


@dataclass(frozen=True, slots=True)
class Key:
    """The secret under which calls are hashed."""

    secret: bytes = field(repr=False)

    @property
    def identity(self) -> str:
        """Tells keys apart, and nothing of the key."""
        return hashlib.sha256(b"tinghe retention key" + self.secret).hexdigest()[:16]

    def of(self, call_id: str) -> str:
        """The keyed hash of a call id: HMAC-SHA-256, hexadecimal."""
        return hmac.new(self.secret, call_id.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def find_key(
    folder: Path, variable: str, environment: Mapping[str, str], *, make: bool = False
) -> Key | None:
    """The key: from the environment, else from the results folder.

    Args:
        folder: the results folder.
        variable: name of the environment variable.
        environment: the environment.
        make: make one in the folder, readable by its owner only, where there is none.

    Raises:
        ConfigError: the variable holds fewer than 16 bytes.
        StoreError: the file cannot be read or written.
    """
    given = environment.get(variable, "") if variable else ""
    if given:
        if len(given.encode()) < _SHORTEST_KEY:
            raise ConfigError(f"{variable}: must have {_SHORTEST_KEY} bytes at least")
        return Key(given.encode())
    path = folder / KEY_FILE
    try:
        if make and not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
        return Key(path.read_bytes().strip()) if path.exists() else None
    except OSError as error:
        raise StoreError(f"cannot use {path}: {error.strerror}") from error


def verify(folder: Path, *, head: str | None = None) -> Verdict:
    """Follow the chain of a results folder.

    Args:
        folder: the results folder; without a file there are no deletions and nothing is wrong.
        head: a digest that was written down earlier: it must be one of the chain.

    Raises:
        StoreError: the file cannot be read.
    """
    return _chain(folder).verify(head=head)


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """The deletions of a results folder, the first one first.

    Raises:
        StoreError: the file cannot be read, or a line is not as it was written.
    """
    return _chain(folder).read()


def append(folder: Path, proofs: Iterable[Mapping[str, Any]]) -> str:
    """Add deletions to the chain; the digest of the last line.

    Raises:
        StoreError: the chain is broken, or the file cannot be written. A line that was begun is taken out
            again by :func:`repair`.
    """
    return _chain(folder).append(proofs)


def repair(folder: Path) -> None:
    """Take out a last line that was not written to its end; its deletion has no proof yet and gets one.

    Raises:
        StoreError: the file cannot be written.
    """
    _chain(folder).repair()


def _chain(folder: Path) -> Chain:
    return Chain(path=folder / FILE_NAME, form=FORM, unfinished="tinghe retention apply goes on from there")
