"""What planning promises: every row is a call or a named reason, and none stops another."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.fields import CALL_ID, FieldsError
from pipeline.manifest import Plan, parse_channel_roles, plan_recordings
from pipeline.types import Quarantined, Role

HEADER = "call_id,file,channel_roles,customer_name,direction,days_overdue,total_due,campaign\n"
GOOD = "A1,a.wav,,,outbound,12,100.50,spring\n"


def plan(folder: Path, text: str | bytes, name: str = "manifest.csv") -> Plan:
    raw = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(raw)
    return plan_recordings(folder / name)


def only_rejected(found: Plan) -> Quarantined:
    (rejected,) = found.rejected
    return rejected


# --- rows ------------------------------------------------------------------------------------


def test_a_row_becomes_a_call(tmp_path: Path) -> None:
    (call,) = plan(tmp_path, HEADER + 'A1,night/a.wav,"agent,customer",,outbound,12,100.50,spring\n').calls
    assert (call.call_id, call.line) == ("A1", 2)
    assert call.recording is not None
    assert call.recording.path == tmp_path / "night" / "a.wav"
    assert call.recording.channel_roles == (Role.AGENT, Role.CUSTOMER)
    assert call.metadata.total_due == Decimal("100.50")
    assert call.metadata.get("campaign") == "spring"  # unknown columns can be used in rules
    assert call.metadata.customer_name is None


def test_every_bad_row_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = [
        "A1,a.wav,,,outbound,12,1,x",
        ",b.wav,,,outbound,12,1,x",
        "A3,,,,outbound,12,1,x",
        "A4,d.wav,agent,,outbound,12,1,x",
        "A5,e.wav,,,sideways,12,1,x",
        "A6,f.wav,,,outbound,-1,1,x",
        "A7,g.wav,,,outbound,12,many,x",
        "A1,h.wav,,,outbound,12,1,x",
        "A9,../i.wav,,,outbound,12,1,x",
        "张三,j.wav,,,outbound,12,1,x",
        "A11,k.wav,,,outbound,12,1,x,too,many",
        "A12,l.wav,,,outbound,12,1,x",
    ]
    found = plan(tmp_path, HEADER + "\n".join(rows))
    assert [call.call_id for call in found.calls] == ["A1", "A12"]
    assert [(q.call_id, q.line, q.field, q.reason) for q in found.rejected] == [
        ("line-3", 3, "call_id", "manifest_row"),
        ("A3", 4, "file", "manifest_row"),
        ("A4", 5, "channel_roles", "manifest_row"),
        ("A5", 6, "direction", "manifest_row"),
        ("A6", 7, "days_overdue", "manifest_row"),
        ("A7", 8, "total_due", "manifest_row"),
        ("A1#line-9", 9, "call_id", "duplicate_call_id"),
        ("A9", 10, "file", "unsafe_path"),
        ("line-11", 11, "call_id", "manifest_row"),
        ("A11", 12, None, "manifest_row"),
    ]
    for rejected in found.rejected:
        assert f"manifest.csv, line {rejected.line}: " in rejected.message
        assert (rejected.field or "") in rejected.message


def test_all_errors_of_a_row_are_in_one_message(tmp_path: Path) -> None:
    message = only_rejected(plan(tmp_path, HEADER + "A1,/a.wav,both,,up,x,y,z\n")).message
    for field in ("file", "channel_roles", "direction", "days_overdue", "total_due"):
        assert f"{field}: " in message


def test_values_are_shown_except_those_of_people(tmp_path: Path) -> None:
    row = {"call_id": "A1", "file": "a.wav", "customer_name": ["李雷"], "customer_id": 1.5, "direction": "up"}
    message = only_rejected(plan(tmp_path, json.dumps(row, ensure_ascii=False), "manifest.jsonl")).message
    assert "'up'" in message
    assert "customer_name: " in message
    assert "李雷" not in message
    assert "1.5" not in message


def test_a_bad_call_id_is_not_repeated(tmp_path: Path) -> None:
    assert "13900000000" not in only_rejected(plan(tmp_path, HEADER + "+13900000000,a.wav\n")).message


def test_quarantine_ids_never_meet_those_of_calls(tmp_path: Path) -> None:
    text = HEADER + ",a.wav\nline-2,b.wav\nA1,/c.wav\nA1,d.wav\nA1,e.wav\n"
    found = plan(tmp_path, text)
    ids = [call.call_id for call in found.calls] + [q.call_id for q in found.rejected]
    assert len(ids) == len(set(ids)) == 5
    assert [call.call_id for call in found.calls] == ["line-2"]


@pytest.mark.parametrize(
    "file",
    [
        "../a.wav",
        "x/../../a.wav",
        "/etc/a.wav",
        "C:\\calls\\a.wav",
        "..\\a.wav",
        "\\\\nas\\a.wav",
        "http://192.0.2.1/a.wav",
        "..",
    ],
)
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, file: str) -> None:
    rejected = only_rejected(plan(tmp_path, HEADER + f"A1,{file}\n"))
    assert (rejected.reason, rejected.field) == ("unsafe_path", "file")


@pytest.mark.parametrize(
    ("file", "expected"), [("./a.wav", "a.wav"), ("x/../a.wav", "a.wav"), ("三月\\a b.wav", "三月/a b.wav")]
)
def test_paths_inside_the_folder(tmp_path: Path, file: str, expected: str) -> None:
    (call,) = plan(tmp_path, HEADER + f"A1,{file}\n").calls
    assert call.recording is not None
    assert call.recording.path == tmp_path / expected


def test_raw_format_is_checked(tmp_path: Path) -> None:
    header = "call_id,file,raw_format\n"
    found = plan(tmp_path, header + "A1,a.al,ALAW:8000:2\nA2,b.al,pcm\n")
    assert found.calls[0].recording is not None
    assert found.calls[0].recording.raw_format == "alaw:8000:2"
    assert only_rejected(found).field == "raw_format"


@pytest.mark.parametrize(
    "value", ["agent,customer", " Agent , Customer ", "agent，customer", ["agent", "customer"]]
)
def test_channel_roles_forms(value: object) -> None:
    assert parse_channel_roles(value) == (Role.AGENT, Role.CUSTOMER)


@pytest.mark.parametrize(
    "value", ["agent", "agent,agent", "agent,customer,agent", "left,right", 5, ["agent", 1], {}]
)
def test_other_channel_roles_are_refused(value: object) -> None:
    with pytest.raises(FieldsError, match=r"agent,customer or customer,agent"):
        parse_channel_roles(value)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-05T14:02:11+08:00", "2026-03-05T14:02:11+08:00"),
        ("2026-03-05 14:02:11", "2026-03-05T14:02:11+08:00"),
        ("2026/3/5 9:02", "2026-03-05T09:02:00+08:00"),  # what spreadsheets make of it
        ("2026-03-05T06:02:11Z", "2026-03-05T14:02:11+08:00"),  # hours of the day are those of China
        ("2026-03-05T18:30:00+00:00", "2026-03-06T02:30:00+08:00"),
        ("2026-03-05T21:30:00+06:00", "2026-03-05T21:30:00+06:00"),  # clocks in Xinjiang
        ("20260305140211", "2026-03-05T14:02:11+08:00"),  # as diallers write it
        ("2026年3月5日 9:02", "2026-03-05T09:02:00+08:00"),
        ("2026年3月5日9时2分7秒", "2026-03-05T09:02:07+08:00"),
    ],
)
def test_times(tmp_path: Path, text: str, iso: str) -> None:
    (call,) = plan(tmp_path, f"call_id,file,started_at\nA1,a.wav,{text}\n").calls
    assert call.metadata.started_at is not None
    assert call.metadata.started_at.isoformat() == iso


@pytest.mark.parametrize("text", ["yesterday", "2026/13/5 9:02", "2026/2/30", "25:00", "5/3/2026 9:02"])
def test_bad_times_are_named(tmp_path: Path, text: str) -> None:
    rejected = only_rejected(plan(tmp_path, f"call_id,file,started_at\nA1,a.wav,{text}\n"))
    assert rejected.field == "started_at"
    assert text in rejected.message


@pytest.mark.parametrize("text", ["2026-03-05", "2026/3/5", "20260305", "2026年3月5日"])
def test_a_day_alone_is_no_call_at_midnight(tmp_path: Path, text: str) -> None:
    rejected = only_rejected(plan(tmp_path, f"call_id,file,started_at\nA1,a.wav,{text}\n"))
    assert rejected.field == "started_at"
    assert "time of day" in rejected.message


# --- files -----------------------------------------------------------------------------------

CHINESE = HEADER + "A1,三月/甲.wav,,李雷,outbound,12,1,春季\nA2,乙.wav,,韩梅梅,outbound,3,1,春季\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, ending: str) -> None:
    found = plan(tmp_path, CHINESE.replace("\n", ending).encode(encoding))
    assert [(c.call_id, c.metadata.customer_name, c.metadata.get("campaign")) for c in found.calls] == [
        ("A1", "李雷", "春季"),
        ("A2", "韩梅梅", "春季"),
    ]
    assert found.rejected == ()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_broken_bytes_cost_their_row_only(tmp_path: Path, encoding: str) -> None:
    lines = CHINESE.encode(encoding).split(b"\n")
    broken = b"A8,c.wav,,\xff\xff,outbound,1,1,x"
    found = plan(tmp_path, b"\n".join([*lines[:2], broken, *lines[2:]]))
    assert [call.metadata.customer_name for call in found.calls] == ["李雷", "韩梅梅"]
    assert (only_rejected(found).line, only_rejected(found).field) == (3, "customer_name")


def test_quoted_cells_may_hold_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    found = plan(tmp_path, HEADER + 'A1,a.wav,,,,,,"one, ""two""\nthree"\n' + "A2,b.wav\n")
    assert found.calls[0].metadata.get("campaign") == 'one, "two"\nthree'
    assert [(call.call_id, call.line) for call in found.calls] == [("A1", 2), ("A2", 4)]


@pytest.mark.parametrize("bad", ['A5,"b.wav,,,,,,', 'A5,b.wav,,,,,,"x"y'])
def test_a_stray_quote_costs_its_row_only(tmp_path: Path, bad: str) -> None:
    before = [f"B{n},a.wav,,,,,," for n in range(3)]
    after = [f'C{n},a.wav,"agent,customer",,,,,' for n in range(40)]
    found = plan(tmp_path, HEADER + "\n".join([*before, bad, *after]))
    assert len(found.calls) == 43
    assert only_rejected(found).line == 5


def test_a_quote_inside_a_plain_cell_is_a_character(tmp_path: Path) -> None:
    rows = ["A1,a.wav", 'A2,b"x.wav', "A3,c.wav", 'A4,d"y.wav', "A5,e.wav"]
    found = plan(tmp_path, HEADER + "\n".join(rows))
    assert [call.line for call in found.calls] == [2, 3, 4, 5, 6]
    assert found.calls[1].recording is not None
    assert found.calls[1].recording.path.name == 'b"x.wav'


def test_two_stray_quotes_cost_two_rows(tmp_path: Path) -> None:
    rows = ["A1,a.wav", 'A2,"b.wav', "A3,c.wav", 'A4,"d.wav', "A5,e.wav"]
    found = plan(tmp_path, HEADER + "\n".join(rows))
    assert [call.call_id for call in found.calls] == ["A1", "A3", "A5"]
    assert [q.line for q in found.rejected] == [3, 5]


def test_a_huge_cell_is_refused(tmp_path: Path) -> None:
    found = plan(tmp_path, HEADER + f"A1,{'x' * 200_000}.wav\nA2,b.wav\n")
    assert [call.call_id for call in found.calls] == ["A2"]
    assert only_rejected(found).line == 2


def test_blank_rows_and_missing_last_cells_are_no_error(tmp_path: Path) -> None:
    found = plan(tmp_path, "\n" + HEADER + "A1,a.wav\n\n,,,,,,,\nA2,b.wav,,,,,,,,\n")
    assert [(call.call_id, call.line) for call in found.calls] == [("A1", 3), ("A2", 6)]
    assert found.rejected == ()


def test_jsonl(tmp_path: Path) -> None:
    lines = [
        '{"call_id": 17, "file": "a.wav", "days_overdue": 3, "labels": {"a": [1]}}',
        "",
        '{"call_id": "A2", "file": "b.wav"',
        "[1]",
        '{"call_id": "A4", "file": 4}',
        '{"call_id": "A5", "file": "e.wav", "total_due": NaN}',
        '{"call_id": "A6", "file": "f.wav", "note": "\\ud83d"}',
        '{"call_id": "A7", "file": "g.wav", "note": "\\ud83d\\ude00"}',
        "[" * 100_000,
    ]
    found = plan(tmp_path, "\n".join(lines), "manifest.jsonl")
    assert [call.call_id for call in found.calls] == ["17", "A7"]
    assert found.calls[0].metadata.get("labels") == {"a": [1]}
    assert [(q.line, q.field) for q in found.rejected] == [
        (3, None),
        (4, None),
        (5, "file"),
        (6, None),
        (7, None),
        (9, None),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("manifest.csv", "call_id,path\nA1,a.wav\n", "missing column file"),
        ("manifest.csv", "call_id file\nA1 a.wav\n", "missing column call_id, file"),
        ("manifest.csv", "sep=;\ncall_id,file\nA1,a.wav\n", "missing column call_id, file"),
        ("manifest.csv", "call_id,file,file\nA1,a.wav,b\n", "column file stands twice"),
        ("manifest.csv", "", "is empty"),
        ("calls.xlsx", "PK", r"\.csv or \.jsonl"),
    ],
)
def test_unusable_manifests_stop_the_batch(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(tmp_path, content, name)


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        plan_recordings(tmp_path / "absent.csv")
    with pytest.raises(ConfigError, match="no manifest and no recordings"):
        plan_recordings(tmp_path)


def test_a_night_without_calls_is_no_error(tmp_path: Path) -> None:
    assert plan(tmp_path, HEADER) == Plan(calls=())


def test_the_manifest_in_a_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "other.wav").touch()
    plan(tmp_path, HEADER + GOOD)
    assert [call.call_id for call in plan_recordings(tmp_path).calls] == ["A1"]
    (tmp_path / "manifest.jsonl").touch()
    with pytest.raises(ConfigError, match="name the one to use"):
        plan_recordings(tmp_path)


# --- folders of recordings -------------------------------------------------------------------


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    make(
        tmp_path,
        "b.WAV",
        "a.mp3",
        "day2/c.opus",
        "d.ulaw",
        "wechat.silk",
        "notes.txt",
        ".x.wav",
        ".trash/y.wav",
    )
    calls = plan_recordings(tmp_path).calls
    assert [call.call_id for call in calls] == ["a", "b", "d", "c", "wechat"]
    assert [call.recording.raw_format for call in calls if call.recording] == [
        None,
        None,
        "mulaw",
        None,
        None,
    ]


def test_names_that_may_hold_telephone_numbers_are_not_ids(tmp_path: Path) -> None:
    make(tmp_path, "20260305_13900000000.wav", "张三.wav", "_x.wav", "ok-1.wav")
    ids = [call.call_id for call in plan_recordings(tmp_path).calls]
    assert "ok-1" in ids
    hidden = [call_id for call_id in ids if call_id != "ok-1"]
    assert len(set(hidden)) == 3
    assert all(call_id.startswith("rec-") and len(call_id) == 16 for call_id in hidden)
    assert ids == [call.call_id for call in plan_recordings(tmp_path).calls]


def test_clashing_names_get_ids_of_their_own(tmp_path: Path) -> None:
    make(tmp_path, "a.wav", "x/a.wav", "a.mp3", "rec-000000000000.wav")
    ids = [call.call_id for call in plan_recordings(tmp_path).calls]
    assert len(set(ids)) == 4
    assert all(call_id.startswith("rec-") for call_id in ids)


# --- round trips -----------------------------------------------------------------------------

_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=20)
_rows = st.fixed_dictionaries(
    {
        "call_id": st.from_regex(CALL_ID, fullmatch=True),
        "file": st.from_regex(r"[a-z一-龥]{1,8}/[a-z]{1,8}\.wav", fullmatch=True),
        "channel_roles": st.sampled_from(["", "agent,customer", "customer,agent"]),
        "customer_name": _text,
        "direction": st.sampled_from(["", "outbound", "inbound"]),
        "days_overdue": st.integers(0, 5000).map(str),
        "total_due": st.decimals(0, 10**7, places=2).map(str),
        "campaign": _text.map(lambda text: text + ',"\n'),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_rows, max_size=6, unique_by=lambda row: row["call_id"]), st.sampled_from(["csv", "jsonl"]))
def test_what_is_written_is_planned(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], form: str
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    if form == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, HEADER.strip().split(","))
        writer.writeheader()
        writer.writerows(rows)
        text = out.getvalue()
    else:
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    found = plan(folder, text, f"manifest.{form}")
    assert found.rejected == ()
    for row, call in zip(rows, found.calls, strict=True):
        assert call.recording is not None
        assert call.call_id == row["call_id"]
        assert call.recording.path == folder / row["file"]
        assert ",".join(call.recording.channel_roles) == row["channel_roles"]
        assert call.metadata.customer_name == (row["customer_name"] or None)
        assert call.metadata.days_overdue == int(row["days_overdue"])
        assert call.metadata.total_due == Decimal(row["total_due"])
        assert call.metadata.get("campaign").strip() == row["campaign"].strip()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line and b"\r" not in line), max_size=8)
)
def test_no_line_is_ever_lost_or_stops_the_plan(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    found = plan(
        tmp_path_factory.mktemp("plan"), b"\n".join([HEADER.strip().encode(), *lines, GOOD.encode()])
    )
    assert found.calls[-1].call_id == "A1"
    ids = [call.call_id for call in found.calls] + [q.call_id for q in found.rejected]
    assert len(ids) == len(set(ids))
