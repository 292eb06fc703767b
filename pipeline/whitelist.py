"""The institution's own numbers: a call from any other was made with a number that nobody approved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.contacts import number_key
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.types import Call


def load_numbers(path: Path) -> frozenset[str]:
    """The numbers in a file, one a line, as :func:`~pipeline.contacts.number_key` has them.

    Blank lines and what stands behind ``#`` are left out.

    Raises:
        ConfigError: the file cannot be read or holds no number.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not in UTF-8") from error
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    numbers = frozenset(number_key(line) for line in lines if line)
    if not numbers:
        raise ConfigError(f"{path}: holds no number")
    return numbers


def compared(call: Call, numbers: frozenset[str] | None) -> Call:
    """A call with ``cli_whitelisted`` where a list is given and the manifest does not say."""
    metadata = call.metadata
    if numbers is None or metadata.caller_number is None or metadata.cli_whitelisted is not None:
        return call
    own = number_key(metadata.caller_number) in numbers
    return replace(call, metadata=metadata.model_copy(update={"cli_whitelisted": own}))
