"""Places by URL, through fsspec: a bucket of S3, beside folders of this machine.

Keys and endpoints come from the environment, as s3fs takes them (``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``,
``AWS_ENDPOINT_URL`` …); a URL with a secret in it is refused. What fsspec and botocore raise comes out as our
own errors, by type alone: their messages may hold names of objects.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pipeline.errors import ConfigError, StoreError
from pipeline.report.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOLS: Final = ("s3", "file")
"""What a URL may begin with."""
_NAMED: Final = ", ".join(f"{name}://" for name in PROTOCOLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of an object without reading it.

    Attributes:
        size: bytes.
        changed_ns: when it was last changed, nanoseconds since 1970.
        tag: a number that another content is unlikely to have, 63 bits.
    """

    size: int
    changed_ns: int
    tag: int


class Url:
    """A folder or a file at a URL. It has of a ``Path`` what whoever names a source asks of it.

    Args:
        text: such as ``s3://bucket/calls/2026-11-25``.

    Raises:
        ConfigError: it is none that can be used.
    """

    def __init__(self, text: str) -> None:
        parts = urlsplit(text)
        if parts.scheme not in PROTOCOLS:
            raise ConfigError(f"{parts.scheme}://: not one of {_NAMED}")
        if "@" in parts.netloc or parts.query:
            raise ConfigError(f"{parts.scheme}://: keys do not belong into a URL but into the environment")
        self._text = text.rstrip("/")
        if not urlsplit(self._text).netloc + urlsplit(self._text).path:
            raise ConfigError(f"{text}: names no bucket and no folder")

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Url({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Url) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __truediv__(self, name: str | PurePosixPath) -> Url:
        return Url(f"{self._text}/{name}")

    @property
    def name(self) -> str:
        """Its last part."""
        return PurePosixPath(urlsplit(self._text).path).name

    @property
    def suffix(self) -> str:
        """The ending of its name, in lower case, with the dot."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def parent(self) -> Url:
        """The folder that it is in."""
        return Url(self._text.rpartition("/")[0])

    def absolute(self) -> Url:
        """Itself: a URL is absolute."""
        return self

    def exists(self) -> bool:
        """Whether there is a file of this name, or a folder.

        Raises:
            StoreError: it cannot be asked.
        """
        with self._errors("cannot be asked"):
            return bool(self._files.exists(self._path))

    def is_file(self) -> bool:
        """Whether it is a file.

        Raises:
            StoreError: it cannot be asked.
        """
        with self._errors("cannot be asked"):
            return bool(self._files.isfile(self._path))

    def files(self) -> dict[PurePosixPath, Found]:
        """All files under it, by their paths relative to it, in order; none where there is no such folder.

        Raises:
            StoreError: it cannot be listed.
        """
        with self._errors("cannot be listed"):
            self._files.invalidate_cache()
            try:
                listed: dict[str, dict[str, Any]] = self._files.find(self._path, detail=True)
            except FileNotFoundError:
                return {}
        base = PurePosixPath(self._path)
        found = {}
        for path in sorted(listed):
            relative = PurePosixPath(path)
            if relative != base and listed[path].get("type", "file") == "file":
                found[relative.relative_to(base)] = _found(listed[path])
        return found

    def read_bytes(self) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: there is none.
            StoreError: it cannot be read.
        """
        with self._errors("cannot be read"):
            content: bytes = self._files.cat_file(self._path)
            return content

    def fetch(self, path: Path) -> bool:
        """Copy a file here, readable by its owner only; whether there is one.

        Raises:
            StoreError: it cannot be copied.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        except OSError as error:
            raise StoreError(f"cannot write into {path.parent}: {error.strerror}") from error
        try:
            with self._errors("cannot be fetched"):
                self._files.get_file(self._path, str(path))
        except FileNotFoundError:
            path.unlink(missing_ok=True)
            return False
        except BaseException:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise
        return True

    def put(self, content: bytes) -> None:
        """Write a file: a reader sees the old one or the new one.

        Raises:
            StoreError: it cannot be written.
        """
        if urlsplit(self._text).scheme == "file":
            write_atomically(Path(self._path), content)
            return
        with self._errors("cannot be written"):
            self._files.pipe_file(self._path, content)

    def remove(self) -> None:
        """Remove a file, if there is one.

        Raises:
            StoreError: it cannot be removed.
        """
        with suppress(FileNotFoundError), self._errors("cannot be removed"):
            self._files.rm_file(self._path)

    @cached_property
    def _place(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        try:
            files, path = url_to_fs(self._text)
        except ImportError:
            raise ConfigError(
                f"{urlsplit(self._text).scheme}://: not installed; pip install 'tinghe[s3]'"
            ) from None
        return files, path

    @property
    def _files(self) -> Any:
        return self._place[0]

    @property
    def _path(self) -> str:
        return self._place[1]

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, ConfigError, StoreError):
            raise
        except Exception as error:
            # Of many libraries; that of a bucket nobody may read quotes the key.
            parts = urlsplit(self._text)
            where = f"{parts.scheme}://{parts.netloc}"
            raise StoreError(f"{where}: {what}: {type(error).__name__}") from None


Source = Path | Url
"""Where calls come from."""


def place(text: str) -> Source:
    """A path of this machine or a URL.

    Raises:
        ConfigError: it is a URL that cannot be used.
    """
    return Url(text) if "://" in text else Path(text)


def _found(info: dict[str, Any]) -> Found:
    """Of what fsspec says: ``ETag`` and ``LastModified`` on S3, ``ino`` and ``mtime`` on a file system."""
    changed = info.get("LastModified", info.get("mtime", 0))
    seconds = changed.timestamp() if isinstance(changed, datetime) else float(changed)
    tag = str(info.get("ETag", info.get("ino", "")))
    return Found(
        size=int(info.get("size") or 0),
        changed_ns=round(seconds * 1e6) * 1000,
        tag=int(sha256(tag.encode()).hexdigest()[:15], 16),
    )
