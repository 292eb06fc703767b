"""``tinghe review``: samples, files for reviewers, what they said, and what the figures are worth by it."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from flows.cli.terminal import AsJson, Config, clear_errors, console, errors, print_json, show_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.review.samples import Sample

review_app = typer.Typer(
    help="Let persons check what the machine says: draw calls, send files out, take them back, see the "
    "figures.\n\n"
    "[bold]tinghe review sample results/ --plan random --seed 7 --to june.json[/]\n\n"
    "[bold]tinghe review export results/ --sample june.json --for 王芳 --to wang.xlsx[/]\n\n"
    "[bold]tinghe review import wang.xlsx --results results/[/]\n\n"
    "[bold]tinghe review report results/[/]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


class StepName(StrEnum):
    """In which capacity somebody speaks."""

    REVIEW = "review"
    APPEAL = "appeal"
    FINAL = "final"


class StateName(StrEnum):
    """States of findings."""

    VIOLATION = "violation"
    NEEDS_REVIEW = "needs_review"
    CANNOT_DECIDE = "cannot_decide"


Results = Annotated[Path, typer.Argument(help="A results folder.", metavar="RESULTS")]
Manifest = Annotated[
    Path | None,
    typer.Option("--manifest", help="The manifest of these calls; that of the last run when left out."),
]


@review_app.command("plans")
def list_plans(config: Config = None, as_json: AsJson = False) -> None:
    """Show the sampling plans of configs/review.yaml."""
    with clear_errors():
        from pipeline.review.plans import load_review
        from pipeline.settings import load_settings

        settings = load_settings(config)
        plans = load_review(settings.path(settings.review.plans)).plans
    if as_json:
        print_json([{"id": plan.identity, **plan.model_dump(mode="json")} for plan in plans])
        return
    table = Table("plan", "method", "of", "blind", "n", "id", header_style="bold")
    for plan in plans:
        blind = "yes" if plan.blind else "no"
        table.add_row(plan.plan, plan.method, plan.of, blind, str(plan.n), plan.identity)
    console.print(table)


@review_app.command("schema")
def schema(
    write: Annotated[bool, typer.Option("--write", help="Write configs/schema/review.schema.json.")] = False,
) -> None:
    """Print the JSON Schema of configs/review.yaml, for editors."""
    from pipeline.review.plans import review_schema

    show_schema(review_schema(), "review.schema.json", write=write)


@review_app.command("sample")
def sample(
    results: Results,
    plan: Annotated[str, typer.Option("--plan", help="A plan of configs/review.yaml.")] = "random",
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="How many calls; else as the plan says.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same calls.")] = 1,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Field that makes the groups of a stratified plan; may be repeated."),
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="The file that keeps the sample.")] = None,
    manifest: Manifest = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Draw calls for review, each with the probability that it had, so that figures can be weighted.

    The same calls, plan and seed give the same file, byte for byte.

    [bold]tinghe review sample results/ --plan random --to june.json[/]
    """
    with clear_errors():
        from flows.results.reviewing import PRIVATE, draw_sample, opened_review
        from pipeline.report.files import write_atomically
        from pipeline.review.samples import sample_bytes

        with (
            opened_review(results, config, manifest=manifest) as reviewing,
            _progress("reading calls", len(reviewing.call_ids())) as on_call,
        ):
            drawn = draw_sample(reviewing, plan, n=n, seed=seed, by=tuple(by or ()), on_call=on_call)
        if to is not None:
            write_atomically(to, sample_bytes(drawn), mode=PRIVATE)
    if as_json:
        print_json(drawn.to_json())
        return
    _show_sample(drawn, to)


@review_app.command("export")
def export_review(
    results: Results,
    to: Annotated[Path, typer.Option("--to", help="The file for the person: .xlsx or .json.")],
    person: Annotated[str, typer.Option("--for", help="Who fills it in: name or staff number; it is kept.")],
    sample_file: Annotated[
        Path | None, typer.Option("--sample", help="Calls of a sample, from tinghe review sample.")
    ] = None,
    findings: Annotated[
        bool, typer.Option("--findings", help="All findings, or those that --rule and --state name.")
    ] = False,
    step: Annotated[
        StepName, typer.Option("--step", help="review; appeal, for the agent; final, for who decides.")
    ] = StepName.REVIEW,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only this rule; may be repeated.")] = None,
    state: Annotated[
        list[StateName] | None, typer.Option("--state", help="Only findings in this state; may be repeated.")
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only calls of this agent_id.")] = None,
    call: Annotated[list[str] | None, typer.Option("--call", help="Only this call; may be repeated.")] = None,
    double: Annotated[
        bool,
        typer.Option("--double", help="What others reviewed already, for a second opinion unseen."),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="What this person answered already, too.")] = False,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show names and numbers of people; asks for --reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why people are shown; it is kept.")] = "",
    manifest: Manifest = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write what a person is asked into a workbook or a JSON file, people masked.

    Fill in the verdicts and give the file back with [bold]tinghe review import[/].
    """
    with clear_errors():
        from flows.results.reviewing import opened_review, write_review
        from pipeline.errors import ConfigError
        from pipeline.review.records import Step
        from pipeline.review.samples import Scope, read_sample
        from pipeline.review.selection import Wanted

        if sample_file is None and not findings and step is StepName.REVIEW:
            raise ConfigError("say which: --sample FILE, or --findings")
        if not person.strip():
            raise ConfigError("--for: say who fills it in")
        wanted = Wanted(
            step=Step(step.value),
            person=person.strip(),
            sample=read_sample(sample_file) if sample_file else None,
            scope=Scope(rules=tuple(sorted(rule or ())), states=tuple(sorted(s.value for s in state or ()))),
            agent_id=agent,
            double=double,
            again=again,
            mask=not unmasked,
        )
        with (
            opened_review(results, config, manifest=manifest) as reviewing,
            _progress("reading calls", _number(reviewing, wanted.sample)) as on_call,
        ):
            written = write_review(
                reviewing, wanted, to, why_unmasked=reason, only=tuple(call or ()), on_call=on_call
            )
    file = written.file
    counts = {"findings": len(file.findings), "calls": len(file.calls)}
    if as_json:
        print_json(
            {
                **counts,
                "sample": written.sample_id or None,
                "left_out": dict(written.left_out),
                "not_here": written.gone,
                "masked": file.masked,
            }
        )
        return
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing to ask"
    console.print(f"[green]✓[/] {told}: {escape(str(to))}", soft_wrap=True)
    for why, count in written.left_out.items():
        console.print(f"  {count} left out: {why.replace('_', ' ')}")
    if written.gone:
        console.print(f"  {written.gone} calls of the sample have no result here")


@review_app.command("import")
def import_review(
    file: Annotated[Path, typer.Argument(help="A review file that was filled in.")],
    results: Annotated[Path, typer.Option("--results", help="The results folder that it was exported from.")],
    correct: Annotated[
        bool, typer.Option("--correct", help="What differs from before corrects it; both stay on record.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Put what a person said on record: all of the file, or nothing and every cell that is wrong.

    Importing a file twice counts once. What the machine said is never changed.

    [bold]tinghe review import june.xlsx --results results/[/]
    """
    with clear_errors():
        from flows.results.reviewing import opened_review, take_review

        with opened_review(results, config, named=False) as reviewing:
            done = take_review(reviewing, file, correct=correct)
    if as_json:
        print_json(
            {
                "new": done.new,
                "corrected": done.corrected,
                "known": done.known,
                "added": done.added,
                "unanswered": done.unanswered,
            }
        )
        return
    console.print(f"[green]✓[/] {done.new} decisions recorded, {done.corrected} of them corrections")
    console.print(
        f"  {done.known} were on record already, {done.unanswered} rows are not answered"
        + (f", {done.added} violations were added" if done.added else "")
    )


@review_app.command("report")
def report(
    results: Annotated[list[Path], typer.Argument(help="Results folders.", metavar="RESULTS...")],
    until: Annotated[
        str | None,
        typer.Option("--until", help="Last day of the period; the last call's when left out."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", help="before: all that was; previous: as long a period."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="A workbook (.xlsx), or a folder for CSV files.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say what the machine's statements are worth by what persons said of them.

    Precision by rule with intervals, recall from calls that were listened to blind, agreement of reviewers,
    drift with alarms, calibration of confidence. Nothing is changed by it.

    [bold]tinghe review report results/ --to figures.xlsx[/]
    """
    with clear_errors():
        from flows.results.reviewing import figures_of, write_figures
        from flows.show.review import shown
        from pipeline.review.figures_table import notes, to_json

        with _progress("reading calls", None) as on_call:
            found, showing = figures_of(results, config, until=until, against=against, on_call=on_call)
        if to is not None:
            write_figures(found, showing, to)
    if as_json:
        print_json({**to_json(found), "notes": notes(found, showing)})
        return
    for part in shown(found, showing):
        console.print(part, soft_wrap=isinstance(part, str))
    if to is not None:
        console.print(f"[green]✓[/] {escape(str(to))}", soft_wrap=True)


@review_app.command("lines")
def review_lines(
    results: Results,
    to: Annotated[Path, typer.Option("--to", help="The file that takes the lines (.jsonl).")],
    manifest: Manifest = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write turns that persons decided on as labelled lines to learn from, people masked.

    A settings file that names them under opinion.lines lets [bold]tinghe train[/] use them.
    """
    with clear_errors():
        from flows.results.reviewing import opened_review, write_lines

        with (
            opened_review(results, config, manifest=manifest) as reviewing,
            _progress("reading calls", len(reviewing.call_ids())) as on_call,
        ):
            count = write_lines(reviewing, to, on_call)
    if as_json:
        print_json({"lines": count})
        return
    console.print(f"[green]✓[/] {count} lines: {escape(str(to))}", soft_wrap=True)


def _number(reviewing: Any, sample: Sample | None) -> int:
    return len(sample.drawing.calls) if sample else len(reviewing.call_ids())


def _show_sample(drawn: Sample, to: Path | None) -> None:
    drawing = drawn.drawing
    table = Table("group", "calls", "wanted", "drawn", header_style="bold")
    for group in drawing.strata:
        style = "yellow" if group.drawn < group.wanted else ""
        name = escape(group.stratum or "all")
        table.add_row(escape(name), str(group.population), str(group.wanted), str(group.drawn), style=style)
    console.print(table)
    console.print(
        f"{len(drawing.calls)} of {drawing.population} {drawn.of} calls, plan {drawn.plan}, "
        f"seed {drawn.seed}, sample {drawn.sample_id}",
        soft_wrap=True,
    )
    if len(drawing.calls) < drawing.asked:
        console.print(
            f"[yellow]{drawing.asked - len(drawing.calls)} could not be drawn: there are no more[/]"
        )
    if drawing.unfilled:
        console.print(f"[yellow]{len(drawing.unfilled)} groups have fewer than wanted[/]")
    if drawing.no_chance:
        console.print(f"[yellow]{drawing.no_chance} calls had no chance: estimates say nothing of them[/]")
    if to is None:
        console.print("Nothing is kept; --to FILE writes the sample.")
    else:
        console.print(f"[green]✓[/] {escape(str(to))}", soft_wrap=True)


@contextmanager
def _progress(what: str, calls: int | None) -> Iterator[Callable[[], None]]:
    """A bar on standard error."""
    from rich.progress import Progress

    with Progress(console=errors, transient=True) as bar:
        task = bar.add_task(what, total=calls)
        yield lambda: bar.advance(task)
