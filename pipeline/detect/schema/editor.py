"""The rule language as JSON Schema, so that editors complete keys and mark what is wrong.

``configs/schema/rules.schema.json`` is this, written by ``tinghe rules schema``. An editor with a YAML
language server reads it through the first line of a pack::

    # yaml-language-server: $schema=../schema/rules.schema.json
"""

from __future__ import annotations

from typing import Any

from pipeline.detect.schema.rules import RulePack

RULES_SCHEMA_ID = "tinghe.rules/1"


def rules_schema() -> dict[str, Any]:
    """JSON Schema (Draft 2020-12) of a rule pack."""
    schema = RulePack.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": RULES_SCHEMA_ID,
        **_shorthand(schema),
    }


_WORD: dict[str, Any] = {"type": "string"}
_WORDS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_SHORT_FORMS: dict[str, list[dict[str, Any]]] = {"Condition": [_WORD, _WORDS], "Example": [_WORD]}
"""What may stand for a whole part: words for a condition, a line for an example."""


def _shorthand(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the short forms that packs may use."""
    definitions = {name: _words_or_one(part) for name, part in schema["$defs"].items()}
    for name, short in _SHORT_FORMS.items():
        definitions[name] = {"anyOf": [definitions[name], *short]}
    return {**_words_or_one({k: v for k, v in schema.items() if k != "$defs"}), "$defs": definitions}


def _words_or_one(part: Any) -> Any:
    """Every list of words may be a single word."""
    if isinstance(part, list):
        return [_words_or_one(item) for item in part]
    if not isinstance(part, dict):
        return part
    inner = {key: _words_or_one(value) for key, value in part.items()}
    if inner.get("type") == "array" and inner.get("items", {}).get("type") == "string":
        return {"anyOf": [_WORD, {k: v for k, v in inner.items() if k != "default"}]}
    return inner
