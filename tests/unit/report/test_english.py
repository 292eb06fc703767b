"""English of Chinese texts: all that is shipped has one, and what is not known stays as it is."""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.coaching.guide import load_guide
from pipeline.detect import engine
from pipeline.detect.rulebook import rulebook_of
from pipeline.errors import ConfigError
from pipeline.norms import NONE_IN_FORCE
from pipeline.report.english import (
    SHIPPED,
    English,
    english_for,
    read_english,
    read_file,
    shipped_english,
    titles_for,
)
from pipeline.report.english_gaps import find_gaps
from pipeline.report.labels import TEMPLATES, Labels
from pipeline.report.showing import Showing
from pipeline.report.switching import SwitchedLabels
from pipeline.settings import PROJECT_ROOT, load_settings

CHINESE = re.compile("[\u3400-\u9fff]")
HEAD = "schema: tinghe.english/1\n"
PRIVATE = "坐席要求把钱付到非官方账户：「{}」"
JUDGED = ("items", "compliance", "effectiveness")
PARTS = {
    "good": "承诺金额明确",
    "flaw": "附有前提",
    "kind": "一般违规",
    "times": "严重违规，共2处，应扣25分",
    "reason": "触碰红线",
    "effect": "按规则扣分",
}
KINDS = {"一般违规", "严重违规"}
"""What stands in the sentences that scoring puts together, by the name of the variable."""


@pytest.fixture(scope="module")
def settings():
    return load_settings()


@pytest.fixture(scope="module")
def book(settings):
    return rulebook_of(settings)


@pytest.fixture(scope="module")
def guide(settings):
    return load_guide(settings.path(settings.coaching.guide))


def is_english(text):
    return not CHINESE.search(re.sub("“[^”]*”", "", shipped_english().of(text)))


def test_every_title_reason_clause_and_advice_has_english_and_nothing_else_stands_there(book, guide):
    gaps = find_gaps(SHIPPED, book, guide)
    assert gaps.missing == ()
    assert gaps.odd == ()
    assert gaps.known > 300


def test_english_is_english():
    for path in (*SHIPPED.glob("*.yaml"), TEMPLATES / "sentences.yaml"):
        for chinese, english in read_file(path).pairs:
            assert CHINESE.search(chinese) or chinese.isascii()
            assert not CHINESE.search(english), english


def test_names_of_skills_and_labels_are_english_too(guide):
    assert [skill.name for skill in guide.skills if CHINESE.search(skill.name[1])] == []


def sentences_of(module):
    """The Chinese sentences of a module: constants, and those put together with samples of their parts."""
    tree = ast.parse((PROJECT_ROOT / "pipeline" / "score" / f"{module}.py").read_text(encoding="utf-8"))
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    patterns = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"
        for argument in node.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [
                part.value if isinstance(part, ast.Constant) else PARTS.get(ast.unparse(part.value), "7.5")
                for part in node.values
            ]
            yield "".join(parts)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inner | patterns
        ):
            yield node.value


@pytest.mark.parametrize("module", JUDGED)
def test_every_sentence_of_scoring_has_english(module):
    found = [text for text in sentences_of(module) if CHINESE.search(text) and text not in KINDS]
    assert len(found) >= 2
    assert [text for text in found if not is_english(text)] == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", NONE_IN_FORCE, "none of the clauses named was in force"),
        ("", "（第二意见认同：92%，合并概率95%）", "agrees: 92%, joint probability 95%"),
        ("", "（第二意见不认同：8%，合并概率41%）", "does not agree: 8%"),
        (engine._caveat(SimpleNamespace(by_sound=True)), "", "By similar sound only"),
        (engine._caveat(SimpleNamespace(by_sound=False, missing="dial_log")), "", "dial_log is missing"),
        (engine._caveat(SimpleNamespace(by_sound=False, missing=None, unclear=True)), "", "not clear here"),
    ],
)
def test_what_the_engine_says_around_a_reason_is_translated_with_it(before, after, told):
    shown = shipped_english().of(before + PRIVATE.format("转我微信") + after)
    assert told in shown
    assert "The agent asks for payment to an account that is not official: “转我微信”" in shown
    unknown = shipped_english().of(f"{before}自编的理由{after}")
    assert told in unknown
    assert "自编的理由" in unknown


def test_the_second_opinion_alone_names_the_rule():
    text = "第二意见（从标注语料学得，概率93%）认为属于收取额外费用：「先交手续费」"
    assert shipped_english().of(text) == (
        "The second opinion (learned from labelled examples, probability 93%) takes this for: "
        "Charges extra fees – “先交手续费”"
    )


@given(st.text(min_size=1, max_size=60))
def test_what_was_said_stands_in_the_english_as_it_was(said):
    assert f"“{said}”" in shipped_english().of(PRIVATE.format(said))


@given(st.text(max_size=60))
def test_what_is_not_known_stays_as_it_is(text):
    assert English.of_pairs([("甲{quote}乙", "a {quote} b")]).of(text) in (text, f"a {text[1:-1]} b")


def test_a_sentence_with_a_part_that_is_not_known_has_no_english():
    assert shipped_english().of("价格优惠，但数量有限") == "价格优惠，但数量有限"


def test_a_folder_of_the_user_lies_over_what_is_shipped(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        f"{HEAD}rules:\n- rule: own\n  title: [自定规则, Our own rule]\n"
        "sentences:\n- [收取额外费用, Fees of our own]\n",
        encoding="utf-8",
    )
    english = read_english(tmp_path)
    assert english.of("自定规则") == "Our own rule"
    assert english.of("收取额外费用") == "Fees of our own"
    assert english.of("冒充律师") == "Impersonates a lawyer"


def test_a_title_that_was_changed_is_shown_in_chinese_until_it_is_translated_anew():
    showing = Showing(labels=Labels("en"), rule_titles={"extra_fee": "收取额外费用（新）", "own": "自定"})
    assert showing.rule("extra_fee") == "收取额外费用（新）"
    assert showing.rule("own") == "自定"
    assert showing.rule("no_such_rule") == "no_such_rule"


def test_a_chinese_report_is_as_it_was():
    showing = Showing(labels=Labels("zh"), rule_titles={"extra_fee": "收取额外费用"})
    assert showing.rule("extra_fee") == "收取额外费用"
    assert showing.reason("有礼貌的开场", "c1") == "有礼貌的开场"


@pytest.mark.parametrize(("language", "title"), [("zh", "收取额外费用"), ("en", "Charges extra fees")])
def test_titles_in_the_language_of_reports(settings, language, title):
    report = settings.report.model_copy(update={"language": language})
    there = settings.model_copy(update={"report": report})
    assert titles_for(there, {"extra_fee": "收取额外费用", "own": "自定"}) == {
        "extra_fee": title,
        "own": "自定",
    }


def test_a_page_gets_both(settings):
    english = english_for(settings)
    showing = Showing(labels=SwitchedLabels("zh"), rule_titles={"extra_fee": "收取额外费用"}, english=english)
    assert showing.rule("extra_fee") == "\ue000收取额外费用\ue003Charges extra fees\ue001"
    assert showing.rule("plain") == "plain"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("sentences:\n- ['甲「{quote}」', b]", "do not have the same slots"),
        ("sentences:\n- ['甲{who}', 'b {who}']", "no slot named 'who'"),
        ("sentences:\n- ['甲{number}、{number}', '{number} {number}']", "number the second"),
        ("rules:\n- rule: own\n  titel: [甲, b]", "titel"),
        ("norms:\n- norm: x\n  title: [甲]", "title"),
        ("wordings:\n- wording: x\n  why: [甲, '']", "why"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_field(tmp_path, entry, told):
    (tmp_path / "mine.yaml").write_text(f"{HEAD}{entry}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine\.yaml:\d+: ") as error:
        read_english(tmp_path)
    assert told in str(error.value)


def test_a_folder_without_texts_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no files of English texts"):
        read_english(tmp_path)


def test_gaps_are_what_is_missing_and_what_translates_nothing(tmp_path, book, guide):
    (tmp_path / "mine.yaml").write_text(
        f"{HEAD}rules:\n- rule: extra_fee\n  title: [收费, Fees]\n- rule: no_such\n  title: [甲, a]\n"
        "norms:\n- norm: card_1\n  title: [乙, b]\nwordings:\n- wording: open_plain\n  why: [丙, c]\n",
        encoding="utf-8",
    )
    odd = find_gaps(tmp_path, book, guide).odd
    assert [line.split(": ", 1)[1] for line in odd] == [
        "rule extra_fee: the Chinese is another by now than '收费'",
        "no rule named 'no_such'",
        "no norm named 'card_1'",
        "wording open_plain: the Chinese is another by now than '丙'",
    ]
    assert odd[1].startswith("mine.yaml:5")


def test_the_example_of_the_documentation_can_be_read(tmp_path):
    text = (PROJECT_ROOT / "docs" / "english.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "mine.yaml").write_text(example, encoding="utf-8")
    assert read_english(tmp_path).of("坐席许诺礼品：「一桶油」") == "The agent promises a gift: “一桶油”"
