"""Calls that come as text: ``call.json`` files, or one such object a line.

The form is ``{"call_id": …, "metadata": {…}, "turns": [{"speaker", "text", "start", "end"}]}`` with
times in seconds, both or none. Other keys, such as labels, are ignored. Turns keep their place: the
index of a turn is its position in the file, also where its text is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import ConfigError, TranscriptError
from pipeline.fields import FieldsError, Problem, check_call_id, check_metadata, safe_name
from pipeline.rows import decode_text, parse_json_object
from pipeline.types import Call, Quarantined, Role, Transcript, Turn

MAX_BYTES: Final = 32 * 1024 * 1024
"""No transcript of a call is longer; a larger one is not read."""

_NAMED_PROBLEMS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptSource:
    """Where one transcript lies: a whole file, or one line of a JSON Lines file.

    Attributes:
        line: 1-based; ``None`` for a whole file.
        offset: of the first byte.
        length: in bytes; ``None`` for all that follows.
    """

    path: Path
    line: int | None = None
    offset: int = 0
    length: int | None = None

    @property
    def place(self) -> str:
        """A name for the source that is free of personal data, for ids."""
        return safe_name(self.path.name.removesuffix(".json")) if self.line is None else f"line-{self.line}"

    @property
    def title(self) -> str:
        """File and line, for messages."""
        return self.path.name if self.line is None else f"{self.path.name}, line {self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptPlan:
    """What a source holds. Only places are kept; texts are read when asked for."""

    sources: tuple[TranscriptSource, ...]

    def read(self) -> Iterator[tuple[Call, Transcript] | Quarantined]:
        """Every source once and in order: a call with its transcript, or why there is none.

        The first of several transcripts with one ``call_id`` stands; the others are quarantined
        under an id of their own.
        """
        first_places: dict[str, str] = {}
        for source in self.sources:
            call_id = None
            try:
                document = _load(source)
                call_id = _call_id_of(document)
                if call_id in first_places:
                    text = f"{source.title}: call_id: the one in {first_places[call_id]} is used"
                    raise TranscriptError(text, field="call_id", reason="duplicate_call_id")
                yield _parse(document, source)
            except TranscriptError as error:
                yield _quarantined(error, source, call_id, taken=call_id in first_places)
            if call_id is not None:
                first_places.setdefault(call_id, source.title)


def plan_transcripts(source: Path) -> TranscriptPlan:
    """Find the transcripts in a ``.json`` or ``.jsonl`` file, or in the ``.json`` files of a folder.

    Raises:
        ConfigError: the source does not exist, cannot be read, or holds no transcript.
    """
    try:
        if source.is_dir():
            sources = tuple(
                TranscriptSource(path=path)
                for path in sorted(source.iterdir())
                if path.suffix.lower() == ".json" and not path.name.startswith(".")
            )
        elif not source.is_file():
            raise ConfigError(f"{source}: no such file or folder")
        elif source.suffix.lower() == ".jsonl":
            sources = tuple(_lines(source))
        elif source.suffix.lower() == ".json":
            sources = (TranscriptSource(path=source),)
        else:
            raise ConfigError(f"{source}: transcripts are .json or .jsonl files")
    except OSError as error:
        raise ConfigError(f"{source}: {error.strerror}") from error
    if not sources:
        raise ConfigError(f"{source}: holds no transcripts")
    return TranscriptPlan(sources=sources)


def read_transcript(source: TranscriptSource) -> tuple[Call, Transcript]:
    """Read one transcript.

    Raises:
        TranscriptError: it cannot be read or has another form; the message names file and fields,
            never a value.
    """
    return _parse(_load(source), source)


class _TurnRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    speaker: Role
    text: str = Field(strict=True)
    start: float | None = Field(default=None, ge=0, strict=True, allow_inf_nan=False)
    end: float | None = Field(default=None, ge=0, strict=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _times_go_together(self) -> _TurnRow:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end go together")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError("end is before start")
        return self


class _TurnList(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    turns: tuple[_TurnRow, ...]


def _lines(path: Path) -> Iterator[TranscriptSource]:
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield TranscriptSource(path=path, line=number, offset=offset, length=len(line))
            offset += len(line)


def _load(source: TranscriptSource) -> dict[str, Any]:
    try:
        with source.path.open("rb") as file:
            file.seek(source.offset)
            raw = file.read(min(source.length or MAX_BYTES + 1, MAX_BYTES + 1))
    except OSError as error:
        raise TranscriptError(f"{source.title}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise TranscriptError(f"{source.title}: is larger than {MAX_BYTES} bytes")
    try:
        return parse_json_object(decode_text(raw))
    except ValueError as error:
        raise TranscriptError(f"{source.title}: {error}") from error


def _call_id_of(document: dict[str, Any]) -> str | None:
    try:
        return check_call_id(document.get("call_id"))
    except FieldsError:
        return None


def _parse(document: dict[str, Any], source: TranscriptSource) -> tuple[Call, Transcript]:
    problems: list[Problem] = []
    call_id = metadata = rows = None
    try:
        call_id = check_call_id(document.get("call_id"))
    except FieldsError as error:
        problems.extend(error.problems)
    try:
        metadata = check_metadata(_metadata_of(document))
    except FieldsError as error:
        problems.extend(Problem(f"metadata.{p.field}", p.text) for p in error.problems)
    try:
        rows = _TurnList.model_validate(document).turns
    except ValidationError as error:
        problems.extend(_turn_problems(error))
    if call_id is None or metadata is None or rows is None:
        raise TranscriptError(f"{source.title}: {_listed(problems)}", field=problems[0].field)
    call = Call(call_id=call_id, metadata=metadata, line=source.line)
    return call, Transcript(turns=tuple(_turn(index, row) for index, row in enumerate(rows)))


def _metadata_of(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise FieldsError([Problem("*", "is not a JSON object")])
    return metadata


def _turn(index: int, row: _TurnRow) -> Turn:
    return Turn(
        index=index,
        role=row.speaker,
        role_confidence=1.0,
        text=row.text,
        start_ms=None if row.start is None else round(row.start * 1000),
        end_ms=None if row.end is None else round(row.end * 1000),
    )


def _turn_problems(error: ValidationError) -> Iterator[Problem]:
    """The errors of turns, without what was said or who said it."""
    for detail in error.errors(include_url=False, include_input=False):
        first, *rest = detail["loc"]
        path = str(first) + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)
        yield Problem(path, detail["msg"].removeprefix("Value error, "))


def _listed(problems: Iterable[Problem]) -> str:
    texts = [f"{problem.field}: {problem.text}" for problem in problems]
    more = len(texts) - _NAMED_PROBLEMS
    return "; ".join(texts[:_NAMED_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")


def _quarantined(
    error: TranscriptError, source: TranscriptSource, call_id: str | None, *, taken: bool
) -> Quarantined:
    name = call_id or f"{source.place}#no-id"
    return Quarantined(
        call_id=f"{name}#{source.place}" if taken else name,
        reason=error.reason,
        message=str(error),
        file=source.path.name,
        line=source.line,
        field=error.field,
    )
