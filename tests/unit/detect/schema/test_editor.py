"""The JSON Schema that editors read."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from pipeline.detect.rulebook import CONTEXTS_FILE, WORDS_FILE
from pipeline.detect.schema.editor import rules_schema
from pipeline.settings import CONFIGS

PACKS = sorted(p for p in (CONFIGS / "rules").glob("*.yaml") if p.name not in (CONTEXTS_FILE, WORDS_FILE))
VALIDATOR = jsonschema.Draft202012Validator(rules_schema())


def read(path) -> Any:
    return json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))


def test_the_published_schema_is_the_language():
    published = json.loads((CONFIGS / "schema" / "rules.schema.json").read_text(encoding="utf-8"))
    assert published == rules_schema(), "run: tinghe rules schema --write"
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.name)
def test_every_pack_is_of_its_form_and_tells_editors_where_it_stands(path):
    VALIDATOR.validate(read(path))
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../schema/rules.schema.json"


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "terrible"},
        {"hits": [{"txt": "上门"}]},
        {"conditions": {"asked": {"txet": "上门"}}},
        {"conditions": {"asked": {"silence": {"seconds": "long"}}}},
        {"raise_when": 3},
    ],
)
def test_what_the_loader_refuses_is_marked(change):
    pack = read(PACKS[0])
    pack["rules"][0] |= change
    assert not VALIDATOR.is_valid(pack)


@pytest.mark.parametrize(
    "condition", ["上门", ["上门", "登门"], {"text": "上门"}, {"any": ["上门", {"text": "登门"}]}]
)
def test_short_forms_are_known(condition):
    pack = read(PACKS[0])
    pack["rules"][0]["conditions"] = {"asked": condition}
    assert VALIDATOR.is_valid(pack)
