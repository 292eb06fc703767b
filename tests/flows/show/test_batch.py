"""What a terminal shows at the end of a run: whatever a manifest holds, and one recording under two calls."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from flows.show.batch import SameRecordings, calls_table, quarantine_table, same_recordings_line
from pipeline.types import Quarantined


def printed(what: object) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(what)
    return console.file.getvalue()


def call(call_id: str, digest: str | None) -> dict[str, object]:
    scores = {"compliance": 100.0, "compliance_if_confirmed": 100.0, "effectiveness": None, "red_line": False}
    return {
        "call_id": call_id,
        "status": "scored",
        "status_reason": None,
        "scores": scores,
        "findings": [],
        "provenance": {"recording_sha256": digest},
    }


@pytest.mark.parametrize("value", ["[/x]", "[bold]", "[red]x[/]"])
def test_what_a_manifest_holds_is_no_markup(value: str) -> None:
    message = f"manifest.csv, line 3: total_due: Input should be a valid decimal (got {value!r})"
    row = Quarantined(
        call_id="A1", reason="manifest_row", message=message, file="manifest.csv", line=3, field="total_due"
    )
    assert message in printed(quarantine_table([row]))


def test_a_line_is_told_once() -> None:
    row = Quarantined(
        call_id="A1", reason="silent", message="every channel is silent", file="m.csv", line=3, field="file"
    )
    assert "every channel is silent (line 3, file)" in printed(quarantine_table([row]))


def test_one_recording_under_several_calls_is_said() -> None:
    same = SameRecordings()
    calls = [call("A1", "x"), call("A2", "y"), call("A3", "x"), call("A4", None), call("A5", None)]
    assert printed(calls_table(same.among(calls), {})).count("scored") == 5
    assert same.groups == [["A1", "A3"]]
    assert "A1 = A3" in printed(same_recordings_line(same.groups))


def test_of_many_doubles_a_few_are_named() -> None:
    told = printed(same_recordings_line([[f"a{i}", f"b{i}"] for i in range(7)]))
    assert "a4 = b4; 2 more" in told
    assert "a5" not in told
