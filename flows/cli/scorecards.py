"""``tinghe scorecards``: prove a scorecard, print its form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from flows.cli.terminal import EXIT_FAILED, AsJson, Config, console, errors, print_json, show_schema
from pipeline.errors import ConfigError

scorecards_app = typer.Typer(help="Prove scorecards, print their form.", no_args_is_help=True)


@scorecards_app.command("check")
def check_scorecard(
    path: Annotated[Path | None, typer.Argument(help="A scorecard; the settings' when left out.")] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Read a scorecard, look up the rules it names, and run the examples inside; exit 1 when one fails."""
    from pipeline.detect.rulebook import rulebook_of
    from pipeline.score.proof import located, prove_card, unknown_rules
    from pipeline.score.scorecard import load_scorecard
    from pipeline.settings import load_settings

    try:
        settings = load_settings(config)
        path = path or settings.path(settings.score.scorecard)
        card = load_scorecard(path)
        book = rulebook_of(settings)
        problems = [*unknown_rules(card, book.titles, path), *(located(f, path) for f in prove_card(card))]
    except ConfigError as error:
        errors.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(EXIT_FAILED) from error
    if as_json:
        print_json({"version": card.version, "examples": len(card.examples), "problems": problems})
    else:
        for problem in problems:
            console.print(f"[red]✗[/] {escape(problem)}", soft_wrap=True)
        console.print(
            f"{path.name}, version {card.version}: {len(card.effectiveness.items)} items, "
            f"{len(card.examples)} examples, {len(problems)} problems"
        )
    if problems:
        raise typer.Exit(EXIT_FAILED)


@scorecards_app.command("schema")
def print_schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write it to configs/schema/scorecard.schema.json instead.")
    ] = False,
) -> None:
    """Print the form of a scorecard as JSON Schema, for editors."""
    from pipeline.score.editor import scorecard_schema

    show_schema(scorecard_schema(), "scorecard.schema.json", write=write)
