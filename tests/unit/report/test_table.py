"""Tables: open in a spreadsheet, start no formula, show nobody."""

from __future__ import annotations

import copy
import csv
import io
import os
import time

import openpyxl
import pytest

from pipeline.redact import People
from pipeline.report.call_json import to_json
from pipeline.report.table import write_tables
from pipeline.types import Quarantined
from tests.golden.sample import ENGLISH, NORMS, QUARANTINED, RULE_TITLES, report

PEOPLE = {"golden-1": People.of(report().call.metadata)}


def write(folder, reports=None, quarantined=QUARANTINED, **options):
    options = {"people": PEOPLE, "norms": NORMS, "rule_titles": RULE_TITLES} | options
    write_tables(iter(reports or [to_json(report())]), quarantined, folder, **options)
    return folder


def read_csv(folder):
    return list(csv.DictReader(io.StringIO((folder / "summary.csv").read_bytes().decode("utf-8-sig"))))


def read_sheet(folder, name):
    sheet = openpyxl.load_workbook(folder / "summary.xlsx")[name]
    headings, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def test_the_csv_begins_with_the_mark_that_excel_needs(tmp_path):
    assert (write(tmp_path) / "summary.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_row_holds_what_was_found(tmp_path):
    (row,) = read_csv(write(tmp_path))
    scores = report().scores
    assert row["通话编号"] == "golden-1"
    assert float(row["合规分"]) == scores.compliance
    assert float(row["复核若属实合规分"]) == scores.compliance_if_confirmed
    assert float(row["有效性"]) == scores.effectiveness
    assert (row["违规"], row["待复核"], row["无法判定"]) == ("1", "1", "1")
    assert (row["承诺金额"], row["承诺日期"]) == ("1000.0", "2026-06-30")


def test_the_workbook_holds_calls_findings_and_quarantine(tmp_path):
    write(tmp_path)
    book = openpyxl.load_workbook(tmp_path / "summary.xlsx")
    assert book.sheetnames[:4] == ["通话", "违规", "隔离", "沟通过程"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
    found = read_sheet(tmp_path, "违规")
    assert [row["规则"] for row in found] == [
        "私人手机、私人社交软件",
        "不耐烦、讽刺、命令",
        "call_time_window",
    ]
    assert found[0]["依据"] == "《示例规范》第三条"
    assert found[2]["原话"] is None
    assert [row["原因"] for row in read_sheet(tmp_path, "隔离")] == ["文件不完整", "清单行有误"]


def test_people_are_masked_unless_asked_otherwise(tmp_path):
    (row,) = read_csv(write(tmp_path))
    assert (row["客户"], row["坐席"]) == ("欧阳＊＊", "A100 周＊")
    assert read_sheet(tmp_path, "违规")[0]["原话"] == "记我的私人号＊＊＊＊＊＊＊＊＊＊＊"
    (row,) = read_csv(write(tmp_path, mask=False))
    assert (row["客户"], row["坐席"]) == ("欧阳志远", "A100 周敏")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_starts_a_formula(tmp_path, start):
    call = copy.deepcopy(to_json(report()))
    call["metadata"]["lender"] = f"{start}1+1"
    call["findings"][0]["reason"] = f"{start}HYPERLINK()"
    bad = Quarantined(call_id="q", reason="x", message=f"{start}cmd")
    write(tmp_path, [call], [bad])
    assert read_csv(tmp_path)[0]["机构"].startswith("'")
    assert read_sheet(tmp_path, "违规")[0]["原因"].startswith("'")
    assert read_sheet(tmp_path, "隔离")[0]["说明"].startswith("'")


def test_what_a_cell_cannot_hold_is_cut_or_dropped(tmp_path):
    bad = Quarantined(call_id="q", reason="x", message="a\x00b\ud800" + "长" * 40_000)
    (row,) = read_sheet(write(tmp_path, quarantined=[bad]), "隔离")
    assert row["说明"] == "ab" + "长" * 32_765


def test_the_same_calls_give_the_same_bytes_at_another_time(tmp_path, monkeypatch):
    write(tmp_path / "a")
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    monkeypatch.setattr(os, "getpid", lambda: 7)
    write(tmp_path / "b")
    for name in ("summary.csv", "summary.xlsx"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert b"2026-11" not in (tmp_path / "a" / name).read_bytes()


def test_english_headings(tmp_path):
    (row,) = read_csv(write(tmp_path, language="en"))
    assert row["Status"] == "Scored"
    names = openpyxl.load_workbook(tmp_path / "summary.xlsx").sheetnames
    assert names[:4] == ["Calls", "Findings", "Quarantine", "How the call was held"]


def test_english_titles_reasons_and_norms(tmp_path):
    write(tmp_path, language="en", english=ENGLISH)
    rows = read_sheet(tmp_path, "Findings")
    assert rows[0]["Rule"] == "Private phone or messaging app"
    assert rows[0]["Reason"] == "The agent asks the customer to use the agent's private number."
    assert rows[0]["Norms"] == "Sample norm, Article 3"
    assert "私人号" in rows[0]["Words"]
