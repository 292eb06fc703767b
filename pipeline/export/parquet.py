"""Parquet tables, a folder a day: ``FOLDER/<table>/day=2026-03-05/<source>-00000.parquet``.

The layout is Hive's, which DuckDB, Spark and pandas read as one table a folder. Files are named after the
results they come from: exporting the same results again replaces them, and those of others stay.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import ConfigError, StoreError
from pipeline.export.tables import day_of, rows_of, schemas

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.export.calls import ExportedCall

ROWS_HELD: Final = 200_000
"""Rows in memory before they are written: some 100 MB."""
NO_DAY: Final = "__HIVE_DEFAULT_PARTITION__"
"""Hive's name for a missing value."""


class ParquetTables:
    """Tables that grow as calls come; nothing shows before :meth:`close`.

    Args:
        folder: where the tables are; made where it is not there.
        source: the results folder, which names the files.
        rows_held: rows in memory before they are written.

    Raises:
        ConfigError: pyarrow is not installed.
    """

    def __init__(self, folder: Path, source: Path, *, rows_held: int = ROWS_HELD) -> None:
        try:
            import pyarrow.parquet  # noqa: F401 - before any call is read
        except ModuleNotFoundError:
            raise ConfigError("Parquet needs pyarrow: pip install 'tinghe[parquet]'") from None
        self._folder = folder
        self._prefix = f"tinghe-{hashlib.sha256(str(source.absolute()).encode()).hexdigest()[:12]}"
        self._rows_held = rows_held
        self._held = 0
        self._rows: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self._written: list[tuple[Path, Path]] = []
        self._parts: defaultdict[tuple[str, str], int] = defaultdict(int)

    def add(self, call: ExportedCall) -> int:
        """Take a call's rows; return how many there were.

        Raises:
            StoreError: a file cannot be written.
        """
        day = day_of(call) or NO_DAY
        added = 0
        for table, rows in rows_of(call).items():
            if rows:
                self._rows[table, day].extend(rows)
                added += len(rows)
        self._held += added
        if self._held >= self._rows_held:
            self._write()
        return added

    def close(self) -> None:
        """Write what is left and show everything; files of an earlier export of the source go.

        Raises:
            StoreError: a file cannot be written; no file shows that did not before.
        """
        self._write()
        try:
            for temporary, path in self._written:
                os.replace(temporary, path)
            shown = {path for _, path in self._written}
            for path in self._folder.glob(f"*/day=*/{self._prefix}-*.parquet"):
                if path not in shown:
                    path.unlink()
        except OSError as error:
            raise StoreError(f"cannot write {self._folder}: {error.strerror}") from error
        self._written.clear()

    def abandon(self) -> None:
        """Take away what does not show yet; nothing after :meth:`close`."""
        for temporary, _ in self._written:
            temporary.unlink(missing_ok=True)
        self._written.clear()

    def _write(self) -> None:
        for (table, day), rows in sorted(self._rows.items()):
            number = self._parts[table, day]
            self._parts[table, day] += 1
            path = self._folder / table / f"day={day}" / f"{self._prefix}-{number:05}.parquet"
            temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp")
            self._written.append((temporary, path))
            self._write_file(table, rows, temporary)
        self._rows.clear()
        self._held = 0

    def _write_file(self, table: str, rows: list[dict[str, Any]], path: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        schema = schemas()[table]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            parquet.write_table(pa.Table.from_pylist(rows, schema=schema), path, compression="zstd")
            with path.open("rb") as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(
                f"cannot write {path.parent}: {error.strerror or type(error).__name__}"
            ) from error
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError) as error:
            # The message would quote the value.
            raise StoreError(f"table {table}: holds what Parquet cannot: {type(error).__name__}") from None
