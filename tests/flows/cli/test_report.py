"""``tinghe report``: one dashboard of several folders, every call once, and the day before a night."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, timedelta
from urllib.parse import unquote

import openpyxl
import pytest
from typer.testing import CliRunner

from flows.batch.before import DAYS_BACK, previous_period
from flows.cli import app
from flows.results.dashboards import Wanted, make_report
from pipeline.batch.days import day_of
from pipeline.batch.parameters import new_parameters
from pipeline.settings import load_settings
from tests.browser.results import FIRST_DAY, make_results, write_sound
from tests.pages import as_read
from tests.unit.review import material as review


def run(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def data_of(page):
    found = re.search(r'id="page-data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(found[1])


@pytest.fixture
def days(tmp_path):
    return [
        make_results(tmp_path / f"day {n}", calls=25, sound=0, seed=n, day=FIRST_DAY + timedelta(days=n))
        for n in range(2)
    ]


def test_a_dashboard_of_several_days_leads_to_the_pages_of_each(days, tmp_path):
    to = tmp_path / "reports" / "week"
    done = run(*days, "--to", to, "--name", "2026-W25", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told == {
        "page": str(to / "summary.html"),
        "pdf": None,
        "calls": 2 * 27,
        "twice": 0,
        "unreadable": 0,
        "compared": False,
    }
    calls = data_of(to / "summary.html")["calls"]
    assert len(calls) == 50
    for call in calls:
        assert (to / unquote(call[1])).is_file()
    assert "2026-W25" in (to / "summary.html").read_text(encoding="utf-8")
    for name in ("summary.xlsx", "summary.csv", "tables/measures.csv", "tables/by_day.csv"):
        assert (to / name).is_file()
    rows = (to / "summary.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 51


def test_a_call_in_two_folders_counts_once(days, tmp_path):
    again = tmp_path / "again"
    shutil.copytree(days[0], again)
    for path in list((again / "calls").glob("*.json"))[5:]:
        path.unlink()
    to = tmp_path / "to"
    done = run(days[0], again, "--to", to)
    assert done.exit_code == 0
    assert "5 calls were in several folders" in done.stdout
    data = data_of(to / "summary.html")
    assert len(data["calls"]) == 25
    # As the later folder has them, in the page and in the tables.
    assert sum("../again/" in call[1] for call in data["calls"]) == 5
    assert len((to / "tables" / "calls.csv").read_text(encoding="utf-8-sig").splitlines()) == 26


def test_two_weeks_are_compared(days, tmp_path):
    before = make_results(tmp_path / "before", calls=60, sound=0, seed=7, show=False)
    done = run(*days, "--to", tmp_path / "to", "--compare-with", before, "--json")
    assert json.loads(done.stdout)["compared"] is True
    measures = (tmp_path / "to" / "tables" / "measures.csv").read_text(encoding="utf-8-sig")
    assert "无明显差别" in measures


def test_weeks_that_were_judged_otherwise_are_not(days, tmp_path):
    before = make_results(tmp_path / "before", calls=30, sound=0, seed=7, show=False)
    for path in (before / "calls").glob("*.json"):
        call = json.loads(path.read_bytes())
        call["provenance"]["rules_sha256"] = "e" * 64
        path.write_text(json.dumps(call), encoding="utf-8")
    done = run(*days, "--to", tmp_path / "to", "--compare-with", before)
    assert done.exit_code == 0
    assert "not compared" in done.stderr
    assert "规则包" in (tmp_path / "to" / "summary.html").read_text(encoding="utf-8")


def test_results_that_cannot_be_read_are_told(days, tmp_path):
    next((days[0] / "calls").glob("*.json")).write_text("{", encoding="utf-8")
    done = run(*days, "--to", tmp_path / "to")
    assert done.exit_code == 0
    assert "1 results could not be read" in done.stderr


def test_a_folder_without_results_is_wrong_usage(tmp_path):
    done = run(tmp_path, "--to", tmp_path / "to")
    assert done.exit_code == 2
    assert "no results here" in done.stderr
    assert not (tmp_path / "to").exists()


def test_without_a_browser_no_pdf_is_begun(days, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('[report]\nbrowser = "no-such-browser"\n', encoding="utf-8")
    done = run(*days, "--to", tmp_path / "to", "--pdf", "--config", settings)
    assert done.exit_code == 2
    assert "no-such-browser" in done.stderr
    assert not (tmp_path / "to").exists()


def test_people_of_the_manifest_are_masked(tmp_path):
    """The results do not hold who the agent is; the source does, and reports mask it."""
    results = make_results(tmp_path / "results", calls=2, sound=0, show=False)
    source = tmp_path / "source"
    source.mkdir()
    write_sound(source / "a.wav", seconds=1.0)
    (source / "manifest.csv").write_text(
        "call_id,file,agent_name,customer_name\nmade-0-00000,a.wav,周敏,欧阳志远\n", encoding="utf-8"
    )
    new_parameters(source / "manifest.csv", "recordings").write(results)
    make_report(Wanted(results=[results], to=tmp_path / "to"))
    page = (tmp_path / "to" / "summary.html").read_text(encoding="utf-8")
    assert "周＊" in page
    for path in (tmp_path / "to").rglob("*"):
        assert path.is_dir() or "周敏".encode() not in path.read_bytes()


@pytest.mark.slow
def test_rules_show_what_reviewers_confirmed(tmp_path):
    results = review.Results(tmp_path / "results")
    for at in range(4):
        results.save(review.made(f"f{at}", states=("violation",)))
    results.store.close()
    book = tmp_path / "wang.xlsx"

    def told(*arguments):
        done = CliRunner().invoke(app, ["review", *map(str, arguments)])
        assert done.exit_code == 0, done.output

    told("export", results.folder, "--findings", "--for", "王芳", "--to", book)
    filled = openpyxl.load_workbook(book)
    heads = {cell.value: cell.column for cell in filled["复核"][1]}
    for row, verdict in enumerate(("成立", "成立", "成立", "不成立"), start=2):
        filled["复核"].cell(row=row, column=heads["结论"]).value = verdict
        filled["复核"].cell(row=row, column=heads["理由"]).value = "听过录音"
    filled.save(book)
    told("import", book, "--results", results.folder)
    done = run(results.folder, "--to", tmp_path / "to", "--reviewed")
    assert done.exit_code == 0, done.output
    page = as_read((tmp_path / "to" / "summary.html").read_text(encoding="utf-8"))
    assert "复核属实率" in page
    assert re.search(r"75\.0% \([\d.]+–[\d.]+%, n=4\)", page)


@pytest.fixture
def nightly(tmp_path):
    path = tmp_path / "night.toml"
    path.write_text(
        f'[night]\nsource = "{tmp_path}/calls/{{date}}"\nresults = "{tmp_path}/out/{{date}}"\n',
        encoding="utf-8",
    )
    settings = load_settings(path)

    def day(number, **options):
        found = day_of(settings, date(2026, 6, 10) + timedelta(days=number))
        make_results(found.results, calls=5, sound=0, show=False, seed=number, **options)
        new_parameters(found.source, "recordings").write(found.results)
        return found.results

    return settings, day


def test_a_night_is_compared_with_the_last_day_before_it(nightly):
    settings, day = nightly
    places = [day(number) for number in (0, 2, 5, 6)]
    found = previous_period(places[2], settings)
    assert {row.call_id[:7] for row in found.rows} == {"made-2-"}
    assert previous_period(places[0], settings) is None


def test_a_night_is_not_compared_with_one_long_ago(nightly):
    settings, day = nightly
    day(0)
    assert previous_period(day(DAYS_BACK + 1), settings) is None


def test_results_outside_the_days_have_no_day_before(nightly, tmp_path):
    settings, day = nightly
    day(0)
    assert previous_period(tmp_path / "elsewhere", settings) is None
    assert previous_period(tmp_path / "elsewhere", load_settings(None)) is None


def test_a_day_before_that_cannot_be_read_spoils_no_night(nightly):
    settings, day = nightly
    before, today = day(0), day(1)
    (before / "quarantine.jsonl").write_text("{", encoding="utf-8")
    assert previous_period(today, settings) is None
