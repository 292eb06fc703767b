"""``deletions.jsonl``: what is left of a deleted call: that it was deleted, by which rule, when, and digests.

A line a deletion. Each has the SHA-256 of the line before, so that no line can be changed, put in or taken
out without breaking the chain; whoever writes down the last digest elsewhere also knows that none was cut
off. A call is named by a keyed hash of its id: with the key one can ask whether it was deleted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FILE_NAME: Final = "deletions.jsonl"
KEY_FILE: Final = ".retention.key"
FORM: Final = "tinghe.deletion/1"
START: Final = "0" * 64
"""What the first line has in place of a digest."""
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


def verify(folder: Path, *, head: str | None = None) -> Verdict:
    """Follow the chain of a results folder.

    Args:
        folder: the results folder; without a file there are no deletions and nothing is wrong.
        head: a digest that was written down earlier: it must be one of the chain.

    Raises:
        StoreError: the file cannot be read.
    """
    lines, last, seen = 0, START, head is None or head == START
    for number, line in enumerate(_lines(folder / FILE_NAME), start=1):
        why = _fault(line, last)
        if why:
            return Verdict(lines=lines, head=last, broken=number, why=why)
        lines, last = number, json.loads(line)["hash"]
        seen = seen or last == head
    if not seen:
        return Verdict(
            lines=lines, head=last, broken=lines + 1, why="the line with the digest that was given is missing"
        )
    return Verdict(lines=lines, head=last)


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """The deletions of a results folder, the first one first.

    Raises:
        StoreError: the file cannot be read, or a line is not as it was written.
    """
    last = START
    for number, line in enumerate(_lines(folder / FILE_NAME), start=1):
        why = _fault(line, last)
        if why:
            raise StoreError(f"{FILE_NAME}: line {number}: {why}")
        content = json.loads(line)
        last = content["hash"]
        yield content


def append(folder: Path, proofs: Iterable[Mapping[str, Any]]) -> str:
    """Add deletions to the chain; the digest of the last line.

    Raises:
        StoreError: the chain is broken, or the file cannot be written. A line that was begun is taken out
            again by :func:`repair`.
    """
    found = verify(folder)
    if found.broken is not None:
        raise StoreError(f"{FILE_NAME}: line {found.broken}: {found.why}")
    last, text = found.head, ""
    for number, proof in enumerate(proofs, start=found.lines + 1):
        content = {"form": FORM, "n": number, **proof, "previous": last}
        last = _digest(content)
        text += json.dumps({**content, "hash": last}, ensure_ascii=False) + "\n"
    path = folder / FILE_NAME
    try:
        with path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    return last


def repair(folder: Path) -> None:
    """Take out a last line that was not written to its end; its deletion has no proof yet and gets one.

    Raises:
        StoreError: the file cannot be written.
    """
    path = folder / FILE_NAME
    try:
        with path.open("r+b") as file:
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                file.truncate(whole)
                os.fsync(file.fileno())
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error


def _fault(line: bytes, previous: str) -> str:
    """What is wrong with a line; empty when nothing is."""
    if not line.endswith(b"\n"):
        return "it was not written to its end (tinghe retention apply goes on from there)"
    try:
        content = json.loads(line)
        stated = content.pop("hash")
        form, before = content["form"], content["previous"]
    except (ValueError, KeyError, AttributeError, TypeError):
        return "it is no line of this form"
    if form != FORM:
        return f"it is not of the form {FORM}"
    if before != previous:
        return "it does not follow the line before"
    if _digest(content) != stated:
        return "it was changed"
    return ""


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
