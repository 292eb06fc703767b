"""A stored result without its people: the names it says, and the result with everything personal masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.personal import Kind
from pipeline.privacy.masks import Masker
from pipeline.privacy.spans import personal_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SPOKEN = frozenset({"text", "reason", "evidence", "condition"})
"""Fields of a call's JSON that hold words of the call."""


def names_in(call: Mapping[str, Any]) -> tuple[str, ...]:
    """Names that a call's JSON says, as far as more than a surname is said, the longest first."""
    texts = {turn["index"]: turn["text"] for turn in call["turns"]}
    said = {texts[s.turn][s.start : s.end] for s in personal_spans(call) if s.kind is Kind.NAME and s.kept}
    return tuple(sorted((name for name in said if len(name) > 1), key=lambda name: (-len(name), name)))


def without_names(call: Mapping[str, Any], known: Iterable[str] = ()) -> dict[str, Any]:
    """A call's JSON with everything personal masked wherever it quotes, at the same length.

    Args:
        call: the JSON of a call in the published form.
        known: full names that the file holds.
    """
    masker = Masker(call, known)

    def masked(value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            return masker.text(value) if key in _SPOKEN else value
        if isinstance(value, dict):
            return {name: masked(inner, name) for name, inner in value.items()}
        return [masked(inner, key) for inner in value] if isinstance(value, list) else value

    return {key: masked(value) for key, value in call.items()}
