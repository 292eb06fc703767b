"""Tables as spreadsheets save them: what parts the cells, how columns are named, what no cell may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.manifest import Plan, plan_recordings
from pipeline.types import Role


def plan(folder: Path, text: str | bytes) -> Plan:
    path = folder / "manifest.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return plan_recordings(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_what_stands_between_cells_is_found(
    tmp_path: Path, delimiter: str, told: bool, encoding: str
) -> None:
    rows = [
        ["call_id", "file", "channel_roles", "lender"],
        ["A1", "a.wav", '"customer,agent"', '"东;岳, 行"'],
    ]
    first = [f"sep={delimiter}"] if told else []
    text = "\n".join([*first, *(delimiter.join(row) for row in rows)])
    (call,) = plan(tmp_path, text.encode(encoding)).calls
    assert call.recording is not None
    assert call.recording.channel_roles == (Role.CUSTOMER, Role.AGENT)
    assert (call.metadata.lender, call.line) == ("东;岳, 行", 3 if told else 2)


def test_known_columns_are_found_in_any_case_of_letters(tmp_path: Path) -> None:
    (call,) = plan(tmp_path, "Call_ID,FILE,Lender,Region\nA1,a.wav,海岳银行,东区\n").calls
    assert (call.metadata.lender, call.metadata.get("Region")) == ("海岳银行", "东区")
    with pytest.raises(ConfigError, match="column file stands twice"):
        plan(tmp_path, "call_id,file,File\nA1,a.wav,b.wav\n")


def test_a_null_character_costs_its_row(tmp_path: Path) -> None:
    made = plan(tmp_path, "call_id,file,lender\nA1,a.wav,a\0b\nA2,a.wav,\n")
    assert [call.call_id for call in made.calls] == ["A2"]
    assert [(lost.line, lost.field) for lost in made.rejected] == [(2, "lender")]
