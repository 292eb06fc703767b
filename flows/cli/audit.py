"""``tinghe audit``: packs that can be checked, their keys, and the log of unmasked access."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flows.cli.terminal import EXIT_FAILED, AsJson, Config, clear_errors, console, errors, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.chain import Chain

audit_app = typer.Typer(
    help="What an auditor gets: signed evidence packs, their verifier, the log of unmasked access.",
    no_args_is_help=True,
)
log_app = typer.Typer(help="The log of unmasked access: who, when, what and why.", no_args_is_help=True)
audit_app.add_typer(log_app, name="log")

_SHOWN = 40
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


class Clips(StrEnum):
    """Which findings get a clip."""

    ALL = "all"
    SERIOUS = "serious"
    NONE = "none"


@audit_app.command("pack")
def pack(
    results: Annotated[list[Path], typer.Argument(help="Results folders.", metavar="RESULTS...")],
    to: Annotated[Path, typer.Option("--to", help="The ZIP file to write.")],
    call: Annotated[list[str] | None, typer.Option("--call", help="A call; may be repeated.")] = None,
    case: Annotated[
        str, typer.Option("--case", help="Calls of this case of legal holds, and of its debtors.")
    ] = "",
    agency: Annotated[str, typer.Option("--agency", help="Calls of this agency.")] = "",
    lender: Annotated[str, typer.Option("--lender", help="Calls of this lender.")] = "",
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day (China).")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to-date", formats=["%Y-%m-%d"], help="Last day (China).")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="The private key that signs; audit.key of the settings when left out."),
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Do not sign; it proves nothing then.")
    ] = False,
    clips: Annotated[
        Clips, typer.Option("--clips", help="Findings that get a clip; serious: critical and major.")
    ] = Clips.ALL,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Print the first page to this PDF too.")] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show names and numbers of people; asks for --reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why people are shown; it is logged.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who asks for it; it is logged.")] = "",
    created: Annotated[
        datetime | None, typer.Option("--created-at", help="Give the pack this time, to make it again.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Put the evidence of calls into one signed file: a case, an agency, a period.

    [bold]tinghe audit pack results/ --agency 和润资产 --from 2026-06-01 --to-date 2026-06-30 --to june.zip[/]
    """
    with clear_errors():
        from flows.results.packing import PackOrder, folders_of, make_pack
        from pipeline.audit.selection import Selection

        order = PackOrder(
            folders=folders_of(results),
            selection=Selection(
                calls=frozenset(call or ()),
                agency=agency,
                lender=lender,
                first=first.date() if first else None,
                last=last.date() if last else None,
            ),
            to=to,
            config=config,
            key=key,
            unsigned=unsigned,
            unmasked=unmasked,
            reason=reason,
            by=by,
            clips=clips.value,
            case=case,
            pdf=pdf,
            at=created.astimezone() if created else None,
        )
        with _progress() as on_call:
            done = make_pack(order, on_call)
    if as_json:
        print_json(
            {
                "file": str(done.to),
                "sha256": done.sha256,
                "public_key_sha256": done.fingerprint,
                "calls": done.calls,
                "findings": done.findings,
                "clips": done.clips,
                "sound": dict(done.sound),
                "masked": not unmasked,
            }
        )
        return
    console.print(
        f"[green]✓[/] {done.calls} calls, {done.findings} findings, {done.clips} with a clip: "
        f"{escape(str(done.to))}",
        soft_wrap=True,
    )
    for why, count in done.sound.items():
        if why != "here":
            console.print(f"  no sound of {count} calls: {why.replace('_', ' ')}")
    console.print(f"  SHA-256 {done.sha256}", soft_wrap=True)
    if done.fingerprint:
        console.print(f"  signed by {done.fingerprint}", soft_wrap=True)
    else:
        errors.print("[yellow]not signed:[/] nothing shows who made it, or that it was not changed")


@audit_app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="An audit pack.", metavar="PACK")],
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", help="The key that must have signed it; the pack's own when left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a pack byte by byte; exit 1 and say what was changed.

    Every pack has the same check with it as verify.py, which needs no Tinghe.

    [bold]tinghe audit verify june.zip --public-key key/audit-key.pub.pem[/]
    """
    from pipeline.audit.verifier import told
    from pipeline.audit.verifier import verify as check

    key = None
    if public_key is not None:
        with clear_errors():
            key = _read_key(public_key)
    outcome = check(file, key)
    if as_json:
        print_json(outcome.as_json())
    else:
        console.print(escape(told(outcome)), end="", soft_wrap=True, highlight=False)
    if not outcome.ok:
        raise typer.Exit(EXIT_FAILED)


def _read_key(path: Path) -> bytes:
    from pipeline.errors import ConfigError

    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


@audit_app.command("keygen")
def keygen(
    folder: Annotated[Path, typer.Argument(help="Takes both halves of the key; made when it is not there.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make an Ed25519 key that signs packs; give the public half to whoever checks them.

    With a password in TINGHE_AUDIT_KEY_PASSWORD the private half is encrypted.

    [bold]tinghe audit keygen key/[/]
    """
    with clear_errors():
        from pipeline.audit.signing import PRIVATE_FILE, PUBLIC_FILE, make_key
        from pipeline.settings import load_settings

        variable = load_settings(config).audit.key_password_env
        made = make_key(folder, os.environ.get(variable, "") if variable else "")
    private, public = folder / PRIVATE_FILE, folder / PUBLIC_FILE
    if as_json:
        print_json({"private": str(private), "public": str(public), "public_key_sha256": made.fingerprint})
        return
    console.print(
        f"[green]✓[/] {escape(str(private))} (keep it secret), {escape(str(public))}", soft_wrap=True
    )
    console.print(f"  fingerprint, SHA-256: {made.fingerprint}", soft_wrap=True)


LogPath = Annotated[
    Path, typer.Argument(help="A results folder, or the file of a log.", metavar="PATH", show_default=True)
]


@log_app.command("verify")
def verify_log(
    path: LogPath = Path(),
    head: Annotated[
        str | None, typer.Option("--head", help="A digest that was written down: it must be in the log.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Follow the chain of the log; exit 1 and name the first line that is not as it was written."""
    with clear_errors():
        log = _log(path, config)
        found = log.verify(head=head)
    if as_json:
        print_json(
            {"lines": found.lines, "head": found.head, "broken": found.broken, "why": found.why or None}
        )
    elif found.broken is None:
        console.print(f"[green]✓[/] {found.lines} lines, last digest {found.head}", soft_wrap=True)
    else:
        console.print(f"[red]✗[/] {log.path.name}, line {found.broken}: {escape(found.why)}", soft_wrap=True)
    if found.broken is not None:
        raise typer.Exit(EXIT_FAILED)


@log_app.command("show")
def show_log(path: LogPath = Path(), config: Config = None, as_json: AsJson = False) -> None:
    """Show who had people shown unmasked, the latest last."""
    with clear_errors():
        lines = list(_log(path, config).read())
    if as_json:
        print_json(lines)
        return
    table = Table("n", "at", "what", "account", "by", "calls", "why", header_style="bold")
    for line in lines[-_SHOWN:]:
        table.add_row(
            *(str(line["n"]), line["at"], escape(line["what"]), escape(line.get("user") or "")),
            *(escape(line.get("by") or ""), str(line.get("calls", "")), escape(line.get("reason") or "")),
        )
    console.print(table)
    if len(lines) > _SHOWN:
        console.print(f"{len(lines) - _SHOWN} earlier lines are not shown; --json shows all")


def _log(path: Path, config: Path | None) -> Chain:
    """The log in a file, or that of a results folder."""
    from pipeline.audit.access import chain_at, log_of
    from pipeline.batch.parameters import read_parameters
    from pipeline.errors import ConfigError
    from pipeline.settings import load_settings

    if path.is_file():
        return chain_at(path)
    if not path.is_dir():
        raise ConfigError(f"{path}: neither a results folder nor a log")
    parameters = read_parameters(path)
    return log_of(path, load_settings(config or (parameters.config if parameters else None)))


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """A bar on standard error while calls are packed."""
    from rich.progress import Progress

    with Progress(console=errors, transient=True) as bar:
        task = bar.add_task("packing", total=None)

        def on_call(total: int) -> None:
            if total:
                bar.update(task, total=total)
            else:
                bar.advance(task)

        yield on_call
