"""``tinghe run``, ``text``, ``demo``: a batch from its source to its reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.batch import finish
from flows.cli.terminal import AsJson, Config, clear_errors
from pipeline.places import Source, place

Out = Annotated[Path, typer.Option("--out", "-o", help="Results folder; made when it is not there.")]
DialLog = Annotated[
    Path | None,
    typer.Option(
        "--dial-log", help="Every dial, answered or not (.csv, .jsonl), for rules that count calls."
    ),
]


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


def text(
    source: Annotated[Path, typer.Argument(help="A call.json, a .jsonl, or a folder of call.json files.")],
    out: Out,
    config: Config = None,
    dial_log: DialLog = None,
    as_json: AsJson = False,
) -> None:
    """Judge transcripts: everything after transcription.

    [bold]tinghe text transcripts/ --out results/[/]
    """
    _batch(source, out, "transcripts", config, as_json, dial_log)


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
    from flows.batch.night import Order

    finish(Order(source=source, out=out, mode=mode, config=config, dial_log=dial_log, verify=verify), as_json)
