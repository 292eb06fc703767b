"""Reports that show people because the settings say so leave a line first."""

from __future__ import annotations

import getpass

import pytest

from flows.privacy.unmasking import account, tell_by_setting
from pipeline.audit.access import log_of
from pipeline.errors import StoreError
from pipeline.settings import load_settings


def settings(tmp_path, mask):
    overlay = tmp_path / "own.toml"
    overlay.write_text(f"[report]\nmask = {str(mask).lower()}\n", encoding="utf-8")
    return load_settings(overlay)


def test_a_masked_report_leaves_nothing(tmp_path):
    tell_by_setting(tmp_path, settings(tmp_path, True), what="report", calls=["c1"])
    assert not (tmp_path / "access.log.jsonl").exists()


def test_an_open_report_leaves_a_line_or_is_not_made(tmp_path):
    chosen = settings(tmp_path, False)
    tell_by_setting(tmp_path, chosen, what="report", calls=["c1"])
    (line,) = log_of(tmp_path, chosen).read()
    assert (line["what"], line["user"], line["call_ids"]) == ("report", account(), ["c1"])
    assert "mask = false" in line["reason"]
    (tmp_path / "access.log.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(StoreError, match="line 1"):
        tell_by_setting(tmp_path, chosen, what="report", calls=["c1"])


def test_an_account_without_a_name_is_told_as_such(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert account() == "unknown"
