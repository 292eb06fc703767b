"""The results of a folder, one call at a time, as they may be exported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pipeline.errors import ConfigError
from pipeline.export.masking import exported
from pipeline.redact import People
from pipeline.report.call_json import read_call
from pipeline.report.files import file_stem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedCall:
    """A call as it may be exported.

    Attributes:
        content: what :func:`pipeline.export.masking.exported` lets through.
        judged_at: when its result was written.
        masked: whether people are masked in it.
    """

    content: Mapping[str, Any]
    judged_at: datetime
    masked: bool

    @property
    def call_id(self) -> str:
        """The id, as it may be shown."""
        return str(self.content["call_id"])

    @property
    def stem(self) -> str:
        """The name, without suffix, of a file about the call."""
        return file_stem(self.call_id)

    @property
    def timed(self) -> bool:
        """Whether every turn has its times; a transcript given as text may have none."""
        return all(turn["start"] is not None and turn["end"] is not None for turn in self.content["turns"])


def result_files(folder: Path) -> list[Path]:
    """The files of a folder's calls, by name.

    Raises:
        ConfigError: there is no ``calls`` folder: these are no results.
    """
    calls = folder / "calls"
    if not calls.is_dir():
        raise ConfigError(f"{folder}: no results here: it has no folder calls/")
    return sorted(path for path in calls.glob("*.json") if not path.name.startswith("."))


def call_ids_in(folder: Path) -> list[str]:
    """The ids of a folder's calls, as their files are named, see :func:`pipeline.report.files.file_stem`.

    Raises:
        ConfigError: there is no ``calls`` folder: these are no results.
    """
    return [unquote(path.stem) for path in result_files(folder)]


def read_exported(
    folder: Path, people: Mapping[str, People] | None = None, *, mask: bool = True
) -> Iterator[ExportedCall]:
    """Read the results of a folder, one at a time, by file name.

    Args:
        folder: the results folder.
        people: by call id, whose names are hidden wherever they are said.
        mask: whether people are masked.

    Raises:
        ConfigError: these are no results.
        TranscriptError: a result is not in the published form.
    """
    for path in result_files(folder):
        call = read_call(path)
        names = (people or {}).get(call["call_id"], People()).names
        yield ExportedCall(
            content=exported(call, names, mask=mask),
            judged_at=datetime.fromtimestamp(int(path.stat().st_mtime), UTC),
            masked=mask,
        )
