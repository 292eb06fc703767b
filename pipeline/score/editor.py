"""The form of a scorecard as JSON Schema, so that editors complete keys and mark what is wrong.

``configs/schema/scorecard.schema.json`` is this, written by ``tinghe scorecards schema``.
"""

from __future__ import annotations

from typing import Any

from pipeline.score.scorecard import SCORECARD_SCHEMA_ID, Scorecard

_SHORT_FORMS: dict[str, dict[str, Any]] = {
    "ItemRule": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
    "ExampleAct": {"type": "string"},
}
"""What may stand for a whole part: points for an item, a name for an act."""


def scorecard_schema() -> dict[str, Any]:
    """JSON Schema (Draft 2020-12) of a scorecard."""
    schema = Scorecard.model_json_schema(by_alias=True)
    definitions = {
        name: {"anyOf": [part, _SHORT_FORMS[name]]} if name in _SHORT_FORMS else part
        for name, part in schema.pop("$defs").items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCORECARD_SCHEMA_ID,
        **schema,
        "$defs": definitions,
    }
