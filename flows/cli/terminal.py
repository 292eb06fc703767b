"""What all commands share: where they print, options they have in common, errors as exit statuses."""

from __future__ import annotations

import inspect
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


def file_of_call(call: str, out: Path | None) -> Path:
    """The file of a call: by its id in a results folder, else as it was named.

    Raises:
        TranscriptError: there is none.
    """
    from pipeline.report.files import file_stem

    if out is not None:
        path = out / "calls" / f"{file_stem(call)}.json"
        if not path.is_file():
            raise TranscriptError(f"{path}: there is no such call in the results folder")
        return path
    path = Path(call)
    if not path.is_file():
        raise TranscriptError(f"{path}: no such file; name the results folder of a call id with --out")
    return path


def let_flow(app: typer.Typer) -> None:
    """Let paragraphs of help be as wide as the terminal, not as the source: ends of lines become blanks."""
    for command in app.registered_commands:
        text = command.help or inspect.getdoc(command.callback) or ""
        command.help = "\n\n".join(" ".join(part.split("\n")) for part in text.split("\n\n"))
    for group in app.registered_groups:
        if group.typer_instance is not None:
            let_flow(group.typer_instance)


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
    errors.print(escape(str(path)), soft_wrap=True)
