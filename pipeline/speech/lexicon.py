"""Reads the word lists of the speech stage from ``configs/lexicons``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a list, without blank lines and ``#`` comments.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {type(error).__name__}") from error
    for number, line in enumerate(content.splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if text:
            yield number, text


def read_classes(path: Path, known: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """A list of ``class: phrase`` lines, by class, in the order of the file.

    Raises:
        ConfigError: the file cannot be read, or a line has no class or one that is not known.
    """
    found: dict[str, list[str]] = {name: [] for name in sorted(known)}
    for number, line in read_lines(path):
        name, colon, phrase = line.partition(":")
        if not colon or name.strip() not in known or not phrase.strip():
            raise ConfigError(f"{path}:{number}: not 'class: phrase' with a class of {', '.join(found)}")
        found[name.strip()].append(phrase.strip())
    return {name: tuple(phrases) for name, phrases in found.items()}
