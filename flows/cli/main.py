"""The command line. Exit status: 0 done, 3 some calls in quarantine, 2 wrong usage or configuration."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.audit import audit_app
from flows.cli.batch import publish_results, quarantine_app, rejudge, resume, status
from flows.cli.coaching import coaching, wordings_app
from flows.cli.english import english_app
from flows.cli.explain import explain_call
from flows.cli.export import export
from flows.cli.models import models_app
from flows.cli.redact import redact
from flows.cli.replay import replay_calls
from flows.cli.report import report
from flows.cli.retention import retention_app
from flows.cli.review import review_app
from flows.cli.rules import rules_app
from flows.cli.run import demo, run, text
from flows.cli.scorecards import scorecards_app
from flows.cli.server import server_app
from flows.cli.terminal import let_flow
from flows.cli.train import train
from flows.cli.train_tone import train_tone
from flows.cli.voices import voices_app
from flows.privacy.sealed import seal
from pipeline import __version__
from pipeline.report.files import keep_private

app = typer.Typer(
    help="Tinghe 听合 listens to recorded Mandarin loan-collection calls: who said what, which rule was "
    "broken, how well it was handled, with the evidence.",
    epilog="Exit status: 0 done, 1 failed, 2 wrong usage or settings, 3 some calls in quarantine or broken. "
    "Begin with [bold]tinghe demo[/], then [bold]tinghe run last-night/ --out results/[/].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals hold what was said
)
app.command()(run)
app.command()(text)
app.command()(demo)
app.command()(resume)
app.command()(status)
app.command()(rejudge)
app.command("explain")(explain_call)
app.command()(report)
app.command()(coaching)
app.command()(export)
app.command("publish")(publish_results)
app.command()(redact)
app.command("replay")(replay_calls)
app.command()(train)
app.command("train-tone")(train_tone)
app.add_typer(rules_app, name="rules")
app.add_typer(scorecards_app, name="scorecards")
app.add_typer(wordings_app, name="wordings")
app.add_typer(english_app, name="english")
app.add_typer(review_app, name="review")
app.add_typer(audit_app, name="audit")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(retention_app, name="retention")
app.add_typer(models_app, name="models")
app.add_typer(voices_app, name="voices")
app.add_typer(server_app, name="server")
let_flow(app)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"tinghe {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Switch off everything that would leave the machine, before anything is imported."""
    seal()
    keep_private()
