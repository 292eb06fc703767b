"""``tinghe redact``: copies of calls without personal data, in text and in sound."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from flows.cli.terminal import EXIT_QUARANTINE, AsJson, Config, clear_errors, console, errors, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.types import Call


class Sound(StrEnum):
    """What sound is written as."""

    WAV = "wav"
    MP3 = "mp3"
    OPUS = "opus"
    SAME = "same"


class CoverWith(StrEnum):
    """What stands where personal data were said."""

    BEEP = "beep"
    SILENCE = "silence"


def redact(
    source: Annotated[
        Path | None, typer.Argument(help="A results folder, or the JSON of one call in it (calls/ID.json).")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The folder that takes the copies; made when it is not there.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            help="The manifest of these calls: its names are hidden, its recordings give the sound.",
        ),
    ] = None,
    recording: Annotated[
        Path | None, typer.Option("--recording", help="The recording, where SOURCE is one call.")
    ] = None,
    sound: Annotated[
        Sound, typer.Option("--sound", help="The codec; same: MP3 and Opus stay what they are.")
    ] = Sound.WAV,
    cover: Annotated[
        CoverWith | None,
        typer.Option("--cover", help="A tone of 1 kHz, or silence; else the settings'."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Listen to the covered sound and say what is still recognisable.")
    ] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Only print a new key for the encryption of stored sound.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write calls without personal data: a masked transcript, and sound in which they are covered.

    Without a manifest sound comes from the results' own playable copies, and only names that the calls
    themselves introduce are known. With --verify the exit status is 3 when anything is recognisable.

    [bold]tinghe redact results/ --to redacted/ --manifest calls/manifest.csv --verify[/]
    """
    if new_key:
        from pipeline.privacy.vault import new_key as made

        typer.echo(made())
        return
    if source is None or to is None:
        raise typer.BadParameter("SOURCE and --to are needed")
    with clear_errors():
        from flows.privacy.redacting import Wanted, redact_call
        from pipeline.errors import TranscriptError
        from pipeline.export.calls import result_files
        from pipeline.manifest import plan_recordings
        from pipeline.privacy.codecs import Codec
        from pipeline.privacy.vault import key_of
        from pipeline.report.files import keep_private
        from pipeline.settings import load_settings

        settings = load_settings(config)
        keep_private(group_readable=settings.privacy.group_readable)
        if not source.exists():
            raise TranscriptError(f"{source}: no such results folder or file")
        if recording is not None and source.is_dir():
            raise typer.BadParameter("only with the JSON of one call", param_hint="--recording")
        files = result_files(source) if source.is_dir() else [source]
        calls = {call.call_id: call for call in (plan_recordings(manifest).calls if manifest else ())}
        wanted = Wanted(
            to=to,
            cover="silence" if (cover or settings.privacy.cover) == "silence" else "beep",
            codec=None if sound is Sound.SAME else Codec(sound.value),
            margin_ms=settings.privacy.margin_ms,
            key=key_of(settings.privacy),
            calls=calls,
        )
        ears = None
        if verify:
            from flows.wiring import load_ears

            with errors.status("loading the speech models"):
                ears = load_ears(settings)
        done = []
        with _progress(len(files)) as on_call:
            for path in files:
                done.append(redact_call(path, recording or _recording(path, calls), wanted, ears, settings))
                on_call()
    leaking = sum(bool(one.leaks) for one in done)
    if as_json:
        print_json({"calls": [one.as_json() for one in done], "verified": verify})
    else:
        console.print(f"[green]✓[/] {len(done)} calls: {escape(str(to))}", soft_wrap=True)
        for one in done:
            for leak in one.leaks or ():
                console.print(f"  [red]recognisable[/] {escape(one.call_id)}: {leak.kind.value}")
        silent = sum(one.sound is None for one in done)
        if silent:
            console.print(f"  {silent} without sound")
        if verify:
            sought = sum(one.originals for one in done)
            console.print(f"  listened again for {sought} names and numbers: {leaking} calls give any away")
    if leaking:
        raise typer.Exit(EXIT_QUARANTINE)


def _recording(path: Path, calls: Mapping[str, Call]) -> Path | None:
    """The original recording, else the playable copy beside the results."""
    from urllib.parse import unquote

    call = calls.get(unquote(path.stem))
    if call is not None and call.recording is not None and call.recording.path.is_file():
        return call.recording.path
    copy = path.parent.parent / "audio" / f"{path.stem}.wav"
    return copy if copy.is_file() else None


@contextmanager
def _progress(calls: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error while calls are written."""
    from rich.progress import Progress

    with Progress(console=errors, transient=True) as bar:
        task = bar.add_task("redacting", total=calls)
        yield lambda: bar.advance(task)
