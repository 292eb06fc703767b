"""Deleting the files of a call: unlinked, and the unlinking on disk.

Nothing is overwritten before: flash and file systems that copy on write keep the old blocks anyway. Where
they must be unreadable, encrypt the disk.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from pipeline.batch.keys import MISSING, file_sha256
from pipeline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def sha256_and_size(path: Path) -> tuple[str, int] | None:
    """Digest and bytes of a file; ``None`` when it is not there.

    Raises:
        StoreError: it is there and cannot be read.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    sha256 = file_sha256(path)
    if sha256 == MISSING:
        raise StoreError(f"cannot read {path}")
    return sha256, size


def unlink(paths: Iterable[Path]) -> None:
    """Delete files; those that are gone already are no error.

    Raises:
        StoreError: the file system refuses.
    """
    folders = set()
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot delete {path}: {error.strerror}") from error
        folders.add(path.parent)
    for folder in sorted(folders):
        _sync(folder)


def may_delete(recording: Path, folders: Sequence[Path]) -> bool:
    """Whether an original may be deleted: a plain file, really inside one of the folders, with one name."""
    try:
        found = recording.lstat()
        real = recording.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        return False
    return any(real.is_relative_to(folder.resolve()) and real != folder.resolve() for folder in folders)


def _sync(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
