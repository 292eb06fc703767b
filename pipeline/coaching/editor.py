"""The form of a coaching guide as JSON Schema, so that editors complete keys and mark what is wrong.

``configs/schema/coaching.schema.json`` is this, written by ``tinghe wordings schema``.
"""

from __future__ import annotations

from typing import Any

from pipeline.coaching.guide import COACHING_SCHEMA_ID, Guide


def coaching_schema() -> dict[str, Any]:
    """JSON Schema (Draft 2020-12) of a coaching guide."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": COACHING_SCHEMA_ID,
        **Guide.model_json_schema(by_alias=True),
    }
