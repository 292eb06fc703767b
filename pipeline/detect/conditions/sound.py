"""Placeholder being written."""

from __future__ import annotations

from typing import Any

TURN_OPERATORS: dict[str, Any] = {}
CALL_OPERATORS: dict[str, Any] = {}
