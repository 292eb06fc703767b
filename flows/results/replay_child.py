"""Judges calls again in a process of its own: ``python -m flows.results.replay_child``.

The request comes on standard input. The modules of the pipeline take the place of the configuration when they
are loaded. A process that has not loaded them yet can be given another place, so that rules, lexicons and
corpora are all those of the time.
The answer is a line of JSON on standard output; what libraries print goes nowhere, for it may quote a call.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.privacy.sealed import seal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.settings import Settings
    from pipeline.stages import Mind
    from pipeline.types import CallReport


def main() -> None:
    """Answer one request."""
    seal()
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    request = json.loads(sys.stdin.buffer.read())
    with answer:
        answer.write(json.dumps(answered(request), ensure_ascii=False) + "\n")


def answered(request: Mapping[str, Any]) -> dict[str, Any]:
    """Judge the calls of a request and write their reports.

    Args:
        request: ``configs``, a folder in place of ``configs``, or null for this one; ``settings``, and
            ``named``: paths in place of those in it; ``calls``: for each ``call_id`` and ``result``, its
            file; ``to``, the folder for reports.

    Returns:
        By call id, why it could not be judged, null where it could; and what helped that is not there:
        ``inputs``, ``heard``.
    """
    if request["configs"]:
        import pipeline.settings

        pipeline.settings.CONFIGS = Path(request["configs"])
    from flows.wiring import load_mind
    from pipeline.errors import TingheError
    from pipeline.report.call_json import write_call
    from pipeline.settings import Settings

    settings = Settings.model_validate(request["settings"])
    try:
        mind = load_mind(_renamed(settings, request["named"]))
    except TingheError as error:
        return {"failed": {"code": error.code, "message": str(error)}, "calls": {}}
    calls: dict[str, Any] = {}
    for call in request["calls"]:
        try:
            report, lacking = judged_again(call, mind, settings)
            write_call(report, Path(request["to"]))
            calls[call["call_id"]] = {"error": None, "lacking": lacking}
        except TingheError as error:
            calls[call["call_id"]] = {"error": f"({error.code}) {error}", "lacking": []}
    return {"failed": None, "calls": calls}


def judged_again(call: Mapping[str, Any], mind: Mind, settings: Settings) -> tuple[CallReport, list[str]]:
    """The report of a call from what is kept of it; and what is not kept.

    Raises:
        TingheError: its result cannot be read.
    """
    from pipeline.audit import inputs
    from pipeline.batch import heard
    from pipeline.report.call_json import read_call
    from pipeline.stages import judge
    from pipeline.stored import from_json
    from pipeline.types import Call

    path = Path(call["result"])
    folder, content = path.parent.parent, read_call(path)
    stored, call_id = from_json(content), call["call_id"]
    saw = inputs.take(folder, call_id)
    kept = heard.take(heard.place_of(folder, call_id))
    recorded = content["provenance"]["recording_sha256"] is not None
    given = saw.transcript if saw else None
    transcript = kept[0].transcript if kept and recorded else given or stored.transcript
    lacking = [] if saw else ["inputs"]
    if recorded and not kept:
        lacking.append("heard")
    report = judge(
        Call(call_id=call_id, metadata=saw.metadata if saw else stored.call.metadata),
        transcript,
        mind,
        settings,
        audio=kept[0].audio if kept and recorded else None,
        listened_by=kept[0].listened_by if kept and recorded else None,
        history=saw.seen if saw else None,
    )
    return report, lacking


def _renamed(settings: Settings, named: Mapping[str, str]) -> Settings:
    """Settings with other paths in them."""
    values = settings.model_dump()
    for setting, path in named.items():
        section, name = setting.split(".")
        values[section][name] = path
    return type(settings).model_validate(values)


if __name__ == "__main__":
    main()
