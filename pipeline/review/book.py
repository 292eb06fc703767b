"""The review file as a workbook: drop-downs to answer with, and cells that no spreadsheet takes for formulas.

A cell that begins like a formula is stored as text that is marked as quoted, so that it is read back as it
was. Columns are found by their headings, in either language and any order.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from pipeline.report.labels import Labels
from pipeline.report.sheets import FORMULA_STARTS, fitting, without_times
from pipeline.review.files import PARTS, Filled, ReviewFile
from pipeline.review.records import ANSWERS, Kind, ReviewError, Step
from pipeline.review.words import REVIEW_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from pipeline.report.labels import Language

_ABOUT: Final = ("form", "step", "person", "sample", "blind", "masked")
_TO_FILL: Final = {
    "findings": ("verdict", "reason"),
    "calls": ("verdict", "reason"),
    "missed": ("call_id", "rule", "turn", "words", "reason"),
}
_NEEDED: Final = {
    "findings": ("task", "call_id", "rule", "verdict", "reason"),
    "calls": ("task", "call_id", "verdict", "reason"),
    "missed": ("call_id", "rule", "turn", "words", "reason"),
}
_WIDE: Final = {"evidence", "before", "after", "why", "earlier", "reason", "words", "text", "norms", "doubts"}
_NARROW: Final = {"turn", "start", "confidence", "severity", "speaker", "duration", "verdict", "state"}
_FREE_ROWS: Final = 200
"""Empty rows with drop-downs in the sheet of what was missed."""
_NUMBERS: Final = {"confidence", "turn", "start", "duration"}


def book_bytes(file: ReviewFile, rules: Mapping[str, str], *, language: Language = "zh") -> bytes:
    """The file as a workbook; the same file gives the same bytes.

    Args:
        file: what is asked.
        rules: title of each rule by name, to choose from for what was missed.
        language: of headings and choices.
    """
    import openpyxl

    labels = Labels(language, REVIEW_LABELS)
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    _fill_about(book.create_sheet(labels("review.about")), file, labels)
    lists = _Lists(book, labels)
    for part, model in PARTS.items():
        rows = getattr(file, part)
        if not rows and not (part == "missed" and file.step == Step.REVIEW.value):
            continue
        sheet = book.create_sheet(labels(f"review.{part}"))
        columns = [name for name in model.model_fields if _is_shown(part, name, rows)]
        _fill(sheet, part, columns, rows, labels)
        lists.offer(sheet, part, columns, len(rows), file, rules)
    lists.close()
    buffer = io.BytesIO()
    book.save(buffer)
    return without_times(buffer.getvalue())


def read_book(path: Path) -> Filled:
    """Read a workbook that was filled in.

    Raises:
        ReviewError: it is no workbook, a sheet or column is missing, or a cell holds what it cannot; the
            message names each place.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(path)
    except OSError as error:
        raise ReviewError(f"{path}: {error.strerror or 'cannot be read'}") from error
    except Exception as error:  # openpyxl lets through whatever zipfile and its XML parser raise
        raise ReviewError(f"{path}: not a workbook: {type(error).__name__}") from None
    reader = _Reader(path.name, book)
    content: dict[str, Any] = reader.about()
    for part in PARTS:
        content[part] = reader.rows(part)
    if not reader.problems:
        try:
            file = ReviewFile.model_validate(content)
        except ValidationError as error:
            reader.problems += [reader.told(problem) for problem in error.errors()]
    if reader.problems:
        raise ReviewError("\n".join(reader.problems))
    return Filled(file=file, place=reader.place)


def _is_shown(part: str, name: str, rows: Sequence[Any]) -> bool:
    """Columns that would be empty throughout are left out, but for those to be filled in and needed."""
    needed = name in _NEEDED.get(part, ()) or name in _TO_FILL.get(part, ())
    return needed or any(getattr(row, name) not in ("", None) for row in rows)


def _fill_about(sheet: Worksheet, file: ReviewFile, labels: Labels) -> None:
    for row, name in enumerate(_ABOUT, start=1):
        value = getattr(file, name)
        _write(sheet, row, 1, labels(f"review.{name}"))
        _write(sheet, row, 2, {True: "1", False: "0"}[value] if isinstance(value, bool) else value)
    kinds = [kind for kind in ("findings", "calls") if getattr(file, kind)]
    kinds += ["missed"] if file.step == Step.REVIEW.value else []
    for row, kind in enumerate([*kinds, "keep"], start=len(_ABOUT) + 2):
        _write(sheet, row, 1, labels("review.how"))
        _write(sheet, row, 2, labels(f"review.how.{kind}"))
    sheet.column_dimensions["A"].width = 14
    sheet.column_dimensions["B"].width = 110


def _fill(sheet: Worksheet, part: str, columns: Sequence[str], rows: Sequence[Any], labels: Labels) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    to_fill = PatternFill("solid", start_color="FFF6DC")
    for number, name in enumerate(columns, start=1):
        head = _write(sheet, 1, number, labels(f"review.col.{name}"))
        head.font = Font(bold=True)
        width = 44 if name in _WIDE else 11 if name in _NARROW else 19
        sheet.column_dimensions[get_column_letter(number)].width = width
        if name in _TO_FILL.get(part, ()):
            head.fill = to_fill
        for at, row in enumerate(rows, start=2):
            cell = _write(sheet, at, number, getattr(row, name))
            if name in _WIDE:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _write(sheet: Worksheet, row: int, column: int, value: Any) -> Any:
    cell = sheet.cell(row=row, column=column)
    if isinstance(value, str):
        if value == "":
            return cell
        cell.value = fitting(value)
        cell.data_type = "s"  # never a formula, whatever it begins with
        if value.startswith(FORMULA_STARTS):
            cell.quotePrefix = True
    else:
        cell.value = value
    return cell


class _Lists:
    """A hidden sheet with what may be chosen."""

    def __init__(self, book: Workbook, labels: Labels) -> None:
        self._book = book
        self._labels = labels
        self._columns: list[list[str]] = []

    def offer(
        self,
        sheet: Worksheet,
        part: str,
        columns: Sequence[str],
        rows: int,
        file: ReviewFile,
        rules: Mapping[str, str],
    ) -> None:
        """Let a sheet's cells be chosen from."""
        if part in ("findings", "calls"):
            kind = Kind.FINDING if part == "findings" else Kind.CALL
            verdicts = ANSWERS.get((kind, Step(file.step)), ())
            words = [self._labels(f"verdict.{verdict.value}") for verdict in verdicts]
            self._choose(sheet, columns.index("verdict"), rows, words)
        elif part == "missed":
            ids = sorted({row.call_id for row in file.asked})
            named = [f"{name} {title}".strip() for name, title in sorted(rules.items())]
            self._choose(sheet, columns.index("call_id"), rows + _FREE_ROWS, ids)
            self._choose(sheet, columns.index("rule"), rows + _FREE_ROWS, named)

    def close(self) -> None:
        """Write the lists."""
        sheet = self._book.create_sheet(self._labels("review.lists"))
        for number, words in enumerate(self._columns, start=1):
            for row, word in enumerate(words, start=1):
                _write(sheet, row, number, word)
        sheet.sheet_state = "hidden"

    def _choose(self, sheet: Worksheet, column: int, rows: int, words: list[str]) -> None:
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation

        if not words or not rows:
            return
        self._columns.append(words)
        letter, own = get_column_letter(len(self._columns)), get_column_letter(column + 1)
        source = f"'{self._labels('review.lists')}'!${letter}$1:${letter}${len(words)}"
        choice = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
        choice.add(f"{own}2:{own}{rows + 1}")
        sheet.add_data_validation(choice)


class _Reader:
    """Finds sheets and columns by their names in either language."""

    def __init__(self, name: str, book: Workbook) -> None:
        self.problems: list[str] = []
        self._name = name
        self._sheets = {sheet.title: sheet for sheet in book.worksheets}
        self._headings: dict[str, dict[str, str]] = {}
        self._titles: dict[str, str] = {}
        self._numbers: dict[str, list[int]] = {}
        self._labels = (Labels("zh", REVIEW_LABELS), Labels("en", REVIEW_LABELS))

    def about(self) -> dict[str, Any]:
        """What stands in the first sheet."""
        sheet = self._sheet("about")
        if sheet is None:
            self.problems.append(f"{self._name}: no sheet {self._names('about')}: not a review file")
            return {}
        words = {label(f"review.{name}"): name for label in self._labels for name in _ABOUT}
        found = {words.get(str(key)): value for key, value in sheet.iter_rows(max_col=2, values_only=True)}
        flags = {name: str(found.get(name)) == "1" for name in ("blind", "masked")}
        texts = {name: _text(found.get(name)) for name in ("form", "step", "person", "sample")}
        return {**texts, **flags}

    def rows(self, part: str) -> list[dict[str, Any]]:
        """The rows of a sheet; none where there is no such sheet."""
        sheet = self._sheet(part)
        if sheet is None:
            return []
        fields = PARTS[part].model_fields
        words = {label(f"review.col.{name}"): name for label in self._labels for name in fields}
        heads = {cell.column: words.get(_text(cell.value)) for cell in sheet[1]}
        self._headings[part] = {name: _text(cell.value) for cell in sheet[1] if (name := heads[cell.column])}
        self._titles[part], self._numbers[part] = sheet.title, []
        for name in _NEEDED.get(part, ()):
            if name not in self._headings[part]:
                heading = " / ".join(label(f"review.col.{name}") for label in self._labels)
                self.problems.append(f"{self._name}: sheet {sheet.title}: no column {heading}")
        found = []
        for cells in sheet.iter_rows(min_row=2):
            row = dict(self._values(part, cells, heads))
            if any(value not in ("", None) for value in row.values()):
                self._numbers[part].append(cells[0].row)
                found.append({name: value for name, value in row.items() if value is not None})
        return found

    def place(self, part: str, row: int, field: str) -> str:
        """How a cell is called."""
        heading = self._headings[part].get(field, field)
        return f"{self._name}: sheet {self._titles[part]}, row {self._numbers[part][row]}, column {heading}"

    def told(self, problem: Any) -> str:
        """One field that is wrong."""
        loc = problem["loc"]
        if len(loc) > 2 and loc[0] in PARTS:
            return f"{self.place(loc[0], loc[1], str(loc[2]))}: {problem['msg']}"
        sheet = self._sheet("about")
        named = self._labels[0](f"review.{loc[0]}") if loc and loc[0] in _ABOUT else loc
        return f"{self._name}: sheet {sheet.title if sheet else '?'}: {named}: {problem['msg']}"

    def _values(
        self, part: str, cells: Sequence[Any], heads: Mapping[int, str | None]
    ) -> Iterator[tuple[str, Any]]:
        for cell in cells:
            name = heads.get(cell.column)
            if name is None:
                continue
            if cell.data_type == "f":
                heading = self._headings[part][name]
                self.problems.append(
                    f"{self._name}: sheet {self._titles[part]}, row {cell.row}, column {heading}: a formula"
                )
            elif name in _NUMBERS:
                yield name, _number(cell.value)
            else:
                yield name, _text(cell.value)

    def _sheet(self, part: str) -> Any:
        for label in self._labels:
            if (sheet := self._sheets.get(label(f"review.{part}"))) is not None:
                return sheet
        return None

    def _names(self, part: str) -> str:
        return " / ".join(label(f"review.{part}") for label in self._labels)


def _text(value: Any) -> str:
    """A cell as text: a spreadsheet may have made a number of one."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: Any) -> Any:
    """A cell as a number; text that is none stays, to be refused with its place."""
    if isinstance(value, str):
        return value.strip() or None
    return int(value) if isinstance(value, float) and value.is_integer() else value
