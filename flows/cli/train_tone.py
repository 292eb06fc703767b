"""``tinghe train-tone``: learn how witnesses and context weigh for tone, and report it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.cli.terminal import AsJson, Config, clear_errors, console, errors, print_json

REPORT = Path("docs") / "tone-report.md"


def train_tone(
    write: Annotated[
        bool, typer.Option("--write", help="Write configs/tone.yaml and docs/tone-report.md.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Learn how much words, the second opinion and the turns around weigh for tone (about two minutes).

    Every figure is cross-validated over invented calls.
    """
    from flows.training.tone import learn_tone, report_text, weights_text
    from flows.wiring import load_witnessed_calls
    from pipeline.report.files import write_atomically
    from pipeline.settings import PROJECT_ROOT, load_settings
    from pipeline.tone.words import TONE_WEIGHTS, TONES

    with clear_errors():
        settings = load_settings(config)
        with errors.status("the second opinion judges calls that it has not seen"):
            training = learn_tone(load_witnessed_calls(settings))
        written = [TONE_WEIGHTS, PROJECT_ROOT / REPORT] if write else []
        if write:
            write_atomically(TONE_WEIGHTS, weights_text(training).encode())
            write_atomically(PROJECT_ROOT / REPORT, report_text(training).encode())
    if as_json:
        figures = {name: {str(tone): f1[tone] for tone in TONES} for name, f1 in training.f1.items()}
        print_json(
            {
                "turns": training.turns,
                "f1": figures,
                "calibration_error": training.calibration,
                "written": list(map(str, written)),
            }
        )
        return
    table = Table("witness", *TONES, "macro F1", header_style="bold")
    for name, f1 in training.f1.items():
        table.add_row(name, *(f"{f1[tone]:.2f}" for tone in TONES), f"{sum(f1.values()) / len(TONES):.2f}")
    console.print(table)
    console.print(f"{training.turns} turns, calibration error {training.calibration:.3f}", *map(str, written))
