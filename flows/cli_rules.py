"""``tinghe rules import``: rules of other products as draft packs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.errors import ConfigError, RulePackError

if TYPE_CHECKING:
    from pipeline.detect.importers.draft import Imported

EXIT_USAGE = 2
_STYLE = {"lost": "red", "changed": "yellow", "decided": "cyan"}


def import_rules(
    form: Annotated[
        Literal["alibaba", "contact-lens", "transcribe"],
        typer.Argument(metavar="FORMAT", help="alibaba, contact-lens or transcribe."),
    ],
    file: Annotated[Path, typer.Argument(help="The rules as the product exports them, JSON.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The pack to write; to the terminal when left out.")
    ] = None,
    minus_one: Annotated[
        Literal["any", "last"],
        typer.Option("--minus-one", help="alibaba: what hit_time -1 means; its documentation says both."),
    ] = "any",
    kind: Annotated[
        Literal["violation", "act", "event"],
        typer.Option("--kind", help="contact-lens, transcribe: what the rules are here."),
    ] = "violation",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs instead.")] = False,
) -> None:
    """Make a draft pack of the rules of another product, and say what could not be carried over.

    [bold]tinghe rules import alibaba rules.json --out imported.yaml[/]
    """
    from pipeline.detect.importers.formats import import_file

    errors = Console(stderr=True)
    try:
        imported = import_file(form, file, minus_one=minus_one, kind=kind)
        written = _write(imported, out, force=force) if out else []
    except ConfigError as error:
        errors.print(f"[red]error[/] ({error.code}) {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(EXIT_USAGE) from error
    if as_json:
        json.dump(_account(imported, written, told=out is None), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return
    if out is None:
        sys.stdout.write("---\n".join(text for _, text in imported.files()))
    errors.print(_table(imported))
    rules = sum(len(pack.rules) for pack in imported.packs)
    errors.print(f"{rules} rules, {len(imported.notes)} notes", *map(str, written), soft_wrap=True)


def _write(imported: Imported, out: Path, *, force: bool) -> list[Path]:
    """One file a pack; packs behind the first get their kind in the name."""
    files = [
        (out if number == 0 else out.with_name(f"{out.stem}_{pack.kind}s{out.suffix}"), text)
        for number, (pack, text) in enumerate(imported.files())
    ]
    if not files:
        raise RulePackError("no rule could be carried over; see the list without --out")
    for path, _ in files:
        if path.exists() and not force:
            raise RulePackError(f"{path}: is there already; --force writes over it")
    for path, text in files:
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise RulePackError(f"{path}: {error.strerror}") from error
    return [path for path, _ in files]


def _account(imported: Imported, written: list[Path], *, told: bool) -> dict[str, Any]:
    notes = [
        {
            "rule": note.where.rule,
            "condition": note.where.condition,
            "operator": note.where.operator,
            "parameter": note.parameter,
            "how": note.how,
            "why": note.why,
        }
        for note in imported.notes
    ]
    packs = [
        {"pack": pack.name, "kind": pack.kind, "rules": [rule["rule"] for rule in pack.rules]}
        | ({"yaml": text} if told else {})
        for pack, text in imported.files()
    ]
    return {"source": imported.source, "packs": packs, "written": list(map(str, written)), "notes": notes}


def _table(imported: Imported) -> Table:
    table = Table("", "rule", "condition", "operator", "parameter", "why", header_style="bold")
    for note in imported.notes:
        place = note.where
        cells = (place.rule, place.condition, place.operator, note.parameter, note.why)
        table.add_row(f"[{_STYLE[note.how]}]{note.how}[/]", *map(escape, cells))
    return table
