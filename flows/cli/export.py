"""``tinghe export``: results as Parquet, vCon, SARIF, WebVTT, RTTM or CTM, people masked."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from flows.cli.terminal import AsJson, Config, clear_errors, console, errors, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Form(StrEnum):
    """What results can be exported as; the names are those of :data:`pipeline.export.formats.FORMS`."""

    PARQUET = "parquet"
    VCON = "vcon"
    SARIF = "sarif"
    WEBVTT = "webvtt"
    RTTM = "rttm"
    RTTM_TURNS = "rttm-turns"
    CTM = "ctm"


def export(
    results: Annotated[Path, typer.Argument(help="A results folder.")],
    form: Annotated[Form, typer.Option("--format", "-f", help="The form of the export.")],
    to: Annotated[Path, typer.Option("--to", help="The folder that takes it; made when it is not there.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            help="The manifest of these calls: the names in it are masked wherever they are said.",
        ),
    ] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show names and numbers of people; asks for --reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why people are shown; it is kept.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who asks for it; it is kept beside the account.")] = "",
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Export results in the forms of others, with people masked.

    [bold]tinghe export results/ --format parquet --to lake/[/]
    """
    with clear_errors():
        from datetime import UTC, datetime
        from urllib.parse import unquote

        from flows.privacy.unmasking import tell
        from pipeline.detect.rulebook import rulebook_of
        from pipeline.export.calls import result_files
        from pipeline.export.formats import Wanted
        from pipeline.export.formats import export as export_as
        from pipeline.export.record import record, require_reason
        from pipeline.manifest import plan_recordings
        from pipeline.redact import People
        from pipeline.report.english import english_for
        from pipeline.settings import load_settings

        require_reason(not unmasked, reason)
        settings = load_settings(config)
        calls = plan_recordings(manifest).calls if manifest else ()
        book = rulebook_of(settings) if form is Form.SARIF else None
        wanted = Wanted(
            results=results,
            to=to,
            mask=not unmasked,
            people={call.call_id: People.of(call.metadata) for call in calls},
            language=settings.report.language,
            rule_titles=book.titles if book else {},
            norms=book.norms if book else {},
            english=english_for(settings),
        )
        files = result_files(results)
        if unmasked:  # told before the first word is written
            ids = (unquote(path.stem) for path in files)
            tell(results, settings, what=f"export {form.value}", calls=ids, reason=reason, by=by)
        with _progress(len(files)) as on_call:
            done = export_as(form.value, wanted, on_call)
        record(results, form.value, done, mask=not unmasked, reason=reason, at=datetime.now(UTC))
    if as_json:
        print_json(
            {"form": form.value, "calls": done.calls, "left_out": done.left_out, "masked": not unmasked}
        )
        return
    console.print(f"[green]✓[/] {done.calls} calls: {escape(str(to))}", soft_wrap=True)
    for why, count in done.left_out.items():
        console.print(f"  {count} left out: {why.replace('_', ' ')}")
    if not unmasked and manifest is None:
        errors.print("Names are masked that the calls introduce; with --manifest all names in it are.")


@contextmanager
def _progress(calls: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error while calls are written."""
    from rich.progress import Progress

    with Progress(console=errors, transient=True) as bar:
        task = bar.add_task("exporting", total=calls)
        yield lambda: bar.advance(task)
