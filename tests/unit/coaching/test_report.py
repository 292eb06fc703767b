"""The report in its folder: pages, tables, clips; whom it names, and who may read it."""

from __future__ import annotations

import base64
import csv
import io
import re
from pathlib import Path

import pytest

from pipeline.coaching.excerpts import slim, window
from pipeline.coaching.periods import week_days
from pipeline.coaching.reading import read_period
from pipeline.coaching.report import Order, write_report
from pipeline.coaching.talk import Talk
from pipeline.errors import ConfigError, UnknownNameError
from pipeline.privacy.clips import pcm_of_wav, wav_bytes
from pipeline.redact import People
from pipeline.report.labels import Labels
from pipeline.report.showing import Showing
from pipeline.settings import load_settings
from tests.coached import Agent, Habits, made_results
from tests.pages import as_read, chinese_left
from tests.unit.coaching.support import TEAM, guide, made

WEEK = week_days("2026-W47")
SETTINGS = load_settings().coaching
AGENTS = [
    Agent(agent_id="A1", name="周敏"),
    Agent(agent_id="A2", name="王静"),
    Agent(agent_id="B", name="赵刚", habits=Habits(threatens=0.4, empathy=0.1, promised=0.9)),
    Agent(agent_id="C/9", team="二组"),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    made_results(folder, AGENTS[:3], calls=30, weeks=2)
    made_results(folder, AGENTS[3:], calls=4, sound=True)
    return folder


def write(results, folder, *, mask=True, language="zh", **order):
    period = read_period([results], guide(), WEEK, team=TEAM)
    people = {
        path.stem: People(agent_name=agent.name, customer_name="何立明")
        for agent in AGENTS
        for path in (results / "calls").glob(f"{agent.agent_id}-*.json")
    }
    showing = Showing(
        labels=Labels(language), mask=mask, people=people, rule_titles={"threat_exposure": "威胁曝光"}
    )
    return write_report(period, guide(), SETTINGS, showing, folder, Order(days=WEEK, **order))


@pytest.fixture(scope="module")
def report(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return write(results, folder / "out")


def page(report, name, language="zh"):
    return as_read((report.folder / name).read_text("utf-8"), language)


def test_there_is_a_page_an_agent_and_a_team(report):
    assert [path.as_posix() for path in report.pages] == [
        "agents/A1.html",
        "agents/A2.html",
        "agents/B.html",
        "agents/C%2F9.html",
        "teams/一组.html",
        "teams/二组.html",
        "index.html",
    ]
    assert (report.agents, report.teams, report.calls) == (4, 2, 94)


def test_links_between_pages_lead_somewhere(report):
    for name in report.pages:
        text = (report.folder / name).read_text("utf-8")
        for link in re.findall(r'href="([^"#][^"]*\.html)"', text):
            assert (report.folder / name).parent.joinpath(link.replace("%2F", "%252F")).exists() or (
                (report.folder / name).parent / link
            ).exists(), (name, link)


def test_the_agent_who_threatens_is_told_first_of_all_with_better_words(report):
    text = page(report, "agents/B.html")
    assert "先说底线" in text
    assert "威胁曝光" in text
    assert "不会告诉您的家人、同事和朋友" in text
    assert text.index("先说底线") < text.index("要改进的两件事")


def test_two_things_are_told_with_a_wording_each(report):
    text = page(report, "agents/B.html")
    assert len(re.findall(r'class="point" data-skill="[a-z_]+" data-sure="yes"', text)) >= 1
    assert text.count("换个说法") >= 3


def test_few_calls_are_not_compared_and_said_to_be_few(report):
    text = page(report, "agents/C%2F9.html")
    assert "样本太少" in text
    assert 'data-sure="yes"' not in text
    assert "不作比较" in text
    assert "通话不足、不作比较的坐席" in page(report, "teams/二组.html")


def test_people_are_masked_and_the_team_page_names_no_call(report):
    agent, team = page(report, "agents/B.html"), page(report, "teams/一组.html")
    assert "B 赵＊" in agent
    for text in (agent, team):
        for name in ("赵刚", "何立明", "立明"):
            assert name not in text
    assert "B-2026-11" in agent
    assert "B-2026-11" not in team


def test_names_show_where_the_settings_say_so(results, tmp_path):
    made_ = write(results, tmp_path, mask=False, agent="B")
    assert "赵刚" in page(made_, "agents/B.html")


def test_the_other_language_is_in_the_page(report):
    text = page(report, "agents/B.html", "en")
    assert "Two things to work on" in text
    assert "Understands before solving" in text


@pytest.mark.parametrize("name", ["index.html", "teams/一组.html", "agents/B.html", "quality/fairness.html"])
def test_the_english_form_is_english_but_for_what_was_said_and_names(report, name):
    names = ("一组", "二组", "周＊", "王＊", "赵＊", "何＊＊", "威胁曝光")
    page = (report.folder / name).read_text("utf-8")
    assert chinese_left(page, names) == []


def test_advice_is_explained_in_english_too(report):
    advice = re.findall(
        r'<blockquote lang="zh-CN">.*?</blockquote><p class="small">(.*?)</p>',
        page(report, "agents/B.html", "en"),
    )
    assert advice
    assert all(words.isascii() or "“" in words for words in advice)


def test_sound_is_in_the_page_and_only_as_long_as_the_stretch(report):
    text = (report.folder / "agents/C%2F9.html").read_text("utf-8")
    clips = re.findall(r'src="data:audio/wav;base64,([^"]+)"', text)
    assert clips
    for clip in clips:
        samples, rate = pcm_of_wav(base64.b64decode(clip))
        assert rate == 8000
        assert samples.shape[1] == 1
        assert 0 < len(samples) <= 20.0 * rate


def test_sound_may_stand_beside_the_pages_or_be_left_out(results, tmp_path):
    beside = write(results, tmp_path / "beside", sound="beside", agent="C/9")
    text = (beside.folder / "agents/C%2F9.html").read_text("utf-8")
    links = re.findall(r'src="\.\./(clips/[^"]+\.wav)"', text)
    assert links
    assert all((beside.folder / link).stat().st_mode & 0o777 == 0o600 for link in links)
    none = write(results, tmp_path / "none", sound="none", agent="C/9")
    assert "<audio" not in (none.folder / "agents/C%2F9.html").read_text("utf-8")


def test_the_owner_alone_may_read_it(report):
    for path in report.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_nothing_links_to_the_fairness_check(report):
    assert (report.folder / "quality" / "fairness.html").is_file()
    for name in report.pages:
        assert "fairness" not in (report.folder / name).read_text("utf-8")
    text = page(report, "quality/fairness.html")
    assert "不发给班组长" in text
    assert "它不说明什么" in text
    assert "A1" not in text


def test_the_same_calls_give_the_same_bytes(report, results, tmp_path):
    again = write(results, tmp_path)
    for path in sorted(report.folder.rglob("*.*")):
        assert path.read_bytes() == (again.folder / path.relative_to(report.folder)).read_bytes(), path


def test_one_agent_or_team_may_be_asked_for(results, tmp_path):
    one = write(results, tmp_path / "one", agent="A2")
    assert [path.as_posix() for path in one.pages] == ["agents/A2.html", "index.html"]
    team = write(results, tmp_path / "team", team="二组")
    assert "teams/一组.html" not in [path.as_posix() for path in team.pages]


@pytest.mark.parametrize("wrong", [{"agent": "A3"}, {"team": "三组"}, {"team": "二组", "agent": "A1"}])
def test_who_is_not_there_is_named_with_the_nearest(results, tmp_path, wrong):
    with pytest.raises(UnknownNameError):
        write(results, tmp_path, **wrong)


def test_a_period_without_calls_is_no_report(results, tmp_path):
    period = read_period([results], guide(), week_days("2026-W30"), team=TEAM)
    with pytest.raises(ConfigError, match="no scored call"):
        write_report(period, guide(), SETTINGS, Showing(labels=Labels("zh")), tmp_path, Order(days=WEEK))


class TestTables:
    def rows(self, report, name):
        text = (report.folder / f"{name}.csv").read_bytes().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def test_each_table_is_there_as_csv_and_all_as_a_workbook(self, report):
        import openpyxl

        book = openpyxl.load_workbook(report.folder / "coaching.xlsx")
        assert book.sheetnames == ["坐席", "技能", "每周", "结论"]
        assert len(self.rows(report, "agents")) == 4
        assert len(self.rows(report, "weeks")) > 100

    def test_verdicts_stand_beside_their_ground(self, report):
        said = [row for row in self.rows(report, "said") if row["坐席"] == "B 赵＊"]
        assert {row["技能"] for row in said if "区间支持" in row["依据"]} >= {"不威胁、不轰炸"}

    def test_who_has_few_calls_has_no_comparison(self, report):
        few = [row for row in self.rows(report, "skills") if row["坐席"] == "C/9"]
        assert few
        assert all(row["同组其他坐席"] == row["差距"] == "" for row in few)

    def test_fairness_has_a_table_of_its_own(self, report):
        text = (report.folder / "quality" / "fairness.csv").read_bytes().decode("utf-8-sig")
        assert text.startswith("特征,组,结果,通话数")
        assert not (report.folder / "fairness.csv").exists()


class TestStretches:
    def test_it_begins_with_the_customers_words_and_holds_the_turn(self):
        talk = Talk(made())
        focus = next(i for i, t in enumerate(talk.turns) if t["text"].startswith("停工了"))
        places, heard = window(talk, focus, 20_000)
        assert heard is not None
        start, end = heard
        assert start == round(talk.turns[focus - 1]["start"] * 1000)
        assert end - start == 20_000
        assert focus in places

    def test_it_ends_with_the_call(self):
        talk = Talk(made())
        last = talk.agent_turns[-1]
        _, heard = window(talk, last, 20_000)
        assert heard is not None
        assert heard[1] == round(talk.call["duration"] * 1000)

    def test_a_long_turn_is_heard_from_its_beginning(self):
        call = made()
        call["turns"][4]["end"] = call["turns"][4]["start"] + 40
        _, heard = window(Talk(call), 4, 20_000)
        assert heard == (16_000, 36_000)

    def test_without_times_it_is_the_turn_with_what_is_around_it(self):
        call = made()
        for turn in call["turns"]:
            turn["start"] = turn["end"] = None
        places, heard = window(Talk(call), 4, 20_000)
        assert heard is None
        assert list(places) == [3, 4, 5]

    def test_a_clip_becomes_telephone_sound_without_ghosts(self):
        import numpy as np

        time = np.arange(32_000) / 16_000
        low, high = np.sin(2 * np.pi * 1000 * time), np.sin(2 * np.pi * 6500 * time)
        for tone, kept in ((low, True), (high, False)):
            stereo = np.repeat((tone * 10_000).astype(np.int16)[:, None], 2, axis=1)
            samples, rate = pcm_of_wav(slim(wav_bytes(stereo, 16_000)))
            assert (rate, samples.shape[1], len(samples)) == (8000, 1, 16_000)
            middle = samples[1000:-1000].astype(float)
            assert bool(np.sqrt((middle**2).mean()) > 5000) is kept
            assert kept or np.sqrt((middle**2).mean()) < 200

    def test_sound_that_is_no_wav_stays_as_it_is(self):
        assert slim(b"RIFF") == b"RIFF"


def test_templates_lie_in_the_package():
    from pipeline.coaching.report import TEMPLATES

    assert {path.name for path in Path(TEMPLATES).iterdir()} >= {
        "coaching.html",
        "fairness.html",
        "labels.yaml",
    }
