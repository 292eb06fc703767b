"""What was worked out once and is kept in the cache folder, so that the next start need not work it out.

Rules are dear to prepare: expressions are parsed, indexes built, examples proven. What comes of it hangs on
files, code and packages alone, and is kept under a digest of these. Whatever is wrong with an entry
(damaged, another's, of another key) or with the folder (not there, read-only), the work is done anew: what
is kept makes a start quicker, and never changes it or makes it fail.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np

KEPT_OF_A_KIND: Final = 24
"""Entries of a kind that stay: those that were read or written last. A book of rules has four scanners."""
_FORM: Final = b"tinghe kept 1\n"
_DIGEST: Final = 64
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_SOURCES: Final = Path(__file__).resolve().parent.parent
_CODE: Final = ("pipeline", "models")


@dataclass(frozen=True, slots=True)
class Kept:
    """Entries by kind and key, each a file that only its owner may read and write (0600).

    Attributes:
        folder: where they lie; ``None`` keeps nothing.
    """

    folder: Path | None = None

    def read(self, kind: str, key: str) -> bytes | None:
        """What was kept; ``None`` where there is nothing that can be trusted.

        Args:
            kind: of entry, part of a file name.
            key: a digest of all that the content was made from (:func:`key_of`).
        """
        if self.folder is None:
            return None
        try:
            file = os.open(self._path(kind, key), os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
            with open(file, "rb") as stream:
                about = os.fstat(stream.fileno())
                if about.st_uid != os.geteuid() or about.st_mode & _OTHERS_MAY_WRITE:
                    return None
                entry = stream.read()
        except OSError:
            return None
        with suppress(OSError):  # a folder that is read-only keeps what it has
            os.utime(self._path(kind, key))
        head = len(_FORM) + _DIGEST
        content = entry[head:]
        return content if entry[:head] == _FORM + _seal(kind, key, content) else None

    def write(self, kind: str, key: str, content: bytes) -> None:
        """Keep what was worked out, if the folder lets us; what nobody read for longest makes room."""
        if self.folder is None:
            return
        from pipeline.report.files import PRIVATE_FILE, write_atomically  # not for those who read only

        with suppress(StoreError):
            entry = _FORM + _seal(kind, key, content) + content
            write_atomically(self._path(kind, key), entry, mode=PRIVATE_FILE)
            self._make_room(kind)

    def arrays(self, kind: str, key: str) -> Mapping[str, np.ndarray[Any, Any]] | None:
        """The same as :meth:`read` for arrays by name."""
        content = self.read(kind, key)
        if content is None:
            return None
        import numpy as np

        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def write_arrays(self, kind: str, key: str, arrays: Mapping[str, Any]) -> None:
        """The same as :meth:`write` for arrays by name."""
        if self.folder is None:
            return
        import numpy as np

        file = BytesIO()
        np.savez(file, **arrays)
        self.write(kind, key, file.getvalue())

    def text(self, kind: str, made_from: Iterable[str | bytes], make: Callable[[], str]) -> str:
        """A text that was kept, or is made now and kept.

        Args:
            kind: of entry, part of a file name.
            made_from: all that it is made from, this program's sources aside.
            make: makes it.
        """
        key = key_of(*made_from)
        known = self.read(kind, key)
        if known is not None:
            return known.decode()
        made = make()
        self.write(kind, key, made.encode())
        return made

    def _path(self, kind: str, key: str) -> Path:
        return (self.folder or Path()) / f"{kind}-{key[:32]}"

    def _make_room(self, kind: str) -> None:
        """Other processes may be doing the same: what is gone already is no matter."""
        found = []
        for path in (self.folder or Path()).glob(f"{kind}-*"):
            with suppress(OSError):
                found.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(found)[:-KEPT_OF_A_KIND]:
            with suppress(OSError):
                path.unlink()


NOTHING_KEPT: Final = Kept()
"""Everything is worked out anew."""


def key_of(*parts: str | bytes) -> str:
    """A digest of all that something is made from, in the order given, and of the code and Python at hand."""
    found = hashlib.sha256(code_sha256().encode())
    for part in parts:
        content = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        found.update(b"%d:" % len(content))
        found.update(content)
    return found.hexdigest()


@cache
def code_sha256() -> str:
    """Digest of this program's own sources that judge calls, and of the Python that runs them.

    It takes some milliseconds a process; a version number would not do, for code changes between versions.
    """
    found = hashlib.sha256(sys.version.encode())
    for path in sorted(path for name in _CODE for path in (_SOURCES / name).rglob("*.py")):
        found.update(path.relative_to(_SOURCES).as_posix().encode())
        with suppress(OSError):
            found.update(path.read_bytes())
    return found.hexdigest()


def cache_folder(configured: str = "", environ: Mapping[str, str] | None = None) -> Path:
    """The cache folder: ``configured``, else ``$TINGHE_CACHE``, else ``tinghe`` in the user's cache (XDG)."""
    env = os.environ if environ is None else environ
    for value in (configured, env.get("TINGHE_CACHE", "")):
        if value:
            return Path(value).expanduser().absolute()
    xdg = env.get("XDG_CACHE_HOME", "")
    return (Path(xdg) if os.path.isabs(xdg) else Path.home() / ".cache") / "tinghe"


def _seal(kind: str, key: str, content: bytes) -> bytes:
    whole = hashlib.sha256(f"{kind}\n{key}\n".encode() + content)
    return whole.hexdigest().encode()
