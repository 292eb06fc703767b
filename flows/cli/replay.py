"""``tinghe replay``: judge calls again with the rules of a day, and compare the bytes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flows.cli.terminal import EXIT_FAILED, AsJson, Config, clear_errors, console, errors, print_json

_SHOWN = 12
"""Fields and reasons of a call in the terminal."""


def replay_calls(
    source: Annotated[
        Path, typer.Argument(help="A results folder, or one call's file in it (calls/ID.json).")
    ],
    calls: Annotated[list[str] | None, typer.Argument(help="Ids of calls; all of the folder.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            help="Judge with what was in force on this day; each report's own rules when left out.",
        ),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Judge calls again as they were judged then: the same bytes, or what differs and why.

    Nothing is listened to and nothing is changed. Exit status: 0 all identical, 1 something differs.

    [bold]tinghe replay results/ demo-001 --as-of 2026-11-25[/]
    """
    with clear_errors():
        from flows.results.replaying import replay, results_of
        from pipeline.audit.archive import Archive
        from pipeline.batch.parameters import read_parameters
        from pipeline.settings import load_settings

        folder, paths = results_of(source, calls or [])
        parameters = read_parameters(folder)
        settings = load_settings(config or (parameters.config if parameters else None))
        with errors.status(f"judging {len(paths)} calls again"):
            found = replay(paths, Archive.of(folder, settings), settings, as_of.date() if as_of else None)
    if as_json:
        print_json(
            [
                {
                    "call_id": one.call_id,
                    "identical": one.identical,
                    "pack": one.pack,
                    "fields": list(one.fields),
                    "reasons": list(one.reasons),
                    "error": one.error or None,
                }
                for one in found
            ]
        )
    else:
        table = Table("call", "", "pack", "differs in", "because", header_style="bold")
        for one in found:
            bad = "error" if one.error else "differs"
            shown = one.fields[:_SHOWN]
            rest = [f"… {len(one.fields) - _SHOWN} more"] if len(one.fields) > _SHOWN else []
            table.add_row(
                escape(one.call_id),
                "[green]identical[/]" if one.identical else f"[red]{bad}[/]",
                one.pack[:12] if one.pack else "today's",
                escape("\n".join([*shown, *rest])),
                escape(one.error or "\n".join(one.reasons)),
            )
        console.print(table)
        console.print(f"{sum(one.identical for one in found)} of {len(found)} identical")
    if not all(one.identical for one in found):
        raise typer.Exit(EXIT_FAILED)
