"""Commands for a results folder: how far it is, going on, what is set aside, new rules over old hearing."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from flows.batch.publishing import published_at
from flows.cli.terminal import EXIT_QUARANTINE, AsJson, Config, clear_errors, console, errors, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.batch.night import BatchResult, Order
    from pipeline.batch.parameters import Parameters
    from pipeline.batch.progress import Progress
    from pipeline.store import Store

quarantine_app = typer.Typer(help="The calls that could not be judged.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="A results folder.")]


def resume(out: Folder, as_json: AsJson = False) -> None:
    """Go on with a batch that was interrupted: what is done is not done again.

    The source, the settings file and the dial log are those that it was started with.

    [bold]tinghe resume results/[/]
    """
    with clear_errors():
        order = _order(_parameters(out), out)
    finish(order, as_json)


def rejudge(out: Folder, config: Config = None, as_json: AsJson = False) -> None:
    """Judge again what was heard before, with new rules or another scorecard; nothing is listened to.

    Without --config the settings are those that the batch was started with, as they are now.

    [bold]tinghe rejudge results/ --config mine.toml[/]
    """
    with clear_errors():
        order = replace(_order(_parameters(out), out), as_kept=True)
        if config is not None:
            order = replace(order, config=config)
    finish(order, as_json)


def publish_results(
    out: Folder,
    to: Annotated[
        str,
        typer.Option("--to", help="Such as s3://bucket/results; what batch.publish says when left out."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Copy pages, call JSONs, tables and sound to a URL: what changed is sent, what is gone is removed there.

    A run does this at its end where the settings say so; after a deletion it is to be done again.

    [bold]tinghe publish results/ --to s3://bucket/results[/]
    """
    with clear_errors():
        from pipeline.batch.ownership import locked
        from pipeline.errors import ConfigError
        from pipeline.publish import publish
        from pipeline.settings import load_settings

        parameters = _parameters(out)
        url = published_at(to or load_settings(parameters.config).batch.publish, out)
        if url is None:
            raise ConfigError("batch.publish: names no URL; --to does")
        with locked(out):
            done = publish(out, url)
    if as_json:
        print_json(asdict(done))
    else:
        console.print(f"{done.sent} files sent, {done.removed} removed", soft_wrap=True)


def status(out: Folder, as_json: AsJson = False) -> None:
    """Show how far a batch is, also while it runs.

    [bold]tinghe status results/[/]
    """
    with clear_errors():
        from pipeline.batch.ownership import in_use
        from pipeline.batch.progress import read_progress

        parameters = _parameters(out)
        dead_here = None if in_use(out) else socket.gethostname()
        with _store(out, parameters) as store:
            progress = read_progress(store, parameters.batch_id, time.time(), dead_here=dead_here)
    if as_json:
        print_json(None if progress is None else asdict(progress))
    elif progress is None:
        console.print("Nothing was started yet.")
    else:
        console.print(_progress_table(progress))


@quarantine_app.command("list")
def quarantine_list(out: Folder, as_json: AsJson = False) -> None:
    """Show the calls that could not be judged, with their reasons.

    [bold]tinghe quarantine list results/[/]
    """
    with clear_errors():
        from flows.show.batch import quarantine_table
        from pipeline.batch.progress import read_set_aside

        with _store(out, _parameters(out)) as store:
            calls = read_set_aside(store)
    if as_json:
        print_json([asdict(call) for call in calls])
    else:
        console.print(quarantine_table(calls) if calls else "Nothing is in quarantine.")


@quarantine_app.command("retry")
def quarantine_retry(
    out: Folder,
    calls: Annotated[list[str] | None, typer.Argument(help="Their ids; all when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Try calls in quarantine again, and go on with the batch.

    [bold]tinghe quarantine retry results/ A1 A2[/]
    """
    with clear_errors():
        from pipeline.batch.journal import Journal
        from pipeline.batch.ownership import locked
        from pipeline.errors import ConfigError

        parameters = _parameters(out)
        with locked(out), _store(out, parameters) as store:
            released = Journal(store, parameters.batch_id, "quarantine").release(calls=calls)
        missing = sorted(set(calls or ()) - set(released))
        if missing:
            raise ConfigError(f"not in quarantine: {', '.join(missing)}")
        order = _order(parameters, out)
        errors.print(f"{len(released)} calls are tried again")
    finish(order, as_json)


def finish(order: Order, as_json: bool) -> None:
    """Run a batch and show what came of it; the exit status tells of quarantine."""
    with clear_errors():
        from flows.batch.night import run_batch
        from flows.show.batch import ProgressBar

        with ProgressBar(errors) as progress:
            result = run_batch(order, progress)
        _show(result, as_json)
    if result.quarantined:
        raise typer.Exit(EXIT_QUARANTINE)


def _show(result: BatchResult, as_json: bool) -> None:
    from flows.show.batch import (
        SameRecordings,
        calls_table,
        quarantine_table,
        same_recordings_line,
        summary_line,
    )

    same = SameRecordings()
    if result.lost_dials:
        errors.print(
            f"[yellow]{result.lost_dials} lines of the dial log[/] are not counted: see "
            f"{escape(str(result.out / 'dial_log_rejected.jsonl'))}",
            soft_wrap=True,
        )
    if as_json:
        print_json(
            {
                "summary": {name: getattr(result.summary, name) for name in result.summary.__slots__},
                "page": str(result.page),
                "calls": [
                    {name: call[name] for name in ("call_id", "status", "status_reason", "scores")}
                    for call in same.among(result.reports())
                ],
                "same_recording": same.groups,
                "quarantine": [
                    {"call_id": call.call_id, "reason": call.reason} for call in result.quarantined
                ],
            }
        )
        return
    if not result.idle:
        console.print(calls_table(same.among(result.reports()), result.rule_titles))
    elif result.summary.skipped:
        console.print("Nothing to do: nothing has changed since the last run.")
    elif not result.summary.planned:
        console.print("Nothing to do: the source names no calls.")
    if result.quarantined:
        console.print(quarantine_table(result.quarantined))
        told = escape(str(result.out / "quarantine.jsonl"))
        console.print(f"Their files, lines and fields: {told}", soft_wrap=True)
    if same.groups:
        console.print(same_recordings_line(same.groups), soft_wrap=True)
    console.print(summary_line(result.summary))
    console.print(f"Summary page: {escape(str(result.page.resolve()))}", soft_wrap=True)


def _parameters(out: Path) -> Parameters:
    from pipeline.batch.parameters import read_parameters
    from pipeline.errors import ConfigError

    parameters = read_parameters(out)
    if parameters is None:
        raise ConfigError(f"{out}: holds no batch; tinghe run starts one")
    return parameters


def _order(parameters: Parameters, out: Path) -> Order:
    from flows.batch.night import Order

    return Order(
        source=parameters.source,
        out=out,
        mode=parameters.mode,
        config=parameters.config,
        dial_log=parameters.dial_log,
    )


@contextmanager
def _store(out: Path, parameters: Parameters) -> Iterator[Store]:
    from pipeline.settings import load_settings
    from pipeline.store import open_store

    store = open_store(out, load_settings(parameters.config).store, os.environ)
    try:
        yield store
    finally:
        store.close()


def _progress_table(progress: Progress) -> Table:
    ended = progress.skipped + progress.done + progress.quarantined
    share = f"{ended / progress.planned:.0%}" if progress.planned else "–"
    reason = f" ({progress.reason})" if progress.reason else ""
    until = progress.finished_at or time.time()
    rows: list[tuple[str, Any]] = [
        ("run", f"{progress.run}: {progress.state}{reason}"),
        ("calls", f"{ended} of {progress.planned} ({share})"),
        ("unchanged", progress.skipped),
        ("done", progress.done),
        ("in hand", progress.running),
        ("waiting", progress.pending),
        ("in quarantine", progress.quarantined),
        ("running for", _span(until - progress.started_at)),
        ("calls an hour", "–" if progress.calls_per_hour is None else f"{progress.calls_per_hour:.0f}"),
        ("time left", "–" if progress.left_s is None else f"about {_span(progress.left_s)}"),
        *((f"CPU seconds, {stage}", f"{seconds:.1f}") for stage, seconds in progress.cpu_s.items()),
        *((f"  {name}", count) for name, count in progress.failures.items()),
    ]
    table = Table(show_header=False)
    for name, value in rows:
        table.add_row(name, str(value))
    return table


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
