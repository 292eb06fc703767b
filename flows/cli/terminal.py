"""What all commands share: where they print, options they have in common, errors as exit statuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from pipeline.errors import ConfigError, TingheError, TranscriptError

EXIT_QUARANTINE = 3
EXIT_USAGE = 2
EXIT_FAILED = 1

Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="A settings file laid over configs/default.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]

console = Console()
errors = Console(stderr=True)


class clear_errors:
    """Turn our own errors into one line and an exit status; foreign ones keep their traceback.

    A file that was named and cannot be used is wrong usage, like a configuration that cannot.
    """

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Print and exit."""
        if isinstance(error, TingheError):
            errors.print(f"[red]error[/] ({error.code}) {escape(str(error))}", soft_wrap=True)
            usage = isinstance(error, (ConfigError, TranscriptError))
            raise typer.Exit(EXIT_USAGE if usage else EXIT_FAILED) from error


def print_json(value: Any) -> None:
    """JSON for programs, on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def show_schema(schema: Any, name: str, *, write: bool) -> None:
    """A JSON Schema for editors, on standard output, or written to ``configs/schema/`` under its name."""
    from pipeline.report.files import write_atomically
    from pipeline.settings import CONFIGS

    text = json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
    if not write:
        sys.stdout.write(text)
        return
    path = CONFIGS / "schema" / name
    with clear_errors():
        write_atomically(path, text.encode())
    errors.print(str(path), soft_wrap=True)
