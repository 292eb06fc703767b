"""``tinghe coaching``: what agents do well and two things to work on; ``tinghe wordings``: the guide."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from flows.cli.terminal import (
    EXIT_FAILED,
    AsJson,
    Config,
    clear_errors,
    console,
    errors,
    print_json,
    show_schema,
)
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

wordings_app = typer.Typer(
    help="Prove the coaching guide and its wordings, print its form.", no_args_is_help=True
)


class Clips(StrEnum):
    """Where the sound of a report is."""

    INSIDE = "inside"
    BESIDE = "beside"
    NONE = "none"


def coaching(
    results: Annotated[list[Path], typer.Argument(help="Results folders, such as those of a week's days.")],
    to: Annotated[Path, typer.Option("--to", help="The folder that takes the report.")],
    week: Annotated[str | None, typer.Option("--week", help="An ISO week, such as 2026-W47.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day.")
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only this agent, by id.")] = None,
    team: Annotated[str | None, typer.Option("--team", help="Only this team.")] = None,
    previous: Annotated[
        list[Path] | None, typer.Option("--previous", help="Results of earlier weeks, for the trend.")
    ] = None,
    manifest: Annotated[
        list[Path] | None,
        typer.Option("--manifest", help="Manifests of these calls: they name the agents, and whom to mask."),
    ] = None,
    clips: Annotated[
        Clips, typer.Option("--clips", help="Sound in the pages, in files beside them, or none.")
    ] = Clips.INSIDE,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the pages of agents and teams as PDF too.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write the coaching report: strengths and two things to work on, with own moments and better wordings.

    [bold]tinghe coaching results/2026-11-1*/ --to coaching/ --week 2026-W47[/]

    Nobody with fewer than 20 calls is compared, and nothing is named that the interval does not bear out.
    quality/fairness.html in the folder is for the head of quality.
    """
    with clear_errors():
        from flows.results.coaching import Wanted, write

        wanted = Wanted(
            results=tuple(results),
            to=to,
            week=week,
            first=first.date() if first else None,
            last=last.date() if last else None,
            agent=agent,
            team=team,
            previous=tuple(previous or ()),
            manifests=tuple(manifest or ()),
            sound=clips.value,
            pdf=pdf,
        )
        with _progress() as steps:
            done = write(wanted, config, steps)
    account = {
        "agents": done.agents,
        "teams": done.teams,
        "calls": done.calls,
        "comparisons_of_fairness": done.compared,
        "pages": [page.as_posix() for page in done.pages],
    }
    if as_json:
        print_json(account)
        return
    console.print(
        f"[green]✓[/] {done.calls} calls, {done.agents} agents, {done.teams} teams: "
        f"{escape(str(to / 'index.html'))}",
        soft_wrap=True,
    )
    console.print(
        f"  for the head of quality: {escape(str(to / 'quality' / 'fairness.html'))}", soft_wrap=True
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, int], Callable[[], None]]]:
    """Bars on standard error; told of a step and its length, gives what moves its bar."""
    from rich.progress import Progress

    with Progress(console=errors, transient=True) as bar:

        def begin(step: str, total: int) -> Callable[[], None]:
            task = bar.add_task(step, total=total or None)
            return lambda: bar.advance(task)

        yield begin


@wordings_app.command("check")
def check_wordings(
    path: Annotated[Path | None, typer.Argument(help="A guide; the settings' when left out.")] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Read a guide, run its examples, and have every wording judged as if an agent said it.

    Exit 1 where an example does not get its wording, a wording breaks a rule or may break one, or a rule
    that is named stands in no pack.
    """
    from flows.results.coaching import check

    try:
        guide, problems = check(path, config)
    except ConfigError as error:
        errors.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(EXIT_FAILED) from error
    counts: dict[str, Any] = {
        "version": guide.version,
        "skills": len(guide.skills),
        "wordings": len(guide.wordings),
        "examples": len(guide.examples),
        "problems": problems,
    }
    if as_json:
        print_json(counts)
    else:
        for problem in problems:
            console.print(f"[red]✗[/] {escape(problem)}", soft_wrap=True)
        console.print(
            f"version {guide.version}: {len(guide.skills)} skills, {len(guide.wordings)} wordings, "
            f"{len(guide.examples)} examples, {len(problems)} problems"
        )
    if problems:
        raise typer.Exit(EXIT_FAILED)


@wordings_app.command("schema")
def print_wordings_schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write it to configs/schema/coaching.schema.json instead.")
    ] = False,
) -> None:
    """Print the form of a coaching guide as JSON Schema, for editors."""
    from pipeline.coaching.editor import coaching_schema

    show_schema(coaching_schema(), "coaching.schema.json", write=write)
