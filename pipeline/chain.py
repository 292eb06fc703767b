"""Append-only files of JSON lines, each with the SHA-256 of the line before.

No line can be changed, put in or taken out without breaking the chain; whoever writes down the last digest
elsewhere also knows that none was cut off. Writers take turns by a lock on the file itself. A line has
``form`` and ``n`` (its number) first, then what it says, then ``previous`` and ``hash``: the SHA-256 of the
rest of the line as JSON with sorted keys in UTF-8.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pipeline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

START: Final = "0" * 64
"""What the first line has in place of a digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is found of a chain.

    Attributes:
        lines: sound ones, from the beginning.
        head: the digest of the last of them.
        broken: number of the first line that is not as it was written; ``None`` when all are.
        why: what is wrong with it.
    """

    lines: int
    head: str
    broken: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chained file.

    Attributes:
        path: where it is; a file that is not there is an empty chain.
        form: the form of its lines, such as ``tinghe.deletion/1``.
        mode: permissions of a new file.
        unfinished: what to do about a last line that was not written to its end, for messages.
    """

    path: Path
    form: str
    mode: int = 0o666
    unfinished: str = ""

    def verify(self, *, head: str | None = None) -> Verdict:
        """Follow the chain.

        Args:
            head: a digest that was written down earlier: it must be one of the chain.

        Raises:
            StoreError: the file cannot be read.
        """
        return self._follow(self._lines(), head)

    def read(self) -> Iterator[dict[str, Any]]:
        """The lines, the first one first, as far as there are any.

        Raises:
            StoreError: the file cannot be read, or a line is not as it was written.
        """
        last = START
        for number, line in enumerate(self._lines(), start=1):
            why = self._fault(line, last)
            if why:
                raise StoreError(f"{self.path.name}: line {number}: {why}")
            content = json.loads(line)
            last = content["hash"]
            yield content

    def append(self, contents: Iterable[Mapping[str, Any]]) -> str:
        """Add lines; the digest of the last line.

        Raises:
            StoreError: the chain is broken, or the file cannot be written. A line that was begun is taken out
                again by :meth:`repair`.
        """
        with self._locked() as file:
            return self._add(file, contents)

    def append_repaired(self, contents: Iterable[Mapping[str, Any]], repaired: Mapping[str, Any]) -> str:
        """As :meth:`append`; takes out an unfinished last line first, and says so in a line of its own.

        Args:
            contents: the lines.
            repaired: what the line about the repair says; ``bytes`` and ``sha256`` of what was taken out are
                added.

        Raises:
            StoreError: the chain is broken elsewhere, or the file cannot be written.
        """
        with self._locked() as file:
            torn = self._take_out(file)
            told = (
                [{**repaired, "bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}] if torn else []
            )
            return self._add(file, [*told, *contents])

    def repair(self) -> bytes:
        """Take out a last line that was not written to its end; what was there of it.

        Raises:
            StoreError: the file cannot be written.
        """
        if not self.path.exists():
            return b""
        with self._locked() as file:
            return self._take_out(file)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """The file, with nobody else writing to it."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, self.mode)
            with os.fdopen(handle, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from error

    def _add(self, file: BinaryIO, contents: Iterable[Mapping[str, Any]]) -> str:
        file.seek(0)
        found = self._follow(file, None)
        if found.broken is not None:
            raise StoreError(f"{self.path.name}: line {found.broken}: {found.why}")
        last, written = found.head, b""
        for number, told in enumerate(contents, start=found.lines + 1):
            content = {"form": self.form, "n": number, **told, "previous": last}
            last = _digest(content)
            written += _line({**content, "hash": last})
        file.seek(0, os.SEEK_END)
        file.write(written)
        file.flush()
        os.fsync(file.fileno())
        return last

    def _take_out(self, file: BinaryIO) -> bytes:
        file.seek(0)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
            os.fsync(file.fileno())
        return content[whole:]

    def _lines(self) -> Iterator[bytes]:
        """Lines up to what was the end at the beginning: others may be writing more."""
        try:
            with self.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                left = os.fstat(file.fileno()).st_size
                fcntl.flock(file, fcntl.LOCK_UN)
                for line in file:
                    if left <= 0:
                        return
                    yield line
                    left -= len(line)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot read {self.path}: {error.strerror}") from error

    def _follow(self, lines: Iterable[bytes], head: str | None) -> Verdict:
        count, last, seen = 0, START, head is None or head == START
        for number, line in enumerate(lines, start=1):
            why = self._fault(line, last)
            if why:
                return Verdict(lines=count, head=last, broken=number, why=why)
            count, last = number, json.loads(line)["hash"]
            seen = seen or last == head
        if not seen:
            return Verdict(
                lines=count,
                head=last,
                broken=count + 1,
                why="the line with the digest that was given is missing",
            )
        return Verdict(lines=count, head=last)

    def _fault(self, line: bytes, previous: str) -> str:
        """What is wrong with a line; empty when nothing is."""
        if not line.endswith(b"\n"):
            hint = f" ({self.unfinished})" if self.unfinished else ""
            return f"it was not written to its end{hint}"
        try:
            content = json.loads(line)
            written = _line(content)
            stated = content.pop("hash")
            form, before = content["form"], content["previous"]
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return "it is no line of this form"
        if form != self.form:
            return f"it is not of the form {self.form}"
        if before != previous:
            return "it does not follow the line before"
        if _digest(content) != stated or written != line:
            return "it was changed"
        return ""


def _line(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False) + "\n").encode(errors="surrogatepass")


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
