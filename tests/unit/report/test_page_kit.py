"""The page kit: labels can be switched wherever they stand, and nothing else passes for one."""

from __future__ import annotations

import json
import re

import pytest

from pipeline.report.labels import Labels
from pipeline.report.page import PageKit
from tests.pages import as_read, page_labels

WORDS = "hello: [你好 & <再见>, Hello & <bye>]\nother: [另, other]\n"


@pytest.fixture
def kit(tmp_path):
    (tmp_path / "labels.yaml").write_text(WORDS, encoding="utf-8")

    def make(body, *, script="", style="", language="zh"):
        template = '{% extends "base.html" %}{% block body %}' + body + "{% endblock %}"
        (tmp_path / "own.html").write_text(template, encoding="utf-8")
        (tmp_path / "own.js").write_text(script, encoding="utf-8")
        (tmp_path / "own.css").write_text(style, encoding="utf-8")
        return PageKit(Labels(language, tmp_path), masked=True)

    return make


def test_a_label_in_text_an_attribute_and_an_option(kit):
    body = '<p title="{{ t("hello") }}">{{ t("hello") }}</p><option>{{ t("other") }}</option>'
    page = kit(body).render("own").decode()
    assert '<p title="你好 &amp; &lt;再见&gt;" data-t-title="hello"><span data-t="hello">' in page
    assert "<option>另</option>" in page
    assert page_labels(page)["hello"] == ("你好 & <再见>", "Hello & <bye>")
    assert '<p title="Hello &amp; &lt;bye&gt;">Hello &amp; &lt;bye&gt;</p>' in as_read(page, "en")


def test_the_first_language_is_the_one_asked_for(kit):
    page = kit("<p>{{ t('other') }}</p>", language="en").render("own").decode()
    assert '<html lang="en"' in page
    assert '<p><span data-t="other">other</span></p>' in page


def test_what_the_script_asks_for_is_there_and_nothing_that_is_not_used(kit):
    page = kit("<p></p>").render("own", script_labels=["other"], data={"a": "</script>"}).decode()
    assert "other" in page_labels(page)
    assert "hello" not in page_labels(page)
    found = re.search(r'id="page-data">(.*?)</script>', page)
    assert json.loads(found[1]) == {"a": "</script>"}


def test_what_somebody_said_is_no_label(kit):
    page = kit("<p>{{ said }}</p>").render("own", said="\ue000no such\ue001 <b>").decode()
    assert "&lt;b&gt;" in page
    assert "no such" not in page_labels(page)


def test_a_label_that_is_not_there_is_a_mistake(kit):
    with pytest.raises(KeyError):
        kit("<p>{{ t('no such label') }}</p>").render("own")


def test_script_and_style_of_the_page_are_inside(kit):
    page = kit("<p></p>", script="var own = 1;", style="p { color: red }").render("own").decode()
    assert "var own = 1;" in page
    assert "p { color: red }" in page
    assert page.count("<script>") == 1


def test_labels_of_a_package_lie_over_ours(tmp_path):
    (tmp_path / "labels.yaml").write_text("skip: [别处, elsewhere]\n", encoding="utf-8")
    labels = Labels("zh", tmp_path)
    assert labels("skip") == "别处"
    assert labels("product") == "听合"
    assert "no such" not in labels


def test_a_text_that_is_no_label_has_both_languages(kit):
    made = kit("<title>x</title><p title='no'>{{ t.choose(zh, en) }}</p>")
    page = made.render("own", zh="理由「<b>」", en="reason “<b>”").decode()
    (key,) = (key for key in page_labels(page) if key.startswith("~"))
    assert page_labels(page)[key] == ("理由「<b>」", "reason “<b>”")
    assert f'<span data-t="{key}">理由「&lt;b&gt;」</span>' in page
    assert "<p title='no'>reason “&lt;b&gt;”</p>" in as_read(page, "en")


def test_a_text_without_english_is_no_mark(kit):
    assert "<p>理由</p>" in kit("<p>{{ t.choose('理由', '理由') }}</p>").render("own").decode()


def test_an_attribute_of_several_words_is_switched_as_a_whole(kit):
    body = "<p title=\"{{ t('hello') }} · 7 · {{ t.choose('一', 'one & two') }}\"></p>"
    page = kit(body).render("own").decode()
    (key,) = (key for key in page_labels(page) if key.startswith("~"))
    assert page_labels(page)[key] == ("你好 & <再见> · 7 · 一", "Hello & <bye> · 7 · one & two")
    assert '<p title="Hello &amp; &lt;bye&gt; · 7 · one &amp; two">' in as_read(page, "en")


def test_the_title_of_the_page_is_switched(kit, tmp_path):
    body = "<p></p>{% endblock %}{% block title %}c1 · {{ t('other') }}"
    page = kit(body).render("own").decode()
    assert "<title>c1 · other</title>" in as_read(page, "en")
    assert ">c1 · 另</title>" in page


def test_a_text_cannot_end_its_mark(kit):
    page = kit("<p>{{ t.choose(zh, en) }}</p>").render("own", zh="\ue001<i>\ue000a", en="\ue003<i>").decode()
    assert "<p>&lt;i&gt;a</p>" in as_read(page, "zh")
    assert "<p>&lt;i&gt;</p>" in as_read(page, "en")
