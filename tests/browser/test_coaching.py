"""The coaching pages in a real browser."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pipeline.coaching.periods import week_days
from pipeline.coaching.reading import read_period
from pipeline.coaching.report import Order, write_report
from pipeline.report.labels import Labels
from pipeline.report.showing import Showing
from pipeline.settings import load_settings
from tests.browser.pages import contrast, scrolls_sideways
from tests.coached import Agent, Habits, made_results
from tests.unit.coaching.support import TEAM, guide

WEEK = week_days("2026-W47")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Two teams, one agent who threatens, two weeks, sound for one agent."""
    folder = tmp_path_factory.mktemp("coaching")
    agents = [
        Agent(agent_id="A1"),
        Agent(agent_id="A2"),
        Agent(agent_id="B", habits=Habits(threatens=0.4, empathy=0.1, promised=0.9)),
    ]
    made_results(folder / "results", agents, calls=30, weeks=2)
    made_results(folder / "results", [Agent(agent_id="C", team="二组")], calls=3, sound=True)
    period = read_period([folder / "results"], guide(), WEEK, team=TEAM)
    showing = Showing(labels=Labels("zh"))
    write_report(period, guide(), load_settings().coaching, showing, folder / "out", Order(days=WEEK))
    return folder / "out"


def test_from_the_list_to_a_team_to_an_agent_and_back(open_page, report):
    page = open_page(report / "index.html").page
    page.click("text=一组")
    page.wait_for_url("**/teams/*")
    page.click("main a:text-is('B')")
    page.wait_for_url("**/agents/B.html")
    assert page.locator("h1").inner_text().startswith("坐席辅导")
    assert page.locator(".notice.red").count() >= 2
    page.click("text=返回班组")
    page.wait_for_url("**/teams/*")
    page.click("text=返回目录")
    page.wait_for_url("**/index.html")
    assert page.locator("main table tbody tr").count() == 2


def test_a_clip_in_the_page_plays(open_page, report):
    page = open_page(report / "agents" / "C.html").page
    sound = page.locator("audio").first
    sound.evaluate("a => a.play()")
    page.wait_for_function("a => a.currentTime > 0.1", arg=sound.element_handle())
    assert sound.evaluate("a => a.duration") <= 20.0
    assert sound.get_attribute("aria-label") == "听这一段（个人信息已遮盖）"


def test_the_switch_changes_the_language_of_all_but_what_was_said(open_page, report):
    page = open_page(report / "agents" / "B.html").page
    said = page.locator(".lines .said").all_inner_texts()
    page.click("#language")
    assert page.locator("h2", has_text="Two things to work on").count() == 1
    assert page.locator("h3", has_text="Never threatens").count() == 1
    assert page.locator(".lines .said").all_inner_texts() == said
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("name", ["index", "teams/一组", "agents/B", "agents/C", "quality/fairness"])
def test_it_fits_a_phone(open_page, report, name):
    page = open_page(report / f"{name}.html", phone=True).page
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("agents/B", ".small, .who, .said, .better h4, .better blockquote, .why, td, th, dd, dt, .notice"),
        ("teams/一组", ".small, td, th, a"),
        ("quality/fairness", ".small, td, th, p, li"),
    ],
)
def test_it_can_be_read(open_page, report, name, selector, scheme):
    page = open_page(report / f"{name}.html", color_scheme=scheme).page
    assert contrast(page, selector) >= 4.5


def test_headings_go_down_step_by_step_and_pictures_are_told(open_page, report):
    page = open_page(report / "agents" / "B.html").page
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "hs => hs.map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(after <= before + 2 for before, after in pairwise(levels))
    pictures = page.locator("svg[role=img]")
    assert pictures.count() > 5
    assert "2026-W47" in pictures.first.get_attribute("aria-label")


def test_it_prints_without_players_and_buttons(open_page, report):
    page = open_page(report / "agents" / "C.html").page
    page.emulate_media(media="print")
    assert page.locator("audio").first.is_hidden()
    assert page.locator("#language").is_hidden()
    assert len(page.pdf()) > 10_000
