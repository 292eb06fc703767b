"""Rows of a CSV or JSON Lines file, one bad row at a time.

A row that cannot be read costs that row, never the ones after it: a quote that nobody closed, a
line of broken bytes, a cell too many.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from pipeline.errors import ConfigError

_MAX_RECORD_LINES: Final = 20
"""A quoted cell may hold line breaks; a longer run is a quote that nobody closed."""

_UNDECODABLE: Final = re.compile("[\udc80-\udcff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]|\\\\u[dD][89a-fA-F]")
_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS: Final = (",", ";", "\t")
"""Between cells, the usual one first; spreadsheets write the others where the comma is for decimals, or on
request («Unicode text»)."""
_TOLD_DELIMITER: Final = re.compile(r'"?sep=(.)"?[,;\t]*')
"""A first line that tells spreadsheets what stands between cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        line: 1-based number of its first line.
        values: by column; strings in CSV, without the empty cells.
        problem: why the row cannot be used, ``None`` when it can.
        column: the column at fault, when one is.
    """

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    column: str | None = None


def read_csv(path: Path, *, required: tuple[str, ...], known: frozenset[str] = frozenset()) -> Iterator[Row]:
    """The rows under the header line of a comma-separated file; semicolons and tabs are found by the header.

    A row shorter than the header is read as ending in empty cells, which spreadsheets leave out.

    Args:
        path: the file.
        required: columns without which it cannot be read.
        known: other columns of a known name; like the required ones they are found in any case of letters.

    Raises:
        ConfigError: the file cannot be read, or its header lacks a required column or repeats one.
    """
    lines = decode_text(_read_bytes(path)).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = next((index for index, line in enumerate(lines) if line.strip()), None)
    if start is None:
        raise ConfigError(f"{path.name}: the manifest is empty")
    delimiter, told = None, _TOLD_DELIMITER.fullmatch(lines[start])
    if told and start + 1 < len(lines):
        delimiter, start = told[1], start + 1
    names = known | set(required)
    delimiter, columns = _header(lines[start], required, names, (delimiter,) if delimiter else _DELIMITERS)
    missing = [name for name in required if name not in columns]
    if missing:
        raise ConfigError(
            f"{path.name}: line {start + 1}: missing column {', '.join(missing)} in a comma-separated header"
        )
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise ConfigError(f"{path.name}: line {start + 1}: column {', '.join(twice)} stands twice")
    return _csv_rows(lines, start + 1, columns, delimiter)


def _header(
    line: str, required: tuple[str, ...], names: frozenset[str], delimiters: tuple[str, ...]
) -> tuple[str, list[str]]:
    """What stands between the cells, and the columns: the first delimiter that finds all required ones."""
    read = [(delimiter, _columns(line, names, delimiter)) for delimiter in delimiters]
    return next((one for one in read if not set(required) - set(one[1])), read[0])


def _columns(line: str, names: frozenset[str], delimiter: str) -> list[str]:
    header, _ = _parse_record([line], delimiter)
    cells = [name.strip() for name in header or ()]
    return [name.lower() if name.lower() in names else name for name in cells]


def read_jsonl(path: Path) -> Iterator[Row]:
    """The rows of a file with one JSON object a line; blank lines are none.

    Raises:
        ConfigError: the file cannot be read.
    """
    return _jsonl_rows(decode_text(_read_bytes(path)))


def parse_json_object(text: str) -> dict[str, Any]:
    """The JSON object in ``text``.

    Raises:
        ValueError: it is none, or holds text that is not Unicode (:func:`decode_text` leaves such
            for broken bytes); the message gives the position, never the content.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise ValueError(f"not valid JSON at {where}: {error.msg}") from error
    except RecursionError as error:
        raise ValueError("not valid JSON: nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if _SURROGATE.search(text) and not _is_unicode(value):
        raise ValueError("text that is not Unicode")
    return value


def decode_text(raw: bytes) -> str:
    """Text in UTF-8, with or without BOM, in GB18030, as Chinese spreadsheets save it, or UTF-16 with BOM.

    The encoding is the one in which more of the lines that are not plain ASCII are valid, so that
    one broken line does not turn a UTF-8 file into gibberish. Bytes that are invalid in it come out
    as lone surrogates (``errors="surrogateescape"``), for the caller to reject the row.
    """
    if raw.startswith(_BOM):
        return raw[len(_BOM) :].decode("utf-8", "surrogateescape")
    if raw.startswith(_UTF16_BOMS):
        return raw.decode("utf-16", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        lines = [line for line in raw.split(b"\n") if not line.isascii()]
        utf8, gb = (sum(_decodes(line, encoding) for line in lines) for encoding in ("utf-8", "gb18030"))
        return raw.decode("utf-8" if 2 * utf8 > len(lines) or gb == 0 else "gb18030", "surrogateescape")


def _is_unicode(value: object) -> bool:
    """Whether every string in a JSON value can be written as UTF-8: no half of a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def _csv_rows(lines: list[str], start: int, columns: list[str], delimiter: str) -> Iterator[Row]:
    for line, cells in _records(lines, start, len(columns), delimiter):
        if cells is None:
            yield Row(line=line, problem="a quote is not closed or stands inside a cell")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        values = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell.strip()}
        broken = next((name for name, cell in values.items() if _UNDECODABLE.search(cell)), None)
        if any(cell.strip() for cell in cells[len(columns) :]):
            advice = "a cell that holds the separator needs quotes"
            problem = f"{len(cells)} cells under {len(columns)} columns ({advice})"
            yield Row(line=line, values=values, problem=problem)
        elif broken is not None:
            problem = "bytes that are neither UTF-8 nor GB18030"
            yield Row(line=line, values=values, problem=problem, column=broken)
        elif (column := next((name for name, cell in values.items() if "\0" in cell), None)) is not None:
            # no database and no page has a place for it
            yield Row(line=line, values=values, problem="holds a null character", column=column)
        else:
            yield Row(line=line, values=values)


def _records(
    lines: list[str], start: int, width: int, delimiter: str
) -> Iterator[tuple[int, list[str] | None]]:
    """First line number and cells of each record; ``None`` for cells that cannot be parsed."""
    at = start
    while at < len(lines):
        cells, used = _parse_record(lines[at : _record_end(lines, at)], delimiter)
        if used > 1 and (cells is None or len(cells) > width):
            # two stray quotes in different rows look like one long cell: give up one row only
            cells, used = None, 1
        yield at + 1, cells
        at += used


def _record_end(lines: list[str], at: int) -> int:
    """Where the record that begins at ``at`` can end: as soon as its quotes are even in number."""
    quotes = 0
    for end in range(at + 1, min(at + _MAX_RECORD_LINES, len(lines)) + 1):
        quotes += lines[end - 1].count('"')
        if quotes % 2 == 0:
            return end
    return at + 1


def _parse_record(lines: list[str], delimiter: str) -> tuple[list[str] | None, int]:
    """The cells of the first record, and how many of the lines it took."""
    reader = csv.reader([line + "\n" for line in lines], strict=True, delimiter=delimiter)
    try:
        return next(reader, []), max(1, reader.line_num)
    except csv.Error:
        return None, len(lines)


def _jsonl_rows(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield Row(line=number, values=parse_json_object(line))
        except ValueError as error:
            yield Row(line=number, problem=str(error))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"not valid JSON: {name} is no number")
