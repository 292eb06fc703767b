"""Writing result files so that a reader never sees half of one."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipeline.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

MAX_NAME_BYTES = 200
"""Longest file name we make; file systems stop at 255 bytes, and suffixes need room."""

_UNSAFE = frozenset('/\\:*?"<>|%') | {chr(code) for code in range(32)}


def file_stem(call_id: str) -> str:
    """The file name, without suffix, of a call: the id itself wherever a file can bear it.

    Characters that no file name may hold, and a leading dot, are percent-encoded, so that two ids
    never share a file and no id leaves its folder.

    Raises:
        StoreError: the id is empty or its name would be longer than 200 bytes.
    """
    stem = "".join(quote(c, safe="") if c in _UNSAFE else c for c in call_id)
    if stem.startswith("."):
        stem = f"%2E{stem[1:]}"
    if not stem or len(stem.encode(errors="surrogatepass")) > MAX_NAME_BYTES:
        raise StoreError(f"call id of {len(call_id)} characters makes no usable file name")
    return stem


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write ``content`` to ``path``: temporary file beside it, fsync, rename.

    Folders on the way are made. After a crash there is the old file or the new one.

    Args:
        path: the file.
        content: all of it.
        mode: its permissions, from before the first byte is written; the system's default when ``None``.

    Raises:
        StoreError: the file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # a folder on the way may be a file
            temporary.unlink(missing_ok=True)
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def remove_unfinished(folder: Path) -> None:
    """Remove what writers left behind that were killed, in a folder and the folders right in it.

    Nobody else may be writing there.
    """
    for pattern in (".*.tmp", "*/.*.tmp"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    # The rename itself must reach the disk; systems that cannot open a folder need no sync.
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
