"""All forms of export by name, and one run over a results folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from pipeline.errors import StoreError, UnknownNameError
from pipeline.export.calls import read_exported
from pipeline.export.ctm import ctm
from pipeline.export.parquet import ParquetTables
from pipeline.export.rttm import rttm, rttm_turns
from pipeline.export.sarif import SarifLog
from pipeline.export.vcon import vcon
from pipeline.export.webvtt import webvtt
from pipeline.report.english import English, shipped_english
from pipeline.report.files import write_atomically
from pipeline.types import CallStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipeline.export.calls import ExportedCall
    from pipeline.redact import People
    from pipeline.report.labels import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be exported, and how.

    Attributes:
        results: the results folder.
        to: the folder that takes the export; made where it is not there.
        mask: whether people are masked.
        people: by call id, whose names are hidden wherever they are said.
        language: of names of parties in captions, of titles and reasons in SARIF.
        rule_titles: title of each rule by name.
        norms: title of each clause by id.
        english: the English of titles and reasons.
    """

    results: Path
    to: Path
    mask: bool = True
    people: Mapping[str, People] = field(default_factory=dict, repr=False)
    language: Language = "zh"
    rule_titles: Mapping[str, str] = field(default_factory=dict)
    norms: Mapping[str, str] = field(default_factory=dict)
    english: English = field(default_factory=shipped_english)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was exported.

    Attributes:
        calls: calls that are in the export.
        left_out: how many are not, by reason: ``quarantined``, ``no_times``, ``no_turns``.
    """

    calls: int
    left_out: Mapping[str, int]


class _Target(Protocol):
    """Where calls go, in one form."""

    def add(self, call: ExportedCall) -> str | None:
        """Take a call, or say why it is left out."""

    def close(self) -> None:
        """Everything was taken: show it."""

    def abandon(self) -> None:
        """Something failed: leave nothing half-written."""


def export(form: str, wanted: Wanted, on_call: Callable[[], None] = lambda: None) -> Done:
    """Export the results of a folder in one form.

    Args:
        form: one of :data:`FORMS`.
        wanted: what, where to and how.
        on_call: called after each call.

    Raises:
        UnknownNameError: there is no such form.
        ConfigError: the folder holds no results, or a package is missing.
        TranscriptError: a result is not in the published form.
        StoreError: a file cannot be written.
    """
    if form not in FORMS:
        raise UnknownNameError("form of export", form, FORMS)
    try:
        wanted.to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {wanted.to}: {error.strerror}") from error
    target = FORMS[form](wanted)
    calls, left_out = 0, Counter[str]()
    try:
        for call in read_exported(wanted.results, wanted.people, mask=wanted.mask):
            reason = target.add(call)
            if reason is None:
                calls += 1
            else:
                left_out[reason] += 1
            on_call()
        target.close()
    except BaseException:
        target.abandon()
        raise
    return Done(calls=calls, left_out=dict(sorted(left_out.items())))


class _FileEach:
    """A file a call."""

    def __init__(self, to: Path, suffix: str, write: Callable[[ExportedCall], str], *, timed: bool) -> None:
        self._to, self._suffix, self._write, self._timed = to, suffix, write, timed

    def add(self, call: ExportedCall) -> str | None:
        if call.content["status"] == CallStatus.QUARANTINED.value:
            return "quarantined"
        if self._timed and not call.content["turns"]:
            return "no_turns"
        if self._timed and not call.timed:
            return "no_times"
        write_atomically(self._to / f"{call.stem}.{self._suffix}", _encoded(self._write(call)))
        return None

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class _Sarif:
    """One log."""

    def __init__(self, wanted: Wanted) -> None:
        self._path = wanted.to / "findings.sarif"
        self._temporary = self._path.with_name(f".{self._path.name}.tmp")
        try:
            self._file = self._temporary.open("w", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from error
        self._log = SarifLog(
            self._file,
            masked=wanted.mask,
            rule_titles=wanted.rule_titles,
            norms=wanted.norms,
            english=wanted.english if wanted.language == "en" else None,
        )

    def add(self, call: ExportedCall) -> str | None:
        if call.content["status"] == CallStatus.QUARANTINED.value:
            return "quarantined"
        self._doing(lambda: self._log.add(call))
        return None

    def close(self) -> None:
        self._doing(self._log.close)
        self._doing(self._file.close)
        self._doing(lambda: self._temporary.replace(self._path))

    def abandon(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _doing(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from error


class _Parquet:
    """Tables; quarantined calls are rows too, with their status."""

    def __init__(self, wanted: Wanted) -> None:
        self._tables = ParquetTables(wanted.to, wanted.results)

    def add(self, call: ExportedCall) -> str | None:
        self._tables.add(call)
        return None

    def close(self) -> None:
        self._tables.close()

    def abandon(self) -> None:
        self._tables.abandon()


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise StoreError("a call holds characters that no file can") from None


FORMS: Final[Mapping[str, Callable[[Wanted], _Target]]] = {
    "parquet": _Parquet,
    "vcon": lambda wanted: _FileEach(wanted.to, "vcon.json", vcon, timed=False),
    "sarif": _Sarif,
    "webvtt": lambda wanted: _FileEach(
        wanted.to, "vtt", lambda call: webvtt(call, wanted.language), timed=True
    ),
    "rttm": lambda wanted: _FileEach(wanted.to, "rttm", rttm, timed=True),
    "rttm-turns": lambda wanted: _FileEach(wanted.to, "turns.rttm", rttm_turns, timed=True),
    "ctm": lambda wanted: _FileEach(wanted.to, "ctm", ctm, timed=True),
}
"""What can be exported, by name."""
