"""The dashboard: all figures with their n, readable without script, small however many calls there are."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from pipeline.intervals import share
from pipeline.report.dashboard.page import render_dashboard
from pipeline.report.dashboard.period import period
from pipeline.report.labels import Labels
from pipeline.report.page import PageKit
from pipeline.types import Quarantined
from tests.browser.results import shown
from tests.pages import as_read
from tests.unit.report.dashboard.made import SHOWING, found, made_rows, plain


def rendered(rows, quarantined=(), *, before=None, language="zh", precision=None):
    kit = PageKit(Labels(language), masked=True)
    showing = replace(SHOWING, labels=kit.labels)
    now = period(rows, quarantined)
    page = render_dashboard(
        kit, showing, now, None if before is None else period(before), precision=precision
    )
    return page.decode()


def data_of(page):
    return json.loads(re.search(r'id="page-data">(.*?)</script>', page, re.DOTALL)[1])


def static(page):
    return as_read(page).split('<script type="application/json"')[0]


def test_without_a_previous_period_the_page_says_so():
    page = static(rendered(made_rows(60)))
    assert "没有上期可比" in page
    assert "变化（点）" not in page


def test_a_comparison_names_the_period_and_its_calls():
    page = static(rendered(made_rows(60), before=made_rows(80, seed=1)))
    scored = sum(row.scored for row in made_rows(80, seed=1))
    assert f"与上期比较： 2026-06-15 – 2026-06-21 ({scored} 通)" in page
    assert "变化（点）" in page


def test_other_rules_are_named_and_nothing_is_compared():
    old = [replace(row, versions=replace(row.versions, rules="other")) for row in made_rows(60)]
    page = static(rendered(made_rows(60), before=old))
    assert "两期的判定口径不同，不作比较。" in page
    assert "不同之处：规则包" in page
    # What was heard does not depend on rules.
    assert page.count("变化（点）") == 1


def test_few_calls_are_a_caution():
    assert "已评分通话少于 20 通" in static(rendered(made_rows(10)))
    assert "已评分通话少于 20 通" not in static(rendered(made_rows(60)))


def test_without_script_figures_urgent_calls_and_quarantine_can_be_read():
    rows = [
        plain(
            "red", red_line=True, findings=(found("threat_violence", severity="critical"),), compliance=0.0
        ),
        *(plain(f"c{i}") for i in range(30)),
        plain("lost", scored=False, reason="voicemail", compliance=None, effectiveness=None),
    ]
    away = [Quarantined(call_id="away", reason="truncated", message="12 s of 90 s")]
    page = static(rendered(rows, away))
    first = page[page.index('id="first"') : page.index('id="measures"')]
    assert 'href="pages/red.html#f0"' in first
    assert "快点" in first
    for shown_words in ("语音信箱", "away", "文件不完整", "3.2% (0.6–16.2%)", "1 / 31", "33"):
        assert shown_words in page
    assert page.count('<a href="pages/') >= 32


def test_an_empty_batch_has_a_page():
    page = static(rendered([]))
    assert "没有上期可比" in page
    assert data_of(rendered([]))["calls"] == []


def test_confirmation_by_reviewers_stands_beside_the_rule():
    rows = [plain("a", findings=(found(),)), plain("b")]
    assert "复核属实率" not in static(rendered(rows))
    page = static(rendered(rows, precision={"rude_tone": share(9, 10)}))
    assert "复核属实率" in page
    assert "90.0% (59.6–98.2%, n=10)" in page


def test_the_data_hold_every_call_and_finding():
    rows = made_rows(60)
    data = data_of(rendered(rows))
    assert {call[0] for call in data["calls"]} == {row.call_id for row in rows}
    assert len(data["findings"]) == sum(len(row.findings) for row in rows)
    assert [data["titles"][f[2]][0] for f in data["findings"]] == [
        shown()["rule_titles"][data["names"]["rule"][f[2]]] for f in data["findings"]
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_mark_of_a_label_is_left(language):
    page = rendered(made_rows(60), before=made_rows(60, seed=1), language=language)
    assert not re.search("[\ue000-\uf8ff]", page)


def test_ten_thousand_calls_and_findings_stay_below_ten_megabytes():
    base = made_rows(500, harm=2.0)
    rows = [
        replace(row, call_id=f"{row.call_id}-{i}", recording=f"{i}", agent=f"A{i:03} 周＊")
        for i in range(20)
        for row in base
    ]
    away = [Quarantined(call_id=f"q{i}", reason="truncated", message="12 s of 90 s") for i in range(1000)]
    assert len(rows) == 10_000
    assert sum(len(row.findings) for row in rows) > 10_000
    page = rendered(rows, away)
    assert len(page.encode()) < 5_000_000
    # What stands in the page itself does not grow with the calls.
    assert len(page.split('id="page-data"')[0]) < 400_000
    assert len(data_of(page)["calls"]) == 10_000
