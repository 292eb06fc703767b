"""Conduct in what is written: JSON in the published form, a section of the page, a sheet of the workbook."""

from __future__ import annotations

import copy
import dataclasses
import json

import jsonschema
import openpyxl
import pytest

from pipeline.conduct import conduct_of
from pipeline.report.call_json import SCHEMA_FILE, to_json
from pipeline.report.conduct_view import conduct_view, percent, seconds
from pipeline.report.labels import Labels
from pipeline.report.pages import write_pages
from pipeline.report.showing import Showing
from pipeline.report.table import write_tables
from pipeline.types import Transcript
from tests.golden.sample import report
from tests.pages import as_read
from tests.unit.conduct.talk import call, frames

SHOWING = Showing(labels=Labels("zh"))
ANGRY = (
    call(
        ("a", "您好请问是本人吗", 0, 2000),
        ("c", "是我有什么事情请讲", 2500, 4500),
        ("a", "你这个人怎么还不还钱", 5000, 9000),
        ("c", "你说话怎么这么难听啊", 8500, 12_000),
        ("a", "不还钱还有理了是不是", 16_000, 20_000),
        ("c", "我要投诉你们这种态度", 20_500, 24_000),
    ),
    frames("neutral", "neutral", "hostile", "hostile", "hostile", "hostile"),
)


def written(transcript, tones=()):
    """The JSON of the sample call with the turns of another."""
    made = dataclasses.replace(
        report(),
        transcript=transcript,
        tones=tones,
        findings=(),
        acts=(),
        customer_events=(),
        promise=None,
        if_swapped=None,
        conduct=conduct_of(transcript, tones),
    )
    return to_json(made)


def without_times():
    said, tones = ANGRY
    turns = tuple(dataclasses.replace(t, start_ms=None, end_ms=None) for t in said.turns)
    return written(dataclasses.replace(said, turns=turns), tones)


def page(folder, content, **options):
    write_pages([content], (), folder, **options)
    text = (folder / "pages" / "golden-1.html").read_text(encoding="utf-8")
    return as_read(text, options.get("language", "zh"))


@pytest.mark.parametrize(
    "content",
    [written(*ANGRY), written(ANGRY[0]), without_times(), written(Transcript(turns=()))],
    ids=["full", "no tones", "no times", "nobody speaks"],
)
def test_the_json_fits_the_published_form(content):
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(content)


def test_the_json_says_times_in_seconds():
    conduct = written(*ANGRY)["conduct"]
    assert conduct["interruptions"] == [
        {"turn": 3, "role": "customer", "interrupted_turn": 2, "start": 8.5, "overlap": 0.5}
    ]
    assert conduct["silences"]["longest"] == 4.0
    assert conduct["silences"]["longest_before_turn"] == 4
    assert conduct["agent"]["longest_monologue"]["duration"] == 4.0
    turned = conduct["tone_shifts"]
    assert [(s["turn"], s["role"], s["kind"], s["from"], s["to"]) for s in turned] == [
        (2, "agent", "escalation", "neutral", "hostile"),
        (3, "customer", "escalation", "neutral", "hostile"),
    ]
    assert (turned[1]["after_turn"], turned[1]["after_tone"]) == (2, "hostile")


def test_the_page_draws_every_turn_and_says_the_course_in_words(tmp_path):
    view = conduct_view(written(*ANGRY), SHOWING)
    agent, customer = view["strip"]
    assert [bar["turn"] for bar in agent["bars"]] == [0, 2, 4]
    assert [bar["tone"] for bar in customer["bars"]] == ["neutral", "hostile", "hostile"]
    assert [(bar["y"], bar["height"]) for bar in customer["bars"]] == [(25, 2), (3, 24), (3, 24)]
    assert customer["line"].count(",") == 3
    assert agent["said"] == "开头 敌对、结尾 敌对"
    text = page(tmp_path, written(*ANGRY))
    assert 'role="img" aria-labelledby="tone-1"' in text
    assert '<dt>坐席语气走势</dt><dd id="tone-1">开头 敌对、结尾 敌对</dd>' in text
    assert 'data-go="t3"' in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("沟通过程", "仅供参考，不计分", "升级", "此前对方")),
        ("en", ("How the call was held", "not scored", "Escalation", "After the other&#39;s turn")),
    ],
)
def test_the_page_speaks_both_languages(tmp_path, language, words):
    text = page(tmp_path, written(*ANGRY), language=language)
    for word in words:
        assert word in text


def test_the_page_says_why_measures_are_missing():
    assert "没有时间" in conduct_view(without_times(), SHOWING)["note"]
    content = copy.deepcopy(written(*ANGRY))
    content["conduct"] |= {"interruptions": None, "overlap": None, "overlap_share": None}
    for party in ("agent", "customer"):
        content["conduct"][party]["interruptions"] = None
    view = conduct_view(content, SHOWING)
    assert "同一声道" in view["note"]
    assert "打断对方（次）" not in [row["name"] for row in view["rows"]]
    assert "双方同时说话" not in [row["name"] for row in view["call_rows"]]


def test_results_of_earlier_versions_have_a_page_and_no_row(tmp_path):
    content = written(*ANGRY)
    del content["conduct"]
    assert "沟通过程" not in page(tmp_path, content).split("</style>")[1]
    write_tables([content, written(*ANGRY)], (), tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / "summary.xlsx")["沟通过程"]
    assert sheet.max_row == 2


def test_the_sheet_has_both_parties_side_by_side(tmp_path):
    write_tables([written(*ANGRY)], (), tmp_path)
    headings, row = openpyxl.load_workbook(tmp_path / "summary.xlsx")["沟通过程"].iter_rows(values_only=True)
    cells = dict(zip(headings, row, strict=True))
    assert len(cells) == len(headings)
    assert cells["坐席 · 说话占比"] + cells["客户 · 说话占比"] == pytest.approx(1)
    assert (cells["客户 · 打断对方（次）"], cells["坐席 · 打断对方（次）"]) == (1, 0)
    assert (cells["最长静默（秒）"], cells["客户 · 升级"], cells["客户 · 语气 · 结尾"]) == (4.0, 1, "敌对")


def test_figures_as_people_read_them():
    assert [seconds(s) for s in (None, 0.25, 59.9, 61.0)] == ["—", "0.2 s", "59.9 s", "1 min 1 s"]
    assert [percent(s) for s in (None, 0.5, 1)] == ["—", "50 %", "100 %"]
