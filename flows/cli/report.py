"""``tinghe report``: one dashboard over several results folders, such as a week or a month."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from flows.cli.terminal import AsJson, Config, clear_errors, console, errors, print_json


def report(
    results: Annotated[
        list[Path], typer.Argument(help="Results folders, such as those of the days of a week.")
    ],
    to: Annotated[Path, typer.Option("--to", help="The folder that takes it; made when it is not there.")],
    compare_with: Annotated[
        list[Path] | None,
        typer.Option(
            "--compare-with",
            help="A results folder of the previous period; give the option once for each folder.",
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the period is called, such as 2026-W25.")] = "",
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print summary.pdf too; needs Chromium or Chrome.")
    ] = False,
    reviewed: Annotated[
        bool,
        typer.Option(
            "--reviewed", help="Show how many findings of each rule reviewers confirmed (tinghe review)."
        ),
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make one dashboard of several results folders: where calls stand, how sure that is, what changed.

    It writes summary.html, summary.xlsx, summary.csv and tables/ into --to. People are masked. Calls lead to
    their pages in the results folders. A call that is in two folders counts once, as the later one has it.

    [bold]tinghe report results/2026-06-1* --to reports/week-25 --compare-with results/2026-06-08[/]
    """
    with clear_errors():
        from rich.progress import Progress

        from flows.results.dashboards import Wanted, count_files, make_report

        wanted = Wanted(
            results=results,
            to=to,
            compare_with=compare_with or (),
            name=name,
            pdf=pdf,
            reviewed=reviewed,
            config=config,
        )
        number = count_files(results) + (count_files(compare_with) if compare_with else 0)
        with Progress(console=errors, transient=True) as bar:
            task = bar.add_task("reading", total=number)
            done = make_report(wanted, lambda: bar.advance(task))
    if as_json:
        print_json(
            {key: str(value) if isinstance(value, Path) else value for key, value in asdict(done).items()}
        )
        return
    console.print(f"[green]✓[/] {done.calls} calls: {escape(str(done.page))}", soft_wrap=True)
    if done.pdf:
        console.print(f"[green]✓[/] {escape(str(done.pdf))}", soft_wrap=True)
    if done.twice:
        console.print(f"  {done.twice} calls were in several folders and count once")
    if done.unreadable:
        errors.print(f"[yellow]{done.unreadable} results could not be read[/] and are missing in it")
    if compare_with and not done.compared:
        errors.print("[yellow]not compared[/]: the periods were not judged alike; the page says what differs")
