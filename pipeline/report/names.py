"""Masking the names in a stored result, which does not hold who its people are.

The names that are said with a title (``周明女士``) are looked up in the turns and masked wherever the call
says them; a name that is only said without one stays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.personal import Kind, find_personal
from pipeline.redact import mask_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TITLE = re.compile(r"(先生|女士|小姐|太太|同志|师傅|老师|经理|主任|大哥|大姐)$")

_SPOKEN = frozenset({"text", "reason", "evidence", "condition"})
"""Fields of a call's JSON that hold words of the call."""


def names_in(call: Mapping[str, Any]) -> tuple[str, ...]:
    """Full names that somebody is called by in a call's JSON, the longest first."""
    called = (
        _TITLE.sub("", said.value)
        for turn in call["turns"]
        for said in find_personal(turn["text"])
        if said.kind is Kind.NAME
    )
    return tuple(sorted({name for name in called if len(name) > 1}, key=lambda name: (-len(name), name)))


def without_names(call: Mapping[str, Any], known: Iterable[str] = ()) -> dict[str, Any]:
    """A call's JSON with those names and the ``known`` ones masked wherever it quotes, at the same length."""
    names = (*names_in(call), *known)

    def masked(value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            return mask_text(value, names) if key in _SPOKEN else value
        if isinstance(value, dict):
            return {name: masked(inner, name) for name, inner in value.items()}
        return [masked(inner, key) for inner in value] if isinstance(value, list) else value

    return {key: masked(value) for key, value in call.items()}
