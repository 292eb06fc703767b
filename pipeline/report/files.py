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

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
GROUP_FILE, GROUP_FOLDER = 0o640, 0o750

_group = threading.Event()
"""Set where the settings let the group read (``privacy.group_readable``)."""

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


def keep_private(*, group_readable: bool = False) -> None:
    """Have this process and those that it starts write files for their owner, and for the group if told so.

    Nearly all that Tinghe writes tells of people. The mask of the process holds for what others write for us,
    the database and its journal among them.

    Args:
        group_readable: whether the group may read too (0640 and 0750 instead of 0600 and 0700).
    """
    if group_readable:
        _group.set()
    else:
        _group.clear()
    os.umask(0o027 if group_readable else 0o077)


def make_folder(folder: Path) -> None:
    """Make a folder and those on the way that are missing, for the owner (and the group) only.

    Raises:
        OSError: the file system refuses.
    """
    missing = [folder, *folder.parents]
    for one in reversed([path for path in missing if not path.exists()]):
        one.mkdir(mode=GROUP_FOLDER if _group.is_set() else PRIVATE_FOLDER, exist_ok=True)
    folder.mkdir(exist_ok=True)  # says what is wrong where a file is in the way


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write ``content`` to ``path``: temporary file beside it, fsync, rename.

    Folders on the way are made. After a crash there is the old file or the new one.

    Args:
        path: the file.
        content: all of it.
        mode: its permissions, from before the first byte is written; for the owner only when ``None``, or as
            :func:`keep_private` was told.

    Raises:
        StoreError: the file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        make_folder(path.parent)
        granted = (GROUP_FILE if _group.is_set() else PRIVATE_FILE) if mode is None else mode
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as file:
            os.fchmod(file.fileno(), granted)
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
