"""``tinghe voices``: enrol agents by their voice, with their consent; list and forget them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flows.cli.terminal import EXIT_USAGE, AsJson, Config, clear_errors, console, errors, print_json
from pipeline.errors import ConfigError

voices_app = typer.Typer(
    help="Enrol agents by their voice, only with their consent; list and forget them.", no_args_is_help=True
)

CONSENT = (
    "声纹属于敏感个人信息(生物识别信息)。依《个人信息保护法》第二十八、二十九条,须有特定目的和充分必要性,并取得本人的单独同意。\n"
    "A voice print is sensitive personal information (biometric). Articles 28 and 29 of the Personal "
    "Information Protection Law ask for a specific purpose, sufficient necessity and the person's separate "
    "consent.\n"
    "Stored: the vector, the agent's id, the day, the model and your note; no sound. "
    "`tinghe voices forget` deletes it.\n"
    "If this agent has consented, say so with --consent; nothing was stored."
)

VoiceFile = Annotated[
    Path | None, typer.Option("--file", help="The file of voices; that of roles.enrolled when left out.")
]


@voices_app.command("enrol")
def voices_enrol(
    agent_id: Annotated[str, typer.Argument(help="The agent's id, as calls have it in their metadata.")],
    recording: Annotated[Path, typer.Argument(help="A recording in which the agent speaks.")],
    channel: Annotated[
        int | None, typer.Option("--channel", help="The agent's channel, from 0, where there are several.")
    ] = None,
    consent: Annotated[
        bool, typer.Option("--consent", help="The agent has separately consented to being enrolled.")
    ] = False,
    note: Annotated[
        str, typer.Option("--note", help="Where the consent is kept, such as the number of the form.")
    ] = "",
    file: VoiceFile = None,
    config: Config = None,
) -> None:
    """Enrol an agent's voice, from at least ten seconds of their speech alone.

    [bold]tinghe voices enrol A017 agent.wav --consent --file voices.json[/]
    """
    if not consent:
        errors.print(CONSENT)
        raise typer.Exit(EXIT_USAGE)
    with clear_errors():
        from datetime import date

        from flows.wiring import load_enroller
        from pipeline.audio import decode
        from pipeline.settings import load_settings
        from pipeline.speech.enrolled import EnrolledVoice, print_of, read_voices, write_voices
        from pipeline.types import Recording

        settings = load_settings(config)
        path = _path(file, config)
        voices = read_voices(path) if path.exists() else {}
        channels = decode(Recording(path=recording), settings.audio).channels
        if channel is None and len(channels) > 1:
            raise ConfigError(f"--channel: the recording has {len(channels)} channels; which is the agent's?")
        if channel is not None and not 0 <= channel < len(channels):
            raise ConfigError(f"--channel {channel}: the recording has {len(channels)}, counted from 0")
        samples = channels[channel or 0].samples
        detector, printer = load_enroller(settings)
        voices[agent_id] = EnrolledVoice(
            agent_id=agent_id,
            model=printer.identity,
            enrolled_on=date.today(),
            consent=note or "stated with --consent",
            vector=print_of(samples, detector.detect(samples), printer),
        )
        write_voices(path, voices)
    console.print(f"[green]✓[/] {escape(agent_id)}: {escape(str(path))}", soft_wrap=True)


@voices_app.command("list")
def voices_list(file: VoiceFile = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show who is enrolled, since when, with which model and on what consent."""
    with clear_errors():
        from pipeline.speech.enrolled import read_voices

        path = _path(file, config)
        voices = [voice for _, voice in sorted(read_voices(path).items())] if path.exists() else []
    if as_json:
        print_json(
            [
                {
                    "agent_id": voice.agent_id,
                    "enrolled_on": voice.enrolled_on.isoformat(),
                    "model": voice.model,
                    "consent": voice.consent,
                }
                for voice in voices
            ]
        )
        return
    table = Table("agent", "enrolled on", "model", "consent", header_style="bold")
    for voice in voices:
        shown = (voice.agent_id, voice.enrolled_on.isoformat(), voice.model, voice.consent)
        table.add_row(*map(escape, shown))
    console.print(table)


@voices_app.command("forget")
def voices_forget(
    agent_id: Annotated[str, typer.Argument(help="The agent's id.")],
    file: VoiceFile = None,
    config: Config = None,
) -> None:
    """Delete an agent's voice print."""
    with clear_errors():
        from pipeline.speech.enrolled import read_voices, write_voices

        path = _path(file, config)
        voices = read_voices(path)
        if agent_id not in voices:
            raise ConfigError(f"{path}: {agent_id} is not enrolled")
        write_voices(path, {name: voice for name, voice in voices.items() if name != agent_id})
    console.print(f"[green]✓[/] {escape(agent_id)} is forgotten", soft_wrap=True)


def _path(file: Path | None, config: Path | None) -> Path:
    from pipeline.settings import load_settings

    settings = load_settings(config)
    if file is None and not settings.roles.enrolled:
        raise ConfigError("no file of voices: set [roles] enrolled in your settings, or pass --file")
    return file or settings.path(settings.roles.enrolled)
