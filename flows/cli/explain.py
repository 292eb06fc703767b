"""``tinghe explain``: how the scores of a call were made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.terminal import AsJson, Config, clear_errors, console, errors, file_of_call, print_json
from pipeline.errors import TranscriptError

if TYPE_CHECKING:
    from pipeline.redact import People
    from pipeline.settings import Settings


def explain_call(
    call: Annotated[
        str, typer.Argument(help="The id of a call in --out, or a file: a stored result or a call.json.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The results folder that holds the call.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="zh or en; the settings' if not given.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say how the scores of a call were made: each point with its reason and its words.

    People are masked unless the settings say otherwise (report.mask).

    [bold]tinghe explain demo-001 --out results/[/]
    """
    with clear_errors():
        from flows.privacy.unmasking import tell_by_setting
        from flows.show.scores import scores_json, scores_view
        from pipeline.detect.rulebook import rulebook_of
        from pipeline.report.english import english_for
        from pipeline.report.labels import Labels
        from pipeline.report.names import without_names
        from pipeline.report.showing import Showing
        from pipeline.settings import load_settings

        settings = load_settings(config)
        report, people = _report(call, out, settings)
        if out is not None:
            tell_by_setting(out, settings, what="explain", calls=[call])
        book = rulebook_of(settings)
        chosen = language or settings.report.language
        if chosen not in ("zh", "en"):
            raise typer.BadParameter("zh or en", param_hint="--language")
        showing = Showing(
            labels=Labels("zh" if chosen == "zh" else "en"),
            rule_titles=book.titles,
            mask=settings.report.mask,
            english=english_for(settings),
        )
        shown = without_names(report, people.names) if settings.report.mask else report
        if as_json:
            print_json(scores_json(shown, showing))
        else:
            console.print(scores_view(shown, showing))


def _report(call: str, out: Path | None, settings: Settings) -> tuple[dict[str, Any], People]:
    """The JSON of a call, and whom it is known to name: stored, or judged now if the file is a transcript."""
    from pipeline.redact import People
    from pipeline.report.call_json import SCHEMA_ID, read_call, to_json
    from pipeline.rows import decode_text, parse_json_object

    path = file_of_call(call, out)
    if out is not None:
        return read_call(path), People()
    try:
        document = parse_json_object(decode_text(path.read_bytes()))
    except ValueError as error:
        raise TranscriptError(f"{path}: {error}") from error
    if document.get("schema") == SCHEMA_ID:
        return read_call(path), People()
    from flows.wiring import load_mind
    from pipeline.stages import judge
    from pipeline.transcripts import TranscriptSource, read_transcript

    transcribed, transcript = read_transcript(TranscriptSource(path=path))
    with errors.status("judging the transcript"):
        judged = judge(transcribed, transcript, load_mind(settings), settings)
    return to_json(judged), People.of(transcribed.metadata)
