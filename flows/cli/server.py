"""Commands for the Prefect server of this machine, which starts the night by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.terminal import clear_errors, console

if TYPE_CHECKING:
    from flows.deploy.serving import Server

server_app = typer.Typer(
    help="A Prefect server on this machine that runs the night by itself.", no_args_is_help=True
)

START_S = 300.0
"""For a server that makes its database."""
STOP_S = 120.0

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of its database and log; the user's state folder else.")
]
ProfileOption = Annotated[str, typer.Option("--profile", help="The settings that schedules are about.")]
Profiles = Annotated[
    Path | None, typer.Option("--profiles", help="Folder with profiles; configs/profiles when left out.")
]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65_535, help="The first free one from 4200 when left out.")
]


@server_app.command("start")
def start_server(
    profile: ProfileOption = "demo", profiles: Profiles = None, home: Home = None, port: Port = None
) -> None:
    """Start it, with a worker and the deployments; where it runs already, only deploy again.

    [bold]tinghe server start --profile night --profiles /etc/tinghe[/]
    """
    with clear_errors():
        from flows.deploy.serving import find_server, wait_until

        wanted = _wanted(profile, profiles, home, port)
        running, keeper = find_server(wanted.home), None
        if running is None:
            keeper = _spawn(wanted)
            running = wanted
        elif (running.profile, running.profiles) != (wanted.profile, wanted.profiles):
            console.print("It runs with other profiles; `tinghe server stop` first.")
            raise typer.Exit(2)
        with console.status("the server starts"):
            wait_until(lambda: _answers(running, keeper), START_S, "the start of the server")
        _deploy(running)
    where = f" --home {running.home}" if home else ""
    console.print(f"Prefect server: {running.page} (this machine only)", soft_wrap=True)
    console.print("The night runs at 01:00 Asia/Shanghai. At once, now:")
    console.print(
        f"  DO_NOT_TRACK=1 PREFECT_API_URL={running.api} {Path(sys.executable).parent / 'prefect'} "
        "deployment run tinghe-nightly/nightly",
        soft_wrap=True,
    )
    console.print(f"Stop it: tinghe server stop{where}    Log: {running.home / 'server.log'}", soft_wrap=True)


@server_app.command("keep")
def keep_server(
    profile: ProfileOption = "demo", profiles: Profiles = None, home: Home = None, port: Port = None
) -> None:
    """Keep server and worker in the foreground, for a service manager; `start` then only deploys."""
    with clear_errors():
        from flows.deploy.keeper import keep

        keep(_wanted(profile, profiles, home, port))


@server_app.command("stop")
def stop_server(home: Home = None) -> None:
    """Stop it: a run first, whose batch is taken up again later, then the worker, then the server."""
    with clear_errors():
        from flows.deploy.serving import find_server, server_home, wait_until

        folder = (home or server_home()).absolute()
        running = find_server(folder)
        if running is None:
            console.print("No server runs here.")
            return
        os.kill(running.pid, signal.SIGTERM)
        with console.status("the server stops"):
            wait_until(lambda: find_server(folder) is None, STOP_S, "the end of the server")
    console.print("Stopped.")


@server_app.command("status")
def server_status(home: Home = None) -> None:
    """Show whether it runs, and where."""
    with clear_errors():
        from flows.deploy.serving import find_server, server_home

        running = find_server((home or server_home()).absolute())
    if running is None:
        console.print("No server runs here.")
        raise typer.Exit(1)
    state = "answers" if running.healthy() else "does not answer"
    console.print(f"{running.page} {state}; profile {running.profile} in {running.profiles}", soft_wrap=True)


def _wanted(profile: str, profiles: Path | None, home: Path | None, port: int | None) -> Server:
    from flows.deploy.serving import Server, find_server, free_port, server_home
    from flows.deploy.webhook import Webhook
    from pipeline.batch.days import has_days, load_profile
    from pipeline.settings import CONFIGS

    folder = (profiles or CONFIGS / "profiles").absolute()
    found = load_profile(profile, folder).settings
    has_days(found)
    Webhook.of(found.watch, os.environ)  # a night that cannot be told of is found out about now
    place = (home or server_home()).absolute()
    running = find_server(place)
    return Server(
        home=place,
        port=running.port if running else free_port(port),
        profile=profile,
        profiles=folder,
    )


def _answers(server: Server, keeper: subprocess.Popen[bytes] | None) -> bool:
    from flows.deploy.serving import LOG_FILE
    from pipeline.errors import StoreError

    if keeper is not None and keeper.poll() is not None:
        raise StoreError(f"the server did not start; see {server.home / LOG_FILE}")
    return server.healthy()


def _spawn(server: Server) -> subprocess.Popen[bytes]:
    """Start the process that keeps it, which outlives this one."""
    from flows.deploy.serving import LOG_FILE

    server.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    what = (str(server.home), str(server.port), server.profile, str(server.profiles))
    with (server.home / LOG_FILE).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.deploy.keeper", *what],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _deploy(server: Server) -> None:
    """The work pool, the deployments, and what the server does by itself."""
    os.environ.update(server.environment())  # before Prefect is imported, which reads it once
    from flows.deploy.automations import bring, dead_runs, make_pool
    from flows.deploy.serving import DEPLOYMENTS

    with console.status("the deployments"):
        make_pool()
        server.prefect("--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS))
        bring(dead_runs())
