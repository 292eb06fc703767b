"""The dashboard in a browser: lists filter, sort and turn pages, a click anywhere leads to calls."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest

from pipeline.report.dashboard.period import period
from pipeline.report.dashboard.rows import call_row
from pipeline.report.labels import Labels
from pipeline.report.pages import write_pages
from pipeline.report.quarantine import read_quarantine
from pipeline.report.showing import Showing
from tests.browser.pages import contrast, scrolls_sideways
from tests.browser.results import FIRST_DAY, made_calls, make_results, shown

CHINESE = re.compile("[\u3400-\u9fff]")
ROWS = "#calls tbody tr"
# A link in a chart has no click() of its own, and one in a closed table cannot be clicked by hand.
CLICK = """pick => [...document.querySelectorAll("[data-pick]")].find(a => a.dataset.pick === pick)
  .dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }))"""


@pytest.fixture(scope="package")
def compared(tmp_path_factory):
    """A results folder whose summary is compared with the week before."""
    folder = make_results(tmp_path_factory.mktemp("compared"), calls=120, show=False, harm=2.0)
    showing = Showing(labels=Labels("zh"), **shown())
    old = made_calls(150, seed=1, day=FIRST_DAY - timedelta(days=7))
    before = period([call_row(call, showing) for call in old])
    away = read_quarantine(folder / "quarantine.jsonl")
    write_pages(made_calls(120, harm=2.0), away, folder, before=before, **shown())
    return folder


@pytest.fixture
def dashboard(page, compared):
    return page(compared / "summary.html")


@pytest.fixture(scope="package")
def calls(compared):
    return [json.loads(path.read_bytes()) for path in sorted((compared / "calls").glob("*.json"))]


def shown_calls(page):
    """Ids of the listed calls on all pages of the list."""
    found = []
    while True:
        found += page.locator(f"{ROWS} td:first-child").all_inner_texts()
        if page.locator("#after").is_disabled():
            return found
        page.click("#after")


def test_all_calls_are_listed_page_by_page(dashboard, calls):
    assert dashboard.locator(ROWS).count() == 50
    assert dashboard.inner_text("#where") == "1–50 / 120"
    assert set(shown_calls(dashboard)) == {call["call_id"] for call in calls}
    assert dashboard.inner_text("#where") == "101–120 / 120"
    dashboard.click("#before")
    assert dashboard.inner_text("#where") == "51–100 / 120"


def test_the_list_without_a_script_is_its_first_page(browser, compared, dashboard):
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    bare.goto((compared / "summary.html").as_uri())
    assert bare.locator(ROWS).all_inner_texts() == dashboard.locator(ROWS).all_inner_texts()
    assert bare.is_visible("noscript")
    assert bare.is_hidden("#tools")
    assert bare.is_hidden("#language")
    context.close()


@pytest.mark.parametrize(
    ("tag", "holds"),
    [
        ("red", lambda c: c["scores"]["red_line"]),
        ("review", lambda c: any(f["state"] == "needs_review" for f in c["findings"])),
        ("not_scored", lambda c: c["status"] != "scored"),
        ("poor", lambda c: any(q["faults"] for q in c["quality"])),
        ("roles", lambda c: c["roles"]["if_swapped"] is not None),
        ("complaint", lambda c: "complaint_intent" in c["customer_events"]),
    ],
)
def test_filters_filter(dashboard, calls, tag, holds):
    wanted = {call["call_id"] for call in calls if holds(call)}
    assert wanted
    dashboard.click(f"[data-filter={tag}]")
    assert dashboard.get_attribute(f"[data-filter={tag}]", "aria-pressed") == "true"
    assert dashboard.get_attribute("[data-filter=all]", "aria-pressed") == "false"
    assert set(shown_calls(dashboard)) == wanted
    assert dashboard.inner_text("#shown") == str(len(wanted))
    dashboard.click("[data-filter=all]")
    assert dashboard.inner_text("#shown") == "120"


def test_filters_add_up_and_can_be_taken_away(dashboard, calls):
    dashboard.select_option("#selects [data-field=agency]", "=和润资产")
    dashboard.select_option("#selects [data-field=rule]", "=rude_tone")
    dashboard.fill("#search", "a101")

    def fits(call):
        metadata = call["metadata"]
        rude = any(f["rule"] == "rude_tone" for f in call["findings"])
        return metadata.get("agency") == "和润资产" and metadata["agent_id"] == "A101" and rude

    wanted = {call["call_id"] for call in calls if fits(call)}
    assert wanted
    assert set(shown_calls(dashboard)) == wanted
    dashboard.select_option("#selects [data-field=rule]", "*")
    assert dashboard.inner_text("#shown") != str(len(wanted))


def test_nothing_that_fits_is_said(dashboard):
    dashboard.fill("#search", "no such call")
    assert dashboard.inner_text(ROWS) == "没有符合条件的通话"
    assert dashboard.inner_text("#shown") == "0"


def test_sorting_goes_both_ways_and_says_so(dashboard, calls):
    button = "#calls thead [data-column='7']"  # effectiveness
    scores = [c["scores"]["effectiveness"] for c in calls if c["scores"]["effectiveness"] is not None]

    def first():
        return float(dashboard.inner_text(f"{ROWS}:first-child td:nth-child(8)"))

    dashboard.click(button)
    assert dashboard.get_attribute("#calls th:nth-child(8)", "aria-sort") == "ascending"
    assert first() == min(scores)
    assert dashboard.evaluate("document.activeElement.dataset.column") == "7"
    dashboard.keyboard.press("Enter")
    assert dashboard.get_attribute("#calls th:nth-child(8)", "aria-sort") == "descending"
    assert first() == max(scores)
    # Those without a score stand last either way.
    assert shown_calls(dashboard)[-1] in {c["call_id"] for c in calls if c["status"] != "scored"}


def test_a_click_on_a_rule_lists_its_findings_and_leads_to_the_call(dashboard, calls):
    dashboard.click("#rules [data-pick='rule:rude_tone']")
    wanted = [call for call in calls if any(f["rule"] == "rude_tone" for f in call["findings"])]
    assert dashboard.inner_text("#shown") == str(len(wanted))
    dashboard.click("[data-view=findings]")
    number = sum(f["rule"] == "rude_tone" for call in calls for f in call["findings"])
    assert dashboard.inner_text("#where").endswith(f" / {number}")
    link = dashboard.locator(f"{ROWS}:first-child a").first
    target = link.get_attribute("href").rpartition("#")[2]
    link.click()
    dashboard.wait_for_url("**/pages/made-0-*.html#*")
    assert dashboard.locator(f"#{target}").count() == 1
    # On the way back the list is as it was left.
    dashboard.go_back()
    dashboard.wait_for_url("**/summary.html*")
    assert dashboard.inner_text("#where").endswith(f" / {number}")
    assert dashboard.get_attribute("[data-view=findings]", "aria-pressed") == "true"


def test_a_kept_address_shows_the_same_list(page, compared, calls):
    p = page(compared / "summary.html", query="#list?agent=A103&tag=violated")
    wanted = {
        call["call_id"]
        for call in calls
        if call["metadata"]["agent_id"] == "A103" and any(f["state"] == "violation" for f in call["findings"])
    }
    assert set(shown_calls(p)) == wanted
    assert p.input_value("#selects [data-field=agent]") == "=A103"


@pytest.mark.parametrize(
    "section", ["#first", "#measures", "#rules", "#groups", "#heard", "#coverage", ".bars"]
)
def test_every_figure_that_can_be_clicked_lists_as_many_calls_as_it_says(dashboard, section):
    picks = dashboard.locator(f"{section} [data-pick]").evaluate_all("all => all.map(a => a.dataset.pick)")
    assert picks
    for pick in dict.fromkeys(picks):
        dashboard.evaluate(CLICK, pick)
        kept = unquote(dashboard.evaluate("location.hash")).replace("+", " ")
        for one in pick.split("&"):
            field, _, value = one.partition(":")
            assert f"{field}={unquote(value)}" in kept
    rows = dashboard.locator(f"{section} tr:has(th [data-pick])")
    for place in range(rows.count()):
        row = rows.nth(place)
        if section == "#groups" and row.is_visible():
            row.locator("[data-pick]").first.click()
            assert dashboard.inner_text("#shown") == row.locator("td").first.inner_text()


def test_rules_against_groups(dashboard, calls):
    assert dashboard.is_visible("#matrix")
    dashboard.select_option("#matrix-by", "lender")
    headings = dashboard.locator("#matrix thead th").all_inner_texts()
    assert set(headings[1:]) == {"松河银行", "青禾消费金融", "云汀小贷"}
    total = sum(int(n or 0) for n in dashboard.locator("#matrix tbody td").all_inner_texts())
    assert total == sum(
        len({f["rule"] for f in call["findings"] if f["state"] == "violation"}) for call in calls
    )
    cell = dashboard.locator("#matrix tbody a").first
    number = cell.inner_text()
    cell.click()
    # The list has the calls where it waits or cannot be decided as well, if something else is confirmed.
    assert int(dashboard.inner_text("#shown")) >= int(number)


def test_the_page_speaks_english_and_remembers(dashboard):
    dashboard.click("#language")
    assert dashboard.evaluate("document.documentElement.lang") == "en"
    text = dashboard.inner_text("main")
    for words in ("Look at these first", "Main figures", "By rule", "Calls and findings", "All"):
        assert words in text
    assert dashboard.inner_text("#calls thead th:first-child") == "Call"
    dashboard.click("[data-view=findings]")
    titles = dashboard.locator("#calls tbody td:nth-child(2), #matrix tbody th, table.rules tbody th")
    assert titles.count() > 5
    assert [title for title in titles.all_inner_texts() if CHINESE.search(title)] == []
    assert "没有" not in text
    dashboard.reload()
    assert dashboard.evaluate("document.documentElement.lang") == "en"
    dashboard.click("#language")
    assert "主要指标" in dashboard.inner_text("main")


def test_a_phone_scrolls_no_page_sideways(page, compared):
    p = page(compared / "summary.html", phone=True)
    assert not scrolls_sideways(p)
    p.click("[data-view=findings]")
    assert not scrolls_sideways(p)
    # What can be touched is large enough (WCAG 2.2, 2.5.8).
    sizes = p.locator(".tools button:visible, .pager button:visible").evaluate_all(
        "all => all.map(b => Math.min(b.getBoundingClientRect().width, b.getBoundingClientRect().height))"
    )
    assert min(sizes) >= 24


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(page, compared, scheme):
    p = page(compared / "summary.html", color_scheme=scheme)
    for selector in (
        *("h1", "h2", "h3", ".small", "td", "th", "th a", ".chip", ".figure b", ".figure span", ".verdict"),
        *(".notice", ".tools button", ".pager button:not(:disabled)", ".bar-names span", ".times text"),
        *("#matrix a", "code", "dt", "li", ".jump a", "#language"),
    ):
        assert contrast(p, selector) >= 4.5, selector


def test_all_controls_are_reached_by_keyboard_and_named(dashboard):
    unnamed = dashboard.locator("button, select, input, a").evaluate_all(
        """all => all.filter(e => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
                     .map(e => e.outerHTML)"""
    )
    assert unnamed == []
    dashboard.focus(".jump a")
    reached = set()
    for _ in range(400):
        dashboard.keyboard.press("Tab")
        reached.add(
            dashboard.evaluate(
                "(e => e.id || e.dataset.filter || e.dataset.field || e.dataset.column || e.dataset.pick)"
                "(document.activeElement)"
            )
        )
        if "after" in reached:
            break
    assert {"search", "red", "rule", "7", "after", "matrix-by", "hour:09", "compliance:9"} <= reached


def test_tables_have_headings(dashboard):
    assert dashboard.locator("table:not(:has(thead th[scope=col]))").count() == 0
    assert (
        dashboard.locator("[aria-labelledby]").evaluate_all(
            "all => all.filter(e => !document.getElementById(e.getAttribute('aria-labelledby'))).length"
        )
        == 0
    )


def test_ids_are_unique(dashboard):
    ids = dashboard.locator("[id]").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_on_paper_there_are_no_controls_and_nothing_is_cut(dashboard):
    dashboard.set_viewport_size({"width": 1030, "height": 700})
    dashboard.emulate_media(media="print")
    for control in ("#tools", "#pager", "#language", ".jump"):
        assert dashboard.is_hidden(control)
    cut = dashboard.locator(".scroll").evaluate_all(
        "all => all.filter(e => e.scrollWidth > document.documentElement.clientWidth + 1).length"
    )
    assert cut == 0
    assert not scrolls_sideways(dashboard)
    assert dashboard.pdf(format="A4").startswith(b"%PDF")


def test_what_was_said_cannot_become_markup(page, tmp_path):
    attack = "<img src=x onerror=alert(1)>\"'&%</script>"
    made = list(made_calls(30))
    for call in made:
        call["metadata"] |= {"lender": attack, "agent_id": attack, "agency": attack}
        call["turns"][2]["text"] = attack * 3
        for finding in call["findings"]:
            finding |= {"rule": attack, "text_start": 0, "text_end": len(attack)}
    write_pages(made, (), tmp_path / "out", mask=False)
    p = page(tmp_path / "out" / "summary.html")
    assert p.locator("img").count() == 0
    p.click("[data-view=findings]")
    assert p.locator("img").count() == 0
    p.locator("#groups [data-pick]").first.click()
    assert p.inner_text("#shown") == "30"
    p.select_option("#selects [data-field=rule]", f"={attack}")
    assert attack in p.inner_text(f"{ROWS}:first-child")


def test_a_batch_without_calls_has_a_dashboard(page, tmp_path):
    write_pages((), (), tmp_path / "out", **shown())
    p = page(tmp_path / "out" / "summary.html")
    assert p.inner_text(ROWS) == "没有符合条件的通话"
    assert "没有轻生风险、红线或投诉意向的通话。" in p.inner_text("#first")
