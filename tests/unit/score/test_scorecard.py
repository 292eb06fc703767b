"""A scorecard that cannot be used says which file and which field."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
import yaml

from pipeline.errors import ConfigError
from pipeline.score import load_scorecard, require_card_proof
from pipeline.score.editor import scorecard_schema
from pipeline.score.proof import prove_card, unknown_rules
from pipeline.settings import CONFIGS

SHIPPED = CONFIGS / "scorecards" / "default.yaml"


def changed(tmp_path, **sections):
    """The shipped scorecard with values replaced, ``a__b=1`` for ``a: {b: 1}``."""
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    for path, value in sections.items():
        *parents, last = path.split("__")
        place = content
        for key in parents:
            place = place[key]
        place[last] = value
    file = tmp_path / "card.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return file


def test_the_shipped_scorecard_loads():
    card = load_scorecard(SHIPPED)
    assert card.compliance.major.cap == 60


def test_own_points_are_used(tmp_path):
    assert load_scorecard(changed(tmp_path, compliance__major__first=30)).compliance.major.first == 30


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"compliance__major__first": "viel"}, "compliance.major.first"),
        ({"compliance__minor__cap": 101}, "compliance.minor.cap"),
        ({"compliance__colour": 1}, "compliance.colour"),
        ({"compliance__red_lines": {"also": ["rude_tone"], "never": ["rude_tone"]}}, "compliance.red_lines"),
        ({"effectiveness__items__smile": 5}, "effectiveness.items.smile"),
        ({"effectiveness__items__empathy": 0}, "effectiveness.items.empathy.points"),
        ({"effectiveness__items__empathy": {"points": 5, "calls": ["nobody"]}}, "empathy.calls"),
        ({"effectiveness__items__empathy": {"points": 5, "unless": ["rain"]}}, "empathy.unless"),
        ({"effectiveness__items": {}}, "effectiveness.items"),
        ({"effectiveness__caps__red_line": 90}, "effectiveness.caps"),
        ({"effectiveness__act_beside_major": 0.9}, "act_beside_major"),
        ({"version": None}, "version"),
        ({"schema": "tinghe.scorecard/9"}, "schema"),
        ({"examples": []}, "examples"),
    ],
)
def test_a_wrong_value_names_file_line_and_field(tmp_path, change, field):
    file = changed(tmp_path, **change)
    with pytest.raises(ConfigError) as caught:
        load_scorecard(file)
    assert re.search(rf"card\.yaml:\d+: .*{re.escape(field)}", str(caught.value))


def test_the_line_is_that_of_the_field(tmp_path):
    file = tmp_path / "card.yaml"
    text = SHIPPED.read_text(encoding="utf-8").replace("rpc_confirm: 8 ", "rpc_confirm: 800 ")
    file.write_text(text, encoding="utf-8")
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "rpc_confirm: 800" in row)
    with pytest.raises(ConfigError, match=rf"card\.yaml:{line}: "):
        load_scorecard(file)


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe", b"", b"just words"])
def test_what_is_no_scorecard_is_a_config_error(tmp_path, content):
    file = tmp_path / "card.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="card"):
        load_scorecard(file)


def test_a_missing_file_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        load_scorecard(tmp_path / "nowhere.yaml")


def test_the_published_schema_is_the_form_and_takes_the_shipped_card():
    published = json.loads((CONFIGS / "schema" / "scorecard.schema.json").read_text(encoding="utf-8"))
    assert published == scorecard_schema(), "run: tinghe scorecards schema --write"
    jsonschema.Draft202012Validator.check_schema(published)
    content = json.loads(json.dumps(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")), default=str))
    jsonschema.Draft202012Validator(published).validate(content)


def test_the_shipped_examples_come_out_as_they_say():
    assert prove_card(load_scorecard(SHIPPED)) == ()


def test_an_example_that_comes_out_otherwise_is_named_with_its_line(tmp_path):
    file = changed(tmp_path, effectiveness__caps={"red_line": 20, "failed": 70})
    with pytest.raises(ConfigError, match=r"card\.yaml:\d+: example .*effectiveness: expected 30, got 20"):
        require_card_proof(load_scorecard(file), file)


def test_an_example_about_a_turn_that_it_lacks_is_an_error(tmp_path):
    wrong = {"example": "x", "agent": [{"act": "empathy", "turn": 99}], "expect": {}}
    with pytest.raises(ConfigError, match="turn 99"):
        prove_card(load_scorecard(changed(tmp_path, examples=[wrong])))


def test_a_rule_that_no_pack_has_is_named_with_the_nearest(tmp_path):
    file = changed(tmp_path, compliance__red_lines={"also": ["rude_tune"]})
    (told,) = unknown_rules(load_scorecard(file), ["rude_tone"], file)
    assert "rude_tone" in told
    assert unknown_rules(load_scorecard(SHIPPED), [], SHIPPED) == ()
