"""WebVTT captions (W3C): a cue a turn, with the speaker as its voice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.labels import Labels, Language

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pipeline.export.calls import ExportedCall


def webvtt(call: ExportedCall, language: Language = "zh") -> str:
    """The turns of a call as captions.

    Args:
        call: a call whose turns have times.
        language: of the speakers' names.
    """
    labels = Labels(language)
    cues = [
        _cue(turn, labels.of("role", turn["role"])) for turn in call.content["turns"] if turn["text"].strip()
    ]
    return "\n".join(["WEBVTT", "", *cues])


def _cue(turn: Mapping[str, Any], speaker: str) -> str:
    start, end = round(turn["start"] * 1000), round(turn["end"] * 1000)
    # A cue must end after it starts; its text ends at the first empty line.
    times = f"{_clock(start)} --> {_clock(max(end, start + 1))}"
    return (
        f"{turn['index'] + 1}\n{times}\n<v {_escape(speaker)}>{_escape(' '.join(turn['text'].split()))}</v>\n"
    )


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{rest:03}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
