"""``tinghe english``: what has no English on English pages, and the form of English texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from flows.cli.terminal import EXIT_FAILED, AsJson, Config, clear_errors, console, print_json, show_schema

english_app = typer.Typer(
    help="Check the English of rule titles, reasons, clauses and advice; print its form.",
    no_args_is_help=True,
)


@english_app.command("check")
def check_english(
    path: Annotated[
        Path | None, typer.Argument(help="A folder of English texts; the settings' when left out.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Hold English texts against rules, norms and the coaching guide.

    What has no English is listed and shown in Chinese. Exit 1 where an entry names what is not there, or
    translates a Chinese text that is another by now.

    [bold]tinghe english check my-texts/ --config my.toml[/]
    """
    with clear_errors():
        from pipeline.coaching.guide import load_guide
        from pipeline.detect.rulebook import rulebook_of
        from pipeline.report.english_gaps import find_gaps
        from pipeline.settings import load_settings

        settings = load_settings(config)
        book = rulebook_of(settings)
        guide = load_guide(settings.path(settings.coaching.guide))
        gaps = find_gaps(path or settings.path(settings.report.english), book, guide)
    if as_json:
        missing = [{"kind": kind, "name": name, "text": text} for kind, name, text in gaps.missing]
        print_json({"english": gaps.known, "missing": missing, "odd": gaps.odd})
    else:
        for kind, name, text in gaps.missing:
            console.print(f"[yellow]–[/] {kind} {name}: {escape(text)}", soft_wrap=True)
        for odd in gaps.odd:
            console.print(f"[red]✗[/] {escape(odd)}", soft_wrap=True)
        console.print(
            f"{gaps.known} texts in English, {len(gaps.missing)} without, {len(gaps.odd)} entries to correct"
        )
    if gaps.odd:
        raise typer.Exit(EXIT_FAILED)


@english_app.command("schema")
def print_english_schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write it to configs/schema/english.schema.json instead.")
    ] = False,
) -> None:
    """Print the form of English texts as JSON Schema, for editors."""
    from pipeline.report.english import english_schema

    show_schema(english_schema(), "english.schema.json", write=write)
