"""Pages: all in one file, harmless whatever was said, highlights on the right words, nobody shown."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.call_json import to_json
from pipeline.report.call_view import pieces
from pipeline.report.dashboard.measures import bins
from pipeline.report.labels import TEMPLATES, Labels
from pipeline.report.pages import write_pages
from pipeline.report.voices import names
from tests.golden.sample import report, write_sample_pages
from tests.pages import as_read

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Page(HTMLParser):
    """The elements of a page: their attributes, and the text of marks and ids."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.marks, self._in_mark = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._in_mark = tag == "mark" or self._in_mark
        if tag == "mark":
            self.marks.append("")

    def handle_endtag(self, tag):
        self._in_mark = self._in_mark and tag != "mark"

    def handle_data(self, data):
        if self._in_mark:
            self.marks[-1] += data

    def all(self, name):
        return [attrs for tag, attrs in self.elements if tag == name]


def call_page(folder, *, language="zh", **options):
    write_sample_pages(folder, language=language, **options)
    return as_read((folder / "pages" / "golden-1.html").read_text(encoding="utf-8"), language)


@pytest.fixture
def page(tmp_path):
    return call_page(tmp_path)


def one_page(folder, call, *, language="zh", **options):
    write_pages([call], (), folder, language=language, **options)
    return as_read((folder / "pages" / "golden-1.html").read_text(encoding="utf-8"), language)


def test_pages_load_nothing_from_outside(tmp_path):
    write_sample_pages(tmp_path)
    for path in (tmp_path / "summary.html", tmp_path / "pages" / "golden-1.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://|@import|url\(", text)
        for tag, attrs in Page(text).elements:
            link = attrs.get("src") or (attrs.get("href") if tag in {"a", "link"} else None)
            assert link is None or link.startswith(("#", "pages/", "../summary.html", "../audio/"))


def test_what_was_said_cannot_become_markup(tmp_path):
    call = copy.deepcopy(to_json(report()))
    call["turns"][1]["text"] = ATTACK
    call["findings"][2]["reason"] = ATTACK
    call["metadata"]["lender"] = ATTACK
    call["metadata"]["agent_id"] = ATTACK
    for name, text in (
        ("call", one_page(tmp_path, call)),
        ("summary", (tmp_path / "summary.html").read_text(encoding="utf-8")),
    ):
        found = Page(text)
        runs = [script for script in found.all("script") if script.get("type") != "application/json"]
        assert len(runs) == 1, name
        assert not found.all("img"), name
        assert not [a for _, attrs in found.elements for a in attrs if a.startswith("on")], name


def test_only_the_pages_own_script_may_run(page):
    (policy,) = [
        a["content"] for a in Page(page).all("meta") if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]+'", policy.replace("&#39;", "'"))
    assert "default-src 'none'" in policy


def test_evidence_is_highlighted_where_it_stands(tmp_path):
    page = call_page(tmp_path, mask=False)
    marks = Page(page).marks
    assert marks == ["别磨蹭，", "记我的", "私人号幺三九零零零零幺二三四"]
    (overlapping,) = [m for m in Page(page).all("mark") if " " in m["data-f"]]
    assert overlapping["data-f"] == "f0 f1"


def test_masking_moves_no_highlight(tmp_path):
    assert Page(call_page(tmp_path)).marks == ["别磨蹭，", "记我的", "私人号＊＊＊＊＊＊＊＊＊＊＊"]


def test_masked_pages_show_no_name_and_no_number(page):
    for secret in ("志远", "周敏", "幺三九", "C00012345"):
        assert secret not in page
    assert "欧阳＊＊先生" in page


def test_turns_and_findings_lead_to_their_sound(page):
    found = Page(page)
    assert found.all("audio")[0]["src"] == "../audio/golden-1.wav"
    assert [a["data-seek"] for a in found.all("button") if a.get("class") == "seek"] == [
        "0.4",
        "5.6",
        "7.2",
        "13.9",
        "17.2",
        "21.9",
    ]
    assert {m["data-seek"] for m in found.all("mark")} == {"7.2"}
    assert all(m["tabindex"] == "0" for m in found.all("mark"))


def test_every_link_inside_a_page_has_its_target(page):
    found = Page(page)
    ids = [attrs["id"] for _, attrs in found.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {a["data-go"] for _, a in found.elements if "data-go" in a}
    targets |= {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")}
    assert targets <= set(ids)


def test_a_call_without_times_or_turns_still_has_a_page(tmp_path):
    call = copy.deepcopy(to_json(report()))
    for turn in call["turns"]:
        turn["start"] = turn["end"] = None
    for finding in call["findings"]:
        finding["start"] = finding["end"] = None
    text = one_page(tmp_path, call)
    assert "按字数排布" in text
    assert "data-seek=" not in text.split("<script>")[0].split("</style>")[1]
    call.update(
        turns=[], findings=[], acts=[], status="not_scored", status_reason="voicemail", promise_to_pay=None
    )
    assert "语音信箱" in one_page(tmp_path, call)


def test_checks_that_did_not_run_are_said(tmp_path):
    call = to_json(report()) | {"not_checked": [{"check": "tone", "reason": "没有模型"}]}
    assert "结论不完整" in one_page(tmp_path, call)


def test_the_summary_links_every_call_and_names_every_quarantined_one(tmp_path):
    text = write_sample_pages(tmp_path).read_text(encoding="utf-8")
    assert 'href="pages/golden-1.html"' in text
    assert (tmp_path / "pages" / "golden-1.html").exists()
    for shown in ("golden-2", "文件不完整", "line-4", "清单行有误"):
        assert shown in text


def test_an_id_with_signs_is_linked_to_its_file(tmp_path):
    call = to_json(report()) | {"call_id": "a/b 100%#1"}
    write_pages([call], (), tmp_path)
    (link,) = [
        a["href"]
        for a in Page((tmp_path / "summary.html").read_text(encoding="utf-8")).all("a")
        if "pages/" in a["href"]
    ]
    from urllib.parse import unquote

    assert (tmp_path / unquote(link)).exists()


def test_english_pages_use_english_words(tmp_path):
    text = call_page(tmp_path, language="en")
    assert 'lang="en"' in text
    for word in ("Compliance", "To review", "Promise to pay"):
        assert word in text
    assert "合规分" not in text.split("</style>")[1]


def test_both_languages_have_every_label():
    import yaml

    pairs = yaml.safe_load((TEMPLATES / "labels.yaml").read_text(encoding="utf-8"))
    assert all(isinstance(key, str) for key in pairs)
    for key, words in pairs.items():
        assert len(words) == 2, key
        assert all(isinstance(word, str) and word for word in words), key
    assert Labels("en").of("tone", "no such tone") == "no such tone"


@given(st.text(min_size=1, max_size=20), st.data())
def test_pieces_join_to_the_text_and_mark_exactly_the_evidence(text, data):
    spans = data.draw(
        st.lists(
            st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).filter(lambda s: s[0] < s[1]),
            max_size=4,
        )
    )
    findings = [
        {
            "id": f"f{i}",
            "text_start": begin,
            "text_end": end,
            "severity": "major",
            "state": "violation",
            "title": "",
            "state_name": "",
            "start": None,
        }
        for i, (begin, end) in enumerate(spans)
    ]
    made = pieces(text, findings, start=None)
    assert "".join(piece["text"] for piece in made) == text
    for i, (begin, end) in enumerate(spans):
        assert "".join(p["text"] for p in made if f"f{i}" in p["ids"]) == text[begin:end]


def test_a_full_score_stands_in_the_last_bin():
    assert bins([0, 9.9, 10, 95, 100, None]) == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            ("听写把握 0.62", "说话人把握 0.97", "与对方重叠", "录音质量差：噪声大", "双方角色对调则不成立"),
        ),
        ("en", ("Words 0.62", "Speaker 0.97", "Poor recording: noisy", "Flips if the roles are swapped")),
    ],
)
def test_a_page_says_what_is_unsure(tmp_path, language, words):
    page = call_page(tmp_path, language=language)
    assert [word for word in words if word not in page] == []


def test_a_page_of_a_sure_call_says_nothing_of_doubts(tmp_path):
    call = copy.deepcopy(to_json(report()))
    call["roles"]["if_swapped"] = None
    call["quality"] = []
    for finding in call["findings"]:
        finding |= {"certainty": None, "if_swapped": None, "stability": None}
    page = one_page(tmp_path, call)
    assert "录音质量" not in page
    assert "对调" not in page


def test_a_doubt_about_one_turn_is_told_apart_from_one_about_the_call(tmp_path):
    call = copy.deepcopy(to_json(report()))
    call["roles"]["if_swapped"] = None
    page = one_page(tmp_path, call)
    assert "若是对方所说则不成立" in page
    assert "双方角色对调" not in page


def test_the_summary_counts_poor_recordings_and_unsure_roles(tmp_path):
    summary = as_read(write_sample_pages(tmp_path).read_text(encoding="utf-8"))
    for name in ("录音质量差", "角色不确定"):
        row = re.search(rf"<th[^>]*><a[^>]*>{name}</a></th>(.*?)</tr>", summary)
        assert "1 / 1" in row[1], name


def three_voices():
    """The sample as a mono call in which somebody else answers once for the customer."""
    call = copy.deepcopy(to_json(report()))
    heard = {"agent": "voice 1", "customer": "voice 3"}
    for turn in call["turns"]:
        turn["channel"], turn["speaker"] = None, heard[turn["role"]]
    call["turns"][1]["speaker"] = "voice 2"
    return call


@pytest.mark.parametrize(
    ("language", "third", "count"),
    [("zh", "客户方 · 第三人声", "说话人数"), ("en", "Customer&#39;s side · third voice", "Voices")],
)
def test_a_third_voice_is_told_apart(tmp_path, language, third, count):
    page = one_page(tmp_path, three_voices(), language=language)
    assert page.count(f"<span>{third}</span>") == 1
    assert f"0:05 {third}" in page  # the time line
    assert f"<dt>{count}</dt><dd>3</dd>" in page
    customer = {"zh": "客户", "en": "Customer"}[language]
    assert page.count(f'<div class="who"><span>{customer}</span>') == 2


def test_two_voices_are_called_by_their_roles(page):
    assert "人声" not in page
    assert "说话人数" not in page


def test_voices_are_numbered_on_from_those_that_keep_the_name_of_a_role():
    call = three_voices()
    for turn, voice in zip(call["turns"], (1, 2, 3, 1, 2, 4), strict=True):
        turn |= {"role": "unknown", "speaker": f"voice {voice}"}
    called = names(call, Labels("zh"))
    assert list(called.values()) == [
        "不明",
        "不明 · 第二人声",
        "不明 · 第三人声",
        "不明",
        "不明 · 第二人声",
        "不明 · 第四人声",
    ]
    for turn in call["turns"]:
        del turn["speaker"]
    assert set(names(call, Labels("zh")).values()) == {"不明"}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("约束程度", "附条件", "由谁提出", "双方各一项", "前提")),
        ("en", ("How far it binds", "conditional", "Proposed by", "both, one term each", "On condition")),
    ],
)
def test_a_page_says_how_far_a_promise_binds(tmp_path, language, words):
    call = copy.deepcopy(to_json(report()))
    call["turns"][3]["text"] = "等幺三九零零零零幺二三四那边打钱了我就还"
    call["promise_to_pay"] |= {
        "certainty": "conditional",
        "proposed_by": "both",
        "condition": "零零幺二三四那边打钱了",
        "condition_turn": 3,
    }
    page = one_page(tmp_path, call, language=language)
    assert [word for word in words if word not in page] == []
    # Masked in its turn, though the words alone would be too short for a number.
    assert '＊＊＊＊＊＊那边打钱了</q> <a href="#t3"' in page
    assert words[1] in (tmp_path / "summary.html").read_text(encoding="utf-8")


def test_a_promise_of_an_earlier_version_is_shown(tmp_path):
    call = copy.deepcopy(to_json(report()))
    for name in ("proposed_by", "certainty", "condition", "condition_turn"):
        del call["promise_to_pay"][name]
    page = one_page(tmp_path, call)
    assert "<dt>金额</dt><dd>1,000 元</dd>" in page
    assert "约束程度" not in page
