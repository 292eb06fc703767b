"""``tinghe retention``: what is due to be deleted, deleting it, legal holds, the proof."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from flows.cli.terminal import EXIT_FAILED, AsJson, Config, clear_errors, console, errors, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.retention.holds import Hold, Subjects
    from pipeline.retention.plan import Decision

SHOWN = 40
"""Rows of the table in the terminal."""

retention_app = typer.Typer(
    help="How long calls are kept: see what is due, delete it with a proof, hold it.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(help="A results folder.", metavar="DIR")]
Settled = Annotated[
    Path | None,
    typer.Option(
        "--settlements", help="A CSV of customer_id, settled_at, lender: debts that are settled since."
    ),
]
Calls = Annotated[list[str] | None, typer.Option("--call", help="A call; may be repeated.")]
Debtors = Annotated[
    list[str] | None, typer.Option("--debtor", help="All calls of a customer_id; may be repeated.")
]
Case = Annotated[str | None, typer.Option("--case", help="The case that joins what is named.")]
By = Annotated[str, typer.Option("--by", help="Who says so; it is kept.")]
Why = Annotated[str, typer.Option("--why", help="Why; it is kept.")]


@retention_app.command("plan")
def plan_retention(
    folder: Folder, settlements: Settled = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Show what is due today and why the rest is kept; nothing is changed.

    [bold]tinghe retention plan results/[/]
    """
    with clear_errors():
        from flows.results.retaining import opened_retention
        from pipeline.retention.inventory import unknown_files
        from pipeline.retention.settlements import Settlements, read_settlements

        settled = read_settlements(settlements) if settlements else Settlements()
        with opened_retention(folder, config, planning=True) as retention:
            decisions = retention.plan(settled)
        unknown = unknown_files(folder)
    counts = Counter(decision.standing.value for decision in decisions)
    if as_json:
        print_json(
            {
                "counts": dict(sorted(counts.items())),
                "unknown_files": list(unknown),
                "calls": [_decision(decision) for decision in decisions],
            }
        )
        return
    console.print(_table(decisions))
    console.print(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items())))
    _tell_unknown(unknown)


@retention_app.command("apply")
def apply_retention(
    folder: Folder, settlements: Settled = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Delete what is due, and what an interrupted run left; the proof is DIR/deletions.jsonl.

    [bold]tinghe retention apply results/ --settlements settled.csv[/]
    """
    with clear_errors():
        from flows.results.retaining import carry_out
        from pipeline.retention.settlements import Settlements, read_settlements

        settled = read_settlements(settlements) if settlements else Settlements()
        done = carry_out(folder, config, settled)
    if as_json:
        print_json(
            {
                "calls": list(done.calls),
                "finished": done.finished,
                "files": done.files,
                "rows": done.rows,
                "stopped": list(done.stopped),
                "head": done.head,
                "unknown_files": list(done.unknown),
            }
        )
        return
    console.print(
        f"[green]✓[/] {len(done.calls)} calls deleted: {done.files} files, {done.rows} rows of the database"
    )
    if done.stopped:
        console.print(f"{len(done.stopped)} kept after all: a hold was set")
    console.print(f"Last digest of the proof, to be written down elsewhere: {done.head}", soft_wrap=True)
    _tell_unknown(done.unknown)


@retention_app.command("hold")
def hold(
    folder: Folder,
    by: By,
    why: Why,
    call: Calls = None,
    debtor: Debtors = None,
    case: Case = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Let calls not be deleted, whatever their age: for a lawsuit, a complaint, an inquiry.

    [bold]tinghe retention hold results/ --call A1 --by "Li, legal" --why "lawsuit 2026-17"[/]
    """
    with clear_errors():
        from flows.results.opened import opened_results
        from pipeline.retention.holds import set_holds

        with opened_results(folder, config) as found:
            made = set_holds(found.store, _subjects(call, debtor, case), by=by, why=why, at=datetime.now(UTC))
    _tell_holds(made, "set", as_json)


@retention_app.command("release")
def release(
    folder: Folder,
    by: By,
    why: Why,
    call: Calls = None,
    debtor: Debtors = None,
    case: Case = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Release holds: what is named, or all of a case.

    [bold]tinghe retention release results/ --call A1 --by "Li, legal" --why "closed"[/]
    """
    with clear_errors():
        from flows.results.opened import opened_results
        from pipeline.retention.holds import release_holds

        with opened_results(folder, config) as found:
            released = release_holds(
                found.store, _subjects(call, debtor, case), by=by, why=why, at=datetime.now(UTC)
            )
    _tell_holds(released, "released", as_json)


@retention_app.command("holds")
def list_holds(folder: Folder, config: Config = None, as_json: AsJson = False) -> None:
    """Show all holds, those that were released too."""
    with clear_errors():
        from flows.results.opened import opened_results
        from pipeline.retention.holds import read_holds

        with opened_results(folder, config) as found:
            holds = read_holds(found.store)
    if as_json:
        print_json([_hold(hold) for hold in holds])
        return
    table = Table("on", "case", "set", "why", "released", "why", header_style="bold")
    for each in holds:
        row = _hold(each)
        table.add_row(
            escape(f"{row['kind']} {row['subject']}"),
            escape(row["case"] or "–"),
            escape(f"{row['set_at']} {row['set_by']}"),
            escape(row["set_why"]),
            escape(f"{row['released_at']} {row['released_by']}") if row["released_at"] else "–",
            escape(row["released_why"] or "–"),
        )
    console.print(table)


@retention_app.command("verify")
def verify_proof(
    folder: Folder,
    head: Annotated[
        str | None, typer.Option("--head", help="A digest that was written down: it must be in the chain.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the chain of proofs; exit 1 and name the first line that is not as it was written."""
    with clear_errors():
        from pipeline.retention.proof import FILE_NAME, verify

        found = verify(folder, head=head)
    if as_json:
        print_json(
            {"lines": found.lines, "head": found.head, "broken": found.broken, "why": found.why or None}
        )
    elif found.broken is None:
        console.print(f"[green]✓[/] {found.lines} deletions, last digest {found.head}", soft_wrap=True)
    else:
        console.print(f"[red]✗[/] {FILE_NAME}, line {found.broken}: {escape(found.why)}", soft_wrap=True)
    if found.broken is not None:
        raise typer.Exit(EXIT_FAILED)


def _subjects(call: list[str] | None, debtor: list[str] | None, case: str | None) -> Subjects:
    from pipeline.retention.holds import Subjects

    return Subjects(calls=tuple(call or ()), debtors=tuple(debtor or ()), case=(case or "").strip() or None)


def _decision(decision: Decision) -> dict[str, Any]:
    call = decision.call
    return {
        "call_id": call.call_id,
        "standing": decision.standing.value,
        "items": [item.value for item in decision.items],
        "day": call.day.isoformat() if call.day else None,
        "kept_to": decision.kept_to.isoformat() if decision.kept_to else None,
        "profiles": [
            {
                "profile": rule.profile.profile,
                "kept_to": rule.kept_to.isoformat() if rule.kept_to else None,
                "unknown": list(rule.unknown),
            }
            for rule in decision.rules
        ],
    }


def _table(decisions: Iterable[Decision]) -> Table:
    """What is due first, then what a person may want to look at; young calls are only counted."""
    shown = [decision for decision in decisions if decision.standing.value != "young"]
    shown.sort(key=lambda decision: (decision.standing.value != "due", decision.call.call_id))
    title = "Retention" if len(shown) <= SHOWN else f"Retention: {SHOWN} of {len(shown)}"
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in ("call", "day", "what becomes of it", "deleted", "kept to", "because of"):
        table.add_column(column)
    for decision in shown[:SHOWN]:
        row = _decision(decision)
        table.add_row(
            escape(row["call_id"]),
            row["day"] or "–",
            f"[red]{row['standing']}[/]" if row["standing"] == "due" else row["standing"].replace("_", " "),
            ", ".join(row["items"]) or "–",
            row["kept_to"] or "–",
            "\n".join(
                rule["profile"] + (f" ({', '.join(rule['unknown'])} not known)" if rule["unknown"] else "")
                for rule in row["profiles"]
            )
            or "–",
        )
    return table


def _hold(hold: Hold) -> dict[str, Any]:
    from pipeline.redact import mask_id

    on_debtor = hold.kind.value == "debtor"
    return {
        "kind": hold.kind.value,
        "subject": mask_id(hold.subject) if on_debtor else hold.subject,
        "case": hold.case,
        "set_by": hold.set_by,
        "set_why": hold.set_why,
        "set_at": hold.set_at,
        "released_by": hold.released_by,
        "released_why": hold.released_why,
        "released_at": hold.released_at,
    }


def _tell_holds(holds: Iterable[Hold], what: str, as_json: bool) -> None:
    rows = [_hold(hold) for hold in holds]
    if as_json:
        print_json(rows)
    else:
        console.print(f"[green]✓[/] {len(rows)} holds {what}")


def _tell_unknown(names: Iterable[str]) -> None:
    listed = ", ".join(escape(name) for name in names)
    if listed:
        errors.print(
            f"[yellow]not looked at:[/] {listed}: it was not made by Tinghe and may hold what calls said",
            soft_wrap=True,
        )
