"""Tables as CSV and as workbooks, made for spreadsheets: no cell can start a formula.

The CSV begins with a byte-order mark, without which Excel reads UTF-8 as something else. The same rows give
the same bytes.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openpyxl.worksheet.worksheet import Worksheet

Cell = str | int | float | None
Columns = tuple[tuple[str, str], ...] | list[tuple[str, str]]
"""Heading and kind (``text``, ``id``, ``short``) of each column."""

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_CELL = 32_767
"""Characters that a cell of Excel holds."""

_WIDTHS = {"text": 60, "id": 22, "short": 14}
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP entry can bear; a workbook must not depend on when it was written."""


def csv_bytes(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table as CSV."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig", errors="replace")


def workbook_bytes(sheets: Iterable[tuple[str, Columns, Iterable[Sequence[Cell]]]]) -> bytes:
    """Tables as the sheets of a workbook.

    Args:
        sheets: title, columns and rows of each.
    """
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, columns, rows in sheets:
        _fill(book.create_sheet(title), columns, rows)
    buffer = io.BytesIO()
    book.save(buffer)
    return without_times(buffer.getvalue())


def fitting(text: str) -> str:
    """Text as a cell of a workbook can hold it: without what XML cannot, at most 32,767 characters."""
    return _NOT_IN_XML.sub("", text)[:_MAX_CELL]


def without_times(book: bytes) -> bytes:
    """The same workbook with every mention of the time of writing set to a constant."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return result.getvalue()


def _safe(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _fill(sheet: Worksheet, columns: Columns, rows: Iterable[Sequence[Cell]]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.append([heading for heading, _ in columns])
    for row in rows:
        safe = (_safe(cell) for cell in row)
        sheet.append([fitting(cell) if isinstance(cell, str) else cell for cell in safe])
    for number, (_, kind) in enumerate(columns, start=1):
        sheet.cell(row=1, column=number).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS[kind]
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
