"""The coaching guide: what it must have, that its examples hold, and that its form is published."""

from __future__ import annotations

import json

import pytest
import yaml

from pipeline.coaching.editor import coaching_schema
from pipeline.coaching.guide import Guide, load_guide, unknown_rules
from pipeline.coaching.proof import located, prove_guide
from pipeline.detect.rulebook import rulebook_of
from pipeline.errors import ConfigError
from pipeline.settings import CONFIGS, load_settings

PATH = CONFIGS / "coaching.yaml"


@pytest.fixture(scope="module")
def guide() -> Guide:
    return load_guide(PATH)


@pytest.fixture
def changed(tmp_path):
    """A guide with one text replaced by another."""

    def change(old: str, new: str):
        text = PATH.read_text("utf-8")
        assert old in text
        path = tmp_path / "mine.yaml"
        path.write_text(text.replace(old, new, 1), "utf-8")
        return path

    return change


def test_every_example_gets_its_wording(guide):
    assert prove_guide(guide) == ()


def test_every_skill_has_words_for_several_situations(guide):
    number = {skill.skill: sum(w.skill == skill.skill for w in guide.wordings) for skill in guide.skills}
    assert len(guide.skills) >= 24
    assert len(guide.wordings) >= 80
    assert sum(count >= 3 for count in number.values()) >= 15


def test_rules_that_it_names_stand_in_the_packs(guide):
    settings = load_settings()
    book = rulebook_of(settings)
    assert unknown_rules(guide, book.titles, PATH) == ()
    [told] = unknown_rules(guide, set(book.titles) - {"insult_abuse"}, PATH)[:1]
    assert told.startswith("coaching.yaml:")
    assert "no rule named 'insult_abuse'" in told


def test_the_published_form_is_the_one_in_use():
    published = json.loads((CONFIGS / "schema" / "coaching.schema.json").read_text("utf-8"))
    assert published == coaching_schema()


def test_the_guide_fits_the_published_form():
    import jsonschema

    jsonschema.Draft202012Validator(coaching_schema()).validate(yaml.safe_load(PATH.read_text("utf-8")))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{金额}就可以", "{数目}就可以", "no slot named '数目'"),
        ("  skill: say_who\n  say:", "  skill: who\n  say:", "no skill named 'who'"),
        ("measure: {items: [empathy]}", "measure: {items: [empathy], rules: [rude_tone]}", "give one of"),
        ("measure: {items: [empathy]}", "measure: {items: [empaty]}", "did you mean 'empathy'"),
        (", at_most: 0.25}", "}", "at_most and conduct go together"),
        ("  weight: 4\n", "", "weight is for conduct"),
        ("wording: opening_lender", "wording: opening_plain", "'opening_plain' is there twice"),
        ("when: {after: [hardship]}", "when: {befor: [hardship]}", "befor"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(changed, old, new, problem):
    with pytest.raises(ConfigError, match=r"mine\.yaml:\d+:") as caught:
        load_guide(changed(old, new))
    assert problem in str(caught.value)


def test_a_skill_without_a_plain_wording_is_refused(changed):
    with pytest.raises(ConfigError, match="'short_turns' has no wording without a situation"):
        load_guide(
            changed("  skill: short_turns\n  say", "  skill: short_turns\n  when: {phase: [middle]}\n  say")
        )


def test_an_example_that_gets_another_wording_is_named_with_its_line(changed):
    path = changed("  wording: empathy_distressed\n", "  wording: empathy_hostile\n")
    [failure] = prove_guide(load_guide(path))
    assert located(failure, path).startswith("mine.yaml:")
    assert "expected wording empathy_hostile, got empathy_distressed" in failure.message


def test_an_example_with_other_words_fails(changed):
    path = changed("还2000元，对吗？", "还3000元，对吗？")
    [failure] = prove_guide(load_guide(path))
    assert "expected «" in failure.message


def test_an_example_about_a_turn_of_the_customer_is_refused(changed):
    path = changed("  turn: 1\n  customer: [{turn: 0, name: hardship}]", "  turn: 0\n  customer: []")
    with pytest.raises(ConfigError, match="turn 0: none of the agent"):
        prove_guide(load_guide(path))
